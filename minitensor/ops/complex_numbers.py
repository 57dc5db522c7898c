"""Complex numbers and their parts.

A gradient h of a complex input z is such that the result grows by Re(conj(h) · dz); these rules
give it directly, so the engine does not conjugate for them.
"""

from __future__ import annotations

import numpy as np

from minitensor import samples
from minitensor.errors import DTypeError, Fault
from minitensor.op import op
from minitensor.shapes import Spec, broadcast_shapes, same

__all__ = ["angle", "complex", "conj", "imag", "real"]

_REAL = {"complex64": np.dtype(np.float32), "complex128": np.dtype(np.float64)}
_COMPLEX = {"float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128)}


def _complex_samples(rng: np.random.Generator) -> samples.Samples:
    for shape in ((), (3,), (2, 3), (0, 2)):
        yield (rng.uniform(0.5, 2, shape) + 1j * rng.uniform(0.5, 2, shape),), {}


def _real_spec(input: Spec) -> Spec:
    return Spec(input.shape, _REAL.get(input.dtype.name, input.dtype))


def _complex_spec(real: Spec, imag: Spec) -> Spec:
    if real.dtype.name not in _COMPLEX:
        raise Fault(f"the parts have dtype {real.dtype.name}",
                    "complex64 has float32 parts, complex128 float64 parts",
                    "convert with mt.cast(x, mt.float32)", DTypeError)  # fmt: skip
    return Spec(broadcast_shapes(real.shape, imag.shape), _COMPLEX[real.dtype.name])


@op(infer=_complex_spec, samples=samples.binary(), kinds="f", conjugate=False, portable=False)
def complex(xp, real, imag):  # the array API cannot set a part, and 1j · inf has a real part: NaN
    """Complex numbers with these real and imaginary parts.

    Shape: broadcast of both; float32 → complex64, float64 → complex128.

    Example:
        >>> import minitensor as mt
        >>> mt.complex([1.0], [2.0]).numpy()
        array([1.+2.j], dtype=complex64)
    """
    spec = _complex_spec(Spec(real.shape, real.dtype), Spec(imag.shape, imag.dtype))
    out = xp.empty(spec.shape, dtype=spec.dtype)
    out.real = real
    out.imag = imag
    return out


@complex.gradient
def complex_gradient(xp, g, out, real, imag):
    return lambda: xp.real(g), lambda: xp.imag(g)


@op(infer=_real_spec, samples=_complex_samples, kinds="fc", fast=True, conjugate=False)
def real(xp, input):
    """The real parts; real numbers stay as they are.

    Shape: any → same; complex64 → float32, complex128 → float64.
    """
    return xp.real(input)


@real.gradient
def real_gradient(xp, g, out, input):
    """`complex(g, 0)`."""
    return complex.on(xp, g, xp.zeros_like(g)) if input.dtype.kind == "c" else g


@op(infer=_real_spec, samples=_complex_samples, kinds="fc", fast=True, conjugate=False)
def imag(xp, input):
    """The imaginary parts; of real numbers 0.

    Shape: any → same; complex64 → float32, complex128 → float64.
    """
    return xp.imag(input)


@imag.gradient
def imag_gradient(xp, g, out, input):
    """`complex(0, g)`."""
    zero = xp.zeros_like(g)
    return complex.on(xp, zero, g) if input.dtype.kind == "c" else zero


@op(infer=same, samples=_complex_samples, kinds="fc", fast=True, conjugate=False)
def conj(xp, x):
    """The complex conjugate: the imaginary part with the other sign.

    Shape: any → same.
    """
    return xp.conj(x)


@conj.gradient
def conj_gradient(xp, g, out, x):
    return xp.conj(g)


@op(infer=_real_spec, samples=_complex_samples, kinds="fc", fast=True, conjugate=False)
def angle(xp, input):
    """The angle of the complex number in the plane, in [-π, π]; of a negative real number π.

    Shape: any → same; complex64 → float32, complex128 → float64.
    """
    return xp.atan2(xp.imag(input), xp.real(input))


@angle.gradient
def angle_gradient(xp, g, out, input):
    """`complex(0, g) / conj(input)`."""
    if input.dtype.kind != "c":
        return xp.zeros_like(g)
    return complex.on(xp, xp.zeros_like(g), g) / xp.conj(input)
