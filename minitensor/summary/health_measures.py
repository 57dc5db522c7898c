"""The numbers of one layer: norms, dead and saturated units, how its outputs are spread."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minitensor.backend import to_numpy
from minitensor.graph.ir import Node
from minitensor.summary.health_parts import Part, name_of
from minitensor.summary.health_report import LayerHealth, VariableHealth
from minitensor.targets import whole
from minitensor.tensor import IndexedSlices

__all__ = ["Found", "array_of", "measured", "norm", "varies"]

NEAR = 0.01
"""How near to an end of a function counts as there, and how small a slope counts as none."""
ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0)}
"""Functions that saturate at both ends."""
SLOPES = ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "maximum")
"""Functions with a flat side, on which a unit can die."""


class Found(NamedTuple):
    """What a pass back gave: gradients by the ids of variables, and of other values."""

    gradients: dict[int, Any]
    updates: dict[int, Any]
    outputs: dict[int, Any]


def measured(part: Part, found: Found) -> LayerHealth:
    """The health of one layer.

    A layer's ratios are those of all its weights taken together.
    """
    with np.errstate(all="ignore"):
        variables = tuple(_variable(v, found) for v in part.variables)
        weight = _together(v.weight_norm for v in variables)
        gradient = _together(v.gradient_norm for v in variables)
        moved = [found.updates.get(id(whole(v))) for v in part.variables]
        output = None if part.output is None else array_of(part.output.outputs[0])
        slope = _output_gradient(part, found)
        return LayerHealth(
            part.name, part.kind, " ".join(dict.fromkeys(n.op.name for n in part.activations)),
            None if output is None or not output.ndim else output.shape[-1],
            weight, gradient, _ratio(gradient, weight),
            _ratio(_together(None if x is None else norm(x) for x in moved), weight),
            _share(part, _dead), _share(part, _saturated),
            None if output is None else float(np.mean(output, dtype=np.float64)),
            None if output is None else float(np.std(output, dtype=np.float64)),
            None if slope is None else norm(slope),
            _not_finite([*part.variables, output, slope,
                         *(found.gradients.get(id(whole(v))) for v in part.variables)]),
            variables, part.line,
        )  # fmt: skip


def array_of(value: Any) -> np.ndarray | None:
    """The numbers of a tensor, a variable or a gradient, in a dtype that numpy computes with.

    None for None, and for what is not made of numbers with a fraction.
    """
    if value is None:
        return None
    if isinstance(value, IndexedSlices):
        value = value.to_dense()
    array = to_numpy(getattr(value, "_array", value))
    if getattr(array, "dtype", None) is None or array.dtype.kind not in "fcV":
        return None
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def norm(array: Any) -> float:
    """The square root of the sum of the squares, without overflow of small dtypes."""
    found = array_of(array)
    assert found is not None
    wide = found.astype(np.complex128 if found.dtype.kind == "c" else np.float64)
    return float(np.linalg.norm(wide.ravel()))


def varies(output: np.ndarray) -> bool:
    """Whether any unit gives different results for different examples."""
    spread = output.max(axis=0) - output.min(axis=0)
    return bool((spread > 1e-6 * np.abs(output).max(axis=0)).any())


def _variable(variable: Any, found: Found) -> VariableHealth:
    key = id(whole(variable))
    gradient, update = found.gradients.get(key), found.updates.get(key)
    weight = norm(variable)
    size = None if gradient is None else norm(gradient)
    moved = None if update is None else norm(update)
    return VariableHealth(
        name_of(variable), weight, size, _ratio(size, weight), _ratio(moved, weight)
    )


def _output_gradient(part: Part, found: Found) -> Any:
    """The gradient of the output, or of the last value of the layer that has one."""
    nodes = [*part.nodes, *([part.output] if part.output else [])]
    known = (found.outputs.get(id(n.outputs[0])) for n in reversed(nodes))
    return next((g for g in known if g is not None), None)


def _together(norms: Any) -> float | None:
    """The norm of several arrays of which the norms are given; None where none is."""
    known = [x for x in norms if x is not None]
    return float(np.linalg.norm(known)) if known else None


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b


def _share(part: Part, counted: Any) -> float | None:
    """The share of what is counted among all activations of a layer that it is counted of."""
    pairs = [x for x in map(counted, part.activations) if x is not None]
    return sum(a for a, _ in pairs) / sum(b for _, b in pairs) if pairs else None


def _dead(node: Node) -> tuple[int, int] | None:
    """How many units, of how many, have no slope for any example; units are the last axis."""
    output = array_of(node.outputs[0])
    if node.op.name not in SLOPES or output is None or not output.size:
        return None
    slopes = _slopes(node, output)
    units = slopes.reshape(-1, slopes.shape[-1] if slopes.ndim > 1 else 1)
    flat = ~(np.abs(units) >= NEAR)
    return int(flat.all(axis=0).sum()), units.shape[1]


def _slopes(node: Node, output: np.ndarray) -> np.ndarray:
    """The local derivative of each element, by the operation's own rule."""
    if node.op.name in ("relu", "maximum"):
        return (output != 0).astype(np.float32)
    inputs = [array_of(x) for x in node.inputs]
    rule: Any = node.op.gradient_rule
    found = rule(np, np.ones_like(output), output, *inputs, **node.attrs)
    found = found[0] if isinstance(found, tuple) else found
    return np.asarray(found() if callable(found) else found)


def _saturated(node: Node) -> tuple[int, int] | None:
    """How many elements, of how many, lie at an end of the function."""
    output = array_of(node.outputs[0])
    if node.op.name not in ENDS or output is None or not output.size:
        return None
    low, high = ENDS[node.op.name]
    at_end = (output - low < NEAR) | (high - output < NEAR)
    return int(at_end.sum()), output.size


def _not_finite(values: list[Any]) -> float:
    arrays = [x for x in map(array_of, values) if x is not None]
    bad = sum(int((~np.isfinite(x)).sum()) for x in arrays)
    return bad / sum(x.size for x in arrays) if bad else 0.0
