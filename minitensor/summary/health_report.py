"""What `health` found: for each layer some numbers, and sentences that say what looks wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from minitensor.graph.ir import SourceLine

__all__ = ["Finding", "FirstBad", "Health", "LayerHealth", "VariableHealth"]


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong in a layer, in a sentence that also says what to try."""

    kind: str
    """One of "not finite", "vanishing", "exploding", "dead", "saturated", "constant", "no
    gradient", "fast", "slow"."""
    layer: str
    """The layer; empty where it is the whole model, or something outside of all layers."""
    sentence: str
    line: SourceLine | None = None
    """The learner's line that it is about."""

    def __str__(self) -> str:
        return f"{self.sentence}\n    {self.line}" if self.line else self.sentence


@dataclass(frozen=True)
class FirstBad:
    """The first operation of a pass that made a NaN or an infinity."""

    what: str
    """ "NaN" or "infinity"."""
    direction: str
    """ "forward", "backward", or "update" for what an optimizer made of finite gradients."""
    layer: str
    op: str
    sentence: str
    line: SourceLine | None = None


@dataclass(frozen=True)
class VariableHealth:
    """One variable of a layer; `gradient_norm` is None where it has no gradient."""

    name: str
    weight_norm: float
    gradient_norm: float | None = None
    gradient_to_weight: float | None = None
    update_to_weight: float | None = None


@dataclass(frozen=True)
class LayerHealth:
    """One layer. A number is None where it was not, or cannot be, measured."""

    name: str
    kind: str
    """Its class."""
    activation: str = ""
    """The functions that were applied in it: "relu"."""
    units: int | None = None
    """How many units its output has: the size of the last axis."""
    weight_norm: float | None = None
    """The square root of the sum of the squares of its trainable weights."""
    gradient_norm: float | None = None
    """The same of the gradients of these weights."""
    gradient_to_weight: float | None = None
    """The one divided by the other."""
    update_to_weight: float | None = None
    """How far the optimizer of a compiled Keras model would move the weights, divided by
    `weight_norm`."""
    dead: float | None = None
    """The share of units whose activation (relu, elu, gelu, silu …) has no slope, less than 1 %,
    for any example of the batch; leaky_relu has no dead units. Units are the last axis."""
    saturated: float | None = None
    """The share of outputs within 1 % of an end of sigmoid, tanh or softsign."""
    activation_mean: float | None = None
    activation_std: float | None = None
    activation_gradient_norm: float | None = None
    """The norm of the gradient with respect to the layer's output."""
    not_finite: float = 0.0
    """The share of NaN and infinities in its weights, outputs and gradients."""
    variables: tuple[VariableHealth, ...] = ()
    line: SourceLine | None = None
    """Where the learner made it."""


@dataclass(frozen=True, repr=False)
class Health:
    """The health of a model on one batch. Print it to read it."""

    layers: list[LayerHealth]
    findings: list[Finding] = field(default_factory=list)
    step: int | None = None
    name: str = "health"
    first_bad: FirstBad | None = None
    examples: int | None = None
    """How many examples the batch had."""

    @property
    def verdict(self) -> str:
        """What looks wrong, in one sentence."""
        if not self.findings:
            return f"Nothing looks wrong in {_counted(len(self.layers), 'layer')}."
        kinds = list(dict.fromkeys(_CALLED[finding.kind] for finding in self.findings))
        places = {finding.layer for finding in self.findings if finding.layer}
        where = f" in {len(places)} layers" if len(places) > 1 else ""
        return f"Look at {_listed(kinds)}{where}: {self.findings[0].sentence}"

    def __str__(self) -> str:
        at = "" if self.step is None else f" at step {self.step}"
        lines = [*_wrapped(f"Health{at}: {self.verdict}"), *_table(self.layers)]
        for finding in self.findings:
            lines += ["", *_wrapped(f"- {finding.sentence}", "  ")]
            lines += [f"    {finding.line}"] if finding.line else []
        return "\n".join(lines)

    __repr__ = __str__

    def to_record(self) -> dict[str, Any]:
        """All of it as dicts and lists, ready for `json.dumps`; as `views.health_record`."""
        from minitensor.summary.health_record import health_record

        return health_record([self])


_CALLED = {
    "not finite": "NaN or infinity", "vanishing": "vanishing gradients",
    "exploding": "exploding gradients", "dead": "dead units", "saturated": "saturated units",
    "constant": "constant outputs", "no gradient": "weights without a gradient",
    "fast": "large updates", "slow": "small updates",
}  # fmt: skip
_TITLES = [
    ["", "", "norm of", "gradient", "update", "dead", "saturated", "output:"],
    ["layer", "kind", "gradient", "/ weight", "/ weight", "units", "outputs", "mean ± std"],
]
_WIDE = 60
"""How many letters a line has: what a notebook shows in 600 pixels without breaking it."""


def _wrapped(text: str, indent: str = "") -> list[str]:
    held = text.replace(" %", "\xa0%")  # a number stays with its sign
    lines = wrap(held, _WIDE, subsequent_indent=indent, break_long_words=False,
                 break_on_hyphens=False)  # fmt: skip
    return [line.replace("\xa0", " ") for line in lines]


def _table(layers: list[LayerHealth]) -> list[str]:
    """The numbers of all layers; what was measured of none has no column.

    What does not fit beside the rest comes below it, beside the names again.
    """
    rows = [_row(layer) for layer in layers]
    names, *others = map(_aligned, zip(*_TITLES, *rows, strict=True))
    blocks = [[names]]
    for column in others:
        if all(x.strip() in ("", "–") for x in column[len(_TITLES) :]):
            continue
        if sum(len(x[0]) + 2 for x in blocks[-1]) + len(column[0]) > _WIDE:
            blocks.append([names])
        blocks[-1].append(column)
    lines = []
    for block in blocks:
        made = ["  ".join(cells).rstrip() for cells in zip(*block, strict=True)]
        lines += ["", *filter(None, made)]
    if any("–" in line for line in lines):
        lines.append("–: the layer has nothing of the kind")
    return lines


def _row(layer: LayerHealth) -> list[str]:
    output = "–"
    if layer.activation_mean is not None:
        output = f"{layer.activation_mean:.2g} ± {layer.activation_std:.2g}"
    kind = f"{layer.kind} ({layer.activation})" if layer.activation else layer.kind
    return [layer.name, kind, _number(layer.gradient_norm), _number(layer.gradient_to_weight),
            _number(layer.update_to_weight), _percent(layer.dead), _percent(layer.saturated),
            output]  # fmt: skip


def _aligned(column: tuple[str, ...]) -> list[str]:
    """A column in its width: words to the left, numbers to the right."""
    wide = max(map(len, column))
    words = column[1] in ("layer", "kind")
    return [x.ljust(wide) if words else x.rjust(wide) for x in column]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
