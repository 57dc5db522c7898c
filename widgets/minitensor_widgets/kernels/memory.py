"""Arrays as a kernel's threads see them: each access is checked, noted and then carried out."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from math import nan, prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .simulator import Machine

READ, WRITE, ATOMIC = 0, 1, 2
CODES = {
    "float16": "f", "float32": "f", "float64": "d", "int8": "b", "int16": "h", "int32": "i",
    "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "bool": "B",
}  # fmt: skip
SIZES = {
    "float16": 2, "float32": 4, "float64": 8, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
    "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "bool": 1,
}  # fmt: skip


def dtype_name(dtype: Any) -> str:
    """The name of a dtype: numpy's, a numba type, a Python type or a text.

    Raises:
        TypeError: for one that kernels have no numbers for.

    Example:
        >>> dtype_name("float32"), dtype_name(int)
        ('float32', 'int64')
    """
    found = {float: "float64", int: "int64", bool: "bool"}.get(dtype, str(dtype))
    if found not in CODES:
        found = getattr(dtype, "__name__", found)
    if found not in CODES:
        raise TypeError(
            f"{dtype!r} is no dtype for a kernel. Give one of {', '.join(CODES)}, for example "
            "np.float32."
        )
    return found


class Memory:
    """An array in global, shared or local memory.

    `offset` numbers the cells of all arrays of a launch, so that a cell is one whole number.
    """

    __slots__ = (
        "_flat", "_known", "_log", "_machine", "data", "dtype", "name", "offset", "shape", "size",
        "space", "written",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        space: str,
        machine: Machine,
        numbers: bytes | None = None,
    ) -> None:
        self.name, self.shape, self.dtype, self.space = name, tuple(shape), dtype, space
        self.size = prod(self.shape)
        self._flat = len(self.shape) == 1
        self.data = array(CODES[dtype], numbers or bytes(array(CODES[dtype]).itemsize * self.size))
        self._known = None if numbers is not None else bytearray(self.size)
        self._machine, self.offset = machine, 0
        self._log = machine.log if space != "local" else None
        self.written = False

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        machine = self._machine
        frame: Any = sys._getframe(1)
        if frame.f_code is not machine.code:
            frame = machine.kernel_frame(frame)
        flat = index
        if not (self._flat and index.__class__ is int and 0 <= index < self.size):
            flat = self._place(index, "reads", frame.f_lasti)
            if flat < 0:
                return self._garbage()
        if self._known is not None and not self._known[flat]:
            machine.uninitialised(self, flat, frame.f_lasti, self._garbage())
            return self._garbage()
        value = self.data[flat]
        if self._log is not None:
            self._log.append((machine.thread, self.offset + flat, READ, frame.f_lasti, value))
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        machine = self._machine
        frame: Any = sys._getframe(1)
        if frame.f_code is not machine.code:
            frame = machine.kernel_frame(frame)
        flat = index
        if not (self._flat and index.__class__ is int and 0 <= index < self.size):
            flat = self._place(index, "writes", frame.f_lasti)
            if flat < 0:
                return
        self._store(flat, value)
        if self._log is not None:
            event = (machine.thread, self.offset + flat, WRITE, frame.f_lasti, self.data[flat])
            self._log.append(event)

    def _store(self, flat: int, value: Any) -> None:
        try:
            self.data[flat] = value
        except TypeError:
            self.data[flat] = int(value)  # as C does: what follows the point is dropped
        if self._known is not None:
            self._known[flat] = 1
        self.written = True

    def change(self, index: Any, value: Any, rule: Any) -> Any:
        """Read, compute and write in one go: an atomic operation; gives what was there."""
        machine = self._machine
        frame = machine.kernel_frame(sys._getframe(2))
        flat = self._place(index, "changes", frame.f_lasti)
        if flat < 0:
            return self._garbage()
        if self._known is not None and not self._known[flat]:
            machine.uninitialised(self, flat, frame.f_lasti, self._garbage())
        old = self.data[flat]
        self._store(flat, rule(old, value))
        if self._log is not None:
            event = (machine.thread, self.offset + flat, ATOMIC, frame.f_lasti, self.data[flat])
            self._log.append(event)
        return old

    def _garbage(self) -> Any:
        return nan if self.dtype.startswith("float") else 0

    def _place(self, index: Any, verb: str, site: int) -> int:
        """The number of an element, or -1 after a word on why there is none."""
        parts = index if isinstance(index, tuple) else (index,)
        if len(parts) != len(self.shape):
            raise TypeError(
                f"{self.name} has shape {self.shape}: an element has {len(self.shape)} indices, "
                f"{self.name}[{', '.join('ijklmn'[: len(self.shape)])}], and {len(parts)} were "
                "given."
            )
        flat, inside = 0, True
        for part, length in zip(parts, self.shape, strict=True):
            if not hasattr(part, "__index__"):
                raise TypeError(
                    f"an index of {self.name} is {part!r}, and an index is a whole number. "
                    "Divide with // where it comes from a division."
                )
            at = part.__index__()
            inside = inside and 0 <= at < length
            flat = flat * length + at
        if inside:
            return flat
        self._machine.out_of_bounds(self, parts, verb, site)
        return -1
