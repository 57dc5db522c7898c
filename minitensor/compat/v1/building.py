"""What is built in a graph besides ordinary ops: placeholders, ops that wait, and seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minitensor.compat.v1.tracer import (
    PLACEHOLDER,
    PLACEHOLDER_WITH_DEFAULT,
    GraphTracer,
    open_tracer,
)
from minitensor.dtypes import as_dtype
from minitensor.errors import FailedPreconditionError, InvalidArgumentError
from minitensor.graph.symbol import Symbol
from minitensor.op import state
from minitensor.ops.draws import DEFAULT_GRAPH_SEED, set_seed
from minitensor.shapes import NoElements, TensorShape
from minitensor.tensor import Tensor

__all__ = [
    "get_seed",
    "group",
    "no_op",
    "placeholder",
    "placeholder_with_default",
    "set_random_seed",
]


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Symbol:
    """A tensor that every run is fed a value for.

    Shape: `shape`; None for a size, or for the whole shape, that may differ from run to run.

    Raises:
        FailedPreconditionError: (also a RuntimeError) where ops compute at once.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.placeholder(tf.float32, [None, 2], name="x")
        ...     print(x, session.run(tf.reduce_sum(x, axis=0), {x: [[1, 2], [3, 4]]}))
        Tensor("x:0", shape=(None, 2), dtype=float32) [4. 6.]
    """
    tracer = open_tracer()
    if tracer is None:
        raise FailedPreconditionError(
            "tf.placeholder() is not compatible with eager execution.\nWhere ops compute at once "
            "there is no later run that could feed it. To fix it: call "
            "tf.disable_eager_execution() at the start of the program, or build the graph within "
            "`with tf.Graph().as_default():`."
        )
    dtype = as_dtype(dtype)
    spec = NoElements(_sizes(shape), dtype.numpy)
    symbol = Symbol(tracer, spec, tracer._unique(name or "Placeholder"))
    tracer.mark(PLACEHOLDER, symbol._label, symbol, dtype=dtype, shape=symbol.shape)
    return symbol


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that a run may be fed a value for; otherwise it is `input`.

    Shape: that of `input` → `shape`, which may leave sizes open.
    """
    tracer = open_tracer()
    if tracer is None:
        return state.interpreter.convert(input)
    label = name or "PlaceholderWithDefault"
    with _prefixed(tracer, label):
        default = tracer.convert(input)
    sizes = _sizes(shape)
    if not TensorShape(sizes).is_compatible_with(default.shape):
        raise InvalidArgumentError(
            f"input[0] has shape {default.shape}, which is not compatible with shape "
            f"{TensorShape(sizes)}\nThe default is one of the values that may be fed. To fix it: "
            "reshape it, or write None for sizes that may differ."
        )
    symbol = tracer.apply(PLACEHOLDER_WITH_DEFAULT, [default], {"shape": sizes}, label)
    symbol.known = None  # a run may be fed something else than the default
    return symbol


def _sizes(shape: Any) -> tuple | None:
    shape = TensorShape(shape)
    return None if shape.rank is None else tuple(shape)


@contextmanager
def _prefixed(tracer: GraphTracer, label: str) -> Iterator[None]:
    """Within it, constants are called after the op that takes them."""
    before = state.scope
    state.scope = f"{before}/{label}" if before else label
    try:
        yield
    finally:
        state.scope = before


def no_op(name: str | None = None) -> Any:
    """An op that does nothing, but may be waited for; None where ops compute at once."""
    return group(name=name or "NoOp")


def group(*inputs: Any, name: str | None = None, **_: Any) -> Any:
    """An op that has run when all `inputs` have; None where ops compute at once.

    A `name` that ends with `/` is the whole name.
    """
    tracer = open_tracer()
    return None if tracer is None else tracer.group(inputs, name)


# Seeds.


def set_random_seed(seed: int) -> None:
    """Seed the draws of the default graph: each session of it then draws the same numbers.

    Draws inside branches and loops follow the program's seed, which `mt.random.set_seed` sets.
    Where ops compute at once it seeds the program, as `mt.random.set_seed`.
    """
    tracer = open_tracer()
    if tracer is None:
        set_seed(seed)
    else:
        tracer.graph.seed = int(seed)


def get_seed(op_seed: int | None) -> tuple:
    """The graph's seed and the op's, with TensorFlow's values where only one is given."""
    tracer = open_tracer()
    seed = tracer.graph.seed if tracer else None
    if seed is None and op_seed is None:
        return None, None
    number = len(tracer.graph.nodes) if tracer else 0
    return (DEFAULT_GRAPH_SEED if seed is None else seed), number if op_seed is None else op_seed
