"""What looks wrong, in sentences: from the numbers of all layers to what a learner can try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minitensor.graph.ir import SourceLine
from minitensor.summary.health_advice import (
    against_bad_numbers,
    against_dead,
    against_exploding,
    against_saturated,
    against_vanishing,
)
from minitensor.summary.health_limits import (
    FAST,
    FEW,
    LARGE,
    MANY_DEAD,
    MANY_SATURATED,
    SLOW,
    SMALL,
)
from minitensor.summary.health_measures import array_of, varies
from minitensor.summary.health_parts import Part, name_of
from minitensor.summary.health_report import Finding, FirstBad, LayerHealth
from minitensor.summary.health_trouble import Trouble

__all__ = ["findings", "first_bad"]


def findings(
    parts: Sequence[Part], layers: Sequence[LayerHealth], examples: int | None,
    bad: FirstBad | None, unconnected: Sequence[tuple[Part, Any, Any]],
) -> list[Finding]:  # fmt: skip
    """All that looks wrong; the cause before what follows from it.

    Args:
        parts: the layers.
        layers: their numbers.
        examples: how many there are in the batch.
        bad: the first NaN or infinity.
        unconnected: variables without a gradient, with their parts and what explains it.
    """
    if bad is not None:
        return [Finding("not finite", bad.layer, bad.sentence, bad.line)]
    found = [_no_gradient(*each) for each in unconnected]
    if examples is not None and examples >= FEW:
        for part, layer in zip(parts, layers, strict=True):
            found += _units(part, layer, examples)
        if not any(f.kind == "dead" for f in found):
            found += _constant(parts, layers, examples)
    found += _between(parts, layers)
    found += _fast(layers)
    if not any(f.kind in ("vanishing", "no gradient") for f in found):
        found += _slow(layers)
    return found


def first_bad(
    trouble: Trouble, part: Part | None, unseen: Sequence[str], line: SourceLine | None
) -> FirstBad:
    """The first NaN or infinity in words.

    Args:
        trouble: where it is.
        part: the layer whose operation it is; one that has others inside is a model.
        unseen: layers before it whose operations no tape records, as no variable precedes them.
        line: the learner's line.
    """
    node, direction, what, entered = trouble
    layer = part.name if part and part.is_layer else ""
    here = f" in layer {layer}" if layer else f" in the call of {part.kind}" if part else ""
    op = "reading the variable" if node.op.name == "read_variable" else node.op.name
    if entered is not None:
        where = "the data, and at what the weights were before this step."
        if unseen:
            made = ", ".join(unseen)
            where = f"what {made} made of the data: no tape records what precedes all variables."
        sentence = (f"{what} came in from outside{here}: {_name(entered)} held it before {op}. "
                    f"Look at {where}")  # fmt: skip
    elif direction == "forward":
        sentence = f"{op}{here} is the first operation that makes {what}. {against_bad_numbers(op)}"
    else:
        sentence = (f"On the way back, {op}{here} is the first operation that makes {what}: its "
                    f"derivative is not finite there. {against_bad_numbers(op)}")  # fmt: skip
    return FirstBad(what, direction, layer, node.op.name, sentence, line)


def _name(value: Any) -> str:
    label = getattr(value, "_label", None)
    return label or f"a value of shape {tuple(value.shape)}"


def _no_gradient(part: Part, variable: Any, why: Any) -> Finding:
    text = f"In layer {part.name}, {name_of(variable)} is not trained: it has no gradient. "
    text += f"{why.sentence[:1].upper()}{why.sentence[1:].rstrip('.')}."
    text += f" To fix it: {why.fix}." if why.fix else ""
    return Finding("no gradient", part.name, text, why.line or part.line)


def _between(parts: Sequence[Part], layers: Sequence[LayerHealth]) -> Iterator[Finding]:
    """Gradients that shrink or grow from the last layer to the first."""
    known = [x for x in layers if x.gradient_norm is not None and x.weight_norm is not None]
    if len(known) < 2:
        return
    first, last = known[0], known[-1]
    assert first.gradient_norm is not None
    ratio = first.gradient_norm / (last.gradient_norm or np.inf)
    size = f" (norm {first.gradient_norm:.2g})" if ratio else ""
    times = f"{ratio:.2g} times that" if ratio else "0, unlike that"
    told = (f"The gradient of layer {first.name}{size} is {times} of layer {last.name} "
            f"(norm {last.gradient_norm:.2g})")  # fmt: skip
    if ratio < SMALL:
        dead = [x.name for x in known if (x.dead or 0) > MANY_DEAD]
        cause = f" behind the dead units of {', '.join(dead[:3])}" if dead else ""
        yield Finding(
            "vanishing", first.name, f"{told}: gradients vanish on the way back{cause}, and the "
            f"first layers hardly learn. {against_vanishing(parts)}", first.line)  # fmt: skip
    elif ratio > LARGE:
        yield Finding("exploding", first.name, f"{told}: gradients explode on the way back. "
                      f"{against_exploding(parts)}", first.line)  # fmt: skip
    for layer in known:
        if (layer.gradient_to_weight or 0) > LARGE:
            yield Finding("exploding", layer.name, f"In layer {layer.name}, the gradient is "
                          f"{layer.gradient_to_weight:.2g} times the weights. Try smaller initial "
                          "weights, inputs of about size 1, or clipnorm=1.0 in the optimizer.",
                          layer.line)  # fmt: skip
            return


def _units(part: Part, layer: LayerHealth, examples: int | None) -> Iterator[Finding]:
    if (layer.dead or 0) > MANY_DEAD:
        yield Finding(
            "dead", layer.name, f"In layer {layer.name}, {100 * layer.dead:.0f} % of the units are "  # type: ignore[operator]
            f"dead: {layer.activation} is flat for all {examples} examples, so no gradient passes "
            f"and they cannot recover. {against_dead(part)}", layer.line)  # fmt: skip
    if (layer.saturated or 0) > MANY_SATURATED:
        yield Finding(
            "saturated", layer.name, f"In layer {layer.name}, {100 * layer.saturated:.0f} % of the "  # type: ignore[operator]
            f"outputs are at the ends of {layer.activation}, where its slope is almost 0. "
            f"{against_saturated(part)}", layer.line)  # fmt: skip


def _constant(parts: Sequence[Part], layers: Sequence[LayerHealth], examples: int) -> list[Finding]:
    """The first layer that gives the same for all examples."""
    same = [x for part, x in zip(parts, layers, strict=True) if not _gives_differences(part)]
    if not same:
        return []
    first, more = same[0], len(same) - 1
    others = f", and so {'does' if more == 1 else 'do'} {more} after it" if more else ""
    return [Finding(
        "constant", first.name, f"Layer {first.name} gives the same for all {examples} examples"
        f"{others}, so what follows cannot tell them apart. Look whether the layers before it are "
        "dead, whether its weights are all 0, and whether the examples differ.",
        first.line)]  # fmt: skip


def _gives_differences(part: Part) -> bool:
    output = None if part.output is None else array_of(part.output.outputs[0])
    return output is None or output.ndim < 2 or not output.size or varies(output)


def _fast(layers: Sequence[LayerHealth]) -> list[Finding]:
    """The layer whose update is the largest, if that is too large."""
    fast = [x for x in layers if (x.update_to_weight or 0) > FAST]
    if not fast:
        return []
    most = max(fast, key=lambda x: x.update_to_weight or 0)
    others = (
        f" (and more than {100 * FAST:.0f} % in {len(fast) - 1} others)" if len(fast) > 1 else ""
    )
    return [Finding("fast", most.name, f"In layer {most.name}, one update is "
                    f"{100 * (most.update_to_weight or 0):.0f} % of the weights{others}; about "
                    "0.1 % is usual. Try a smaller learning rate.", most.line)]  # fmt: skip


def _slow(layers: Sequence[LayerHealth]) -> list[Finding]:
    known = [x.update_to_weight for x in layers if x.update_to_weight is not None]
    if not known or max(known) >= SLOW:
        return []
    sentence = (f"No layer moves by more than {100 * max(known):.1g} % of its weights in one "
                "update; about 0.1 % is usual. Try a larger learning rate.")  # fmt: skip
    return [Finding("slow", "", sentence)]
