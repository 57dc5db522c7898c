"""The variables of a loop over tensors: which of their leaves flow, and what each may become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitensor import nest
from minitensor.autograph import leaves
from minitensor.autograph.leaves import TO_FIX, Missing, Undefined, UndefinedReturnValue
from minitensor.op import convert
from minitensor.operand import Operand
from minitensor.shapes import TensorShape

__all__ = ["Flow", "started"]

NUMBERS = (bool, int, float, complex)


class Flow:
    """What the variables `names` hold before a loop, taken apart into the tensors that flow.

    `missing` are those that have no value yet: they hold zeros, which nobody reads.
    """

    def __init__(
        self, names: Sequence[str], values: Sequence, shapes: Sequence, missing: Sequence[str] = ()
    ):
        self.names, self.values, self.given, self.missing = names, list(values), shapes, missing
        self.start: list = []
        self.shapes: list[TensorShape] = []
        for name, value, given in zip(names, self.values, shapes, strict=True):
            flowing = leaves.flowing(value)
            for leaf, shape in zip(flowing, given or [None] * len(flowing), strict=True):
                tensor = leaves.as_tensor(leaf)
                self.start.append(tensor)
                self.shapes.append(_shape_within(name, tensor, shape, name in missing))

    def packed(self, tensors: Sequence) -> tuple:
        """The variables' values with these tensors in them."""
        left = iter(tensors)
        return tuple(
            leaves.packed(v, [next(left) if leaves.can_flow(x) else x for x in leaves.flat(v)])
            for v in self.values
        )

    def checked(self, values: Sequence, entered: Sequence) -> list:
        """The tensors in what the variables hold after an iteration.

        Raises:
            TypeError: when one has another structure or dtype than before.
            ValueError: when one has another shape, or is None.
        """
        found: list = []
        for name, before, after in zip(self.names, self.values, values, strict=True):
            _check_structure(name, before, after)
            for a, b in zip(leaves.flat(before), leaves.flat(after), strict=True):
                if leaves.can_flow(a) and leaves.can_flow(b):
                    place = len(found)
                    found.append(self._fitting(name, b, entered[place], self.shapes[place]))
                elif a is not b and a != b:
                    raise _changed(name, a, b)
        return found

    def _fitting(self, name: str, leaf: Any, entered: Any, shape: TensorShape) -> Any:
        tensor = leaves.as_tensor(leaf, entered)
        if leaves.is_composite(tensor):
            return tensor
        if tensor.dtype != entered.dtype:
            raise TypeError(
                f"'{name}' has dtype {entered.dtype.name} before the loop, but dtype "
                f"{tensor.dtype.name} after one iteration{TO_FIX}start with that dtype, or use "
                "mt.cast in the loop."
            )
        if not _is_within(tensor.shape, shape):
            raise _grown(name, tensor.shape, shape, self.given[list(self.names).index(name)])
        return tensor

    def labels(self, index: str) -> list[str]:
        """For each tensor that flows, the variable that it is in; `index` counts the rounds."""
        pairs = zip(self.names, self.values, strict=True)
        names = [name for name, value in pairs for _ in leaves.flowing(value)]
        return ["iteration" if name == index else name for name in names]

    @property
    def specs(self) -> list:
        """Shape and dtype of what flows in each iteration, without what holds tensors itself."""
        pairs = zip(self.start, self.shapes, strict=True)
        return [leaves.spec_of(x, shape) for x, shape in pairs if not leaves.is_composite(x)]

    def adopting(
        self, body: Callable, get_state: Callable, set_state: Callable, error: TypeError
    ) -> Flow:
        """The same with Python numbers of the dtype that they have after an iteration.

        `error` is what came of them as they are; it is raised when nothing can be adopted.
        """
        after: list = []

        def once() -> None:
            set_state(tuple(self.values))
            body()
            after.extend(get_state())

        if not any(isinstance(x, NUMBERS) for v in self.values for x in leaves.flat(v)):
            raise error
        try:
            leaves.trial(once)
            values = [_adopted(a, b) for a, b in zip(self.values, after, strict=True)]
        except Exception:
            raise error from None
        flow = Flow(self.names, values, self.given, self.missing)
        if [x.dtype for x in flow.start] == [x.dtype for x in self.start]:
            _explain(error, self, after)
            raise error
        return flow


def _adopted(before: Any, after: Any) -> Any:
    """A value with its Python numbers as tensors of the dtypes that they come to have."""
    pairs = zip(leaves.flat(before), leaves.flat(after), strict=True)
    return leaves.packed(before, [
        leaves.as_tensor(a, b) if isinstance(a, NUMBERS) and leaves.can_flow(b) else a
        for a, b in pairs
    ])  # fmt: skip


def _explain(error: TypeError, flow: Flow, after: Sequence) -> None:
    """Say which Python numbers would have to start with another dtype."""
    numbers = []
    for name, value, later in zip(flow.names, flow.values, after, strict=True):
        number = convert(value) if isinstance(value, NUMBERS) else None
        if number is not None and isinstance(later, Operand) and number.dtype != later.dtype:
            numbers.append(f"{name} = {value!r} is {number.dtype.name} there")
    if numbers:
        error.__dict__["autograph_hint"] = (
            "A variable of a loop over tensors has the same dtype in every iteration, a Python "
            f"number that of a tensor: {', '.join(numbers)}.{TO_FIX}start with the dtype that the "
            "loop computes: 0.0 instead of 0, or mt.constant(0, dtype)."
        )


def started(
    values: Sequence,
    names: Sequence[str],
    body: Callable,
    get_state: Callable,
    set_state: Callable,
    options: dict,
) -> Flow:
    """The flow of a loop whose variables hold `values` before it.

    A variable that gets its first value in the loop starts as zeros of that value's type, which one
    iteration, tried out on the side, tells.

    Raises:
        ValueError: when a variable is read before it has a value.
        NotImplementedError: when the loop returns from a function that may end without returning.
    """
    values, shapes = list(values), _invariants(values, options.get("shape_invariants", ()))
    unset = [i for i, v in enumerate(values) if v is None or isinstance(v, Missing)]
    if not unset:
        return Flow(names, values, shapes)
    after = _after_one(Flow(names, values, shapes), body, get_state, set_state)
    missing = []
    for i in unset:
        if after[i] is None or isinstance(after[i], Missing):
            continue
        if type(values[i]) is UndefinedReturnValue:
            raise _no_return()
        if not isinstance(values[i], UndefinedReturnValue):
            missing.append(names[i])
        values[i] = leaves.filler(after[i])
        shapes[i] = shapes[i] or [
            TensorShape(leaves.spec_of(x).shape) for x in leaves.flowing(after[i])
        ]
    return Flow(names, values, shapes, missing)


def _after_one(flow: Flow, body: Callable, get_state: Callable, set_state: Callable) -> list:
    """What the variables hold after one iteration."""
    after: list = []

    def run(values: tuple) -> None:
        set_state(values)
        body()
        after[:] = get_state()

    def with_symbols(*symbols: Any) -> None:
        left = iter(symbols)
        run(flow.packed([x if leaves.is_composite(x) else next(left) for x in flow.start]))

    try:
        try:
            leaves.trial(with_symbols, flow.specs)
        except TypeError:
            leaves.trial(lambda: run(tuple(flow.values)))
    except Exception as error:
        strict = any(type(v) is UndefinedReturnValue for v in flow.values)
        if strict and "must also have a return statement" in str(error):
            raise _no_return() from error
        raise _unset(flow, error) or error from None
    return after


def _unset(flow: Flow, error: Exception) -> ValueError | None:
    """What to say when reading a variable that has no value made an iteration impossible."""
    for name, value in zip(flow.names, flow.values, strict=True):
        if isinstance(value, Undefined) and isinstance(error, UnboundLocalError):
            fault = f"'{name}' must be defined before the loop"
            if repr(name) not in str(error):
                continue
        elif value is None and "None" in str(error):
            fault = f"'{name}' is not allowed to be None before the loop"
        else:
            continue
        return ValueError(
            f"{fault}\nNote: AutoGraph tried to define it automatically, but ran into a "
            f"{type(error).__name__}: {error}{TO_FIX}give {name} a tensor of the right dtype "
            "before the loop."
        )
    return None


def _no_return() -> NotImplementedError:
    return NotImplementedError(
        "a return statement cannot be placed inside this TensorFlow loop; this may happen if a "
        f"return statement depends on a static Python condition such as a hyperparameter{TO_FIX}"
        "end the function with a `return` too, for the case that the loop never returns."
    )


def _shape_within(name: str, tensor: Any, wide: Any, unset: bool) -> TensorShape:
    """The shape that a variable has in every iteration: `wide`, or what it has before the loop."""
    if leaves.is_composite(tensor):
        return TensorShape(None)
    if wide is None:
        return TensorShape(tensor.shape)
    if not unset and not _is_within(tensor.shape, wide):
        raise ValueError(
            f"'{name}' has shape {tensor.shape} before the loop, which does not conform with the "
            f"shape invariant {wide}."
        )
    return wide


def _invariants(values: Sequence, pairs: Sequence) -> list:
    """For each variable the shapes that were given for its leaves, or None."""
    found: list = [None] * len(values)
    for value, shape in pairs:
        for i, other in enumerate(values):
            if other is value:
                single = len(leaves.flowing(value)) == 1
                found[i] = [TensorShape(s) for s in ([shape] if single else nest.flatten(shape))]
    return found


def _is_within(shape: Any, wide: Any) -> bool:
    """Whether every tensor of the first shape has the second one, too."""
    shape, wide = TensorShape(shape), TensorShape(wide)
    if wide.rank is None or shape.rank is None:
        return wide.rank is None
    pairs = zip(shape, wide, strict=False)
    return len(shape) == len(wide) and all(w is None or w == s for s, w in pairs)


def _check_structure(name: str, before: Any, after: Any) -> None:
    if after is None and before is not None:
        raise ValueError(
            f"'{name}' is None at the end of the iteration.{TO_FIX}give it a tensor; a graph "
            "cannot hold None."
        )
    difference = leaves.difference(before, after)
    if difference:
        raise TypeError(
            f"'{name}' does not have the same nested structure after one iteration.\n\n"
            f"{difference}{TO_FIX}build it the same way before the loop and in it; to collect one "
            "value per iteration, write to an mt.TensorArray."
        )


def _changed(name: str, before: Any, after: Any) -> TypeError:
    return TypeError(
        f"'{name}' is {before!r} before the loop, but {after!r} after one iteration{TO_FIX}only "
        "tensors, numbers and strings can change in a loop over tensors."
    )


def _grown(name: str, shape: Any, wide: TensorShape, given: Any) -> ValueError:
    if given is not None:
        return ValueError(
            f"'{name}' has shape {shape} after one iteration, which does not conform with the "
            f"shape invariant {wide}."
        )
    open_shape = _common(TensorShape(shape), wide)
    return ValueError(
        f"'{name}' has shape {wide} before the loop, but shape {shape} after one iteration. Use "
        f"tf.autograph.experimental.set_loop_options to set shape invariants.{TO_FIX}let the first "
        "statement of the loop be mt.autograph.experimental.set_loop_options(shape_invariants="
        f"[({name}, mt.TensorShape({open_shape}))])."
    )


def _common(first: TensorShape, second: TensorShape) -> list | None:
    if first.rank is None or first.rank != second.rank:
        return None
    return [a if a == b else None for a, b in zip(first, second, strict=True)]
