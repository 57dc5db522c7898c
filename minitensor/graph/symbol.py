"""Symbols: tensors of a trace. They have a shape, a dtype and a name, but no elements yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from minitensor.device import Device
from minitensor.dtypes import BY_NUMPY, DType
from minitensor.errors import (
    InaccessibleTensorError,
    InvalidArgumentError,
    OperatorNotAllowedInGraphError,
)
from minitensor.graph.ir import Graph, source_line
from minitensor.op import state
from minitensor.shapes import NoElements, Spec, TensorShape
from minitensor.tensor import Tensor

if TYPE_CHECKING:
    from minitensor.graph.trace import Tracer

__all__ = ["Symbol"]

GUIDE = (
    "You can attempt the following resolutions to the problem: If you are running in Graph mode, "
    "use Eager execution mode or decorate this function with @tf.function. If you are using "
    "AutoGraph, you can try decorating this function with @tf.function."
)


class Symbol(Tensor):
    """A tensor that will have a value when the graph runs.

    `known` holds the value where it is known already while tracing (constants, static shapes).

    Shape: known as far as the ops' shape rules can say; None for a size that only running tells.
    """

    __slots__ = ("_label", "_tracer", "known")

    def __init__(self, tracer: Tracer, spec: Any, label: str, known: np.ndarray | None = None):
        super().__init__(NoElements(spec.shape, spec.dtype), None)
        self._tracer, self._label, self.known = tracer, label, known

    @property
    def name(self) -> str:
        """The unique name in the graph: `scope/Add_1:0`."""
        return self._label if ":" in self._label else f"{self._label}:0"

    @property
    def graph(self) -> Graph:
        """The graph that this symbol belongs to."""
        return self._tracer.graph

    @property
    def shape(self) -> TensorShape:
        """The sizes of the axes, as far as they are known."""
        return TensorShape(self._array.shape)

    @property
    def spec(self) -> Spec:
        """Shape and dtype as the rules of ops see them."""
        return Spec(self._array.shape, self._array.dtype)

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return BY_NUMPY[self._array.dtype]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def device(self) -> str:
        """The device it was asked for; empty where the graph decides."""
        return ""

    @property
    def _placed(self) -> Device:
        return self._refuse("device")

    @property
    def whole(self) -> Symbol:
        """The symbol itself, where it can be used: in the trace that made it, or inside one.

        Raises:
            InaccessibleTensorError: (also a ValueError) anywhere else.
        """
        tracer: Any = state.interpreter
        while tracer is not None:
            if tracer is self._tracer:
                return self
            tracer = getattr(tracer, "outer", None)
        raise out_of_scope(self)

    def set_shape(self, shape: Any) -> None:
        """Say more about the shape than the rules could find out.

        Raises:
            InvalidArgumentError: (also a ValueError) when the two can never be equal.
        """
        merged = self.shape.merge_with(shape)
        sizes = None if merged.rank is None else tuple(merged)
        self._array = NoElements(sizes, self._array.dtype)

    def numpy(self) -> NoReturn:
        """Refused: there are no elements yet."""
        self._check_scope(AttributeError, "'SymbolicTensor' object has no attribute 'numpy'")
        raise AttributeError(
            "'SymbolicTensor' object has no attribute 'numpy': while a function is traced there "
            "are no values yet. Return the tensor and call .numpy() on the result, or use "
            "mt.print, mt.py_function.", name="numpy", obj=self,
        )  # fmt: skip

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The value in a session, where the graph is one that sessions run.

        Raises:
            InvalidArgumentError: (also a ValueError) without a session, or while a function is
                traced.
        """
        evaluate = getattr(self._tracer, "evaluate", None)
        if evaluate is None:
            raise InvalidArgumentError(
                f"Cannot evaluate tensor using `eval()`: {self!r} belongs to a traced function, "
                "which runs when it is called. Return the tensor and use what the call gives."
            )
        return evaluate(self, feed_dict, session)

    def cpu(self) -> Tensor:
        """The symbol itself: the graph decides where it is computed."""
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        refused = f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array"
        self._check_scope(NotImplementedError, refused)
        raise NotImplementedError(
            f"{refused}. This error may "
            "indicate that you're trying to pass a Tensor to a NumPy call, which is not "
            "supported. Write the call with mt's own functions, or wrap it in mt.numpy_function."
        )

    def _for_python(self) -> NoReturn:
        self._refuse("a Python number")

    def __bool__(self) -> bool:
        self._check_scope(OperatorNotAllowedInGraphError, f"{self.name} cannot be used as a `bool`")
        raise OperatorNotAllowedInGraphError(
            f"Using a symbolic `tf.Tensor` as a Python `bool` is not allowed. {GUIDE} Here: "
            f"{self!r}; write mt.cond(x, …), or mt.where(x, a, b) element by element."
        )

    def __iter__(self) -> Iterator:
        raise OperatorNotAllowedInGraphError(
            f"Iterating over a symbolic `tf.Tensor` is not allowed. {GUIDE} Here: {self!r}; "
            "mt.unstack takes one apart whose first size is known, mt.map_fn runs over its rows."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self._label}:0). Please call "
            "`x.shape` rather than `len(x)` for shape information."
        )

    def __contains__(self, value: Any) -> bool:
        raise OperatorNotAllowedInGraphError(
            f"Using a symbolic `tf.Tensor` as a Python `bool` is not allowed. {GUIDE} For "
            "`value in x` write mt.reduce_any(x == value)."
        )

    def __index__(self) -> int:
        return self._refuse("an index or a count", "x[i] of a tensor x (mt.constant of a list), "
                            "or mt.range(n) to count")  # fmt: skip

    def __int__(self) -> int:
        return self._refuse("a Python int", "mt.cast(x, mt.int32)")

    def __float__(self) -> float:
        return self._refuse("a Python float", "mt.cast(x, mt.float32); and mt's own functions, "
                            "mt.sqrt(x), instead of those of math")  # fmt: skip

    def __complex__(self) -> complex:
        return self._refuse("a Python complex")

    def __format__(self, spec: str) -> str:
        return str(self)

    def __reduce__(self) -> tuple:
        return self._refuse("a pickle")

    def _refuse(self, what: str, instead: str = "") -> NoReturn:
        refused = f"'SymbolicTensor' object {self.name} cannot be used as {what}"
        self._check_scope(TypeError, refused)
        raise TypeError(
            f"{refused}: while a function is traced there are no values yet."
            + (f" To fix it: write {instead}." if instead else "")
        )

    def _check_scope(self, kind: type[Exception], refused: str) -> None:
        """Of a symbol that was kept although its trace is over, say so."""
        try:
            _ = self.whole
        except InaccessibleTensorError as error:
            raise kind(f"{refused}: {error}") from None

    def __hash__(self) -> int:
        return id(self) if getattr(self._tracer, "stays_open", False) else super().__hash__()

    def __getattr__(self, name: str) -> Any:
        if name == "op":
            return self.graph.operation_of(self)
        return super().__getattr__(name)

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        return f'Tensor("{self.name}", shape={self.shape}, dtype={self.dtype.name})'


def out_of_scope(symbol: Symbol) -> InaccessibleTensorError:
    """The error for a symbol used where its graph is not being traced."""
    own = getattr(symbol._tracer, "out_of_scope", None)
    if own is not None:
        return own(symbol)
    line = source_line(symbol._origin)
    defined = f"\n\n{symbol!r} was defined here:\n    {line}" if line else ""
    if symbol.graph.kind in ("branch", "body"):
        where = "the branch or loop that made it"
        fix = ("carry it out: give the name a value before the branch or loop, and set it inside; "
               "collect values of a loop in a mt.TensorArray instead of a list")  # fmt: skip
    else:
        where = f"the function {symbol.graph.name!r} that made it"
        fix = "return the tensor from the function and use what the call gives"
    return InaccessibleTensorError(
        f"{symbol!r} is out of scope and cannot be used here. It has a value only inside {where}, "
        "and only while that runs. Use return values, explicit Python locals or TensorFlow "
        f"collections to access it. To fix it: {fix}.{defined}"
    )
