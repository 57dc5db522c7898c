"""Python functions as ops: `py_function` on tensors, with gradients; `numpy_function` on arrays.

While ops compute at once the function is simply called. In a traced function the call is an op of
its own, which runs the Python code each time; its gradient runs it once more, under a tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minitensor.dtypes import as_dtype
from minitensor.eager import convert_to_tensor, executing_eagerly
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.op import State, op, state
from minitensor.ops.state import stop_gradient
from minitensor.shapes import NoElements, Spec
from minitensor.tape import GradientTape
from minitensor.tensor import Tensor

__all__ = ["call_python", "numpy_function", "py_function"]


def py_function(func: Callable, inp: Any, Tout: Any, name: str | None = None) -> Any:
    """Call a Python function of tensors, whatever it does inside.

    Differentiable where it uses minitensor's ops.

    Args:
        func: takes as many tensors as `inp` has.
        inp: a list of tensors.
        Tout: the dtype of the result, or a list of them for several; `[]` for none.
        name: a name for the op.

    Shape: any → whatever the function gives; unknown while tracing.

    Raises:
        InvalidArgumentError: (also a ValueError) when results do not have the dtypes of `Tout`.

    Example:
        >>> import minitensor as mt
        >>> x = mt.Variable(3.0)
        >>> with mt.GradientTape() as tape:
        ...     y = mt.py_function(lambda v: v * v if v > 0 else -v, [x], mt.float32)
        >>> tape.gradient(y, x).numpy()
        np.float32(6.0)
    """
    if not callable(func):
        raise ArgumentError(
            message("py_function", f"func={func!r}", "'func' must be callable",
                    "it is called with one tensor per input", "pass a function")
        )  # fmt: skip
    if executing_eagerly():
        return _converted(func(*(convert_to_tensor(x) for x in inp)), Tout)
    return _in_graph(func, inp, Tout, name)


def _in_graph(func: Callable, inp: Sequence, Tout: Any, name: str | None) -> Any:
    found = call_python(list(inp), func=func, Tout=_dtypes(Tout), name=name)
    return _arranged(list(found) if isinstance(found, tuple) else [found], Tout)


def numpy_function(
    func: Callable, inp: Any, Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:
    """Call a Python function of numpy arrays. No gradient flows through it.

    `stateful` is TensorFlow's and has no effect.

    Shape: any → whatever the function gives; unknown while tracing.

    Example:
        >>> import minitensor as mt
        >>> mt.numpy_function(np.sort, [mt.constant([3.0, 1.0])], mt.float32).numpy().tolist()
        [1.0, 3.0]
    """

    def on_arrays(*tensors: Any) -> Any:
        found = func(*(x.numpy() for x in tensors))
        several = isinstance(found, (list, tuple)) and isinstance(Tout, (list, tuple))
        dtypes = _dtypes(Tout)
        values = found if several else [found]
        arrays = [np.asarray(v, d.numpy) for v, d in zip(values, dtypes, strict=False)]
        return arrays if several else arrays[0] if arrays else None

    if executing_eagerly():
        return py_function(on_arrays, inp, Tout, name)
    return _in_graph(on_arrays, [stop_gradient(x) for x in inp], Tout, name)


def _python_spec(*inputs: Spec, func: Callable, Tout: tuple, shapes: Any = None) -> Any:
    """What is known of the results: their dtypes, and shapes only where somebody says so."""
    dtypes = [as_dtype(d).numpy for d in Tout]
    if shapes is None:
        specs: tuple = tuple(NoElements(None, dtype) for dtype in dtypes)
    else:
        pairs = zip(shapes, dtypes, strict=True)
        specs = tuple(NoElements(None, d) if s is None else Spec(tuple(s), d) for s, d in pairs)
    return specs[0] if len(specs) == 1 else specs


def _python_samples(rng: np.random.Generator) -> Iterator:
    one = {"func": lambda x: x * x, "Tout": ("float64",), "shapes": ((),)}
    yield (np.asarray(rng.normal()),), one
    two = {"func": lambda x, y: (x * y, x - y), "Tout": ("float64",) * 2, "shapes": ((), (2,))}
    yield (np.asarray(rng.normal()), rng.normal(size=2)), {**two, "shapes": ((2,), (2,))}


@op(infer=_python_spec, samples=_python_samples, types="A", portable=False, stateful=True)
def call_python(xp, *inputs, func, Tout, shapes=None):
    """The results of a Python function of tensors.

    Shape: any → whatever the function gives; `shapes`, where that is known.
    """
    with _eagerly():
        found = _converted(func(*map(Tensor, inputs)), list(Tout))
    arrays = tuple(x._array for x in found)
    return arrays[0] if len(arrays) == 1 else arrays


call_python.expands = True
call_python.any_rank = True


@call_python.gradient
def call_python_gradient(xp, g, out, *inputs, func, Tout, shapes=None):
    cotangents = g if isinstance(g, tuple) else (g,)
    known = [i for i, x in enumerate(inputs) if as_dtype(x.dtype).is_differentiable]
    dtypes = tuple(as_dtype(inputs[i].dtype) for i in known)

    def pull_back(*tensors: Any) -> list:
        given, values = tensors[: len(cotangents)], tensors[len(cotangents) :]
        sources = [values[i] for i in known]
        with GradientTape() as tape:
            tape.watch(sources)
            results = _converted(func(*values), list(Tout))
        return tape.gradient(results, sources, list(given), unconnected_gradients="zero")

    shapes = tuple(None if (s := inputs[i].shape) is None or getattr(s, "rank", 0) is None
                   else tuple(s) for i in known)  # fmt: skip
    found = call_python.on(xp, *cotangents, *inputs, func=pull_back, Tout=dtypes, shapes=shapes)
    found = found if isinstance(found, tuple) else (found,)
    thunks: list = [None] * len(inputs)
    for place, gradient in zip(known, found, strict=True):
        thunks[place] = lambda gradient=gradient: gradient
    return tuple(thunks)


class _eagerly:  # noqa: N801 - reads as a word: with _eagerly()
    """Within it, ops compute at once and no tape of the caller records them."""

    def __enter__(self) -> None:
        self.before = state.interpreter, state.tapes
        state.interpreter, state.tapes = State.interpreter, ()

    def __exit__(self, *_: object) -> None:
        state.interpreter, state.tapes = self.before


def _dtypes(Tout: Any) -> tuple:
    several = isinstance(Tout, (list, tuple))
    return tuple(as_dtype(d) for d in (Tout if several else [] if Tout is None else [Tout]))


def _converted(found: Any, Tout: Any) -> Any:
    """The results of the function as tensors of the dtypes that were promised."""
    several = isinstance(Tout, (list, tuple))
    values: Sequence = found if isinstance(found, (list, tuple)) else [found]
    dtypes = _dtypes(Tout)
    if not dtypes:
        return [] if several else None
    if len(values) < len(dtypes) or (several and len(values) != len(dtypes)):
        raise InvalidArgumentError(
            message("py_function", f"{len(values)} results for Tout={[d.name for d in dtypes]}",
                    "their numbers differ", "Tout names the dtype of each result",
                    "return as many values as Tout has dtypes")
        )  # fmt: skip
    return _arranged([convert_to_tensor(v, d) for v, d in zip(values, dtypes, strict=False)], Tout)


def _arranged(results: list, Tout: Any) -> Any:
    if isinstance(Tout, (list, tuple)):
        return results
    return results[0] if results else None
