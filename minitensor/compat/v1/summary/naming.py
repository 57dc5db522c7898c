"""How summaries are named in a graph, and in which lists they stand.

The node of a summary has its name, made unique; the tag is the same with the scopes around it. With
a family, that comes in front of both, so that TensorBoard groups by it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minitensor.compat.v1.scopes import name_scope
from minitensor.compat.v1.tracer import open_tracer
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.graph.names import ROOT
from minitensor.graph.trace import Tracer
from minitensor.op import Op, state
from minitensor.scopes import get_logger
from minitensor.shapes import Spec
from minitensor.summary.arguments import listed

__all__ = ["check_key", "clean_tag", "collect", "summary_node", "tagged"]


def clean_tag(name: Any) -> Any:
    """A name that a graph accepts: what it may not hold becomes `_`.

    Example:
        >>> clean_tag("/loss of layer 1")
        'loss_of_layer_1'
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise ArgumentError(
            message("summary", f"name={shorten(name)}", f"it is a {type(name).__name__}",
                    "a summary's name is text", 'write tf.summary.scalar("loss", loss)')
        )  # fmt: skip
    found = re.sub(r"[^-/\w.]", "_", name).lstrip("/")
    if found != name:
        get_logger().info("Summary name %s is illegal; using %s instead.", name, found)
    return found


@contextmanager
def tagged(name: Any, family: Any = None, default: str | None = None) -> Iterator[tuple[str, str]]:
    """Within the scope of a summary: its tag, and the name of its node.

    Raises:
        InvalidArgumentError: (also a ValueError) without a name, for one that graphs refuse, and
            for an empty family.
    """
    name, family = clean_tag(name), clean_tag(family)
    if name == "":
        raise InvalidArgumentError(
            message("summary", "an empty name", "nothing is left to call it by",
                    "the tag is the name, below the name scopes that are active",
                    'write tf.summary.scalar("loss", loss)')
        )  # fmt: skip
    if family == "":
        raise InvalidArgumentError(
            f"'/{name}' is not a valid root scope name. A root scope name has to match the "
            f"following pattern: {ROOT}\n"
            + message("summary", "an empty family", "the tag would begin with a slash",
                      "the tag begins with the family, by which TensorBoard groups",
                      "leave family out")
        )  # fmt: skip
    whole = name if family is None else f"{family}/{name}"
    with name_scope(whole, default, values=()) as scope:
        node = scope.rstrip("/")
        yield (node if family is None else f"{family}/{node}"), node


def summary_node(
    op: Op, node: str, names: Sequence[str], inputs: Sequence, attrs: dict[str, Any]
) -> Any:
    """The result of a summary's op; in a graph its node is called `node`.

    Args:
        op: takes `inputs`, with these attributes.
        node: the name of the scope that is active.
        names: what constants among the inputs are called, below that scope.
        inputs: tensors, or what can become one.
        attrs: what else the op is told.
    """
    tracer = state.interpreter
    if not isinstance(tracer, Tracer):
        return op(list(inputs), **attrs) if op.variadic else op(*inputs, **attrs)
    symbols = []
    for x, part in zip(inputs, names, strict=True):
        tensor = convert_to_tensor(x)
        own = tensor is x  # else it is a constant that was written here
        symbols.append(tracer.symbol_of(tensor, part) if own else tracer.lift(tensor, part))
    spec: Spec = op.infer_specs([x.spec for x in symbols], attrs)
    return tracer._node(op, symbols, attrs, (spec,), node)[0]


def collect(summary: Any, collections: Any, default: Sequence[str]) -> None:
    """Put a summary into lists of its graph, where it is in one that has lists.

    Raises:
        ArgumentError: (also a TypeError) for names that are none.
    """
    tracer = open_tracer()
    if tracer is None:
        return
    names = default if collections is None else collections
    names = [names] if isinstance(names, str) else names
    for name in listed("summary", "collections", names, "names of lists of the graph"):
        check_key("summary", name)
    tracer.graph.add_to_collections(names, summary)


def check_key(subject: str, key: Any) -> None:
    """Refuse what cannot be the name of a list of a graph.

    Raises:
        ArgumentError: (also a TypeError) for it.
    """
    if not isinstance(key, Hashable):
        raise ArgumentError(
            message(subject, f"the list {shorten(key)} of a graph", "that is no name",
                    "a list of a graph has a name, such as tf.GraphKeys.SUMMARIES",
                    'write "summaries" or another text')
        )  # fmt: skip
