"""The metrics that `compile` was given, for each output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minitensor import nest
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras import metrics
from minitensor.keras.metrics import Metric
from minitensor.keras.training.outputs import each_output, numbered

__all__ = ["CompiledMetrics"]

_ACCURACY = ("accuracy", "acc")


class CompiledMetrics(Metric):
    """All metrics of `compile` as one, whose result is a dict.

    Args:
        names_of: gives the names of outputs.
        plain: metrics: a list, or a list or dict of lists by output.
        weighted: metrics, in the same way, that are given the sample weights.
    """

    def __init__(self, names_of: Callable, plain: Any = None, weighted: Any = None):
        super().__init__(name="compile_metrics")
        self._names_of = names_of
        self._lists = [_made(plain), _made(weighted)]
        self._names: list[str | None] = []
        self._parts: list[tuple[str, int, Metric, bool]] | None = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch; metrics are chosen for their outputs in the first.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is not one list of metrics for
                each output.
        """
        predicted = nest.flatten(y_pred)
        names = self._names or self._names_of(y_pred)
        labels = each_output("y", y_true, names)
        weights = each_output("sample_weight", sample_weight, names)
        if self._parts is None:
            self._names, self._parts = names, self._settled(names, labels, predicted)
        for _, number, metric, is_weighted in self._parts:
            if labels[number] is None:
                continue
            weight = weights[number] if is_weighted else None
            metric.update_state(labels[number], predicted[number], sample_weight=weight)

    def result(self) -> dict[str, Any]:
        """The results by name, with the output's name before that of the metric."""
        found: dict[str, Any] = {}
        for name, _, metric, _ in self._parts or ():
            result = metric.result()
            found |= result if isinstance(result, Mapping) else {name: result}
        return found

    @property
    def parts(self) -> dict[str, Metric]:
        """The metrics by the names of their results."""
        return {name: metric for name, _, metric, _ in self._parts or ()}

    def reset_state(self) -> None:
        """Begin again, all of them."""
        for _, _, metric, _ in self._parts or ():
            metric.reset_state()

    @property
    def variables(self) -> tuple:  # type: ignore[override]
        """The variables of all of them."""
        return tuple(v for _, _, metric, _ in self._parts or () for v in metric.variables)

    def _settled(self, names: list, labels: list, predicted: list) -> list:
        """Name, output and metric of each."""
        parts: list[tuple[str, int, Metric, bool]] = []
        for given, is_weighted in zip(self._lists, (False, True), strict=True):
            for number, its in enumerate(_for_outputs(given, names)):
                for identifier in its:
                    metric, name = _metric(identifier, labels[number], predicted[number])
                    output = names[number]
                    if len(names) > 1 and output is not None:
                        name = f"{output}_{name}"
                    taken = [name for name, *_ in parts]
                    if is_weighted and name in taken:
                        name = f"weighted_{name}"
                    parts.append((numbered(name, taken), number, metric, is_weighted))
        return parts


def _for_outputs(given: Any, names: list) -> list[list]:
    """A list of metrics for each output."""
    if given is None:
        return [[] for _ in names]
    flat = isinstance(given, list) and not any(isinstance(x, list) for x in given)
    if len(names) == 1 and flat:
        return [given]
    return [_listed(its) for its in each_output("metrics", given, names, partly=True)]


def _listed(its: Any) -> list:
    if its is None:
        return []
    return its if isinstance(its, list) else [its]


def _made(given: Any) -> Any:
    """Metrics for names and functions, in the same structure; accuracy waits for shapes."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return {key: _made_list(value) for key, value in given.items()}
    return _made_list(given)


def _made_list(given: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_made_list(x) if isinstance(x, (list, tuple)) else _named(x) for x in given]
    return [_named(given)]


def _named(identifier: Any) -> Any:
    """A metric under the name that it was asked for by."""
    if identifier is None or isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in _ACCURACY:
        return identifier
    found = metrics.get(identifier)
    if isinstance(found, Metric):
        if isinstance(identifier, str):
            found.name = identifier
        return found
    if not callable(found):
        raise InvalidArgumentError(
            message("compile", f"the metric {identifier!r}", "it cannot be called",
                    "a metric is a name, a Metric or a function of y_true and y_pred",
                    "for example metrics=['accuracy']")
        )  # fmt: skip
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", "metric")
    return metrics.MeanMetricWrapper(found, name="lambda" if name == "<lambda>" else name)


def _metric(given: Any, y_true: Any, y_pred: Any) -> tuple[Metric, str]:
    """A metric and its name; which accuracy is meant is told by the shapes."""
    if isinstance(given, Metric):
        return given, given.name
    if y_pred.shape[-1] == 1:
        return metrics.BinaryAccuracy(name=given), given
    rank = len(y_true.shape)
    if rank < len(y_pred.shape) or (rank and y_true.shape[-1] == 1):
        return metrics.SparseCategoricalAccuracy(name=given), given
    return metrics.CategoricalAccuracy(name=given), given
