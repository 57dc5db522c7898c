"""Long short-term memory into given memory, forward and back, for compiled graphs.

A step is small: its time is that of the calls it makes. One tanh serves all four gates, since
sigmoid(z) = tanh(z / 2) / 2 + 1/2, and the halves before it go into the weights once for all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitensor.ops.lstm import lstm_, lstm_back
from minitensor.shapes import Spec

__all__: list[str] = []


def _work(x: Spec, recurrent: Spec, h: Spec, c: Spec) -> tuple[Spec, ...]:
    gates = Spec(x.shape[1:], x.dtype)
    return recurrent, gates, gates, gates, c


@lstm_.into(workspace=_work)
def lstm_into(out, work, x, recurrent, h, c):
    if x.dtype.itemsize == 2:
        _by_formula(lstm_, out, x, recurrent, h, c)
        return
    (hs, cs, gates), (weights, z, half, shift, added), units = out, work, h.shape[1]
    half[...] = 0.5
    half[:, 2 * units : 3 * units] = 1
    np.subtract(1, half, out=shift)  # 1/2 for sigmoids, and nothing for tanh
    np.multiply(recurrent, half[:1], out=weights)
    for t in range(len(x)):
        gate = gates[t]
        np.dot(h, weights, out=z)
        np.multiply(x[t], half, out=gate)
        np.add(gate, z, out=gate)
        np.tanh(gate, out=gate)
        np.multiply(gate, half, out=gate)
        np.add(gate, shift, out=gate)
        i, f, g, o = (gate[:, k * units : (k + 1) * units] for k in range(4))
        np.multiply(i, g, out=added)
        np.multiply(f, c, out=cs[t])
        h, c = hs[t], cs[t]
        np.add(c, added, out=c)
        np.tanh(c, out=added)
        np.multiply(o, added, out=h)


def _by_formula(op: Any, out: tuple, *arrays: Any) -> None:
    """Half precision, whose products BLAS cannot write."""
    for target, found in zip(out, op.forward(np, *arrays), strict=True):
        target[...] = found


def _back_work(to_h: Spec, to_c: Spec, slopes: Spec, through: Spec, forget: Spec,
               recurrent: Spec) -> tuple[Spec, ...]:  # fmt: skip
    units, gates = recurrent.shape
    return Spec((gates, units), recurrent.dtype), Spec(to_h.shape[1:], to_h.dtype)


@lstm_back.into(workspace=_back_work, strided=True)
def lstm_back_into(out, work, to_h, to_c, slopes, through, forget, recurrent):
    if to_h.dtype.itemsize == 2:
        _by_formula(lstm_back, out, to_h, to_c, slopes, through, forget, recurrent)
        return
    (zs, hs, cs), (weights, part), units = out, work, recurrent.shape[0]
    np.copyto(weights, recurrent.T)
    last = len(to_h) - 1
    for t in range(last, -1, -1):
        z, h, c = zs[t], hs[t], cs[t]
        if t == last:
            h[...], c[...] = to_h[t], to_c[t]
        else:
            np.dot(zs[t + 1], weights, out=h)
            np.add(h, to_h[t], out=h)
            np.multiply(cs[t + 1], forget[t + 1], out=c)
            np.add(c, to_c[t], out=c)
        np.multiply(h, through[t], out=part)
        np.add(c, part, out=c)
        four, slope = (a.reshape(len(a), 4, units) for a in (z, slopes[t]))
        np.multiply(slope[:, :3], c[:, None], out=four[:, :3])
        np.multiply(slope[:, 3], h, out=four[:, 3])


def _register_eager(op: Any) -> None:
    """Let eager execution use the same kernel, so that a function gives what its ops give."""

    @op.kernel("numpy")
    def run(xp: Any, *arrays: Any) -> Any:
        arrays = tuple(np.ascontiguousarray(a) for a in arrays)
        specs = [Spec(a.shape, a.dtype) for a in arrays]
        work = tuple(np.empty(spec.shape, spec.dtype) for spec in op.workspace(*specs))
        out = tuple(np.empty(spec.shape, spec.dtype) for spec in op.infer(*specs))
        op.write(out, work, *arrays)
        return out


for _op in (lstm_, lstm_back):
    _register_eager(_op)
