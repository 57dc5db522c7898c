"""A step of a model as one traced graph: forward, loss, gradients, update, metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minitensor import nest
from minitensor.graph.function import function
from minitensor.keras.training.logs import MetricResults
from minitensor.tensor import TensorSpec

__all__ = ["TracedStep", "held_by_metrics"]

MOST_EXACT = 2
"""How many shapes are traced before a trace leaves open what differs."""


def held_by_metrics(found: list) -> Any:
    """The results of the last of several steps; None where the metrics hold them anyway."""
    last = found[-1]
    return None if isinstance(last, MetricResults) and last.is_untouched() else last


class TracedStep:
    """`train_step`, `test_step` or `predict_step`, to be run on the leaves of batches.

    It is traced once for each structure of batches. Where batches have several sizes, the trace
    leaves the size open. Other shapes are traced as they are, so that layers can say what is wrong
    with them; from the third on, as with sequences of many lengths, a trace leaves open what
    differs.

    Args:
        step: takes a batch.
        eagerly: whether it is run as it is, without a trace.
        outcome: what is made of the results of the steps that run in one call.
    """

    def __init__(self, step: Callable, eagerly: bool, outcome: Callable):
        self._step, self._eagerly, self._outcome = step, eagerly, outcome
        self._functions: dict[tuple, Callable] = {}
        self._traced: Counter[tuple] = Counter()
        self._last: tuple[Any, int] = (None, 0)
        self._run: Callable = step

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
        """The function for a skeleton: the one that is known, or a new one."""
        key = repr(skeleton), times
        if key in self._functions:
            return self._functions[key]
        made: Any = partial(self._several, key, skeleton, times)
        made.__name__ = self._step.__name__  # a partial: traces of other models are not retraces
        if not self._eagerly:
            many = self._traced[key] > MOST_EXACT
            made = function(made, reduce_retracing=many)
            if varies or many:
                made.get_concrete_function(*[_open(x) for x in leaves])
        self._functions[key] = made
        return made

    def _several(self, key: tuple, skeleton: Any, times: int, *tensors: Any) -> Any:
        """Run the step for each of the batches whose leaves are given."""
        count = len(tensors) // times
        batches = [_filled(skeleton, tensors[i * count : (i + 1) * count]) for i in range(times)]
        found = self._outcome([self._step(batch) for batch in batches])
        self._traced[key] += 1
        if self._traced[key] == MOST_EXACT + 1 and not self._eagerly:
            self._functions.pop(key, None)
            self._last = None, 0
        return found


def _open(x: Any) -> TensorSpec:
    """The spec of a batch of any size."""
    return TensorSpec((None, *x.shape[1:]) if x.shape.rank else (), x.dtype)


def _filled(skeleton: Any, tensors: Sequence) -> Any:
    """A batch of a structure: the tensors in its places."""
    taken = iter(tensors)
    leaves = [None if x is None else next(taken) for x in nest.flatten(skeleton)]
    return nest.pack_sequence_as(skeleton, leaves)
