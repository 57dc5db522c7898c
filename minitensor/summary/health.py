"""`health`: how well a model learns, layer by layer, from what a tape recorded.

Read `health`, then `health_parts` (which operation belongs to which layer), `health_measures` (the
numbers) and `health_findings` (what they mean).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from minitensor import backward, nest
from minitensor.backward import Step
from minitensor.eager import executing_eagerly
from minitensor.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    message,
    shorten,
)
from minitensor.explain import explain
from minitensor.graph.ir import Node, source_line
from minitensor.ops.state import read_variable
from minitensor.scopes import init_scope
from minitensor.summary.arguments import text
from minitensor.summary.context import present
from minitensor.summary.health_findings import findings, first_bad
from minitensor.summary.health_measures import Found, array_of, measured
from minitensor.summary.health_parts import Part, parts_of
from minitensor.summary.health_record import MEASURES
from minitensor.summary.health_report import FirstBad, Health
from minitensor.summary.health_trouble import Trouble, backward_trouble, forward_trouble, not_finite
from minitensor.summary.health_updates import planned_updates
from minitensor.summary.recording import step_number
from minitensor.summary.scalar import scalar
from minitensor.tape import GradientTape
from minitensor.targets import seeds, whole
from minitensor.tensor import Tensor

__all__ = ["checked_name", "health", "looked_at", "record"]


def health(
    model: Any, tape: GradientTape | None = None, *, loss: Any = None, gradients: Any = None,
    step: Any = None, name: str = "health",
) -> Health:  # fmt: skip
    """How healthy a model is on one batch: what each layer gives, learns, and what looks wrong.

    Everything is taken from the record of the tape; the model is not run again. Ask before the
    tape's gradient, or make the tape persistent: otherwise a large record is gone after it. With a
    default writer, the numbers are also recorded as scalars: `health/<layer>/dead`.

    Args:
        model: a Keras model, a `mt.Module`, or a list of variables.
        tape: what recorded the model and the loss, outside of traced functions; None to look at
            the weights alone.
        loss: what the tape differentiates; by default what its gradient was asked for, else the
            last number that it recorded.
        gradients: those of the model's trainable variables, in their order, where they are known
            already. The pass back is then not run again, and layers have no gradients of outputs.
        step: at which step of the training this is; None for the default step of summaries.
        name: what the tags of the scalars begin with.

    Returns:
        A `Health`: print it, or read its `layers`, `findings` and `verdict`.

    Raises:
        FailedPreconditionError: (also a RuntimeError) for a tape without a record, and in a traced
            function.
        InvalidArgumentError: (also a ValueError) for what is no model, for other gradients than
            those of its variables, without a loss, and without a step while there is a writer.
        ArgumentError: (also a TypeError) for a name that is no text.

    Example:
        >>> import minitensor as mt
        >>> x, w = mt.constant([[0.0], [4.0]]), mt.Variable([[1.0]], name="w")
        >>> with mt.GradientTape() as tape:
        ...     y = x @ w
        ...     loss = mt.reduce_sum(mt.where(y > 0.0, y**0.5, 0.0))
        >>> bad = mt.summary.health([w], tape, loss=loss).first_bad
        >>> bad.direction, bad.op, bad.what
        ('backward', 'pow', 'NaN')
    """
    number, name = _step(step), checked_name("health", name)
    _check(tape)
    with init_scope():
        report = looked_at(model, tape, loss, gradients, number, name)
    record(report)
    return report


def looked_at(
    model: Any, tape: GradientTape | None, loss: Any, gradients: Any, step: int | None, name: str
) -> Health:
    """The health of a model by what was checked already; nothing is recorded."""
    nodes = [] if tape is None else list(tape.nodes)
    parts = parts_of(model, nodes)
    variables = [v for part in parts for v in part.variables]
    given = _given(gradients, model, variables)
    target = None if tape is None else _target(tape, loss, given is not None)
    found, trouble = _passed(tape, target, variables, parts, given)
    found = found._replace(updates=planned_updates(model, variables, found.gradients))
    rows = [part for part in parts if part.variables or part.activations]
    layers = [measured(part, found) for part in rows]
    examples = _examples(rows)
    bad = _described(trouble, parts, model)
    missing = list(_unconnected(tape, target, parts, found))
    looks = findings(rows, layers, examples, bad, missing)
    return Health(layers, looks, step, name, bad, examples)


def record(report: Health) -> None:
    """Record the numbers of a report as scalars, where there is a default writer."""
    if present().writer is None:
        return
    for layer in report.layers:
        for measure in MEASURES:
            value = getattr(layer, measure)
            if value is not None:
                scalar(f"{report.name}/{layer.name}/{measure}", value, report.step)


def checked_name(subject: str, name: Any) -> str:
    """What the tags of the scalars begin with, which is text."""
    fix = 'leave it out, or write name="health"'
    return text(subject, "name", name, "tags begin with this text", fix)


def _step(step: Any) -> int | None:
    here = present()
    step = here.step if step is None else step
    return None if step is None and here.writer is None else step_number(step)


def _check(tape: Any) -> None:
    if not executing_eagerly():
        raise FailedPreconditionError(
            message("health", "a call in a traced function", "there are no numbers yet, only "
                    "symbols", "health looks at what a batch gave",
                    "call it outside of mt.function")
        )  # fmt: skip
    if tape is None:
        return
    if not isinstance(tape, GradientTape):
        raise InvalidArgumentError(
            message("health", f"tape={shorten(tape)}", f"it is a {type(tape).__name__}",
                    "the record of a GradientTape is what is looked at",
                    "write health(model, tape, loss=loss)")
        )  # fmt: skip
    if not tape.nodes:
        used = tape.is_used_up
        raise FailedPreconditionError(
            message("health",
                    "a tape that gave its gradient" if used else "a tape without a record",
                    "it let go of what it had recorded" if used else
                    "it recorded nothing that variables or watched tensors went through",
                    "the outputs of the layers are taken from the tape",
                    "call health before tape.gradient, or write GradientTape(persistent=True)"
                    if used else "run the model inside `with mt.GradientTape() as tape:`")
        )  # fmt: skip
    if any(not isinstance(x, Tensor) or x._array is None for x in tape.nodes[-1].outputs):
        raise FailedPreconditionError(
            message("health", "a tape of a traced function", "it has symbols, not numbers",
                    "health looks at what a batch gave", "use the tape outside of mt.function")
        )  # fmt: skip


def _given(gradients: Any, model: Any, variables: list) -> dict[int, Any] | None:
    """Gradients that the learner has, by the ids of their variables."""
    if gradients is None:
        return None
    flat = nest.flatten(gradients)
    own = nest.flatten(getattr(model, "trainable_variables", model))
    if len(flat) != len(own):
        raise InvalidArgumentError(
            message("health", f"{len(flat)} gradients and {len(own)} trainable variables",
                    "they do not match", "each gradient is for one variable, in their order",
                    "pass gradients=tape.gradient(loss, model.trainable_variables)")
        )  # fmt: skip
    for g in flat:
        if g is not None and (not hasattr(g, "dtype") or array_of(g) is None):
            raise InvalidArgumentError(
                message("health", f"the gradient {shorten(g)}", "it holds no numbers with a "
                        "fraction", "a gradient is a tensor, or None",
                        "pass gradients=tape.gradient(loss, model.trainable_variables)")
            )  # fmt: skip
    known = {id(whole(v)) for v in variables}
    pairs = ((id(whole(v)), g) for v, g in zip(own, flat, strict=True))
    return {key: g for key, g in pairs if g is not None and key in known}


def _target(tape: GradientTape, loss: Any, known: bool) -> Any:
    """What is differentiated; None where that is not known and not needed."""
    if loss is not None:
        return loss
    asked = tape.asked[0]() if tape.asked else None
    if isinstance(asked, Tensor):
        return asked
    last = tape.nodes[-1].outputs[0]
    if not len(last.shape) and last.dtype.is_differentiable:
        return last
    if known:
        return None
    raise InvalidArgumentError(
        message("health", f"a tape whose last value has shape {last.shape}",
                "nothing says what the loss is", "gradients are those of one number",
                "pass loss=loss")
    )  # fmt: skip


def _passed(
    tape: GradientTape | None, target: Any, variables: list, parts: list[Part],
    given: dict[int, Any] | None,
) -> tuple[Found, Trouble | None]:  # fmt: skip
    """The gradients, and the first NaN or infinity on the way forward or back."""
    if tape is None:
        return Found(given or {}, {}, {}), None
    trouble = forward_trouble(tape.nodes)
    fine = given is not None and not any(map(not_finite, given.values()))
    if target is None or fine:
        return Found(given or {}, {}, {}), trouble
    outputs = {id(n.outputs[0]) for part in parts for n in part.nodes}
    kept: dict[int, Any] = {}
    known: dict[int, Any] = {}
    wanted = {id(whole(v)) for v in variables}
    for each in _steps(tape, target, variables):
        trouble = trouble or backward_trouble(each)
        key = id(each.node.outputs[0])
        if key in outputs and each.cotangents[0] is not None:
            kept[key] = each.cotangents[0]
        known |= {id(s.input): s.after for s in each.sends if id(s.input) in wanted}
    return Found(known if given is None else given, {}, kept), trouble


def _steps(tape: GradientTape, target: Any, variables: list) -> Iterator[Step]:
    """The pass back; also of a tape that gave its gradient and still has its record."""
    if not tape.is_used_up:
        return tape.steps(target, variables)
    sources = [whole(v) for v in variables]
    reached = backward.reaching(tape.nodes, sources)
    keep = {id(x) for x in sources}
    return backward.steps(tape.nodes, seeds(target, None, False), reached, keep, False)


def _examples(parts: Sequence[Part]) -> int | None:
    """How many examples the batch has: the size of the first axis of the first output."""
    outputs = (p.output.outputs[0] for p in parts if p.output is not None)
    return next((x.shape[0] for x in outputs if len(x.shape) > 1), None)


def _described(trouble: Trouble | None, parts: Sequence[Part], model: Any) -> FirstBad | None:
    if trouble is None:
        return None
    node = trouble.node
    part = next((p for p in parts if any(n is node for n in p.nodes)), None)
    if part is None and node.op is read_variable:
        part = next((p for p in parts if _reads(p, node)), None)
    line = part.line_at(node) if part else source_line(node.origin)
    return first_bad(trouble, part, _unseen(part, parts, model), line)


def _unseen(part: Part | None, parts: Sequence[Part], model: Any) -> list[str]:
    """The layers that stand before one, if the tape has no operation of any of them."""
    if part is None or part.layer is None or part.layer is model:
        return []
    order = {id(layer): at for at, layer in enumerate(model._flatten_layers())}
    here = order[id(part.layer)]
    earlier = [p for p in parts if p.is_layer and order.get(id(p.layer), here) < here]
    if any(p.nodes for p in earlier):
        return []
    return [p.name for p in earlier if p.kind != "InputLayer"]


def _reads(part: Part, node: Node) -> bool:
    return any(whole(v) is node.inputs[0] for v in part.variables)


def _unconnected(
    tape: GradientTape | None, target: Any, parts: Sequence[Part], found: Found
) -> Iterator[tuple[Part, Any, Any]]:
    """Variables without a gradient, and why they have none."""
    if tape is None or target is None:
        return
    for part in parts:
        for v in part.variables:
            if id(whole(v)) not in found.gradients:
                yield part, v, explain(tape, target, v)
