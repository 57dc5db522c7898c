"""Elements: structures of tensors outside, tuples of arrays inside.

A structure is a tuple, named tuple, dict or dataclass; a list is one tensor. Inside a pipeline an
element is the flat tuple of its leaves; tensors are made of them where they leave the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minitensor import nest
from minitensor.backend import to_numpy
from minitensor.dtypes import as_dtype
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.graph.symbol import Symbol
from minitensor.shapes import TensorShape
from minitensor.tensor import Tensor, TensorSpec

__all__ = ["DatasetSpec"]


class DatasetSpec:
    """The spec of a component that is itself a dataset, as `window` makes them."""

    def __init__(self, element_spec: Any, dataset_shape: Any = ()):
        self.element_spec, self.dataset_shape = element_spec, TensorShape(dataset_shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.dataset_shape!r})"


def is_dataset(value: Any) -> bool:
    """Whether a leaf of an element is a dataset."""
    return hasattr(value, "element_spec")


def components(value: Any, what: str = "Dataset") -> Any:
    """A structure with tensors for all its leaves; lists and numbers become tensors.

    Raises:
        InvalidArgumentError: (also a ValueError) for what cannot become a tensor.
    """
    if isinstance(value, (Tensor, Symbol)) or is_dataset(value):
        return value
    if value is None:
        raise ArgumentError(
            message(what, "None", "None is no component of an element",
                    "the components of an element are tensors", "leave it out, or return a number")
        )  # fmt: skip
    if isinstance(value, Mapping):
        return {key: components(part, what) for key, part in value.items()}
    if nest.is_nested(value) and not isinstance(value, list):
        made = [components(part, what) for _, part in nest.items(value)]
        if isinstance(value, tuple):
            return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
        return nest.pack_sequence_as(value, nest.flatten(made))
    return convert_to_tensor(value)


def spec_of(structure: Any) -> Any:
    """The specs of a structure of tensors and datasets."""
    return nest.map_structure(_spec_of_leaf, structure)


def _spec_of_leaf(leaf: Any) -> Any:
    if is_dataset(leaf):
        return DatasetSpec(leaf.element_spec)
    return TensorSpec(leaf.shape, leaf.dtype)


def array_of(tensor: Any) -> Any:
    """What a leaf is inside a pipeline: its array, or the dataset that it is."""
    return tensor if is_dataset(tensor) else to_numpy(tensor._array)


def flat(structure: Any) -> tuple:
    """The leaves of an element as arrays."""
    return tuple([array_of(leaf) for leaf in nest.flatten(structure)])


def packer(spec: Any) -> Callable[[tuple], Any]:
    """What makes the element of a tuple of arrays: a structure of tensors."""
    if isinstance(spec, TensorSpec):
        return lambda leaves: Tensor(leaves[0])
    if type(spec) is tuple and all(isinstance(s, TensorSpec) for s in spec):
        return lambda leaves: tuple([Tensor(a) for a in leaves])
    return lambda leaves: nest.pack_sequence_as(spec, [_tensor(leaf) for leaf in leaves])


def _tensor(leaf: Any) -> Any:
    return leaf if is_dataset(leaf) else Tensor(leaf)


def numpy_packer(spec: Any) -> Callable[[tuple], Any]:
    """The same with numpy arrays (and numpy scalars) as leaves."""

    def numpy_of(leaf: Any) -> Any:
        if is_dataset(leaf):
            return leaf.as_numpy_iterator()
        return leaf.copy() if leaf.ndim else leaf[()]

    return lambda leaves: nest.pack_sequence_as(spec, [numpy_of(leaf) for leaf in leaves])


def shape_tuple(spec: Any) -> tuple | None:
    """The shape of a spec as a rule wants it; None where not even the rank is known."""
    return None if spec.shape.rank is None else tuple(spec.shape)


def mapped_shapes(spec: Any, change: Callable[[TensorShape], Any]) -> Any:
    """The spec with the shape of each tensor changed."""
    return nest.map_structure(lambda s: TensorSpec(change(s.shape), s.dtype), spec)


def tensor_specs(spec: Any, what: str) -> list[TensorSpec]:
    """The specs of the leaves.

    Raises:
        ArgumentError: (also a TypeError) when one of them is a dataset.
    """
    leaves = nest.flatten(spec)
    if any(isinstance(leaf, DatasetSpec) for leaf in leaves):
        raise ArgumentError(
            message(what, f"elements {spec}", "a component is a dataset itself",
                    "only tensors can be stacked or compared",
                    "flatten it first: dataset.flat_map(lambda window: window.batch(size))")
        )  # fmt: skip
    return leaves


def same_kind(first: Any, second: Any, what: str) -> Any:
    """The spec that fits elements of both specs.

    Raises:
        ArgumentError: (also a TypeError) when structures or dtypes differ.
    """
    pairs: list = []
    try:
        nest.assert_same_structure(first, second)
        pairs = list(zip(nest.flatten(first), nest.flatten(second), strict=True))
        good = all(type(a) is type(b) and _alike(a, b) for a, b in pairs)
    except InvalidArgumentError:
        good = False
    if not good:
        raise ArgumentError(
            f"Incompatible dataset elements:\n  {first} vs.   {second}\n{what}: elements of one "
            "dataset have the same structure and dtypes. To fix it: bring one of them to the form "
            "of the other with map and mt.cast."
        )
    return nest.pack_sequence_as(first, [_wider(a, b) for a, b in pairs])


def _alike(a: Any, b: Any) -> bool:
    return a == b if isinstance(a, DatasetSpec) else a.dtype == b.dtype


def _wider(a: Any, b: Any) -> Any:
    if isinstance(a, DatasetSpec):
        return a
    if a.shape.rank is None or a.shape.rank != b.shape.rank:
        return TensorSpec(None, a.dtype)
    sizes = [x if x == y else None for x, y in zip(a.shape, b.shape, strict=True)]
    return TensorSpec(sizes, a.dtype)


def text_of(leaves: tuple) -> str:
    """An element in few words, for a message."""
    parts = []
    for leaf in leaves:
        if is_dataset(leaf):
            parts.append("a dataset")
        elif leaf.size == 1:
            parts.append(f"{as_dtype(leaf.dtype).name} {shorten(leaf.reshape(-1).tolist()[0])}")
        else:
            kind = f"{as_dtype(leaf.dtype).name}{list(leaf.shape)}"
            parts.append(f"{kind} {shorten(leaf.reshape(-1)[:4].tolist())[:-1]}, …]")
    return ", ".join(parts)


def whole(value: Any, what: str) -> int:
    """A setting that is a whole number: a Python or numpy number, or a tensor.

    Raises:
        ArgumentError: (also a TypeError) for anything else.
    """
    number = value.numpy() if isinstance(value, Tensor) else value
    good = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if not good:
        raise ArgumentError(
            message(what, shorten(value), f"cannot convert {value!r} to a whole number",
                    "it is a Python number or an integer tensor whose value is known",
                    "pass for example 32")
        )  # fmt: skip
    return int(number)


def scalar_int64(spec: Any) -> bool:
    """Whether a spec is that of one whole number."""
    good = isinstance(spec, TensorSpec) and spec.dtype.name == "int64"
    return good and spec.shape.rank == 0
