"""What `mt.cond`, `mt.while_loop` and functions over rows do while a function is traced.

Branches and bodies are traced once each, into graphs of their own. What they return may be any
structure. A leaf that holds tensors itself, such as a TensorArray, is taken apart by two methods:
`_tensors()` gives them as a list, `_with_tensors(list)` makes another of its kind. A third,
`_begun(other)`, gives the first value of a loop in whose body `other` came out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from inspect import unwrap
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from minitensor import nest, ops
from minitensor.dtypes import as_dtype
from minitensor.errors import DTypeError, InvalidArgumentError, message
from minitensor.graph.control import CondOp, apply
from minitensor.graph.loops import WhileOp, widened
from minitensor.graph.subgraphs import close, retraced, spec_of
from minitensor.graph.trace import trace
from minitensor.op import convert
from minitensor.shapes import NoElements, Spec, TensorShape
from minitensor.tensor import IndexedSlices, Operand

__all__ = ["branch", "over_rows", "while_loop"]

SAME = (
    "true_fn and false_fn arguments to tf.cond must have the same number, type, and overall "
    "structure of return values"
)


class Parts(NamedTuple):
    """A structure taken apart: its tensors, and what puts them together again."""

    structure: Any
    leaves: list
    tensors: list

    @classmethod
    def of(cls, structure: Any, like: Sequence | None = None) -> Parts:
        """Take a structure apart; numbers become tensors, of the dtypes of `like` if given."""
        leaves = nest.flatten(structure)
        tensors: list = []
        for leaf in leaves:
            if leaf is None:
                continue
            if _is_composite(leaf):
                tensors += _taken_apart(leaf)
            else:
                wanted = like[len(tensors)].dtype if like and len(tensors) < len(like) else None
                tensors.append(_converted(leaf, wanted))
        return cls(structure, leaves, tensors)

    def packed(self, tensors: Sequence) -> Any:
        """The same structure with other tensors."""
        left = iter(tensors)
        made = [
            None if leaf is None else _put_together(leaf, left) if _is_composite(leaf)
            else next(left) for leaf in self.leaves
        ]  # fmt: skip
        return nest.pack_sequence_as(self.structure, made)

    @property
    def kinds(self) -> list:
        """What each leaf is: nothing, a tensor, or something that holds tensors."""
        return [type(x) if x is None or _is_composite(x) else Operand for x in self.leaves]


def _is_composite(leaf: Any) -> bool:
    return isinstance(leaf, IndexedSlices) or hasattr(leaf, "_with_tensors")


def _taken_apart(leaf: Any) -> list:
    if isinstance(leaf, IndexedSlices):
        return [convert(leaf.values), convert(leaf.indices)]
    return leaf._tensors()


def _put_together(leaf: Any, left: Any) -> Any:
    if isinstance(leaf, IndexedSlices):
        return IndexedSlices(next(left), next(left), leaf.dense_shape)
    return leaf._with_tensors([next(left) for _ in leaf._tensors()])


def _converted(leaf: Any, dtype: Any) -> Any:
    if dtype is not None and not isinstance(leaf, Operand):
        try:
            return convert(leaf, dtype)
        except InvalidArgumentError:
            pass
    return convert(leaf)


def _places(structure: Any, names: Sequence[str] | None) -> list[str]:
    """What to call each leaf in a message: the learner's name, and the way to it."""
    found = []
    for path in (path for _, path in nest.flatten_with_path(structure)):
        if names is not None and path and isinstance(path[0], int) and path[0] < len(names):
            found.append(f"'{names[path[0]]}{''.join(f'[{key!r}]' for key in path[1:])}'")
        else:
            found.append(f"result {''.join(f'[{key!r}]' for key in path)}".strip() or "the result")
    return found


# Branches.


def branch(
    pred: Any, functions: Sequence[Callable], name: str | None = None,
    names: Sequence[str] | None = None, what: str = "cond",
) -> Any:  # fmt: skip
    """The result of one of several functions; of the first for True, of the second for False.

    Args:
        pred: a truth value, or the number of the function.
        functions: each traced once.
        name: a name for the node.
        names: what to call the results in messages, if they are a list or tuple.
        what: whose argument `pred` is, for messages.
    """
    pred = convert(pred)
    if what == "cond":
        pred = scalar_truth(pred, what)
    found: list[Parts] = []

    def traced(function: Callable) -> Callable:
        def flat() -> list:
            found.append(Parts.of(function()))
            return found[-1].tensors

        return flat

    graphs = [trace(traced(f), [], f"{name or what}_{i}", kind="branch")
              for i, f in enumerate(functions)]  # fmt: skip
    for other in found[1:]:
        _check_alike(found[0], other, names)
    closed, captured, _ = close(graphs)
    results = apply(CondOp(closed), [pred, *captured], name or what)
    for other in found[1:]:
        found[0] = found[0]._replace(leaves=nest.flatten(_begun(found[0], other)))
    return found[0].packed(results)


def _check_alike(first: Parts, second: Parts, names: Sequence[str] | None) -> None:
    one, two = ("true_fn", "false_fn") if names is None else ("main branch", "else branch")
    given = f"{first.structure!r} and {second.structure!r}"
    rule = "both branches give the same structure of tensors of the same dtypes"
    places = _places(first.structure, names)
    try:
        nest.assert_same_structure(first.structure, second.structure)
    except InvalidArgumentError as error:
        which = f"{', '.join(f'{n!r}' for n in names)} must have the same nested structure in " \
            f"the {one} and {two}: " if names else f"{SAME}: "  # fmt: skip
        raise DTypeError(
            message("cond", given, which + _fault(error), rule,
                    "return the same lists, tuples and dicts from both")
        ) from None  # fmt: skip
    for place, a, b in zip(places, first.kinds, second.kinds, strict=True):
        if a is not b:
            which = one if a is type(None) else two
            text = f"{place} is None at the end of the {which}" if type(None) in (a, b) else SAME
            raise DTypeError(message("cond", given, text, rule, "give it a value in both branches"))
    tensors = zip(first.tensors, second.tensors, strict=True)
    labels = places if len(places) == len(first.tensors) else ["a result"] * len(first.tensors)
    for place, (a, b) in zip(labels, tensors, strict=True):
        if a.dtype is not b.dtype:
            the = "the " if names else ""
            raise DTypeError(
                message("cond", f"{place} of two dtypes", f"{place} has dtype {a.dtype.name} in "
                        f"{the}{one}, but dtype {b.dtype.name} in {the}{two}"
                        + ("" if names else f": {SAME}"), rule,
                        f"convert one of them: mt.cast(x, mt.{a.dtype.name})")
            )  # fmt: skip


def _fault(error: Exception) -> str:
    """The part of a message of `nest` that says what differs."""
    return str(error).partition(". ")[2].partition(". Both need")[0]


def scalar_truth(pred: Any, what: str) -> Any:
    """A condition, checked to be a single truth value.

    Raises:
        InvalidArgumentError: (also a ValueError) for any other dtype or shape.
    """
    shape = pred.shape
    if shape.rank and shape.num_elements() == 1:
        pred = ops.reshape(pred, shape=())
    if pred.dtype.kind != "b" or pred.shape.rank:
        if isinstance(pred, Operand) and pred.dtype.kind == "b":
            fix = "reduce it with mt.reduce_any or mt.reduce_all"
        else:
            fix = "to use as boolean Tensor, use `tf.cast`; to check for None, use `is not None`"
        words = {"cond": "if statement", "while_loop": "while loop"}.get(what, what)
        raise InvalidArgumentError(
            message(what, f"{pred}", f"condition of {words} expected to be `tf.bool` scalar, got "
                    f"{pred}", "a branch is taken or not as a whole", fix)
        )  # fmt: skip
    return pred


# Loops.


def while_loop(
    cond: Callable, body: Callable, loop_vars: Sequence, shape_invariants: Any = None,
    maximum_iterations: Any = None, name: str | None = None, names: Sequence[str] | None = None,
) -> Any:  # fmt: skip
    """`loop_vars` after the loop, as tensors.

    Args:
        cond: a truth value of the loop variables.
        body: their next values.
        loop_vars: their first values, a list or tuple of structures.
        shape_invariants: shapes in the same structure, for those that change.
        maximum_iterations: stop after as many.
        name: a name for the node.
        names: what to call the loop variables in messages.
    """
    first = Parts.of(loop_vars)
    counted = maximum_iterations is not None
    specs = _invariants(first, shape_invariants)
    found: list[Parts] = []

    def go_on(*values: Any) -> list:
        before, values = values[: int(counted)], values[int(counted) :]
        holds = scalar_truth(convert(cond(*first.packed(values))), "while_loop")
        if counted:
            holds = ops.logical_and(before[0] < convert(maximum_iterations, "int32"), holds)
        return [holds]

    def step(*values: Any) -> list:
        before, values = values[: int(counted)], values[int(counted) :]
        after: Any = body(*first.packed(values))
        if not isinstance(after, (list, tuple)):
            after = [after]
        found.append(_checked(first, list(after), specs, names))
        return [*(i + 1 for i in before), *found[-1].tensors]

    given = [*([Spec((), np.dtype(np.int32))] if counted else []), *specs]
    labels = [*(["iteration"] if counted else []), *_labels(first, body)]
    test = trace(go_on, given, "while_cond", labels, "branch")
    inner = trace(step, given, "while_body", labels, "body")
    begun = Parts.of(_begun(first, found[0]))
    values = [*([ops.zeros(shape=(), dtype="int32")] if counted else []), *begun.tensors]
    [test, inner], captured, _ = close([test, inner])
    if any(spec.shape is None for spec in specs):
        fixed = [spec_of(x) for x in captured]
        given[int(counted) :] = _invariants(begun, shape_invariants)
        given, inner = widened(inner, given, fixed)
        test = retraced(test, [*given, *fixed])
    results = apply(WhileOp(test, inner, len(values)), [*values, *captured], name or "while")
    return begun.packed(results[int(counted) : len(values)])


def _labels(first: Parts, body: Callable) -> list[str]:
    """What to call the tensors of the loop variables: as the parameters of `body` are called.

    A body that takes any number of them may have `loop_names`.
    """
    names: Any = getattr(body, "loop_names", None)
    if names is None:
        code: Any = getattr(unwrap(body), "__code__", None)
        names = code.co_varnames[: code.co_argcount] if code is not None else ()
    found: list[str] = []
    for leaf, path in nest.flatten_with_path(first.structure):
        at = path[0] if path and isinstance(path[0], int) else 0
        known = len(names) == len(first.structure)
        name = re.sub(r"[^A-Za-z0-9_.]", "_", names[at]) if known else f"loop_var_{len(found)}"
        count = len(_taken_apart(leaf)) if _is_composite(leaf) else int(leaf is not None)
        found += [name] * count
    return found


def _invariants(first: Parts, shape_invariants: Any) -> list:
    """The specs that the loop variables have in every iteration."""
    shapes = [None] * len(first.leaves)
    if shape_invariants is not None:
        shapes = nest.flatten(shape_invariants)
        if len(shapes) != len(first.leaves):
            raise InvalidArgumentError(
                message("while_loop", f"{len(shapes)} shape_invariants for {len(first.leaves)} "
                        "loop variables", "their structures differ", "each loop variable takes "
                        "one", "mt.TensorShape(None) for one that may have any shape")
            )  # fmt: skip
    specs: list = []
    tensors = iter(first.tensors)
    for leaf, shape in zip(first.leaves, shapes, strict=True):
        if leaf is None:
            continue
        if _is_composite(leaf):
            specs += _specs(leaf)
            deque(islice(tensors, len(_taken_apart(leaf))), 0)
        else:
            specs.append(_invariant(next(tensors), shape))
    return specs


def _specs(leaf: Any) -> list:
    return [spec_of(x) for x in _taken_apart(leaf)] if isinstance(leaf, IndexedSlices) \
        else leaf._specs()  # fmt: skip


def _invariant(tensor: Any, shape: Any) -> Any:
    spec = spec_of(tensor)
    if shape is None:
        return spec
    shape = TensorShape(getattr(shape, "shape", shape))
    if not shape.is_compatible_with(tensor.shape):
        raise InvalidArgumentError(
            message("while_loop", f"a loop variable of shape {tensor.shape}",
                    f"the shape invariant specified for it is not compatible: {shape}",
                    "an invariant fits the value in every iteration, also before the first",
                    "write None for sizes that change")
        )  # fmt: skip
    return NoElements(None, spec.dtype) if shape.rank is None else Spec(tuple(shape), spec.dtype)


def _begun(first: Parts, after: Parts) -> Any:
    """The first values, where a TensorArray learned from the body what it holds."""
    plain = nest.flatten(first.packed(first.tensors))
    leaves = [
        a._begun(b) if hasattr(a, "_begun") else x
        for a, b, x in zip(first.leaves, after.leaves, plain, strict=True)
    ]
    return nest.pack_sequence_as(first.structure, leaves)


def _checked(first: Parts, after: list, specs: Sequence, names: Sequence[str] | None) -> Parts:
    """What the body returned, if it can be a loop's next values."""
    nest.assert_same_structure(list(first.structure), after)
    found = Parts.of(after, first.tensors)
    places = _places(first.structure, names)
    for place, a, b in zip(places, first.kinds, found.kinds, strict=True):
        if a is not b:
            raise InvalidArgumentError(
                message("while_loop", f"{place}", f"{place} was {_kind(a)} before the loop, and is "
                        f"{_kind(b)} after one iteration", "a loop variable stays what it is",
                        "give it a tensor before the loop")
            )  # fmt: skip
    tensors = iter(zip(specs, found.tensors, strict=True))
    for place, leaf in zip(places, found.leaves, strict=True):
        if leaf is not None and not _is_composite(leaf):
            _check_type(place, *next(tensors))
        elif leaf is not None:
            deque(islice(tensors, len(_taken_apart(leaf))), 0)
    return found


def _kind(kind: type) -> str:
    return {type(None): "None", Operand: "a tensor"}.get(kind, f"a {kind.__name__}")


def _check_type(place: str, spec: Any, x: Any) -> None:
    """A loop variable keeps its dtype, and the shape that was promised."""
    before = as_dtype(spec.dtype)
    if x.dtype is not before:
        raise DTypeError(
            message("while_loop", f"{place}", f"{place} has dtype {before.name} before the loop, "
                    f"but dtype {x.dtype.name} after one iteration",
                    "a loop variable has one dtype",
                    f"start with mt.cast(x, mt.{x.dtype.name}), or return "
                    f"mt.cast(x, mt.{before.name})")
        )  # fmt: skip
    promised = TensorShape(spec.shape)
    fits = promised.rank is None or (x.shape.rank == promised.rank and all(
        a is None or a == b for a, b in zip(promised, x.shape, strict=True)))  # fmt: skip
    if not fits:
        raise InvalidArgumentError(
            message("while_loop", f"{place}", f"{place} has shape {promised} before the loop, but "
                    f"shape {x.shape} after one iteration",
                    "a loop variable has one shape, unless another was declared",
                    "Use tf.autograph.experimental.set_loop_options to set shape invariants, or "
                    "mt.while_loop(…, shape_invariants=…)")
        )  # fmt: skip


# Functions over rows.


def over_rows(
    step: Callable, carry: Any, elems: Any, reverse: bool = False, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Run `step(carry, row)`, which gives the next carry and what to keep, for each row.

    Returns the last carry, and what was kept, stacked where the rows stand.
    """
    first, sequences = Parts.of(carry), Parts.of(elems)
    specs = [spec_of(x) for x in first.tensors]
    rows = [_row(spec_of(x)) for x in sequences.tensors]
    found: list[Parts] = []

    def flat(*values: Any) -> list:
        now = first.packed(values[: len(specs)])
        after, keep = step(now, sequences.packed(values[len(specs) :]))
        nest.assert_same_structure(first.structure, after)
        after, keep = Parts.of(after, first.tensors), Parts.of(keep)
        for place, spec, x in zip(_places(carry, None), specs, after.tensors, strict=False):
            _check_type(place, spec, x)
        found.append(keep)
        return [*after.tensors, *keep.tensors]

    graph = trace(flat, [*specs, *rows], f"{name or 'rows'}_body", kind="body")
    [graph], captured, _ = close([graph])
    count = next((d for x in sequences.tensors for d in (x.shape[0],) if d is not None), None)
    op = WhileOp(None, graph, len(specs), len(rows), reverse, count)
    results = apply(op, [*first.tensors, *sequences.tensors, *captured], name or "while")
    return first.packed(results[: len(specs)]), found[0].packed(results[len(specs) :])


def _row(spec: Any) -> Any:
    return NoElements(None, spec.dtype) if spec.shape is None else Spec(spec.shape[1:], spec.dtype)
