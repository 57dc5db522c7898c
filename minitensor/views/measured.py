"""A function at a point, and slopes measured there: what a check of gradients is made from.

`Problem` weighs the results and adds them up, so that there is one number φ to differentiate, and
measures it at steps to both sides. Functions and gradients run through `minitensor.testing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from minitensor import nest
from minitensor.backend import Quiet, to_numpy
from minitensor.eager import convert_to_tensor
from minitensor.errors import DTypeError, message
from minitensor.graph.trace import replay
from minitensor.op import State, state
from minitensor.tape import GradientTape
from minitensor.tensor import Operand, Tensor
from minitensor.testing.gradients import _evaluate, _gradients, _inner
from minitensor.variable import Variable
from minitensor.views.drawing import callers_names

MOST_RESULTS = 64
"""Up to this many results, a wrong element is told for the result it shows in."""


RUNS = 3
"""How often a function is run to see that it gives the same, and how fast it is."""


class Given(NamedTuple):
    """What is checked: a function of arrays, its floating arguments, and what they are called."""

    function: Callable
    arrays: list[Any]
    names: list[str]
    name: str
    skipped: list[str]


class Sides(NamedTuple):
    """Slopes at one element for one step: measured to the left, to the right, and across."""

    left: Any
    right: Any
    across: Any


class Problem:
    """φ, the weighted sum of a function's results, in one precision.

    A single result has weight 1; several get random weights, lest errors cancel.
    """

    def __init__(self, given: Given, dtype: Any):
        self.given = given
        self.arrays = [np.asarray(x, dtype) if dtype else np.asarray(x) for x in given.arrays]
        results = _evaluate(given.function, self.arrays)
        self.shapes = [y.shape for y in results]
        self.results = sum(y.size for y in results)
        rng = np.random.default_rng(0)
        one = self.results == 1
        self.weights = [np.ones(y.shape) if one else rng.normal(size=y.shape) for y in results]
        self.weights = [w.astype(y.dtype) if y.dtype.kind in "fV" else w
                        for w, y in zip(self.weights, results, strict=True)]  # fmt: skip
        kinds = {y.dtype.name for y in results if y.dtype.kind in "fV"}
        self.precise = kinds <= {"float64"} and all(x.dtype == np.float64 for x in self.arrays)
        self.start = self._sum(results)
        sized = [np.abs(np.where(np.isfinite(y), y, 0)) if y.dtype.kind == "f" else y
                 for y in results]  # fmt: skip
        self.size = _inner([np.abs(w) for w in self.weights], sized)
        self.scale = max(1.0, self.size)
        kept = [*self.arrays, *(y for y in results if y.dtype.kind == "f")]
        self.epsilon = max(float(np.finfo(x.dtype).eps) for x in kept)
        parts = [np.sum((w * y).astype(np.float64) ** 2)
                 for w, y in zip(self.weights, sized, strict=True)]  # fmt: skip
        # Results round independently of each other: their errors add up as squares.
        self.noise = 2 * self.epsilon * float(np.sqrt(np.sum(parts)))
        self.raised = ""
        self.holds = _holds(given.function, self.arrays)
        self.seconds = np.inf
        self.gradients = _gradients(given.function, self.arrays, self.weights)

    def _sum(self, results: Sequence) -> float:
        with Quiet():
            return _inner(self.weights, results)

    def repeats(self) -> bool:
        """Whether the function gives the same again; notes how long a run takes."""
        for _ in range(RUNS):
            start = time.perf_counter()
            again = self._sum(_evaluate(self.given.function, self.arrays))
            self.seconds = min(self.seconds, time.perf_counter() - start)
            if again != self.start and not (np.isnan(again) and np.isnan(self.start)):
                return False
        return True

    def affordable(self, runs: int, least: int, most: int) -> int:
        """How many things that take so many runs each can be looked at in about a second."""
        share = 1.0 / (self.seconds * runs * max(1, len(self.arrays)))
        return max(least, min(most, int(min(share, most))))

    def at(self, number: int, place: tuple, change: float) -> list:
        """The results where one element is changed."""
        moved = list(self.arrays)
        moved[number] = moved[number].copy()
        with Quiet():
            moved[number][place] += change
        return self._results(moved)

    def _results(self, arrays: Sequence) -> list:
        """The results; NaN where the function gives none of the usual shapes."""
        try:
            results = _evaluate(self.given.function, arrays)
        except Exception as error:  # the picture says what the learner's function said
            self.raised = f"{type(error).__name__}: {error}".rstrip(".")
        else:
            if [y.shape for y in results] == self.shapes:
                return results
        return [np.full(shape, np.nan) for shape in self.shapes]

    def sides(self, number: int, place: tuple, step: float) -> Sides:
        """Slopes of φ at one element; the step is relative to large elements."""
        h = step * max(1.0, abs(float(self.arrays[number][place])))
        right, left = (self._sum(self.at(number, place, sign * h)) for sign in (1, -1))
        with Quiet():
            return Sides((self.start - left) / h, (right - self.start) / h, (right - left) / 2 / h)

    def along(self, number: int, direction: Any, step: float) -> float:
        """The slope of φ along a direction, for elements that are not looked at one by one."""
        ends = []
        for sign in (1, -1):
            moved = list(self.arrays)
            moved[number] = (moved[number] + sign * step * direction).astype(moved[number].dtype)
            ends.append(self._sum(self._results(moved)))
        return (ends[0] - ends[1]) / (2 * step)

    def entry(
        self, number: int, place: tuple, step: float, kink: bool
    ) -> tuple[str, float, Sides] | None:
        """Of several results the one that shows what is wrong most: its derivative and slopes."""
        if not 1 < self.results <= MOST_RESULTS or len(self.shapes) != 1:
            return None
        h = step * max(1.0, abs(float(self.arrays[number][place])))
        right, middle, left = (
            self.at(number, place, sign * h)[0].astype(np.float64) for sign in (1, 0, -1)
        )
        slopes = Sides((middle - left) / h, (right - middle) / h, (right - left) / 2 / h)
        found = self._derivatives(number, place)
        seen = slopes.right - slopes.left if kink else found - slopes.across
        worst = np.unravel_index(int(np.argmax(np.abs(seen))), self.shapes[0])
        return place_text(worst), float(found[worst]), Sides(*(float(s[worst]) for s in slopes))

    def _derivatives(self, number: int, place: tuple) -> Any:
        """What the tape says of every result, one backward pass for each."""
        found = np.zeros(self.shapes[0])
        for index in np.ndindex(self.shapes[0]):
            unit = np.zeros(self.shapes[0], self.weights[0].dtype)
            unit[index] = 1
            gradient = _gradients(self.given.function, self.arrays, [unit])[number]
            found[index] = 0.0 if gradient is None else gradient[place]
        return found


def _holds(function: Callable, arrays: Sequence) -> bool:
    """Whether a function holds a part fixed: an op `stop_gradient` runs in it."""
    tensors = [convert_to_tensor(x) for x in arrays]
    with GradientTape() as tape:
        tape.watch(tensors)
        function(*tensors)
    return _has_stop(tape.graph().nodes)


def _has_stop(nodes: Sequence) -> bool:
    return any(
        node.op.name == "stop_gradient" or any(_has_stop(g.nodes) for g in node.op.graphs)
        for node in nodes
    )


def place_text(place: Sequence) -> str:
    """An index as Python writes it."""
    numbers = ", ".join(str(int(i)) for i in place)
    return f"({numbers}{',' if len(place) == 1 else ''})"


def given_of(what: Any, given: Sequence) -> Given:
    """The function and its arguments; of a tape, the function that it recorded.

    Raises:
        DTypeError: (also a TypeError) for anything that is neither.
    """
    names = callers_names()
    if isinstance(what, GradientTape):
        return _of_tape(what, given, names)
    if not callable(what) or isinstance(what, Operand):
        raise DTypeError(
            message("gradient_check", f"an object of type {type(what).__name__}",
                    "it has no gradient", "gradients are of functions of tensors, or of a tape",
                    "write gradient_check(f, x), or gradient_check(tape, loss, x)")
        )  # fmt: skip
    label = function_name(what)
    arguments = argument_names(what, given, names)
    arrays, called, skipped, places = [], [], [], []
    for number, (x, name) in enumerate(zip(given, arguments, strict=True)):
        array = _floating(x)
        if array is None:
            skipped.append(f"{name} is {_what(x)}")
        else:
            arrays.append(array)
            called.append(name)
            places.append(number)

    def function(*tensors: Any) -> Any:
        values = list(given)
        for number, tensor in zip(places, tensors, strict=True):
            values[number] = tensor
        return what(*values)

    return Given(function, arrays, called, label, skipped)


def function_name(function: Any) -> str:
    """What to call a function in a title."""
    return getattr(function, "__name__", "f").replace("<lambda>", "f")


def argument_names(function: Any, given: Sequence, names: dict[int, str]) -> list[str]:
    """What to call arguments: as the caller does, else as the function does."""
    try:
        parameters = list(signature(function).parameters)
    except (TypeError, ValueError):  # a function of C, or no function but an object
        parameters = []
    parameters += [f"argument {number}" for number in range(len(parameters), len(given))]
    pairs = zip(given, parameters, strict=False)
    return [names.get(id(x)) or value_name(x) or parameter for x, parameter in pairs]


def value_name(x: Any) -> str:
    """The name that a variable has by itself."""
    return getattr(x, "path", x.name.partition(":")[0]) if isinstance(x, Variable) else ""


def _floating(x: Any) -> Any:
    """The elements of an argument that small steps can change; None for all others."""
    if isinstance(x, (bool, int, str, bytes)) or x is None:
        return None
    try:
        array = np.asarray(to_numpy(convert_to_tensor(x)._array))
    except Exception:  # no tensor: the function's own business
        return None
    return array if array.dtype.kind == "f" else None


def _what(x: Any) -> str:
    """Why there is no gradient for an argument."""
    dtype = getattr(x, "dtype", None)
    name = getattr(dtype, "name", None) or type(x).__name__
    if "complex" in name:
        return "complex (minitensor.testing.check_gradients checks those)"
    return f"{name}, which no small step changes"


def _of_tape(tape: GradientTape, given: Sequence, names: dict[int, str]) -> Given:
    """The function that a tape recorded, of the sources: its nodes are run again."""
    if not given or not isinstance(given[0], Operand):
        raise DTypeError(
            message("gradient_check", f"a tape and {len(given)} values", "there is no target",
                    "the gradient of a target with respect to sources is checked",
                    "write gradient_check(tape, loss, [w, b])")
        )  # fmt: skip
    graph = tape.graph()
    sources = nest.flatten(list(given[1:])) or list(graph.inputs)
    skipped = [f"{_named(x, names)} is {_what(x)}" for x in sources if _floating(x) is None]
    sources = [x for x in sources if _floating(x) is not None]
    chosen = {id(x) for x in sources}
    fixed = [x for x in (*graph.inputs, *graph.constants)
             if id(x) not in chosen and isinstance(x, Tensor)]  # fmt: skip
    readings = [node for node in graph.nodes
                if node.op.name == "read_variable" and id(node.inputs[0]) in chosen]  # fmt: skip
    gone = {id(node) for node in readings}
    again = graph.replaced(
        nodes=[node for node in graph.nodes if id(node) not in gone], outputs=[given[0]],
        inputs=[*sources, *fixed, *(node.outputs[0] for node in readings)], captures=[],
    )  # fmt: skip

    def function(*tensors: Any) -> Any:
        dtype = tensors[0].dtype if tensors else None
        others = [_as_dtype(x, dtype) for x in fixed]
        values = dict(zip(map(id, sources), tensors, strict=True))
        read = [values[id(node.inputs[0])] for node in readings]
        before = state.interpreter
        state.interpreter = State.interpreter
        try:
            return replay(again, [*tensors, *others, *read])[0]
        finally:
            state.interpreter = before

    arrays = [_floating(x) for x in sources]
    labels = [_named(x, names, number) for number, x in enumerate(sources)]
    return Given(function, arrays, labels, _named(given[0], names) or "target", skipped)


def _as_dtype(x: Tensor, dtype: Any) -> Tensor:
    return Tensor(x._array.astype(dtype.numpy)) if x.dtype.is_floating and dtype else x


def _named(x: Any, names: dict[int, str], number: int | None = None) -> str:
    found = names.get(id(x)) or value_name(x)
    return found or ("target" if number is None else f"source {number}")
