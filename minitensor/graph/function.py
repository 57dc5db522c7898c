"""`function`: a Python function that is traced once per signature and then runs as a graph.

Read `Function.__call__`, then `Function._call`, then `Traces.find`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from inspect import Signature
from operator import is_
from typing import Any
from weakref import ref

from minitensor.config import functions
from minitensor.errors import ArgumentError, suggest
from minitensor.graph.concrete import ConcreteFunction
from minitensor.graph.failure import shortened
from minitensor.graph.fixed import FixedSignature, check_signature
from minitensor.graph.retracing import Retraces, Trace, calls_of
from minitensor.graph.signature import PLAIN, Arguments, Parameters
from minitensor.graph.traces import Traces
from minitensor.scopes import get_logger
from minitensor.tensor import Tensor

__all__ = ["ConcreteFunction", "Function", "function"]

_binding = threading.RLock()
MOST_WAYS = 256
"""How many signatures of calls are remembered for the short way."""


class Function:
    """What `mt.function` gives: call it like the Python function.

    As a method it is bound to each instance by itself, with traces that live as long as it does.
    """

    __wrapped__: Callable

    def __init__(
        self, python_function: Callable, input_signature: tuple | None, options: dict[str, Any]
    ):
        self.python_function = python_function
        self.input_signature = input_signature
        self._options = options
        self.__name__ = type(python_function).__name__
        update_wrapper(self, python_function, updated=())
        calls = calls_of(python_function)
        calls.functions += 1
        self._use(Traces(_label(self.__name__), calls, options["reduce_retracing"]))
        self._parameters = Parameters(python_function)
        self._fixed = None
        self._for_methods = False
        if input_signature is not None:
            names = list(self._parameters.signature.parameters)
            self._for_methods = names[:1] == ["self"]
            parameters = self._parameters.without_first() if self._for_methods else self._parameters
            self._fixed = FixedSignature(input_signature, parameters)
        self._methods: dict[int, tuple[ref, Traces, ref]] = {}
        self._method_parts: dict[str, Any] = {}

    def _use(self, traces: Traces) -> None:
        self._traces, self._ways, self._calls = traces, traces.ways, traces.calls

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the graph for these arguments; trace the function first if they are new.

        Raises:
            ArgumentError: (also a TypeError) for arguments that the function does not take, or
                that cannot be looked up.
        """
        try:
            return self._quickly(args, kwargs)
        except Exception as error:
            raise shortened(error)  # noqa: B904 - it is the same error

    def _quickly(self, args: tuple, kwargs: dict) -> Any:
        """The short way, for calls with plain tensors and Python values that were seen before."""
        way: list = []
        tensors: list = []
        for x in (*args, *kwargs.values()) if kwargs else args:
            kind = type(x)
            if kind is Tensor:
                array = x._array
                way += array.shape, array.dtype
                tensors.append(x)
            elif kind in PLAIN:
                way += kind, x
            elif kind is float:
                way += kind, x.hex()
            else:
                return self._call(args, kwargs)
        if kwargs:
            way += kwargs
        concrete = self._ways.get(tuple(way))
        if concrete is None or functions.eagerly:
            return self._call(args, kwargs, way, tensors)
        self._calls.count += 1
        return concrete.run(tensors)

    def _call(
        self, args: tuple, kwargs: dict, way: Sequence | None = None, tensors: Sequence = ()
    ) -> Any:
        """The long way; `way` is what the short one looked for, if it could."""
        if functions.eagerly:
            return self.python_function(*args, **kwargs)
        if self._for_methods and args:
            return self.__get__(args[0], type(args[0]))(*args[1:], **kwargs)
        call = self._arguments(args, kwargs)
        template = call if self._fixed is None else self._fixed.template
        concrete, new = self._traces.find(call, template, self._traceable)
        if new:
            self._calls.traced(self.python_function)
        else:
            self._calls.count += 1
        plain = way is not None and not call.variables and _same(tensors, call.tensors)
        if plain and not concrete.is_local:
            if len(self._ways) >= MOST_WAYS:
                self._ways.clear()
            self._ways[tuple(way or ())] = concrete
        return concrete.run(call.tensors, call.variables)

    def _arguments(self, args: tuple, kwargs: dict) -> Arguments:
        if self._fixed is not None:
            return self._fixed.arguments(args, kwargs)
        return Arguments(*self._parameters.bind(args, kwargs), self._parameters)

    def _traceable(self) -> Callable:
        """The Python function as it is traced: with tensors' control flow, if AutoGraph is on."""
        if not self._options["autograph"]:
            return self.python_function
        from minitensor import autograph

        return autograph.convert(self.python_function)

    def __get__(self, instance: Any, owner: Any = None) -> Function:
        kind = type(self.python_function)
        if instance is None or kind is staticmethod or not hasattr(kind, "__get__"):
            return self
        known = self._methods.get(id(instance))
        bound = None if known is None else known[2]()
        if bound is None:
            with _binding:
                bound = self._method(instance)
        return bound

    def _method(self, instance: Any) -> Function:
        known = self._methods.get(id(instance))
        if known is not None:
            return known[2]() or self._bound(instance, known[0], known[1])
        traces = Traces(self._traces.label, self._calls, self._options["reduce_retracing"])
        try:
            gone = ref(instance, partial(_drop, ref(self), id(instance)))
        except TypeError:
            raise ArgumentError(
                f"cannot create weak reference to '{type(instance).__name__}' object\nThe method "
                f"{self.__name__} keeps its traces as long as its object lives, so it must be able "
                f"to see it go. To fix it: add '__weakref__' to the __slots__ of "
                f"{type(instance).__name__}."
            ) from None
        return self._bound(instance, gone, traces)

    def _bound(self, instance: Any, gone: ref, traces: Traces) -> Function:
        """The method of one object. It keeps the object alive; the traces do not."""
        bound = object.__new__(Function)
        method = self.python_function.__get__(instance)  # type: ignore[attr-defined]
        if not self._method_parts:
            parameters = Parameters(method)
            fixed = self.input_signature and FixedSignature(self.input_signature, parameters)
            changed = {"_parameters": parameters, "_fixed": fixed or None, "_for_methods": False}
            self._method_parts = {**self.__dict__, **changed, "_methods": {}, "_method_parts": {}}
        bound.__dict__.update(self._method_parts)
        bound.python_function = bound.__wrapped__ = method
        bound._use(traces)
        self._methods[id(instance)] = gone, traces, ref(bound)
        return bound

    def __getattr__(self, name: str) -> Any:
        if hasattr(Tensor, name):
            hint = f"that is of tensors, so call the function first: f(…).{name}"
        else:
            hint = suggest(name, [n for n in dir(Function) if not n.startswith("_")])
        raise AttributeError(
            f"'Function' object has no attribute {name!r}: {hint}", name=name, obj=self
        )

    # What a learner asks.

    def get_concrete_function(self, /, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments; `mt.TensorSpec`s stand for tensors. Made if need be.

        Example:
            >>> import minitensor as mt
            >>> double = mt.function(lambda x: x + x)
            >>> double.get_concrete_function(mt.TensorSpec([None])).graph.outputs
            [<tf.Tensor 'add:0' shape=(None,) dtype=float32>]
        """
        if self._fixed is not None and not args and not kwargs:
            call = self._fixed.template
        else:
            call = self._arguments(args, kwargs)
        template = call if self._fixed is None else self._fixed.template
        return self._traces.find(call, template, self._traceable)[0]

    @property
    def concrete_functions(self) -> list[ConcreteFunction]:
        """The traces that are kept, in the order they were made."""
        return list(self._traces.cache.values())

    @property
    def _cache(self) -> dict[tuple, ConcreteFunction]:
        return self._traces.cache

    @property
    def traces(self) -> list[Trace]:
        """What is known of each trace: its signature, how often it ran, what differed."""
        return self._traces.records()

    def why_retraced(self) -> Retraces:
        """For each trace, what differed from the nearest earlier one, and what to do about it.

        Example:
            >>> import minitensor as mt
            >>> power = mt.function(lambda x, n: x**n)
            >>> _ = power(mt.constant(2.0), 2), power(mt.constant(2.0), 3)
            >>> print(power.why_retraced())
            lambda: 2 traces, 2 calls
            1. (x: float32[], n: int 2)  1 call, 1 node, traced in ... ms
            2. (x: float32[], n: int 3)  1 call, 1 node, traced in ... ms
               n was int 2, is int 3
               To fix it: pass a tensor, n=mt.constant(3), instead of the Python number 3
        """
        return self._traces.report()

    def experimental_get_tracing_count(self) -> int:
        """How often the Python function was traced."""
        return self._traces.count

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """What each trace takes and gives."""
        texts = [c.pretty_printed_signature(verbose) for c in self.concrete_functions]
        return "\n\n".join(texts)

    @property
    def name(self) -> str:
        """The name of the Python function."""
        return self.__name__

    @property
    def function_type(self) -> Signature:
        """The parameters, as an `inspect.Signature`, with the specs of `input_signature`."""
        given = self._parameters.signature
        if self._fixed is None:
            return given
        return given.replace(parameters=[
            p.replace(annotation=self._fixed.named.get(p.name, p.annotation))
            for p in given.parameters.values()
        ])  # fmt: skip

    def __reduce__(self) -> tuple:
        return Function, (self.python_function, self.input_signature, self._options)

    def __repr__(self) -> str:
        count = len(self._traces.cache)
        return f"<tf.function {self.__name__}{self._parameters}: {count} trace{'s' * (count != 1)}>"


def _drop(function: ref, key: int, _: Any) -> None:
    alive = function()
    if alive is not None:
        alive._methods.pop(key, None)


def _same(first: Sequence, second: Sequence) -> bool:
    return len(first) == len(second) and all(map(is_, first, second))


def _label(name: str) -> str:
    """A name for the graph: what names in graphs may be made of."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_") or "function"


def function(  # noqa: D417 - arguments without effect share a line
    func: Callable | None = None,
    input_signature: Sequence | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: dict | None = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Make a function that is traced once per signature, and then runs as a compiled graph.

    Tensors and numpy arrays count by shape and dtype, variables by that and by which are the same,
    Python values by type and value, other objects by identity. What in the function is no op of
    minitensor happens while it is traced, and not again.

    Args:
        func: the function; without it, a decorator is returned.
        input_signature: one TensorSpec, or structure of them, per argument: then there is one
            trace, and arguments are brought to these specs.
        autograph: whether `if`, `while` and `for` over tensors become part of the graph.
        reduce_retracing: whether a second shape makes a trace that leaves open what differs.
        experimental_relax_shapes: the old name of `reduce_retracing`.
        jit_compile, and what else is called experimental: no effect; every trace is compiled.

    Raises:
        ArgumentError: (also a TypeError) for what cannot be called, and for a wrong signature.

    Example:
        >>> import minitensor as mt
        >>> @mt.function
        ... def double(x):
        ...     print("tracing with", x.dtype.name)
        ...     return x + x
        >>> double(mt.constant(1.0)).numpy(), double(mt.constant(2.0)).numpy()
        tracing with float32
        (np.float32(2.0), np.float32(4.0))
    """
    specs = None if input_signature is None else check_signature(input_signature)
    if experimental_relax_shapes is not None:
        _deprecated("experimental_relax_shapes", "reduce_retracing")
    if experimental_compile is not None:
        _deprecated("experimental_compile", "jit_compile")
    relaxed = bool(reduce_retracing or experimental_relax_shapes)
    made = partial(_made, specs, {"autograph": bool(autograph), "reduce_retracing": relaxed})
    return made if func is None else made(func)


def _deprecated(old: str, new: str) -> None:
    get_logger().warning("%s is deprecated, use %s instead", old, new)


def _made(specs: tuple | None, options: dict, func: Any) -> Function:
    if not callable(func):
        raise ArgumentError(
            f"{func!r} is not a callable object\nmt.function traces a function that it can call. "
            "To fix it: pass a function, or put @mt.function above its definition."
        )
    return Function(func, specs, options)
