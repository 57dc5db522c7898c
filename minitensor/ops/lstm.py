"""Long short-term memory over a whole sequence: one op for all steps, and its derivatives.

Only h and c go from step to step, so the way back is a linear recurrence, `lstm_back`, whose
factors are known for all steps at once. The gradient of a linear recurrence is its transpose,
`lstm_ahead`, which goes the other way through time; and the gradient of that is `lstm_back`
again. So the three ops are closed under differentiation, and derivatives of any order exist.

Read `lstm_cell`, the formula of one step; then the ops.
Source: Hochreiter & Schmidhuber, Long short-term memory (1997); with the forget gate of Gers,
Schmidhuber & Cummins, Learning to forget (2000).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from minitensor import samples
from minitensor.errors import Fault
from minitensor.op import op
from minitensor.ops.activation import sigmoid
from minitensor.ops.linalg import matmul
from minitensor.shapes import Spec

__all__ = ["lstm_", "lstm_ahead", "lstm_back", "lstm_cell"]


def lstm_cell(
    z: Any, c: Any, activation: Callable, recurrent_activation: Callable
) -> tuple[Any, Any, tuple]:
    """One step: what is forgotten, what is added, what is shown.

    Args:
        z: what arrives at the gates i, f, g, o, side by side: (batch, 4 · units).
        c: the cell before the step: (batch, units).
        activation: of what is added and what is shown, tanh in the original.
        recurrent_activation: of the gates, the sigmoid in the original.

    Returns:
        The output h, the new cell c, and the gates.
    """
    i, f, g, o = gates_of(z)
    i, f, o = recurrent_activation(i), recurrent_activation(f), recurrent_activation(o)
    g = activation(g)
    c = f * c + i * g
    return o * activation(c), c, (i, f, g, o)


def gates_of(z: Any) -> tuple:
    """The four parts of the last axis."""
    units = z.shape[-1] // 4
    return tuple(z[..., k * units : (k + 1) * units] for k in range(4))


def _sequence_spec(x: Spec, recurrent: Spec, h: Spec, c: Spec) -> Any:
    units = recurrent.shape[0] if len(recurrent.shape) == 2 else None
    if units is None or tuple(recurrent.shape) != (units, 4 * units):
        raise Fault(f"recurrent has shape {tuple(recurrent.shape)}", "it leads from units to four "
                    "gates of as many units", "pass shape (units, 4 · units)")  # fmt: skip
    if len(x.shape) != 3 or x.shape[-1] != 4 * units or x.shape[0] == 0:
        raise Fault(f"x has shape {tuple(x.shape)}", "it has steps (one or more), a batch, and "
                    f"4 · units = {4 * units} gates", "project the input first")  # fmt: skip
    for name, state in (("h", h), ("c", c)):
        if len(state.shape) != 2 or state.shape[1] != units or _differ(state.shape[0], x.shape[1]):
            raise Fault(f"{name} has shape {tuple(state.shape)}", f"it has shape ({x.shape[1]}, "
                        f"{units}): batch and units", "begin with zeros of that shape")  # fmt: skip
    states = Spec((*x.shape[:2], units), x.dtype)
    return states, states, x


def _differ(a: int | None, b: int | None) -> bool:
    return a != b and None not in (a, b)


_SEQUENCES = samples.cases((((3, 2, 8), (2, 8), (2, 2), (2, 2)), {}),
                           (((1, 1, 4), (1, 4), (1, 1), (1, 1)), {}),
                           (((4, 3, 12), (3, 12), (3, 3), (3, 3)), {}))  # fmt: skip


@op(infer=_sequence_spec, samples=_SEQUENCES, kinds="f")
def lstm_(xp, x, recurrent, h, c):
    """Every step's output, cell and gates, of a long short-term memory.

    Shape: x (steps, batch, 4 · units) is what the input adds to each gate (i, f, g, o); recurrent
    (units, 4 · units) is what an output adds to the next step's; h and c (batch, units) are the
    states before the first → (steps, batch, units), the same, and (steps, batch, 4 · units).
    """
    found = []
    for t in range(x.shape[0]):
        z = x[t, ...] + matmul.on(xp, h, recurrent)
        h, c, gates = lstm_cell(z, c, xp.tanh, partial(sigmoid.on, xp))
        found.append((h, c, xp.concat(gates, axis=-1)))
    return tuple(xp.stack(list(column), axis=0) for column in zip(*found, strict=True))


# For all three ops: mostly a cotangent arrives at one result only, and the rules save the work for
# the others (`takes_none`); of sizes they use only that of `units`, which is always known, so that
# they also differentiate a trace whose batch and steps are not (`expands`).
lstm_.takes_none = lstm_.expands = True


@lstm_.gradient
def lstm_gradient(xp, arrived, out, x, recurrent, h, c):
    (to_hs, to_cs, to_gates), (hs, cs, gates) = arrived, out
    before, shown = previous(xp, c, cs), xp.tanh(cs)
    i, f, g, o = gates_of(gates)
    slopes = [g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), shown * o * (1 - o)]
    factors = Factors(xp.concat(slopes, axis=-1), o * (1 - shown * shown), f, recurrent)
    to_hs, to_cs = (xp.zeros_like(hs) if to is None else to for to in (to_hs, to_cs))
    if to_gates is not None:
        slope = [i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)]
        to_gates = to_gates * xp.concat(slope, axis=-1)
    to_x, _, to_c = run_back(xp, to_gates, to_hs, to_cs, factors)
    return (
        lambda: to_x,
        lambda: over_steps(xp, previous(xp, h, hs), to_x),
        lambda: matmul.on(xp, to_x[0, ...], recurrent, transpose_b=True),
        lambda: to_c[0, ...] * f[0, ...],
    )


class Factors(NamedTuple):
    """What the linear recurrences multiply by, for all steps."""

    slopes: Any
    """From a gate to the cell; for the last gate, to the output. (steps, batch, 4 · units)."""
    through: Any
    """From the cell to the output. (steps, batch, units)."""
    forget: Any
    """From one cell to the next. (steps, batch, units)."""
    recurrent: Any
    """From the output to the next step's gates. (units, 4 · units)."""


def previous(xp: Any, first: Any, states: Any) -> Any:
    """The states before each step, from the first one and those after each."""
    return xp.concat([xp.expand_dims(first, axis=0), states[:-1, ...]], axis=0)


def over_steps(xp: Any, states: Any, gates: Any) -> Any:
    """The cotangent of the recurrent weights: the sum of all outer products, one matmul."""
    states, gates = (xp.reshape(a, (-1, xp.shape(a)[-1])) for a in (states, gates))
    return matmul.on(xp, states, gates, transpose_a=True)


def run_back(xp: Any, to_z: Any, to_h: Any, to_c: Any, factors: Factors) -> tuple:
    """`lstm_back`, where a cotangent may also arrive at the gates."""
    if to_z is None:
        return lstm_back.on(xp, to_h, to_c, *factors)
    reached = matmul.on(xp, to_z, factors.recurrent, transpose_b=True)
    to_h = to_h + xp.concat([reached[1:, ...], xp.zeros_like(reached[:1, ...])], axis=0)
    z, h, c = lstm_back.on(xp, to_h, to_c, *factors)
    return z + to_z, h, c


def _back_spec(h: Spec, c: Spec, slopes: Spec, *rest: Spec) -> Any:
    return slopes, h, c


def _factors(*before: str) -> Any:
    sizes = {"z": 4, "h": 1}
    return samples.cases(*(
        (tuple((steps, batch, sizes[kind] * units) for kind in (*before, *"zhh"))
         + ((units, 4 * units),), {})
        for steps, batch, units in ((3, 2, 2), (1, 1, 1), (2, 3, 3))
    ))  # fmt: skip


@op(infer=_back_spec, samples=_factors("h", "h"), kinds="f")
def lstm_back(xp, to_h, to_c, slopes, through, forget, recurrent):
    """The cotangents of an LSTM's gates, outputs and cells, from the last step to the first.

        h[t] = to_h[t] + z[t+1] · recurrentᵀ
        c[t] = to_c[t] + h[t] · through[t] + c[t+1] · forget[t+1]
        z[t] = slopes[t] · (c[t], c[t], c[t], h[t])

    Shape: to_h, to_c, through and forget (steps, batch, units), slopes (steps, batch, 4 · units),
    recurrent (units, 4 · units) → z like slopes, h and c like to_h.
    """
    h, c, found = to_h[-1, ...], to_c[-1, ...], []
    for t in range(to_h.shape[0] - 1, -1, -1):
        if found:
            h = to_h[t, ...] + matmul.on(xp, found[-1][0], recurrent, transpose_b=True)
            c = to_c[t, ...] + c * forget[t + 1, ...]
        c = c + h * through[t, ...]
        found.append((slopes[t, ...] * xp.concat([c, c, c, h], axis=-1), h, c))
    return tuple(xp.stack(list(column), axis=0) for column in zip(*found[::-1], strict=True))


lstm_back.takes_none = lstm_back.expands = True


@lstm_back.gradient
def lstm_back_gradient(xp, g, out, to_h, to_c, slopes, through, forget, recurrent):
    factors = Factors(slopes, through, forget, recurrent)
    g = [xp.zeros_like(x) if to is None else to for to, x in zip(g, out, strict=True)]
    ahead = lstm_ahead.on(xp, *g, *factors)
    return lambda: ahead[1], lambda: ahead[2], *_to_factors(xp, out, ahead)


def _ahead_spec(z: Spec, h: Spec, c: Spec, *rest: Spec) -> Any:
    return z, h, c


@op(infer=_ahead_spec, samples=_factors("z", "h", "h"), kinds="f")
def lstm_ahead(xp, z, h, c, slopes, through, forget, recurrent):
    """How small changes go through an LSTM, from the first step to the last: its derivative.

        z'[t] = z[t] + h'[t-1] · recurrent
        c'[t] = c[t] + Σ slopes[t] · z'[t] over the gates i, f, g + c'[t-1] · forget[t]
        h'[t] = h[t] + slopes[t] · z'[t] of the gate o + c'[t] · through[t]

    Shape: z and slopes (steps, batch, 4 · units), h, c, through and forget (steps, batch, units),
    recurrent (units, 4 · units) → z' like z, h' and c' like h.
    """
    found: list[tuple] = []
    for t in range(z.shape[0]):
        now, shown, cell = z[t, ...], h[t, ...], c[t, ...]
        if found:
            now = now + matmul.on(xp, found[-1][1], recurrent)
            cell = cell + found[-1][2] * forget[t, ...]
        i, f, g, o = gates_of(slopes[t, ...] * now)
        cell = cell + i + f + g
        found.append((now, shown + o + cell * through[t, ...], cell))
    return tuple(xp.stack(list(column), axis=0) for column in zip(*found, strict=True))


lstm_ahead.takes_none = lstm_ahead.expands = True


@lstm_ahead.gradient
def lstm_ahead_gradient(xp, g, out, z, h, c, slopes, through, forget, recurrent):
    factors = Factors(slopes, through, forget, recurrent)
    to_h, to_c = (xp.zeros_like(h) if to is None else to for to in g[1:])
    back = run_back(xp, g[0], to_h, to_c, factors)
    return *(lambda k=k: back[k] for k in range(3)), *_to_factors(xp, back, out)


def _to_factors(xp: Any, back: tuple, ahead: tuple) -> tuple:
    """The cotangents of the factors: products of what went back and what went ahead."""
    (z, h, c), (z_, h_, c_) = back, ahead

    def late(states: Any) -> Any:
        return previous(xp, xp.zeros_like(states[0, ...]), states)

    return (
        lambda: z_ * xp.concat([c, c, c, h], axis=-1),
        lambda: c_ * h,
        lambda: late(c_) * c,
        lambda: over_steps(xp, late(h_), z),
    )
