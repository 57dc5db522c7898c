"""Gradients as further nodes of the graph: `tf.gradients`."""

from __future__ import annotations

from typing import Any

from minitensor import backward, nest
from minitensor.errors import FailedPreconditionError, InvalidArgumentError
from minitensor.graph.trace import Tracer
from minitensor.op import convert, state
from minitensor.ops import ones_like
from minitensor.scopes import name_scope
from minitensor.targets import UnconnectedGradients, flat_sources, result, seeds, wants_zero, whole
from minitensor.tensor import IndexedSlices

__all__ = ["gradients"]


def gradients(  # noqa: D417 - arguments without effect share a line
    ys: Any, xs: Any, grad_ys: Any = None, name: str | None = "gradients",
    colocate_gradients_with_ops: bool = False, gate_gradients: bool = False,
    aggregation_method: Any = None, stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list:  # fmt: skip
    """The derivative of the sum of `ys` with respect to each of `xs`, as tensors of the graph.

    The nodes of the backward pass are added to the graph; they run when a session needs them.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them.
        grad_ys: what to start from instead of ones, one per y; None for ones.
        name: the name scope of the new nodes.
        stop_gradients: tensors that are taken as constants.
        unconnected_gradients: "none" for None, "zero" for zeros, where no y depends on x.
        colocate_gradients_with_ops, gate_gradients, aggregation_method: TensorFlow's; they have no
            effect.

    Shape: each gradient has the shape and dtype of its source.

    Raises:
        FailedPreconditionError: (also a RuntimeError) where ops compute at once.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.placeholder(tf.float32, [], name="x")
        ...     [slope] = tf.gradients(x * x, x)
        ...     print(session.run(slope, {x: 3.0}))
        6.0
    """
    tracer = state.interpreter
    if not isinstance(tracer, Tracer):
        raise FailedPreconditionError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape "
            "instead.\nWhere ops compute at once there is no graph to go back through."
        )
    sources = flat_sources(nest.flatten(xs))
    stops = {id(whole(x)) for x in nest.flatten([] if stop_gradients is None else stop_gradients)}
    nodes = [x for x in tracer.graph.nodes if not any(id(out) in stops for out in x.outputs)]
    zero = wants_zero(unconnected_gradients)
    with name_scope(name or "gradients"):
        found = _starts(nest.flatten(ys), grad_ys)
        reached = backward.reaching(nodes, sources)
        found = tracer.pull_back(nodes, found, reached, {id(x) for x in sources})
        return [_in_graph(result(x, found.get(id(x)), zero, None)) for x in sources]


def _starts(ys: list, grad_ys: Any) -> dict[int, Any]:
    """The cotangents to start from, by the ids of the targets."""
    if grad_ys is None:
        return seeds(ys, None, True)
    given = list(grad_ys) if isinstance(grad_ys, (list, tuple)) else [grad_ys]
    if len(given) != len(ys):
        raise InvalidArgumentError(
            f"Passed {len(given)} grad_ys for {len(ys)} ys\nEach y takes one. To fix it: pass a "
            "list with a tensor, or None, for each."
        )
    pairs = zip(ys, given, strict=True)
    return seeds(ys, [ones_like(y) if g is None else convert(g, y.dtype) for y, g in pairs], True)


def _in_graph(g: Any) -> Any:
    """A gradient whose parts can all be fetched."""
    if isinstance(g, IndexedSlices) and g.dense_shape is not None:
        return IndexedSlices(g.values, g.indices, convert(g.dense_shape))
    return g
