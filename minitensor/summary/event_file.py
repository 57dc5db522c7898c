"""Event files: records one after another, each with checksums of its length and of its bytes.

    length (8 bytes) | checksum of the length (4) | record | checksum of the record (4)

The checksum is CRC-32C, rotated and shifted by a constant ("masked"), so that the checksum of bytes
that hold checksums themselves is still a good one.

Source: tensorflow/core/lib/io/record_writer.h, core/util/events_writer.cc.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path

from google_crc32c import value as crc32c

from minitensor.summary.messages import FIRST, Event, SourceMetadata

__all__ = ["EventFile", "framed", "masked"]

_numbers = itertools.count()
_length = struct.Struct("<Q").pack
_checksum = struct.Struct("<I").pack


def masked(data: bytes) -> int:
    """The masked CRC-32C of some bytes.

    Example:
        >>> hex(masked(b"123456789"))  # CRC-32C itself is 0xe3069283
        '0xc78ab0e5'
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(record: bytes) -> bytes:
    """A record with its length and both checksums."""
    length = _length(len(record))
    return b"".join((length, _checksum(masked(length)), record, _checksum(masked(record))))


class EventFile:
    """A file of records that only grows; what is written is at once out of this process.

    Args:
        folder: the directory, made where it is missing.
        suffix: what the name ends with.
        process: whether the name says which process wrote it, as TensorFlow 2's do.

    Raises:
        OSError: where the directory or the file cannot be made.
    """

    def __init__(self, folder: Path, suffix: str = "", process: bool = True):
        folder.mkdir(parents=True, exist_ok=True)
        host = re.sub(r"[^\w.-]", "_", socket.gethostname()) or "localhost"
        while True:
            name = f"events.out.tfevents.{int(time.time()):010d}.{host}"
            if process:
                name += f".{os.getpid()}.{next(_numbers)}"
            process = True  # only of two files of one second needs the second to say more
            self.path = folder / f"{name}{suffix}"
            try:
                self._file = self.path.open("xb", buffering=0)
                break
            except FileExistsError:
                continue
        self._end = 0
        source = SourceMetadata(writer="tensorflow.core.util.events_writer")
        first = Event(wall_time=time.time(), file_version=FIRST, source_metadata=source)
        self.write([first.SerializeToString()])

    def write(self, records: Iterable[bytes]) -> None:
        """Append records. One that does not fit on the disk whole is taken back.

        Raises:
            OSError: when the disk is full, or the file was removed.
        """
        data = memoryview(b"".join(map(framed, records)))
        done = 0
        try:
            while done < len(data):
                done += self._file.write(data[done:]) or 0
        except OSError:
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end += done
        if not os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
            raise FileNotFoundError(2, "another file has taken its place", str(self.path))

    def fileno(self) -> int:
        """The number that the system gave the open file."""
        return self._file.fileno()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    def close(self) -> None:
        """Close the file; closing it twice does nothing."""
        self._file.close()
