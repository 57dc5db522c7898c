"""A step of a model as one traced graph: forward, loss, gradients, update, metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from minitensor import nest
from minitensor.graph.function import function
from minitensor.graph.ir import Graph
from minitensor.keras.training.logs import MetricResults
from minitensor.tensor import TensorSpec

__all__ = ["TracedStep", "filled", "held_by_metrics"]

Shapes = tuple[tuple[int | None, ...], ...]
"""The shapes of the tensors of a batch."""


def held_by_metrics(found: list) -> Any:
    """The results of the last of several steps; None where the metrics hold them anyway."""
    last = found[-1]
    return None if isinstance(last, MetricResults) and last.is_untouched() else last


class TracedStep:
    """`train_step`, `test_step` or `predict_step`, to be run on the leaves of batches.

    It is traced once for each structure of batches. Where batches have several sizes, the trace
    leaves the size open. A batch of another shape is traced as it is, so that layers can say what
    is wrong with it; if nothing is, the next trace leaves open what differs among all shapes so
    far. Sequences of many lengths thus need three traces: two exact ones, and one for all lengths.

    Args:
        step: takes a batch.
        eagerly: whether it is run as it is, without a trace.
        outcome: what is made of the results of the steps that run in one call.
    """

    def __init__(self, step: Callable, eagerly: bool, outcome: Callable):
        self._step, self._eagerly, self._outcome = step, eagerly, outcome
        self._functions: dict[tuple, Any] = {}
        self._shapes: defaultdict[tuple, list[Shapes]] = defaultdict(list)
        self._opened: dict[tuple, int] = {}
        self._last: tuple[Any, int] = (None, 0)
        self._run: Callable = step

    @property
    def graphs(self) -> list[Graph]:
        """The graphs that it was traced to so far."""
        if self._eagerly:
            return []
        traces = (its._traces for its in self._functions.values())
        return [concrete.graph for one in traces for concrete in one.cache.values()]

    def __call__(self, skeleton: Any, leaves: list, varies: bool = False, times: int = 1) -> Any:
        """Run the step.

        Args:
            skeleton: that of a batch.
            leaves: its tensors; for several steps, those of one batch after the other.
            varies: whether batches of other sizes may follow.
            times: how many batches there are.
        """
        if skeleton is not self._last[0] or times != self._last[1]:
            self._run = self._chosen(skeleton, leaves, varies, times)
            self._last = skeleton, times
        return self._run(*leaves)

    def _chosen(self, skeleton: Any, leaves: Sequence, varies: bool, times: int) -> Callable:
        """What runs a skeleton: a function, after a look at shapes where it has several traces."""
        key = repr(skeleton), times
        if key not in self._functions:
            made: Any = partial(self._several, key, skeleton, times)
            made.__name__ = self._step.__name__  # a partial: other models' traces are no retraces
            if not self._eagerly:
                made = function(made)
                if varies:
                    made.get_concrete_function(*[_open(x) for x in leaves])
            self._functions[key] = made
        if len(self._shapes[key]) > 1:
            return partial(self._with_shapes, key)
        return self._functions[key]

    def _several(self, key: tuple, skeleton: Any, times: int, *tensors: Any) -> Any:
        """Run the step for each of the batches whose leaves are given."""
        count = len(tensors) // times
        batches = [filled(skeleton, tensors[i * count : (i + 1) * count]) for i in range(times)]
        found = self._outcome([self._step(batch) for batch in batches])
        if not self._eagerly:
            self._note(key, _shapes(tensors))
        return found

    def _note(self, key: tuple, shapes: Shapes) -> None:
        """Note the shapes of a trace: the next call looks at them."""
        if shapes not in self._shapes[key]:
            self._shapes[key].append(shapes)
            self._last = None, 0

    def _with_shapes(self, key: tuple, *leaves: Any) -> Any:
        """Run a step that was traced for several shapes, for yet another with an open trace."""
        its, known = self._functions[key], self._shapes[key]
        if _shapes(leaves) not in known and self._opened.get(key) != len(known):
            with suppress(Exception):  # layers that need to know all sizes: the next is exact too
                its.get_concrete_function(*map(_common, leaves, *known))
            self._opened[key] = len(known)
        return its(*leaves)


def _open(x: Any) -> TensorSpec:
    """The spec of a batch of any size."""
    return TensorSpec((None, *x.shape[1:]) if x.shape.rank else (), x.dtype)


def _shapes(tensors: Sequence) -> Shapes:
    return tuple([tuple(x.shape) for x in tensors])


def _common(x: Any, *shapes: tuple) -> TensorSpec:
    """The spec of tensors like this of all these shapes: what differs is open."""
    ranks = {len(shape) for shape in shapes}
    if len(ranks) > 1:
        return TensorSpec(x.shape, x.dtype)
    sizes = [its[0] if len(set(its)) == 1 else None for its in zip(*shapes, strict=True)]
    return TensorSpec(sizes, x.dtype)


def filled(skeleton: Any, tensors: Sequence) -> Any:
    """A batch of a structure: the tensors in its places."""
    taken = iter(tensors)
    leaves = [None if x is None else next(taken) for x in nest.flatten(skeleton)]
    return nest.pack_sequence_as(skeleton, leaves)
