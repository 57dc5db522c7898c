"""What an operation is, the registry of all of them, and the interpreters that run them.

An op is described once, beside its formula:

    forward    how to compute it, written against an array namespace `xp`
    gradient   how to pull a cotangent `g` back to its inputs, written against the same `xp`
    infer      shape and dtype of the result, without computing it
    types      which inputs share a dtype, one letter per input (see `Op`)
    kernels    optional faster forwards for one namespace
    into       optional: forward into memory that is given, for compiled graphs
    scalar     the same formula as a C expression, so that a compiler can fuse it
    samples    inputs on which the generated tests run

`xp` is numpy, cupy, or `minitensor.ops`. Because a rule talks only to `xp`, one text is executed
eagerly on either device, differentiated twice, traced into a graph, and expanded. This floor knows
nothing of tensors: calling an op hands it to the active interpreter, which gives it its meaning.
Read `Op`, then `op`, then `interpreter`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from inspect import Parameter, Signature, getdoc, signature
from typing import Any

from minitensor.dtypes import kind_of, name_of
from minitensor.errors import (
    ArgumentError,
    DTypeError,
    Fault,
    InvalidArgumentError,
    OpError,
    ResourceExhaustedError,
    message,
    shorten,
    suggest,
)
from minitensor.interpreter import Interpreter as Interpreter
from minitensor.interpreter import State as State
from minitensor.interpreter import convert as convert
from minitensor.interpreter import state as state
from minitensor.shapes import UNKNOWN_SIZE, Spec

__all__ = ["REGISTRY", "Interpreter", "Op", "State", "convert", "op", "state"]

REGISTRY: dict[str, Op] = {}
NO_ATTRS: dict[str, Any] = {}
_KIND_WORDS = {"f": "floating", "c": "complex", "i": "integer", "u": "unsigned", "b": "bool"}
_KIND_WORDS["O"] = "string"
_FIXED_TYPES = {"I": ("iu", "an integer tensor"), "B": ("b", "a bool tensor"),
                "F": ("f", "a floating tensor"), "S": ("O", "a string tensor")}  # fmt: skip


class Op:
    """One operation: call it on tensors, or on anything that can become one.

    `types` has one letter per input: inputs with letter T share one dtype (of the kinds in
    `kinds`), so do those with U; I is an integer, B a bool, F a float, S a string, A anything. A
    single letter also serves any number of inputs.
    `fast` ops are elementwise: eager execution checks their dtypes and asks `infer` only after
    numpy has refused. All other ops are inferred first.
    """

    takes_none = False
    """Whether the gradient rule sees None for results that no cotangent arrived at, not zeros."""
    composite = False
    """Whether a graph may have, in place of the op, the ops that its formula is made of."""
    expands = False
    """Whether the gradient rule can run on symbols whose sizes are not known."""
    any_rank = False
    """Whether `infer` also takes inputs whose rank is not known: their shape is None."""
    graphs: Sequence[Any] = ()
    """The graphs inside: branches, bodies, what is called."""
    types: str
    kinds: str
    infer: Callable
    samples: Callable[..., Iterator[tuple]]
    scalar: str | None
    fast: bool
    conjugate: bool
    portable: bool
    stateful: bool
    why_none: str

    def __init__(self, forward: Callable, **declared: Any):
        parameters = list(signature(forward).parameters.values())[1:]
        arrays = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.forward = self.on_numpy = forward
        self.name = self.__name__ = self.__qualname__ = forward.__name__.rstrip("_")
        self.__module__ = forward.__module__
        self.__wrapped__ = forward
        self.__doc__ = getdoc(forward)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in arrays)
        self.input_names = [p.name for p in arrays]
        self.attr_names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        self.attr_set = frozenset(self.attr_names)
        self.arity = len(arrays)
        self.gradient_rule: Callable | None = None
        self.kernels: dict[str, Callable] = {}
        self.write: Callable | None = None
        self.workspace: Callable | None = None
        self.strided = False
        for field, value in declared.items():
            setattr(self, field, value)
        self.__signature__ = _public_signature(parameters)
        required = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
        self.binds = self.variadic or bool(required)
        self.paired = self.fast and self.arity == 2 and self.types == "T" and "f" in self.kinds

    def __call__(self, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
        """Hand the op to the active interpreter, which computes or records it."""
        if self.paired and len(inputs) == 2 and not attrs and name is None:
            return state.interpreter.function(self, inputs[0], inputs[1])
        if len(inputs) != self.arity or self.binds or not attrs.keys() <= self.attr_set:
            inputs, attrs = self.bind(inputs, attrs)
        return state.interpreter.apply(self, inputs, attrs, name)

    def bind(self, inputs: tuple, attrs: dict) -> tuple[tuple, dict]:
        """Sort the arguments of a call into inputs and attributes.

        Raises:
            ArgumentError: (also a TypeError) for one that is unknown, missing or given twice.
        """
        names = [*self.input_names, *self.attr_names]
        if len(inputs) > len(names):
            raise self._argument_error(f"{len(inputs)} positional arguments", "there are too many")
        given = dict(zip(names, inputs, strict=False))
        for key in attrs:
            if key not in names:
                raise self._argument_error(f"an argument {key!r}", "there is none of that name",
                                           suggest(key, names))  # fmt: skip
            if key in given:
                raise self._argument_error(f"{key!r} twice", "by position and by name")
        given |= attrs
        missing = [n for n in self.input_names if n not in given]
        missing += [
            n for n in self.attr_names
            if n not in given and self.__signature__.parameters[n].default is Parameter.empty
        ]  # fmt: skip
        if missing:
            raise self._argument_error(f"{len(given)} arguments", f"{missing[0]!r} is missing")
        arrays = tuple(given.pop(n) for n in self.input_names)
        return (self._several(arrays[0]) if self.variadic else arrays), given

    def _several(self, values: Any) -> tuple:
        try:
            return tuple(values)
        except (TypeError, ValueError):
            raise self._argument_error(
                f"{self.input_names[0]}={shorten(values)}", "it is not a list of tensors",
                "put the tensors into a list",
            ) from None  # fmt: skip

    def on(self, xp: Any, *inputs: Any, **attrs: Any) -> Any:
        """This op in the namespace `xp`: how one rule calls another op.

        On arrays it runs the formula (or the kernel for `xp`); when `xp` is `minitensor.ops` it
        goes through the interpreter, so that it is recorded.
        """
        if xp.__name__.startswith("minitensor"):
            return self(list(inputs), **attrs) if self.variadic else self(*inputs, **attrs)
        return self.implementation(xp)(xp, *inputs, **attrs)

    def implementation(self, xp: Any) -> Callable:
        """The function that computes this op in `xp`: its kernel, else its formula."""
        return self.kernels.get(xp.__name__, self.forward)

    def gradient(self, rule: Callable) -> Callable:
        """Register `rule(xp, g, out, *inputs, **attrs)`.

        It returns the cotangent of the only input, or a tuple with one zero-argument function per
        input (None where no gradient exists), so that unwanted products are never computed. The
        engine sums each cotangent down to the shape its input had before broadcasting, and
        conjugates inputs and output of complex ops beforehand.
        """
        self.gradient_rule = rule
        return rule

    def kernel(self, namespace: str) -> Callable[[Callable], Callable]:
        """Register a faster forward for one namespace; same arguments, same result."""

        def register(function: Callable) -> Callable:
            self.kernels[namespace] = function
            if namespace == "numpy":
                self.on_numpy = function
            return function

        return register

    def into(self, kernel: Any = None, *, workspace: Any = None, strided: bool = False) -> Any:
        """Register `kernel(out, *inputs, **attrs)`: forward on numpy, into memory that is given.

        `out` is C-contiguous and uninitialised, of the inferred spec; so are the inputs, unless
        `strided`. `workspace(*specs, **attrs)` gives the specs of arrays to work in, a tuple of
        which is then the kernel's second argument.
        """
        if kernel is None:
            return partial(self.into, workspace=workspace, strided=strided)
        self.write, self.workspace, self.strided = kernel, workspace, strided
        return kernel

    def infer_specs(self, specs: Sequence[Spec], attrs: dict) -> Any:
        """Check dtypes and shapes; the spec of the result, or a tuple of them.

        Raises:
            InvalidArgumentError: in the five-part form; DTypeError when dtypes are at fault.
        """
        try:
            self._check_types(specs)
            return self.infer(*specs, **attrs)
        except Fault as fault:
            found: Exception = self.error(fault, specs, attrs)
        except _RAW as raw:
            found = self.lesson(raw, specs, attrs)
        raise found

    def error(self, fault: Fault, specs: Sequence[Spec], attrs: dict) -> OpError:
        """The public error for what a rule found wrong."""
        inputs = " and ".join(
            f"{'<unknown>' if s.shape is None else tuple(s.shape)} {name_of(s.dtype)}"
            for s in specs
        )
        given = [f"shape{'s' if len(specs) > 1 else ''} {inputs}"] if specs else []
        given += [f"{key}={shorten(value)}" for key, value in attrs.items()]
        return fault.error(message(self.name, ", ".join(given), fault.fault, fault.rule, fault.fix))

    def lesson(self, raw: Exception, specs: Sequence[Spec], attrs: dict) -> Exception:
        """What a learner sees of an error that Python or the array library raised inside a rule.

        An error from a function that the learner passed in is her own: it stays as it is.
        """
        if not isinstance(raw, _RAW) or isinstance(raw, OpError) or not _only_ours(raw):
            return raw
        if isinstance(raw, MemoryError):
            fault = Fault(
                str(raw) or "there is not enough memory for the result",
                "inputs and result must fit into memory together",
                "use fewer elements, or a smaller dtype",
                ResourceExhaustedError,
            )
        else:
            key = self._suspect(specs, attrs)
            kinds = (TypeError, AttributeError) if key else TypeError
            wrong_type = ArgumentError if key else DTypeError
            fault = Fault(
                f"the argument {key}={shorten(attrs[key])} cannot be used ({_text(raw)})"
                if key else f"it cannot be computed ({_text(raw)})",
                *UNKNOWN_SIZE if self._lacks_a_size(attrs)
                else (f"the call is {self.name}{self.__signature__}", "compare with it"),
                wrong_type if isinstance(raw, kinds) else InvalidArgumentError,
            )  # fmt: skip
        lesson = self.error(fault, specs, attrs)
        lesson.__cause__ = raw
        return lesson

    def _lacks_a_size(self, attrs: dict) -> bool:
        """Whether None is given as a size, or inside a list of them."""
        parameters = self.__signature__.parameters
        return any(
            None in value if isinstance(value, (list, tuple))
            else value is None and parameters[key].default is Parameter.empty
            for key, value in attrs.items()
        )  # fmt: skip

    def _suspect(self, specs: Sequence[Spec], attrs: dict) -> str | None:
        """The attribute without which shapes and dtypes can be inferred; None when not clear."""
        parameters = self.__signature__.parameters
        for key in attrs:
            default = parameters[key].default
            if default is Parameter.empty:
                continue
            try:
                self.infer(*specs, **{**attrs, key: default})
            except (Fault, *_RAW):
                continue
            if _fails(self.infer, specs, attrs):
                return key
        return next(iter(attrs)) if len(attrs) == 1 and _fails(self.infer, specs, attrs) else None

    def _check_types(self, specs: Sequence[Spec]) -> None:
        letters = self.types * len(specs) if len(self.types) == 1 else self.types
        first: dict[str, tuple[int, Spec]] = {}
        for i, (letter, spec) in enumerate(zip(letters, specs, strict=False)):
            if letter in _FIXED_TYPES:
                kinds, wanted = _FIXED_TYPES[letter]
                if kind_of(spec.dtype) not in kinds:
                    fault = f"{self._input(i)} has dtype {name_of(spec.dtype)}"
                    rule = f"it must be {wanted}"
                    raise Fault(fault, rule, "convert it with mt.cast", DTypeError)
            elif letter != "A":
                where, other = first.setdefault(letter, (i, spec))
                if other.dtype != spec.dtype:
                    raise Fault(
                        f"{self._input(i)} has dtype {name_of(spec.dtype)} where "
                        f"{self._input(where)} has {name_of(other.dtype)}",
                        "dtypes are never promoted silently",
                        f"convert one of them, for example with "
                        f"mt.cast(x, mt.{name_of(other.dtype)})",
                        DTypeError,
                    )
        if "T" in first:
            self._check_kind(first["T"][1].dtype)

    def _check_kind(self, dtype: Any) -> None:
        if kind_of(dtype) not in self.kinds:
            raise Fault(
                f"dtype {name_of(dtype)} is not in the list of allowed values",
                f"{self.name} takes {', '.join(_KIND_WORDS[k] for k in self.kinds)} tensors",
                "convert it with mt.strings.to_number" if kind_of(dtype) == "O"
                else f"convert with mt.cast{'(x, mt.float32)' if 'f' in self.kinds else ''}",
                DTypeError,
            )  # fmt: skip

    def _input(self, i: int) -> str:
        return f"input {i}" if self.variadic else repr(self.input_names[i])

    def _argument_error(self, given: str, fault: str, fix: str = "") -> ArgumentError:
        call = f"{self.name}{self.__signature__}"
        return ArgumentError(
            message(self.name, given, fault, f"the call is {call}", fix or "compare with it")
        )

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> str | tuple:
        return REGISTRY.__getitem__, (self.name,)


def op(
    *,
    infer: Callable,
    samples: Callable[..., Iterator[tuple]],
    types: str = "T",
    kinds: str = "fciub",
    scalar: str | None = None,
    fast: bool = False,
    conjugate: bool = True,
    portable: bool = True,
    stateful: bool = False,
    why_none: str = "",
) -> Callable[[Callable], Op]:
    """Turn a forward formula into an `Op` and add it to the registry.

    The formula is `f(xp, *arrays, **attributes)`: arrays by position, attributes by keyword.

    Args:
        infer: `(*specs, **attrs)` to the spec of the result, or a tuple of them.
        samples: `(rng)` to an iterator of `(arrays, attrs)` for the generated tests.
        types: one letter per input, see `Op`.
        kinds: the dtype kinds that inputs with letter T may have.
        scalar: the formula as a C expression with `{0}`, `{1}`, …; without it, no fusion.
        fast: elementwise; infer only after numpy has refused.
        conjugate: False for ops that treat real and imaginary part differently (abs, real, …).
        portable: False when the formula needs more than the array API standard offers.
        stateful: the result, or what else happens, does not follow from the inputs alone (a fresh
            seed, printing, an assertion): runs each time and in order, never merged or dropped.
        why_none: for an op without gradient, the reason a learner is told.
    """

    def register(forward: Callable) -> Op:
        new = Op(
            forward, infer=infer, samples=samples, types=types, kinds=kinds, scalar=scalar,
            fast=fast, conjugate=conjugate, portable=portable, stateful=stateful,
            why_none=why_none,
        )  # fmt: skip
        if new.name in REGISTRY:
            raise ValueError(f"op {new.name!r} is already defined in "
                             f"{REGISTRY[new.name].forward.__module__}")  # fmt: skip
        REGISTRY[new.name] = new
        return new

    return register


# What Python and numpy raise when a value does not fit: an `OpError` says it better.
_RAW = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError)
_OURS = {"minitensor", "numpy", "cupy", "cupyx", "cupy_backends", "ml_dtypes", "array_api_strict"}


def _only_ours(error: Exception) -> bool:
    """Whether only the engine and its array libraries ran where the error came up."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _OURS:
            return False
        trace = trace.tb_next
    return True


def _fails(infer: Callable, specs: Sequence[Spec], attrs: dict) -> bool:
    try:
        infer(*specs, **attrs)
    except (Fault, *_RAW):
        return True
    return False


def _text(error: Exception) -> str:
    text = str(error).rstrip(".")
    plain = type(error) in (TypeError, ValueError)
    return text if plain and text else f"{type(error).__name__}: {text}"


def _public_signature(parameters: list[Parameter]) -> Signature:
    """What `help` shows: inputs and attributes by position or keyword, then `name`."""
    public = [p.replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for p in parameters]
    required = [p for p in public if p.default is Parameter.empty]
    optional = [p for p in public if p.default is not Parameter.empty]
    ordered = public if public == required + optional else required + optional
    return Signature([*ordered, Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)])
