"""One tensor as an inspector shows it: what it is, how it lies in memory, and some elements.

The elements travel packed: as they are where they are few, in half precision or thinned out where
they are many. `carried` says in words what was left behind; `window_view` reads it when asked.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import InvalidArgumentError, message
from minitensor.graph.ir import short_file, source_line
from minitensor.shapes import NoElements
from minitensor.tensor import IndexedSlices, Operand
from minitensor.variable import Variable
from minitensor.views.drawing import callers_names
from minitensor.views.records import VERSION, SourceView, ValueView
from minitensor.views.statistics import binned, fetch, histogram_of, is_numeric, namespace, thinned
from minitensor.views.values import array_of, elements_in, number_text, view_of, wanted

MOST_BYTES, MOST_HALF, MOST_ON_DEVICE, MOST_WORDS = 32_768, 24_576, 2_048, 512
BINS, WINDOW = 40, 32
_CODES = {"b": "u1", "i": "i", "u": "u", "f": "f"}


@dataclass(frozen=True)
class ElementsView:
    """Elements on their way: `data` is base64 of numbers of type `code`, to be times `scale`.

    Texts are in `words` instead. `limit` is where a colour scale ends: few elements are beyond.
    """

    code: str = ""
    data: str = ""
    scale: float = 1.0
    words: list[str] = field(default_factory=list)
    limit: float = 1.0


@dataclass(frozen=True)
class TensorView:
    """What can be said of a tensor without its elements, and a picture of those.

    Of axis k every `steps[k]`-th index is in `elements`. `edges` and `counts` are a histogram of
    `counted` finite elements.
    """

    kind: str
    name: str
    dtype: str
    shape: list[int | None] | None
    value: ValueView | None = None
    made_by: str = ""
    source: SourceView | None = None
    device: str = ""
    trainable: bool | None = None
    bytes: int = 0
    itemsize: int = 0
    strides: list[int] = field(default_factory=list)
    layout: str = ""
    memory: str = ""
    notes: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    elements: ElementsView | None = None
    edges: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    counted: int = 0
    gradient: ElementsView | None = None
    learning_rate: float | None = None
    version: int = VERSION


def tensor_view(
    value: Any, *, gradient: Any = None, learning_rate: float | None = None, name: str | None = None
) -> TensorView:
    """A tensor, variable, array, sparse rows or list as an inspector shows it.

    Args:
        value: a tensor, variable, numpy or cupy array, IndexedSlices, or nested lists of numbers.
        gradient: of the same shape, to be shown beside it.
        learning_rate: for what a step of gradient descent would make of the value.
        name: what to call it; by default its own name, or that of the caller's variable. With "",
            only its own name.

    Raises:
        InvalidArgumentError: (also a ValueError) for what has no elements to look at.

    Memory: at most 16 kB cross from a GPU, in one transfer for each of value and gradient.

    Example:
        >>> view = tensor_view(np.arange(6.0).reshape(2, 3))
        >>> view.kind, view.dtype, view.strides, view.elements.code
        ('numpy array', 'float64', [24, 8], 'f8')
    """
    array = elements_in("inspect", value.values if isinstance(value, IndexedSlices) else value)
    facts = _facts(value, name)
    if isinstance(array, NoElements):
        return replace(facts, notes=["Its values come when the function runs."])
    beside, note = _beside(array, gradient)
    rate = None if beside is None or learning_rate is None else float(learning_rate)
    facts = replace(facts, learning_rate=rate, **_looked_at(array, beside), **_memory(array))
    return replace(facts, notes=[*facts.notes, *_carried(facts, array), *note])


def _beside(array: Any, gradient: Any) -> tuple[Any, list[str]]:
    """The gradient's array if it has the value's shape; else a sentence that says why not."""
    if gradient is None:
        return None, []
    beside = array_of(gradient.to_dense() if isinstance(gradient, IndexedSlices) else gradient)
    if isinstance(beside, NoElements):
        return None, ["The gradient's values come when the function runs."]
    if beside.shape == array.shape:
        return beside, []
    return None, [
        f"The gradient has shape {tuple(beside.shape)}, the value {tuple(array.shape)}: a gradient "
        "has the shape of its value, so they are not shown side by side."
    ]


def window_view(value: Any, start: Sequence[int], rows: int, columns: int) -> ElementsView:
    """At most 32 × 32 elements from `start` on; only they leave a device.

    They lie along two axes, or, where `rows` is -1, one after the other along a vector's only one.

    Example:
        >>> window_view(np.arange(6.0).reshape(2, 3), [1, 0], 0, 1).code
        'f8'
    """
    index = [slice(at, at + 1) for at in start]
    for axis in {rows, columns} - {-1}:
        most = WINDOW if rows >= 0 else WINDOW * WINDOW
        index[axis] = slice(start[axis], start[axis] + most)
    array = array_of(value.values if isinstance(value, IndexedSlices) else value)
    (found,) = fetch(namespace(array), [array[tuple(index)]])
    return packed(found)


def elements_of(value: Any, most: int) -> np.ndarray:
    """All elements on the host, of a tensor that has some, and not too many to be written out.

    Raises:
        InvalidArgumentError: (also a ValueError) for more than `most` elements, or for none yet.
    """
    array = array_of(value.to_dense() if isinstance(value, IndexedSlices) else value)
    if isinstance(array, NoElements):
        raise InvalidArgumentError(
            message("elements_of", f"a symbolic tensor of shape {array.shape}",
                    "it has no elements yet", "its values come when the function runs",
                    "call the function, and pass what it returns")
        )  # fmt: skip
    if array.size > most:
        raise InvalidArgumentError(
            message("elements_of", f"an array of shape {tuple(array.shape)}",
                    f"it has {array.size} elements", f"at most {most} can be written out",
                    "take a part of it: t[:10, :10]")
        )  # fmt: skip
    return fetch(namespace(array), [array])[0]


def _facts(value: Any, name: str | None) -> TensorView:
    """Kind, name, dtype, shape, and who made it where."""
    if isinstance(value, IndexedSlices):
        return _of_slices(value, name)
    if not isinstance(value, Operand):
        array = array_of(value)
        module = type(value).__module__.partition(".")[0]
        kind = f"{module} array" if array is value else type(value).__name__
        place: Any = getattr(array, "device", None)  # numpy says "cpu"
        return TensorView(kind, name or "", name_of(array.dtype), list(array.shape),
                          device=f"GPU:{place.id}" if hasattr(place, "id") else "")  # fmt: skip
    sizes, symbolic = array_of(value).shape, isinstance(array_of(value), NoElements)
    variable = isinstance(value, Variable)
    origin = None if variable else getattr(value, "_origin", None)
    line = source_line(origin)
    source = line and SourceView(short_file(line.file), line.line, line.text)
    known = name or getattr(value, "_label", "")
    if name is None:
        known = known or callers_names().get(id(value), "")
    return TensorView(
        "Variable" if variable else "symbolic tensor" if symbolic else "Tensor", known,
        value.dtype.name, None if sizes is None else list(sizes),
        made_by=_op_name(origin), source=source,
        device="" if symbolic else _short_device(value),
        trainable=value.trainable if variable else None,
    )  # fmt: skip


def _op_name(origin: tuple | None) -> str:
    return getattr(origin[0], "name", "") if origin else ""


def _short_device(tensor: Any) -> str:
    """`CPU:0` of "/job:localhost/replica:0/task:0/device:CPU:0"."""
    return tensor.device.rpartition("device:")[2]


def _of_slices(value: IndexedSlices, name: str | None) -> TensorView:
    rows, places = array_of(value.values), array_of(value.indices)
    (first,) = fetch(namespace(places), [places.reshape(-1)[:8]])
    listed = ", ".join(map(str, first)) + (", …" if places.size > 8 else "")
    whole = "" if value.dense_shape is None else f" of shape {tuple(map(int, value.dense_shape))}"
    note = (
        f"These are {rows.shape[0]} rows of a tensor{whole} that is zero elsewhere. They belong at "
        f"rows {listed}; rows named twice are summed."
    )
    return TensorView("IndexedSlices", name or "", name_of(rows.dtype), list(rows.shape),
                      notes=[note])  # fmt: skip


def _looked_at(array: Any, beside: Any) -> dict[str, Any]:
    """Statistics, histogram and elements, also of the array beside it, in one transfer."""
    xp, numeric = namespace(array), is_numeric(array) and array.size > 0
    part, steps = thinned(array, _budget(xp, array, beside is not None))
    taken = tuple(slice(None, None, step) for step in steps)
    groups = [
        wanted(xp, array, heat=False), [part], list(binned(xp, array, BINS)) if numeric else [],
        [] if beside is None else [beside[taken]],
    ]  # fmt: skip
    together = beside is None or namespace(beside) is xp
    every = [item for group in (groups if together else groups[:3]) for item in group]
    host = fetch(xp, every)
    host += [] if together else fetch(namespace(beside), groups[3])
    found = [[host.pop(0) for _ in group] for group in groups]
    edges, counts = histogram_of(*found[2]) if numeric else ([], [])
    return {
        "value": view_of(array, found[0]), "steps": steps, "elements": packed(found[1][0]),
        "edges": edges, "counts": counts, "counted": sum(counts),
        "gradient": packed(found[3][0]) if found[3] else None,
    }  # fmt: skip


def _budget(xp: Any, array: Any, twice: bool) -> int:
    """How many elements travel."""
    kind = kind_of(array.dtype)
    if kind not in "fiubc":
        return MOST_WORDS
    share = 2 if twice else 1
    if xp is not np:
        return MOST_ON_DEVICE // share // max(1, array.dtype.itemsize // 4)
    if kind in "fc" and array.size <= MOST_HALF // share:
        return array.size
    return MOST_BYTES // share // min(4, array.dtype.itemsize)


def packed(array: np.ndarray) -> ElementsView:
    """Elements as a viewer unpacks them: few as they are, many floats in half precision."""
    kind = kind_of(array.dtype)
    if kind not in "fiubc":
        return ElementsView("text", words=[number_text(item) for item in array.ravel().tolist()])
    numbers = np.abs(array) if kind == "c" else array
    code = _code(kind_of(numbers.dtype), numbers.dtype.itemsize)
    if code[0] == "f" and code != "f2" and numbers.size * int(code[1:]) > MOST_BYTES:
        code = "f4" if numbers.size * 4 <= MOST_BYTES else "f2"
    sizes = np.abs(numbers.astype(np.float64)).ravel()
    sizes = np.sort(sizes[np.isfinite(sizes)])
    limit, scale = _limit(sizes), 1.0
    if code == "f2" and sizes.size and sizes[-1] > 0:
        scale = math.ldexp(1.0, min(1000, max(-1000, math.frexp(sizes[-1])[1])))
        numbers = numbers.astype(np.float64) / scale
    data = np.ascontiguousarray(numbers).astype(f"<{code}" if code[1] != "1" else code)
    return ElementsView(code, base64.b64encode(data.tobytes()).decode("ascii"), scale, [], limit)


def _code(kind: str, size: int) -> str:
    """A type that JavaScript has: 8-byte integers become doubles, 2-byte floats singles."""
    if kind == "f":
        return "f8" if size >= 8 else "f4"
    return "f8" if size == 8 else f"{_CODES[kind]}{'' if kind == 'b' else size}"


def _limit(sizes: np.ndarray) -> float:
    """Where a colour scale ends: the largest size, unless nearly all are far below it."""
    if not sizes.size or sizes[-1] == 0:
        return 1.0
    robust = float(sizes[int(0.995 * (sizes.size - 1))])
    return robust if 0 < robust * 2 < sizes[-1] else float(sizes[-1])


def _memory(array: Any) -> dict[str, Any]:
    """Bytes, strides, and whose memory it is."""
    flags, base = array.flags, getattr(array, "base", None)
    if flags.c_contiguous:
        layout = "contiguous: the last axis lies side by side"
    elif flags.f_contiguous:
        layout = "contiguous the other way: the first axis lies side by side"
    else:
        layout = "not contiguous: reading it in order jumps in memory"
    shape = getattr(base, "shape", None)
    whole = math.prod(shape) == array.size and flags.c_contiguous if shape else False
    if shape is None or whole:
        memory = "its own" if base is None or whole else "that of another object"
    else:
        memory = f"a view of an array of shape {tuple(shape)}"
    return {
        "bytes": array.nbytes, "itemsize": array.dtype.itemsize, "strides": list(array.strides),
        "layout": layout, "memory": memory,
    }  # fmt: skip


def _carried(view: TensorView, array: Any) -> list[str]:
    """What of the elements a saved output holds, and how they are shown."""
    notes = []
    if kind_of(array.dtype) == "c":
        notes.append("Complex numbers: their magnitudes are shown.")
    if any(step > 1 for step in view.steps):
        every = " and ".join(
            f"one index in {step} of axis {axis}"
            for axis, step in enumerate(view.steps) if step > 1
        )  # fmt: skip
        notes.append(
            f"Of {array.size} elements this output holds {every}. TensorWidget reads the others "
            "from Python."
        )
    if view.elements is not None and view.elements.code == "f2":
        notes.append("The elements are held in half precision: about three digits.")
    if view.counted and view.value is not None and view.counted < array.size // 2:
        notes.append(f"The histogram counts a sample of {view.counted} elements.")
    return notes
