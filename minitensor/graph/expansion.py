"""Composite ops as the ops that their formulas are made of, so that others can share the parts.

A loss and its gradient both take exp of the same logits; what is inside one op cannot be merged
with what is inside another. Large arrays stay with the kernels, which go through them part by part.
"""

from __future__ import annotations

from math import prod

from minitensor import ops
from minitensor.graph.ir import Graph, Node
from minitensor.graph.rewrite import Rewrite, has_sizes
from minitensor.graph.trace import trace

__all__ = ["open_composites"]

LARGEST = 1 << 15
"""Elements up to which an op is opened."""


def open_composites(graph: Graph) -> Graph:
    """Put the parts of a formula in the place of the op.

    p = softmax(x)       →       e = exp(x - max(x))
                                 p = e / sum(e)
    """
    if not any(_opens(node) for node in graph.nodes):
        return graph
    new = Rewrite(graph)
    for node in new.walk():
        if not _opens(node):
            new.keep(node)
            continue
        values = node.inputs
        inner = trace(
            lambda *x, node=node: [node.op.forward(ops, *x, **node.attrs)],
            [x._array for x in values],
        )
        env = {id(x): value for x, value in zip(inner.inputs, values, strict=True)}
        for part in inner.nodes:
            inputs = [env.get(id(x), x) for x in part.inputs]
            env[id(part.outputs[0])] = new.add(node, part.op, inputs, part.attrs)
        new.replace(node, [env[id(out)] for out in inner.outputs])
    return new.done()


def _opens(node: Node) -> bool:
    small = all(has_sizes(x) and prod(x._array.shape) <= LARGEST for x in node.inputs)
    return node.op.composite and small and len(node.outputs) == 1
