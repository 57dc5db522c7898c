"""Are the gradients right? The tape's answer held against slopes measured by small steps.

Works for any differentiable function of tensors, and knows nothing of ops. Read
`check_gradients`, then `_check_order`.

Source: directional tests of derivatives, Griewank & Walther, Evaluating Derivatives (2008),
chapter 3; step length, Press et al., Numerical Recipes (2007), section 5.7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minitensor import nest
from minitensor.backend import Quiet
from minitensor.dtypes import as_dtype, kind_of, name_of
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, MinitensorError, message
from minitensor.tape import GradientTape

__all__ = ["GradientError", "check_gradients", "compute_gradient", "numeric_gradient"]

Function = Callable[..., Any]


class GradientError(MinitensorError, AssertionError):
    """A gradient is not the slope of its function; the message says where and by how much."""


class _Precision(NamedTuple):
    """How far to step, and how far apart two slopes may be, relatively and absolutely."""

    step: float
    relative: float
    absolute: float


# A central difference of step h errs by about h² from the curve and ε / h from rounding; both are
# smallest, and together about ε^(2/3), at h = ε^(1/3).
_PRECISION = {
    "float64": _Precision(1e-5, 1e-6, 1e-7),
    "float32": _Precision(4e-3, 1e-2, 3e-3),
}


def check_gradients(
    fn: Function,
    inputs: Any,
    *,
    order: int = 2,
    directions: int = 1,
    seed: int = 0,
    dtype: Any = "float64",
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Check the gradients of `fn` against measured slopes, up to the given order.

    The results of `fn` are weighted with random numbers and summed; the sum is a function φ of the
    inputs. For each floating input x, and a random direction v, the tape's ⟨∂φ/∂x, v⟩ must be
    (φ(x + h·v) - φ(x - h·v)) / 2h. Order 2 asks the same of the gradient, as a function of the
    inputs and the weights, and so on.

    Shape: inputs of any shapes; floating ones are converted to `dtype`, others passed as they are.

    Args:
        fn: takes the inputs as tensors, returns a tensor or a structure of them.
        inputs: one value, or a list or tuple of them: numbers, arrays or tensors.
        order: 1 for the gradient, 2 for the gradient of the gradient too, and so on.
        directions: how many random directions to try for each input.
        seed: of weights and directions; a failure names it.
        dtype: what to compute in. float64 is sharp; use float32 if `fn` holds float32 tensors.
        step: h; by default the cube root of the dtype's precision.
        rtol: how far apart slopes may be, relative to their size.
        atol: the same, relative to the size of the results (at least 1).

    Raises:
        GradientError: (also an AssertionError) naming input, direction, and both slopes.

    Example:
        >>> import minitensor as mt
        >>> from minitensor.testing import check_gradients
        >>> check_gradients(lambda a, b: a * b / (a + b), [[1.0, 2.0], 3.0])
    """
    precision = _chosen(dtype, step, rtol, atol)
    arrays = _as_arrays(inputs, as_dtype(dtype).numpy)
    rng = np.random.default_rng(seed)
    name = getattr(fn, "name", None) or getattr(fn, "__name__", type(fn).__name__)
    problem = _Problem(fn, arrays, name, 1, seed)
    for current in range(1, order + 1):
        problem = problem._replace(order=current)
        _check_order(problem, precision, directions, rng)
        if current < order:
            problem = _differentiated(problem, rng)


def _chosen(dtype: Any, *given: float | None) -> _Precision:
    usual = _PRECISION[as_dtype(dtype).name]
    return _Precision(*(u if g is None else g for u, g in zip(usual, given, strict=True)))


def numeric_gradient(
    fn: Function,
    inputs: Any,
    *,
    output_gradients: Any = None,
    dtype: Any = "float64",
    step: float | None = None,
) -> list:
    """The gradient of `fn` measured element by element, with central differences.

    Shape: one array per input, with its shape; None for inputs that are not floating.

    Args:
        fn: takes the inputs as tensors, returns a tensor or a structure of them.
        inputs: one value, or a list or tuple of them.
        output_gradients: weights of the result, or a list of them when `fn` returns several;
            by default ones.
        dtype: what floating inputs are converted to.
        step: half the distance between the two points of a difference.

    Example:
        >>> import minitensor as mt
        >>> from minitensor.testing import numeric_gradient
        >>> numeric_gradient(lambda x: x * x, [[1.0, 3.0]])[0].round(6)
        array([2., 6.])
    """
    arrays = _as_arrays(inputs, as_dtype(dtype).numpy)
    step = _PRECISION[as_dtype(dtype).name].step if step is None else step
    results = _evaluate(fn, arrays)
    given = [1] * len(results) if output_gradients is None else output_gradients
    if len(results) == 1 and output_gradients is not None:
        given = [output_gradients]
    weights = [np.broadcast_to(np.asarray(w), y.shape) for w, y in zip(given, results, strict=True)]
    return [
        _slopes(fn, arrays, i, weights, step) if _differentiable(x) else None
        for i, x in enumerate(arrays)
    ]


def compute_gradient(
    f: Function, x: Sequence, delta: float | None = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The Jacobians of `f` by the tape and by measurement, as `tf.test.compute_gradient`.

    Shape: per input one matrix (elements of the result, elements of the input), twice.

    Args:
        f: takes the inputs as tensors, returns one tensor.
        x: list or tuple of values; their dtypes are kept, as far as they are floating.
        delta: half the distance between the two points of a difference; by default 1/1024.

    Example:
        >>> import minitensor as mt
        >>> from minitensor.testing import compute_gradient
        >>> theoretical, numerical = compute_gradient(lambda x: x * x, [mt.constant([1.0, 3.0])])
        >>> theoretical[0].tolist()
        [[2.0, 0.0], [0.0, 6.0]]
    """
    if not isinstance(x, (list, tuple)):
        raise InvalidArgumentError(
            message("compute_gradient", f"x of type {type(x).__name__}", "it is one value",
                    "x is the list of all inputs of f", "write [x]")
        )  # fmt: skip
    arrays = [np.asarray(convert_to_tensor(v)) for v in x]
    results = _evaluate(f, arrays)
    if len(results) != 1:
        raise InvalidArgumentError(
            message("compute_gradient", f"a function with {len(results)} results",
                    "a Jacobian matrix has the elements of one result as its rows",
                    "f returns one tensor", "check each result by itself")
        )  # fmt: skip
    rows: list[list] = [[] for _ in arrays]
    measured: list[list] = [[] for _ in arrays]
    for unit in np.eye(results[0].size, dtype=results[0].dtype):
        weights = [unit.reshape(results[0].shape)]
        gradients = _gradients(f, arrays, weights)
        for i, array in enumerate(arrays):
            found = np.zeros_like(array) if gradients[i] is None else gradients[i]
            rows[i].append(np.ravel(found))
            slopes = _slopes(f, arrays, i, weights, 1 / 1024 if delta is None else delta)
            measured[i].append(np.ravel(slopes))
    sizes = [(results[0].size, array.size) for array in arrays]
    pairs = [zip(matrices, sizes, strict=True) for matrices in (rows, measured)]
    theoretical, numerical = ([np.reshape(m, s) for m, s in pair] for pair in pairs)
    return theoretical, numerical


class _Problem(NamedTuple):
    """A function and the point where its gradient is checked."""

    fn: Function
    arrays: list[np.ndarray]
    name: str
    order: int
    seed: int


def _as_arrays(inputs: Any, dtype: np.dtype) -> list[np.ndarray]:
    values = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    wide = np.result_type(dtype, np.complex64)
    arrays = [np.asarray(convert_to_tensor(v)) for v in values]
    return [
        a.astype({"f": dtype, "c": wide}.get(kind_of(a.dtype), a.dtype))
        if _differentiable(a) else a
        for a in arrays
    ]  # fmt: skip


def _differentiable(array: np.ndarray) -> bool:
    return kind_of(array.dtype) in "fc"


def _tensors(arrays: Sequence) -> list:
    return [convert_to_tensor(a) for a in arrays]


def _evaluate(fn: Function, arrays: Sequence) -> list[np.ndarray]:
    """The results of `fn` as arrays."""
    return [np.asarray(convert_to_tensor(y)) for y in nest.flatten(fn(*_tensors(arrays)))]


def _gradients(fn: Function, arrays: Sequence, weights: Sequence) -> list:
    """The tape's gradients of the weighted sum of results, as arrays; None where there is none."""
    tensors = _tensors(arrays)
    sources = [t for t, a in zip(tensors, arrays, strict=True) if _differentiable(a)]
    with GradientTape() as tape:
        tape.watch(sources)
        targets, seeds = _targets(fn(*tensors), _tensors(weights))
    found = iter(tape.gradient(targets, sources, output_gradients=seeds))
    gradients = [next(found) if _differentiable(a) else None for a in arrays]
    return [None if g is None else np.asarray(convert_to_tensor(g)) for g in gradients]


def _targets(results: Any, weights: Sequence) -> tuple[list, list]:
    """The results that can have a gradient, and their weights."""
    pairs = zip(nest.flatten(results), weights, strict=True)
    kept = [(y, w) for y, w in pairs if y.dtype.is_differentiable]
    return [y for y, _ in kept], [w for _, w in kept]


def _inner(a: Sequence, b: Sequence) -> float:
    """The sum of products of matching elements; the real part, when they are complex."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if _differentiable(np.asarray(y))]
    return float(np.sum([np.sum(np.conj(x) * y).real for x, y in pairs], dtype=np.float64))


def _slope(
    fn: Function, arrays: list, index: int, v: np.ndarray, weights: Sequence, step: float
) -> float:
    """How fast the weighted sum of results grows when input `index` moves along `v`."""
    ends = []
    for sign in (1, -1):
        moved = list(arrays)
        moved[index] = (arrays[index] + sign * step * v).astype(arrays[index].dtype)
        ends.append(_evaluate(fn, moved))
    with Quiet():
        change = [(a - b) if _differentiable(a) else a for a, b in zip(*ends, strict=True)]
    return _inner(weights, change) / (2 * step)


def _slopes(fn: Function, arrays: list, index: int, weights: Sequence, step: float) -> np.ndarray:
    """The slope along each element of one input."""
    found = np.zeros_like(arrays[index])
    for place in np.ndindex(found.shape):
        for unit in (1, 1j) if found.dtype.kind == "c" else (1,):
            v = np.zeros_like(found)
            v[place] = unit
            found[place] += unit * _slope(fn, arrays, index, v, weights, step)
    return found


def _random(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    draw = rng.normal(size=like.shape)
    if like.dtype.kind == "c":
        draw = draw + 1j * rng.normal(size=like.shape)
    return np.asarray(draw, like.dtype if _differentiable(like) else np.float64)


def _check_order(
    problem: _Problem, precision: _Precision, directions: int, rng: np.random.Generator
) -> None:
    fn, arrays = problem.fn, problem.arrays
    results = _evaluate(fn, arrays)
    weights = [_random(rng, y) for y in results]
    gradients = _gradients(fn, arrays, weights)
    sized = [np.abs(np.where(np.isfinite(y), y, 0)) if _differentiable(y) else y for y in results]
    scale = max(1.0, _inner([np.abs(w) for w in weights], sized))
    for index, gradient in enumerate(gradients):
        if not _differentiable(arrays[index]):
            continue
        for _ in range(directions):
            v = _random(rng, arrays[index])
            got = 0.0 if gradient is None else _inner([gradient], [v])
            expected = _slope(fn, arrays, index, v, weights, precision.step)
            slack = precision.relative * max(abs(got), abs(expected)) + precision.absolute * scale
            if not abs(got - expected) <= slack:
                shown = gradient if gradient is None else gradient.copy()
                measured = _slopes(fn, arrays, index, weights, precision.step)
                raise _mismatch(problem, index, v, (got, expected), (shown, measured), precision)


def _mismatch(
    problem: _Problem,
    index: int,
    v: np.ndarray,
    slopes: tuple[float, float],
    gradients: tuple,
    precision: _Precision,
) -> GradientError:
    got, expected = slopes
    gradient, measured = gradients
    array = problem.arrays[index]
    where = ""
    if gradient is not None and array.ndim:
        gap = np.nan_to_num(np.abs(gradient - measured), nan=np.inf)
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), array.shape))
        where = (
            f"; they differ most at element {place}, where x is {array[place]:.9g}: "
            f"{gradient[place]:.9g} by the tape, {measured[place]:.9g} measured"
        )
    by_tape = "nothing (the gradient is None)" if gradient is None else f"{got:.9g}"
    shapes = " and ".join(f"{a.shape} {name_of(a.dtype)}" for a in problem.arrays)
    return GradientError(
        message(
            f"check_gradients of {problem.name}",
            f"{'inputs' if len(problem.arrays) > 1 else 'an input'} of shape {shapes}, "
            f"seed={problem.seed}",
            f"the gradient of order {problem.order} for input {index} is wrong: along "
            f"v = {np.array2string(v, precision=4, threshold=8, separator=', ')} the slope "
            f"is {by_tape} by the tape, and {expected:.9g} measured{where}",
            f"the tape's ⟨gradient, v⟩ must be (φ(x + h·v) - φ(x - h·v)) / 2h, with "
            f"h = {precision.step:g}",
            "compare the gradient rule with the formula; if x lies at a kink, where no slope "
            "exists, move it",
        )
    )


def _differentiated(problem: _Problem, rng: np.random.Generator) -> _Problem:
    """The gradient as a function of its own, of the inputs and of the weights of the results."""
    fn, count = problem.fn, len(problem.arrays)
    chosen = [_differentiable(a) for a in problem.arrays]

    def gradient(*values: Any) -> list:
        inputs, weights = values[:count], values[count:]
        sources = [x for x, wanted in zip(inputs, chosen, strict=True) if wanted]
        with GradientTape() as tape:
            tape.watch(sources)
            targets, seeds = _targets(fn(*inputs), weights)
        found = tape.gradient(targets, sources, seeds, unconnected_gradients="zero")
        return [convert_to_tensor(g) for g in found]

    weights = [_random(rng, y) for y in _evaluate(fn, problem.arrays)]
    return problem._replace(fn=gradient, arrays=[*problem.arrays, *weights])
