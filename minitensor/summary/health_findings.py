"""What looks wrong, in sentences: from the numbers of all layers to what a learner can try.

Source: the rules of thumb are those of the course CS231n, "Neural networks 3: learning", and of
Karpathy's lecture "Building makemore 3": updates of about 1e-3 of the weights, dead and saturated
units few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minitensor.graph.ir import SourceLine
from minitensor.summary.health_measures import array_of, varies
from minitensor.summary.health_parts import Part, name_of
from minitensor.summary.health_report import Finding, FirstBad, LayerHealth
from minitensor.summary.health_trouble import Trouble

__all__ = ["findings", "first_bad"]

FEW = 8
"""Batches of fewer examples say too little about single units."""
SMALL, LARGE = 1e-3, 1e3
"""When the gradients of the first and the last layer are too different."""
TOO_FAST, TOO_SLOW = 0.1, 1e-6
"""When updates are far from 1e-3 of the weights."""
MANY_DEAD, MANY_SATURATED = 0.4, 1 / 3
"""When the shares of dead units and of saturated outputs are large."""


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
        for layer in layers:
            found += _units(layer, examples)
        if not any(f.kind == "dead" for f in found):
            found += _constant(parts, layers, examples)
    found += _between(layers)
    found += _fast(layers)
    if not any(f.kind in ("vanishing", "no gradient") for f in found):
        found += _slow(layers)
    return found


def first_bad(
    trouble: Trouble, part: Part | None, shown: bool, line: SourceLine | None
) -> FirstBad:
    """The first NaN or infinity in words; `shown` says whether the part is one of the layers."""
    node, direction, what, entered = trouble
    layer = part.name if part and shown else ""
    here = f" in layer {layer}" if layer else f" in the call of {part.kind}" if part else ""
    op = "reading the variable" if node.op.name == "read_variable" else node.op.name
    if entered is not None:
        sentence = (f"{what} came in from outside{here}: {_name(entered)} held it before {op}. "
                    "Look at the data, and at what the weights were before this step.")  # fmt: skip
    elif direction == "forward":
        sentence = f"{op}{here} is the first operation that makes {what}. {_advice(op)}"
    else:
        sentence = (f"On the way back, {op}{here} is the first operation that makes {what}: its "
                    f"derivative is not finite there. {_advice(op)}")  # fmt: skip
    return FirstBad(what, direction, layer, node.op.name, sentence, line)


def _name(value: Any) -> str:
    label = getattr(value, "_label", None)
    return label or f"a value of shape {tuple(value.shape)}"


def _advice(op: str) -> str:
    """What to do about an operation with a domain."""
    if op in ("sqrt", "rsqrt", "pow", "norm"):
        return ("Keep its input above 0 before it is used, as in maximum(x, 1e-12)**0.5; a where "
                "around the result does not protect the gradient.")  # fmt: skip
    if op in ("log", "log1p", "xlogy"):
        return ("Keep its input above 0, as in log(maximum(x, 1e-12)), or use a loss with "
                "from_logits=True.")  # fmt: skip
    if op in ("divide", "reciprocal", "xdivy"):
        return "Keep the divisor away from 0, for example with mt.math.divide_no_nan."
    if op in ("exp", "square", "multiply", "matmul", "conv2d"):
        return ("The numbers became too large: try a smaller learning rate, smaller initial "
                "weights, or clipnorm=1.0 in the optimizer.")  # fmt: skip
    return "Look at what it was given, and keep that inside the operation's domain."


def _no_gradient(part: Part, variable: Any, why: Any) -> Finding:
    text = f"In layer {part.name}, {name_of(variable)} is not trained: it has no gradient. "
    text += f"{why.sentence[:1].upper()}{why.sentence[1:]}."
    text += f" To fix it: {why.fix}." if why.fix else ""
    return Finding("no gradient", part.name, text, why.line or part.line)


def _between(layers: Sequence[LayerHealth]) -> Iterator[Finding]:
    """Gradients that shrink or grow from the last layer to the first."""
    known = [x for x in layers if x.gradient_norm is not None and x.weight_norm is not None]
    if len(known) < 2:
        return
    first, last = known[0], known[-1]
    assert first.gradient_norm is not None
    ratio = first.gradient_norm / (last.gradient_norm or np.inf)
    times = f"{ratio:.2g} times that" if ratio else "0, unlike that"
    told = f"The gradient of layer {first.name} is {times} of layer {last.name}"
    if ratio < SMALL:
        dead = [x.name for x in known if (x.dead or 0) > MANY_DEAD]
        cause = f" behind the dead units of {', '.join(dead[:3])}" if dead else ""
        yield Finding(
            "vanishing", first.name, f"{told}: gradients vanish on the way back{cause}, and the "
            "first layers hardly learn. Try relu with kernel_initializer='he_normal', or "
            "normalisation layers, or connections that skip layers.", first.line)  # fmt: skip
    elif ratio > LARGE:
        yield Finding("exploding", first.name, f"{told}: gradients explode on the way back. Try "
                      "smaller initial weights (he_normal with relu, glorot_uniform with tanh), "
                      "normalisation layers, or clipnorm=1.0 in the optimizer.",
                      first.line)  # fmt: skip
    for layer in known:
        if (layer.gradient_to_weight or 0) > LARGE:
            yield Finding("exploding", layer.name, f"In layer {layer.name}, the gradient is "
                          f"{layer.gradient_to_weight:.2g} times the weights. Try smaller initial "
                          "weights, inputs of about size 1, or clipnorm=1.0 in the optimizer.",
                          layer.line)  # fmt: skip
            return


def _units(layer: LayerHealth, examples: int | None) -> Iterator[Finding]:
    if (layer.dead or 0) > MANY_DEAD:
        yield Finding(
            "dead", layer.name, f"In layer {layer.name}, {100 * layer.dead:.0f} % of the units are "  # type: ignore[operator]
            f"dead: {layer.activation} is flat for all {examples} examples, so no gradient passes "
            "and they cannot recover. Try a smaller learning rate, kernel_initializer='he_normal', "
            "or leaky_relu.", layer.line)  # fmt: skip
    if (layer.saturated or 0) > MANY_SATURATED:
        yield Finding(
            "saturated", layer.name, f"In layer {layer.name}, {100 * layer.saturated:.0f} % of the "  # type: ignore[operator]
            f"outputs are at the ends of {layer.activation}, where its slope is almost 0. Try "
            "smaller initial weights (glorot_uniform), inputs of about size 1, or normalisation "
            "layers.", layer.line)  # fmt: skip


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
    fast = [x for x in layers if (x.update_to_weight or 0) > TOO_FAST]
    if not fast:
        return []
    most = max(fast, key=lambda x: x.update_to_weight or 0)
    others = f" (and more than {TOO_FAST:.0%} in {len(fast) - 1} others)" if len(fast) > 1 else ""
    return [Finding("fast", most.name, f"In layer {most.name}, one update is "
                    f"{100 * (most.update_to_weight or 0):.0f} % of the weights{others}; about "
                    "0.1 % is usual. Try a smaller learning rate.", most.line)]  # fmt: skip


def _slow(layers: Sequence[LayerHealth]) -> list[Finding]:
    known = [x.update_to_weight for x in layers if x.update_to_weight is not None]
    if not known or max(known) >= TOO_SLOW:
        return []
    return [Finding("slow", "", f"No layer moves by more than {max(known):.1g} of its weights in "
                    "one update; about 1e-3 is usual. Try a larger learning rate.")]  # fmt: skip
