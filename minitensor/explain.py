"""Why a gradient is None: the first broken link between a source and a target, in words.

A tape remembers structure, not values (`trail`), so a question can be asked before and after the
gradient. `History` follows the links; `Inquiry` decides which one broke, and why; `REASONS` has the
words. Read `Explanation`, then `Inquiry.answer`.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from minitensor import nest
from minitensor.errors import DTypeError, message
from minitensor.graph.ir import SourceLine, learners_frame, source_line
from minitensor.history import History, Trace
from minitensor.op import Op
from minitensor.targets import whole
from minitensor.tensor import Operand
from minitensor.trail import ASSIGNED, FORGOTTEN, PAUSED, RECORDED, USED, Event, Leaf
from minitensor.variable import Variable

if TYPE_CHECKING:
    from minitensor.tape import GradientTape

__all__ = ["Cause", "Explanation", "Link", "explain"]


class Cause(StrEnum):
    """Why a gradient is None."""

    CONNECTED = "connected"
    NOT_WATCHED = "not watched"
    WATCHED_TOO_LATE = "watched too late"
    NOT_ACCESSED = "variables not watched"
    NOT_TRAINABLE = "not trainable"
    OUTSIDE = "outside the tape"
    REPLACED = "variable replaced"
    NUMPY = "numpy"
    SOURCE_DTYPE = "source dtype"
    TARGET_DTYPE = "target dtype"
    INTEGERS = "integers on the path"
    NO_GRADIENT = "op without gradient"
    STOP_GRADIENT = "stop_gradient"
    STOP_RECORDING = "stop_recording"
    ASSIGNED = "assigned"
    RESET = "reset"
    USED_UP = "used up"
    NOT_A_TENSOR = "not a tensor"
    INDEPENDENT = "independent"


class Link(NamedTuple):
    """One step on the way from a source to a target."""

    op: str
    """The op's name; `assign` and `numpy` for what is no op."""
    name: str
    """The name of its node in `tape.graph()`; the op's name when the tape did not record it."""
    line: SourceLine | None
    """Where in the learner's program it ran."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why the gradient of a target with respect to a source is None, or where it flows.

    Print it to read it.
    """

    cause: Cause
    """What is wrong, in a few words; equal to a plain string such as "not watched"."""
    sentence: str
    """What happened."""
    link: str
    """The op, variable or value at which the chain broke; empty when it did not."""
    line: SourceLine | None
    """The line of the learner's program that broke it."""
    fix: str
    """What to do."""
    reached: tuple[Link, ...] = ()
    """The steps from the source up to the break, or to the target when there is none."""
    beyond: tuple[Link, ...] = ()
    """The steps from the break to the target."""
    source: str = "source"
    """What the source is called in the learner's program."""
    target: str = "target"
    """What the target is called in the learner's program."""

    def __str__(self) -> str:
        head = f"The gradient is None ({self.cause})"
        if self.cause in (Cause.USED_UP, Cause.NOT_A_TENSOR):
            head = f"There is no gradient ({self.cause})"
        elif self.cause is Cause.CONNECTED:
            head = "The gradient flows"
        lines = [f"{head}: {self.sentence}"]
        if self.line is not None:
            lines.append(f"  {self.line}")
        lines.append(f"Path: {self._path()}")
        if self.fix:
            lines.append(f"To fix it: {self.fix}.")
        return "\n".join(lines)

    __repr__ = __str__

    def _path(self) -> str:
        whole = self.cause in (Cause.CONNECTED, Cause.USED_UP)
        if not self.link and not whole:
            return f"none from {self.source} to {self.target}"
        steps = [] if self.link == self.source else [self.source]
        steps += [link.name for link in self.reached]
        if self.link:
            steps.append(f"✗ {self.link}")
        return " → ".join([*steps, *[link.name for link in self.beyond], self.target])


class Reason(NamedTuple):
    """The words for a cause; {source}, {target}, {link} and {more} are filled in."""

    sentence: str
    fix: str


REASONS = {
    Cause.CONNECTED: Reason("{more}", ""),
    Cause.NOT_WATCHED: Reason(
        "{source} is a constant that the tape was not told to watch, so it recorded nothing that "
        "was done with it{more}",
        "call tape.watch({source}) before it is used, or make it a mt.Variable"),
    Cause.WATCHED_TOO_LATE: Reason(
        "{link} used {source} before the tape was told to watch it",
        "watch first: put tape.watch({source}) at the top of the `with` block"),
    Cause.NOT_ACCESSED: Reason(
        "the tape was made with watch_accessed_variables=False, and nobody watched {source}",
        "call tape.watch({source}) before it is used"),
    Cause.NOT_TRAINABLE: Reason(
        "{source} has trainable=False, and a tape watches only trainable variables by itself",
        "call tape.watch({source}) before it is used, or leave out trainable=False"),
    Cause.OUTSIDE: Reason(
        "this line ran {link} while the tape was not recording{more}",
        "move this line into the tape's `with` block"),
    Cause.REPLACED: Reason(
        "this line computed a new tensor by {link} and gave it the variable's name; the tape "
        "watches variables, and this is none",
        "change the variable in place: v.assign_sub(…), v.assign_add(…) or v.assign(…)"),
    Cause.NUMPY: Reason(
        "here a value left for numpy or Python; what comes back is a constant to the tape",
        "use the minitensor function in place of numpy's, and no .numpy() or float() in between"),
    Cause.SOURCE_DTYPE: Reason(
        "{source} has dtype {more}; only floating and complex values can be varied a little",
        "make it a float: mt.Variable(3.0), or mt.cast(x, mt.float32) before it is watched"),
    Cause.TARGET_DTYPE: Reason(
        "{target} has dtype {more}; only floating and complex values vary smoothly",
        "differentiate the float value that it was made from"),
    Cause.INTEGERS: Reason(
        "{link} turns the values into {more}, and those carry no gradient",
        "stay in floats on the whole way to {target}"),
    Cause.NO_GRADIENT: Reason(
        "{link} has no gradient: {more}",
        "use a smooth function, or say what its gradient shall be: mt.grad_pass_through or "
        "mt.custom_gradient"),
    Cause.STOP_GRADIENT: Reason(
        "{link} holds the gradient back here, as it was asked to",
        "take mt.stop_gradient away if the gradient is wanted"),
    Cause.STOP_RECORDING: Reason(
        "this line ran inside tape.stop_recording(), where nothing is recorded",
        "move it out of that block"),
    Cause.ASSIGNED: Reason(
        "the value was written into the variable {link}; a gradient does not follow what a "
        "variable is assigned, reading it starts afresh",
        "keep the value in a tensor, as in total = total + x, and assign after the tape"),
    Cause.RESET: Reason(
        "the call of tape.reset() made the tape forget what had been computed from {source}",
        "reset before the computation, or not at all"),
    Cause.USED_UP: Reason(
        "{more}", "ask for all gradients at once, tape.gradient(y, [a, b]), or make the tape with "
        "persistent=True"),
    Cause.NOT_A_TENSOR: Reason(
        "{more}", "pass the tensor or variable itself"),
    Cause.INDEPENDENT: Reason(
        "{target} does not depend on {source}{more}",
        "look whether these are the target and the source that you mean"),
}  # fmt: skip


def explain(tape: GradientTape, target: Any, source: Any) -> Explanation:
    """Why the gradient of `target` with respect to `source` is None, or where it flows.

    Raises:
        DTypeError: (also a TypeError) for several targets or sources at once.
    """
    for role, value in (("target", target), ("source", source)):
        if nest.is_nested(value):
            raise DTypeError(
                message("GradientTape.explain", f"a {type(value).__name__} as {role}",
                        "it holds several values", "each pair has an explanation of its own",
                        "ask for one target and one source")
            )  # fmt: skip
    return Inquiry(tape, target, source).answer()


class Inquiry:
    """One question to a tape, followed from the source to the first broken link."""

    def __init__(self, tape: GradientTape, target: Any, source: Any):
        self.tape, self.target, self.source = tape, whole(target), whole(source)
        self.names = {"source": _called(source, "source"), "target": _called(target, "target")}
        self.history = History(tape)

    def answer(self) -> Explanation:
        """What broke, or that nothing did."""
        if not isinstance(self.source, Operand):
            kind = type(self.source).__name__
            return self._because(Cause.NOT_A_TENSOR, f"the source is a {kind}, which no tape knows")
        if not self.source.dtype.is_differentiable:
            origin = getattr(self.source, "_origin", None)
            name = self.source.dtype.name
            return self._because(Cause.SOURCE_DTYPE, name, self.names["source"], origin)
        if not isinstance(self.target, Operand):
            return self._left_for_python()
        trace = self.history.trace(self.source, self.target)
        if trace.connected:
            return self._connected(trace)
        if not self.target.dtype.is_differentiable:
            return self._integer_target(trace)
        if trace.broken:
            return self._broken(trace, trace.broken[0])
        return self._apart()

    def _connected(self, trace: Trace) -> Explanation:
        path = self._links(self.history.way(trace, None))
        asked = {id(r()) for r in self.tape.asked}
        if self.tape.is_used_up and not {id(self.target), id(self.source)} <= asked:
            return self._because(
                Cause.USED_UP, "the path is whole, but this tape gave its one gradient already and "
                "let go of its values", reached=path)  # fmt: skip
        if self.target is self.source:
            return self._because(Cause.CONNECTED, "the target is the source itself, so it is 1")
        text = f"{len(path)} recorded op{'s' * (len(path) > 1)} lead from {{source}} to {{target}}"
        if trace.broken:
            first = self._link(trace.broken[0])
            where = f" ({first.line})" if first.line else ""
            text += f"; but another way is cut at {_code(first.name)}{where}"
        return self._because(Cause.CONNECTED, text.format(**self._words()), reached=path)

    def _integer_target(self, trace: Trace) -> Explanation:
        origin = getattr(self.target, "_origin", None)
        name = self.target.dtype.name
        link = origin[0].name if origin and origin[0] else self.names["target"]
        event = trace.broken[0] if trace.broken else None
        reached = self._links(self.history.way(trace, event)) if event else ()
        return self._because(Cause.TARGET_DTYPE, name, link, origin, reached=reached)

    def _broken(self, trace: Trace, event: Event) -> Explanation:
        """The first event on the way to the target that passes no gradient on."""
        reached = self._links(self.history.way(trace, event))
        beyond = self._links(self.history.rest(trace, event))
        link = self._link(event)
        cause, more = self._cause_of(event)
        if cause is Cause.REPLACED:
            origin = self.source._origin
            return self._because(cause, more, origin[0].name, origin, (), (link, *beyond))
        origin = self.tape.reset_at if cause is Cause.RESET else event.origin
        name = event.name if event.kind == ASSIGNED and event.name else link.name
        return self._because(cause, more, name, origin, reached, beyond)

    def _cause_of(self, event: Event) -> tuple[Cause, str]:
        if event.kind == RECORDED:
            return self._cause_of_recorded(event)
        elsewhere = {PAUSED: Cause.STOP_RECORDING, ASSIGNED: Cause.ASSIGNED,
                     FORGOTTEN: Cause.RESET, USED: Cause.USED_UP}  # fmt: skip
        if event.kind in elsewhere:
            more = "this ran after the tape gave its one gradient, which ended its recording"
            return elsewhere[event.kind], more
        if self.history.watches(self.source):
            return Cause.WATCHED_TOO_LATE, ""
        if isinstance(self.source, Variable):
            return (Cause.NOT_ACCESSED if self.source.trainable else Cause.NOT_TRAINABLE), ""
        made = self.source._origin
        if _replaces(made):
            return Cause.REPLACED, ""
        line = source_line(made)
        return Cause.NOT_WATCHED, "" if line is None else f"; it was computed before ({line})"

    def _cause_of_recorded(self, event: Event) -> tuple[Cause, str]:
        op = event.op
        assert op is not None
        if op.name == "stop_gradient":
            return Cause.STOP_GRADIENT, ""
        if op.gradient_rule is None:
            return Cause.NO_GRADIENT, op.why_none or "it is not smooth"
        if getattr(op, "stopped", ()):
            return Cause.NO_GRADIENT, "its grad_fn returned None for this argument"
        return Cause.INTEGERS, self.history.outputs(event)[0].dtype.name

    def _apart(self) -> Explanation:
        """No chain of any kind: look for where it may have left what the tape could see."""
        entered = self.history.entered(self.target)
        constants = [x for x in entered if self._may_come_from_python(x)]
        detour = self.history.detour_from(self.source, constants)
        if detour is not None:
            beyond = self.history.from_outside(constants[-1], self.target)
            return self._detour(detour, self._links(beyond))
        computed = [x for x in entered if x.origin is not None and x.origin[1] is not None]
        itself = [x for x in computed if x.value() is self.target]
        replaced = next((x for x in computed if _replaces(x.origin)), None)
        if replaced is not None and isinstance(self.source, Variable) and not itself:
            name = _op_name(replaced.origin)
            return self._because(Cause.REPLACED, "", name, replaced.origin)
        name = self.names["source"]
        likely = [x for x in computed if _mentions(x.origin, name)]
        unused = [] if self.history.uses(self.source) else computed
        outside = next(iter(itself or likely or unused), None)
        if outside is None:
            constant = not self.history.made(self.target) and not computed
            more = ": it is a constant" if constant else " by anything that the tape saw"
            return self._because(Cause.INDEPENDENT, more)
        certain = itself or likely
        more = "" if certain else f"; if {_code(name)} went into it, the tape cannot know"
        link = _op_name(outside.origin)
        beyond = self._links(self.history.from_outside(outside, self.target))
        return self._because(Cause.OUTSIDE, more, link, outside.origin, (), beyond)

    def _may_come_from_python(self, entry: Leaf) -> bool:
        """Whether a value is a constant, and no number that stands in the line that used it."""
        value = entry.value()
        if entry.origin is not None or (value is not None and self.history.watches(value)):
            return False
        if isinstance(value, Variable):
            return False
        if entry.scalar is None or entry.dtype.kind not in "iuf":
            return True
        number = abs(float(entry.scalar))
        return not any(
            isinstance(part, ast.Constant) and part.value == number
            for event in self.history.users(entry)
            for part in ast.walk(_statement(event.origin) or ast.Pass())
        )

    def _left_for_python(self) -> Explanation:
        detour = self.history.detour_from(self.source, None)
        if detour is not None:
            return self._detour(detour)
        kind = type(self.target).__name__
        return self._because(Cause.NOT_A_TENSOR, f"the target is a {kind}, which no tape knows")

    def _detour(self, event: Event, beyond: tuple[Link, ...] = ()) -> Explanation:
        trace = self.history.trace(self.source, None)
        reached = self._links(self.history.way(trace, event))
        return self._because(Cause.NUMPY, "", "numpy", event.origin, reached, beyond)

    def _because(
        self,
        cause: Cause,
        more: str,
        link: str = "",
        origin: tuple | None = None,
        reached: tuple[Link, ...] = (),
        beyond: tuple[Link, ...] = (),
    ) -> Explanation:
        reason = REASONS[cause]
        sentence = reason.sentence.format(**self._words(), link=_code(link), more=more)
        fix = reason.fix.format(**self.names)
        return Explanation(
            cause, f"{sentence[:1].upper()}{sentence[1:]}.", link, source_line(origin), fix,
            reached, beyond, **self.names,
        )  # fmt: skip

    def _words(self) -> dict[str, str]:
        """The names as they stand in a sentence."""
        return {role: _code(name) for role, name in self.names.items()}

    def _link(self, event: Event) -> Link:
        return Link(_event_name(event), self.history.name(event), source_line(event.origin))

    def _links(self, events: list[Event]) -> tuple[Link, ...]:
        return tuple(self._link(event) for event in events)


def _code(name: str) -> str:
    """A name as a sentence quotes it; words such as `the source` stay words."""
    return name if " " in name else f"`{name}`"


def _event_name(event: Event) -> str:
    return event.op.name if event.op is not None else event.kind


def _op_name(origin: tuple | None) -> str:
    op = origin[0] if origin else None
    return op.name if isinstance(op, Op) else "gradient"


def _called(value: Any, default: str) -> str:
    """What the learner calls a value: the name of her variable, its own name, or `default`."""
    frame = learners_frame(sys._getframe(1))
    for names in (frame.f_locals, frame.f_globals):
        for name, other in names.items():
            if other is value and not name.startswith("_"):
                return name
    return getattr(value, "_label", None) or f"the {default}"


def _statement(origin: tuple | None) -> ast.stmt | None:
    line = source_line(origin)
    try:
        return ast.parse(line.text).body[0] if line else None
    except (SyntaxError, IndexError):
        return None


def _replaces(origin: tuple | None) -> bool:
    """Whether a line gives a name to something computed from what had that name: w = w - step."""
    statement = _statement(origin)
    if not isinstance(statement, ast.Assign):
        return False
    targets = [t for target in statement.targets
               for t in (target.elts if isinstance(target, ast.Tuple) else [target])]  # fmt: skip
    used = {ast.unparse(part) for part in ast.walk(statement.value) if isinstance(part, ast.expr)}
    return any(ast.unparse(target) in used for target in targets)


def _mentions(origin: tuple | None, name: str) -> bool:
    """Whether the name stands in the line."""
    statement = _statement(origin)
    return statement is not None and any(
        name in (getattr(part, "id", None), getattr(part, "attr", None))
        for part in ast.walk(statement)
    )
