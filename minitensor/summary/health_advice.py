"""What to try where something looks wrong: never what a layer has already."""

from __future__ import annotations

from collections.abc import Sequence

from minitensor.summary.health_parts import Part

__all__ = [
    "against_bad_numbers", "against_dead", "against_exploding", "against_saturated",
    "against_vanishing",
]  # fmt: skip

HE = "kernel_initializer='he_normal'"


def against_dead(part: Part) -> str:
    """What to try where units are dead."""
    start = [] if _begins_as(part, "He") else [HE]
    return _one_of("a smaller learning rate", *start, "leaky_relu", first="Start again with")


def against_saturated(part: Part) -> str:
    """What to try where outputs are saturated."""
    named = "" if _begins_as(part, "Glorot") else " (glorot_uniform)"
    return _one_of(
        f"smaller initial weights{named}", "inputs of about size 1", "normalisation layers"
    )


def against_vanishing(parts: Sequence[Part]) -> str:
    """What to try where gradients vanish; the last layer is none of those that are to change."""
    hidden = _with_kernels(parts)[:-1]
    names = {node.op.name for part in parts[:-1] for node in part.activations}
    start = HE if names == {"relu"} else f"relu with {HE}"
    has = names == {"relu"} and bool(hidden) and all(_begins_as(x, "He") for x in hidden)
    return _one_of(*([] if has else [start]), "normalisation layers",
                   "connections that skip layers")  # fmt: skip


def against_exploding(parts: Sequence[Part]) -> str:
    """What to try where gradients explode."""
    found = _with_kernels(parts)
    has = bool(found) and all(_begins_as(x, "He", "Glorot") for x in found)
    named = "" if has else " (he_normal with relu, glorot_uniform with tanh)"
    return _one_of(f"smaller initial weights{named}", "normalisation layers",
                   "clipnorm=1.0 in the optimizer")  # fmt: skip


def against_bad_numbers(op: str) -> str:
    """What to do about an operation with a domain, which made NaN or infinity."""
    if op in ("sqrt", "rsqrt", "pow", "norm"):
        return ("Keep its input above 0 before it is used, with a second where inside: "
                "where(x > 0, where(x > 0, x, 1.0)**0.5, 0.0); a where around the result does not "
                "protect the gradient. maximum(x, 1e-12)**0.5 is shorter, and not 0 at "
                "0.")  # fmt: skip
    if op in ("log", "log1p", "xlogy"):
        return ("Keep its input above 0, as in log(maximum(x, 1e-12)), or use a loss with "
                "from_logits=True.")  # fmt: skip
    if op in ("divide", "reciprocal", "xdivy"):
        return "Keep the divisor away from 0, for example with mt.math.divide_no_nan."
    if op in ("exp", "square", "multiply", "matmul", "conv2d"):
        return ("The numbers became too large: try a smaller learning rate, smaller initial "
                "weights, or clipnorm=1.0 in the optimizer.")  # fmt: skip
    return "Look at what it was given, and keep that inside the operation's domain."


def _with_kernels(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if hasattr(part.layer, "kernel_initializer")]


def _begins_as(part: Part, *names: str) -> bool:
    """Whether the weights of a Keras layer begin with HeNormal, HeUniform and so on."""
    return type(getattr(part.layer, "kernel_initializer", None)).__name__.startswith(names)


def _one_of(*words: str, first: str = "Try") -> str:
    """The sentence that says to try one of some."""
    found = list(words)
    last = found.pop()
    return f"{first} {', '.join(found)}{',' if len(found) > 1 else ''} or {last}."
