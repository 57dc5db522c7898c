"""`TextLineDataset`: the lines of text files."""

from __future__ import annotations

import os
from typing import Any

from minitensor.data.dataset import Dataset
from minitensor.data.functions import Placeholder, is_symbolic
from minitensor.data.sources import Lines
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.tensor import Tensor, TensorSpec

__all__ = ["TextLineDataset"]


class TextLineDataset(Dataset):
    r"""The lines of one or more text files, as strings without their ends.

    Args:
        filenames: a path, or a list, tensor or dataset of paths.
        compression_type: "" or "GZIP"; None goes by the name: `.gz` is compressed.
        buffer_size, num_parallel_reads, name: TensorFlow's, no effect.

    Raises:
        NotFoundError: (also a LookupError) while iterating, when a file is not there.

    Example:
        >>> import minitensor as mt, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "words.txt")
        ...     _ = path.write_text("one\ntwo\n")
        ...     print(list(mt.data.TextLineDataset(path).as_numpy_iterator()))
        [b'one', b'two']
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
    ):
        if compression_type not in (None, "", "GZIP"):
            raise InvalidArgumentError(
                message("TextLineDataset", f"compression_type={compression_type!r}", "there is no "
                        "such compression here", "files are plain or compressed by gzip",
                        'pass "" or "GZIP"')
            )  # fmt: skip
        if is_symbolic(filenames):
            super().__init__(Placeholder(TensorSpec((), "string")))
        else:
            super().__init__(Lines(_names(filenames), compression_type))

    def __repr__(self) -> str:
        return f"<TextLineDatasetV2 element_spec={self.element_spec!r}>"


def _names(given: Any) -> list[str]:
    if isinstance(given, Dataset):
        return [name for one in given.as_numpy_iterator() for name in _names(one)]
    if isinstance(given, Tensor):
        given = given.numpy()
        given = given.reshape(-1).tolist() if hasattr(given, "reshape") else given
    if isinstance(given, (list, tuple)):
        return [name for one in given for name in _names(one)]
    if not isinstance(given, (str, bytes, os.PathLike)):
        raise ArgumentError(
            message("TextLineDataset", shorten(given), f"a {type(given).__name__} is no file name",
                    "lines are read from files", "pass a name, or a list of names")
        )  # fmt: skip
    return [os.fsdecode(given)]
