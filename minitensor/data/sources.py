"""Where elements come from: tensors in memory, numbers, generators, lines of files."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.conversion import as_array
from minitensor.data.elements import components, flat, mapped_shapes, spec_of, whole
from minitensor.data.functions import Placeholder, is_symbolic
from minitensor.data.seeds import Dice, part
from minitensor.data.stage import INFINITE, UNKNOWN, Cursor, Rows, Stage
from minitensor.dtypes import as_dtype
from minitensor.errors import (
    ArgumentError,
    InvalidArgumentError,
    NotFoundError,
    message,
    shorten,
)
from minitensor.tensor import TensorSpec

__all__ = ["Draws", "GeneratorSource", "Lines", "Slices", "counted", "slices", "whole_tensors"]


class ArrayRows(Rows):
    """The rows of arrays of equal length."""

    def __init__(self, arrays: Sequence[np.ndarray]):
        self.arrays = tuple(arrays)

    def row(self, number: int) -> tuple:
        return tuple([array[number, ...] for array in self.arrays])

    def take(self, numbers: Any) -> tuple:
        return tuple([array.take(numbers, axis=0) for array in self.arrays])


class RangeRows(Rows):
    """Numbers at equal distances."""

    def __init__(self, start: int, step: int, dtype: np.dtype):
        self.start, self.step, self.dtype = start, step, dtype

    def row(self, number: int) -> tuple:
        return (np.array(self.start + number * self.step, dtype=self.dtype),)

    def take(self, numbers: Any) -> tuple:
        return ((np.asarray(numbers, np.int64) * self.step + self.start).astype(self.dtype),)


class Slices(Stage):
    """Rows one after the other."""

    def __init__(self, kind: str, spec: Any, size: int, rows: Rows):
        super().__init__(spec, size, rows=rows, details=size)
        self.kind = kind

    def cursor(self, run: int) -> Cursor:
        """Counts rows."""
        return _Counting(self.size)


class _Counting(Cursor):
    """The numbers of the rows."""

    def __init__(self, count: int):
        self.count, self.at = count, 0

    def __next__(self) -> int:
        at = self.at
        if at >= self.count:
            raise StopIteration
        self.at = at + 1
        return at

    def many(self, count: int) -> np.ndarray:
        start = self.at
        self.at = min(start + count, self.count)
        return np.arange(start, self.at)

    def save_state(self) -> int:
        return self.at

    def restore_state(self, state: int) -> None:
        self.at = state


def whole_tensors(tensors: Any) -> Stage:
    """One element: the tensors themselves."""
    structure = components(tensors, "Dataset.from_tensors")
    if is_symbolic(structure):
        return Placeholder(spec_of(structure), 1)
    rows = ArrayRows([array[None] for array in flat(structure)])
    return Slices("Tensor", spec_of(structure), 1, rows)


def slices(tensors: Any) -> Stage:
    """An element for each row of the tensors."""
    structure = components(tensors, "Dataset.from_tensor_slices")
    whole = spec_of(structure)
    leaves = nest.flatten(whole)
    if not leaves:
        raise InvalidArgumentError(
            message("Dataset.from_tensor_slices", shorten(tensors), "there is no tensor in it",
                    "the rows of tensors become the elements", "pass at least one tensor")
        )  # fmt: skip
    if any(leaf.shape.rank == 0 for leaf in leaves):
        raise InvalidArgumentError(
            message("Dataset.from_tensor_slices", shorten(tensors), "Unbatching a tensor is only "
                    "supported for rank >= 1", "each row of a tensor becomes an element, and a "
                    "scalar has no rows", "use Dataset.from_tensors, or pass a list of numbers")
        )  # fmt: skip
    sizes = [leaf.shape[0] for leaf in leaves if leaf.shape.rank]
    known = [size for size in sizes if size is not None]
    other = next((size for size in known if size != known[0]), None)
    if other is not None:
        raise InvalidArgumentError(
            message("Dataset.from_tensor_slices", f"tensors with {sizes} rows",
                    f"Dimensions {known[0]} and {other} are not compatible",
                    "each element takes one row of every tensor, so all have as many rows",
                    "compare the shapes of inputs and labels")
        )  # fmt: skip
    spec = mapped_shapes(whole, lambda shape: shape[1:])
    if is_symbolic(structure):
        return Placeholder(spec, known[0] if known else UNKNOWN)
    return Slices("TensorSlice", spec, known[0], ArrayRows(flat(structure)))


def counted(bounds: Sequence, dtype: Any) -> Stage:
    """The numbers of a Python range."""
    dtype = as_dtype(dtype)
    if not 1 <= len(bounds) <= 3:
        raise ArgumentError(
            message("Dataset.range", f"{len(bounds)} numbers", "it takes a stop, or start and stop,"
                    " or start, stop and step", "it counts as Python's range", "pass a stop")
        )  # fmt: skip
    if is_symbolic(list(bounds)):
        return Placeholder(TensorSpec((), dtype))
    numbers = range(*(whole(bound, "Dataset.range") for bound in bounds))
    rows = RangeRows(numbers.start, numbers.step, dtype.numpy)
    stage = Slices("Range", TensorSpec((), dtype), len(numbers), rows)
    stage.details = f"{numbers.start}, {numbers.stop}, {numbers.step}"
    return stage


class GeneratorSource(Stage):
    """What a Python generator yields."""

    kind = "FlatMap"

    def __init__(self, generator: Callable, spec: Any, args: tuple):
        if not callable(generator):
            raise ArgumentError(
                "`generator` must be a Python callable.\nDataset.from_generator calls it at the "
                f"start of every walk through the dataset; it got {shorten(generator)}. To fix it: "
                "pass the generator function itself, without calling it."
            )
        super().__init__(spec, UNKNOWN, details=getattr(generator, "__name__", "generator"))
        self.generator, self.args = generator, args

    def cursor(self, run: int) -> Cursor:
        """Runs the generator."""
        return _Generated(self)


class _Generated(Cursor):
    """A run of a generator. Restored, it begins anew and skips what was taken before."""

    def __init__(self, stage: GeneratorSource):
        self.spec, self.leaves = stage.spec, nest.flatten(stage.spec)
        self.taken = 0
        self._source: Iterator = iter(stage.generator(*stage.args))

    def __next__(self) -> tuple:
        value = next(self._source)
        self.taken += 1
        return self._element(value)

    def _element(self, value: Any) -> tuple:
        spec = self.spec
        if isinstance(spec, tuple) and isinstance(value, (list, tuple)):
            value = tuple(value)
        values = [value] if isinstance(spec, TensorSpec) else self._parts(value)
        pairs = zip(values, self.leaves, strict=True)
        return tuple([_as_promised(v, s, self.taken - 1) for v, s in pairs])

    def _parts(self, value: Any) -> list:
        try:
            return _like(self.spec, value)
        except (TypeError, KeyError, IndexError, ValueError):
            raise ArgumentError(
                f"`generator` yielded an element that did not match the expected structure. The "
                f"expected structure was {self.spec}, but the yielded element was "
                f"{shorten(value)} (element {self.taken - 1}).\nTo fix it: yield what "
                "output_signature describes."
            ) from None

    def save_state(self) -> int:
        return self.taken

    def restore_state(self, state: int) -> None:
        for _ in range(state):
            next(self._source)
        self.taken = state


def _like(spec: Any, value: Any) -> list:
    """The leaves of a value, as deep as the spec goes."""
    if not nest.is_nested(spec):
        return [value]
    pairs = nest.items(spec)
    if isinstance(spec, tuple) and len(value) != len(pairs):
        raise ValueError("another number of components")
    found: list = []
    for key, inner in pairs:
        by_name = nest.is_nested(spec) and not isinstance(spec, (tuple, dict))
        found += _like(inner, getattr(value, key) if by_name else value[key])
    return found


_PLAIN: dict[type, str] = {bool: "b", int: "if", float: "f"}
"""The kinds of dtypes that hold every Python number of a type, but for their size."""


def _as_promised(value: Any, spec: TensorSpec, index: int) -> np.ndarray:
    """A yielded value as an array of the dtype and shape that the signature promises."""
    wanted = spec.dtype.numpy
    if wanted.kind in _PLAIN.get(type(value), "") and spec.shape.rank == 0:
        try:
            return np.array(value, dtype=wanted)
        except OverflowError:
            pass  # as_array says why
    given = value._array if hasattr(value, "_array") else value
    if isinstance(given, (np.ndarray, np.generic)) and given.dtype != wanted:
        if wanted.kind != "O" and not np.can_cast(given.dtype, wanted, "same_kind"):
            raise ArgumentError(
                f"`generator` yielded an element of dtype {given.dtype} where an element of dtype "
                f"{spec.dtype.name} was expected (element {index}).\nValues are not cut to fit. To "
                "fix it: change output_signature, or yield that dtype."
            )
        given = given.astype(wanted)
    try:
        array = as_array(given, wanted)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"`generator` yielded an element that could not be converted to the expected type. The "
            f"expected type was {spec.dtype.name}, but the yielded element was {shorten(value)} "
            f"(element {index}).\n{error}"
        ) from None
    if not spec.shape.is_compatible_with(array.shape):
        raise InvalidArgumentError(
            f"TypeError: `generator` yielded an element of shape {array.shape} where an element of "
            f"shape {spec.shape} was expected (element {index}).\nTo fix it: give the shape in "
            "output_signature, with None for sizes that differ between elements."
        )
    return array


class Lines(Stage):
    """The lines of text files, without their ends."""

    kind = "TextLine"

    def __init__(self, files: Sequence[str], compression: str | None):
        super().__init__(TensorSpec((), "string"), UNKNOWN, details=", ".join(files))
        self.files, self.compression = list(files), compression

    def cursor(self, run: int) -> Cursor:
        """Reads the files line by line."""
        return _Reading(self)


class _Reading(Cursor):
    """Reads files line by line; its place is a file and a number of lines."""

    def __init__(self, stage: Lines):
        self.stage, self.file, self.line = stage, 0, 0
        self._lines: Any = None

    def __next__(self) -> tuple:
        while self.file < len(self.stage.files):
            if self._lines is None:
                self._lines = self._opened(self.stage.files[self.file])
            line = self._lines.readline()
            if line:
                self.line += 1
                text = line.removesuffix(b"\n").removesuffix(b"\r")
                array = np.empty((), dtype=object)
                array[()] = text
                return (array,)
            self._lines.close()
            self._lines, self.file, self.line = None, self.file + 1, 0
        raise StopIteration

    def _opened(self, name: str) -> Any:
        try:
            compression = self.stage.compression
            packed = name.endswith(".gz") if compression is None else compression == "GZIP"
            return gzip.open(name, "rb") if packed else Path(name).open("rb")
        except OSError as error:
            raise NotFoundError(
                message("TextLineDataset", f"the file {name!r}", f"{name}; "
                        f"{error.strerror or error}", "files are opened when the first line is "
                        "wanted", "check the path; it starts from the folder that Python runs in")
            ) from None  # fmt: skip

    def __del__(self) -> None:
        if self._lines is not None:
            self._lines.close()

    def save_state(self) -> list:
        return [self.file, self.line]

    def restore_state(self, state: list) -> None:
        self.file, lines = state
        if lines:
            self._lines = self._opened(self.stage.files[self.file])
            for _ in range(lines):
                self._lines.readline()
        self.line = lines


class Draws(Stage):
    """Random whole numbers without end."""

    kind = "Random"

    def __init__(self, seed: int, again: bool, details: Any):
        super().__init__(TensorSpec((), "int64"), INFINITE, details=details)
        self.seed, self.draws = seed, again

    def cursor(self, run: int) -> Cursor:
        """Throws dice."""
        return _Drawing(Dice(part(self.seed, run if self.draws else 0)))


class _Drawing(Cursor):
    def __init__(self, dice: Dice):
        self.dice = dice

    def __next__(self) -> tuple:
        return (np.array(self.dice.word(), dtype=np.int64),)

    def save_state(self) -> int:
        return self.dice.at

    def restore_state(self, state: int) -> None:
        self.dice.at = state


def signature_of(signature: Any, types: Any, shapes: Any) -> Any:
    """The spec that `from_generator` was given, in one of two ways.

    Raises:
        ArgumentError: (also a TypeError) when it was given neither, or no specs.
    """
    if signature is not None:
        for leaf in nest.flatten(signature):
            if not isinstance(leaf, TensorSpec):
                raise ArgumentError(
                    "`output_signature` must contain objects that are subclass of `tf.TypeSpec` "
                    f"but found {type(leaf)} which is not.\nDataset.from_generator has to know "
                    "what comes. To fix it: write for example mt.TensorSpec([], mt.int32)."
                )
        return tuple(signature) if type(signature) is list else signature
    if types is None:
        raise ArgumentError(
            "To specify the output signature you need to provide either the `output_signature` "
            "argument or the `output_types` argument.\nDataset.from_generator has to know what "
            "comes before it runs the generator. To fix it: write for example "
            "output_signature=mt.TensorSpec([], mt.int32)."
        )
    if shapes is None:
        return nest.map_structure(lambda t: TensorSpec(None, t), types)
    if not nest.is_nested(types):
        return TensorSpec(shapes, types)
    if isinstance(types, dict):
        return {key: TensorSpec(shapes[key], types[key]) for key in types}
    return tuple(TensorSpec(s, t) for s, t in zip(shapes, types, strict=True))
