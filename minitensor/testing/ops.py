"""What can be checked of an op from its declaration alone: each check is a function of one case.

A case is an op with one of its samples. `CHECKS` names them all; minitensor's tests run each of
them on each case, so that a new op needs samples and no test. Read `cases`, then the checks.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from minitensor import ops
from minitensor.backend import Quiet, cupy, optional, to_numpy
from minitensor.dtypes import kind_of, name_of
from minitensor.eager import convert_to_tensor, static
from minitensor.errors import InvalidArgumentError
from minitensor.op import Op
from minitensor.shapes import Spec
from minitensor.tape import GradientTape
from minitensor.tensor import Tensor
from minitensor.testing.gradients import check_gradients

__all__ = ["CHECKS", "Case", "Check", "cases", "check_op"]


class Case(NamedTuple):
    """An op with one of its samples."""

    op: Op
    number: int
    arrays: tuple
    attrs: dict
    seed: int

    def __repr__(self) -> str:
        shapes = ", ".join(f"{a.shape} {name_of(a.dtype)}" for a in self.arrays)
        attrs = "".join(f", {key}={value!r}" for key, value in self.attrs.items())
        return f"{self.op.name}({shapes}{attrs}), sample {self.number}, seed {self.seed}"

    def call(self, *tensors: Any) -> Any:
        """The op on these tensors, with the attributes of the sample."""
        given = [list(tensors)] if self.op.variadic else tensors
        return self.op(*given, **self.attrs)

    def forward(self, xp: Any, arrays: Sequence, formula: bool = True) -> tuple:
        """The results as a tuple of arrays of `xp`, by the formula or by the kernel."""
        run = self.op.forward if formula else self.op.implementation(xp)
        with Quiet():
            out = run(xp, *arrays, **self.attrs)
        return out if isinstance(out, tuple) else (out,)

    def inferred(self, arrays: Sequence) -> tuple[Spec, ...]:
        """What the shape rule says of inputs like these."""
        specs = self.op.infer_specs([Spec(tuple(a.shape), a.dtype) for a in arrays], self.attrs)
        return (specs,) if isinstance(specs, Spec) else tuple(specs)

    @property
    def differentiable(self) -> bool:
        """Whether the op has a gradient and an input that can carry one."""
        return self.op.gradient_rule is not None and _carries(self)


class Check(NamedTuple):
    """One property of ops."""

    name: str
    run: Callable[[Case], None]
    applies: Callable[[Case], bool]


def cases(op: Op) -> Iterator[Case]:
    """The op with each of its samples; the same ones each time."""
    seed = zlib.crc32(op.name.encode())
    for number, (arrays, attrs) in enumerate(op.samples(np.random.default_rng(seed))):
        plain = {key: static(value) for key, value in attrs.items()}
        yield Case(op, number, tuple(np.asarray(a) for a in arrays), plain, seed)


def check_op(op: Op) -> None:
    """Run all checks that apply to an op on all its samples.

    Shape: inferred = computed; float32 stays float32; gradients have their inputs' shapes.

    Raises:
        AssertionError: naming the check, the sample and what was found.

    Example:
        >>> import minitensor as mt
        >>> from minitensor.testing import check_op
        >>> check_op(mt.multiply)
    """
    for case in cases(op):
        for check in CHECKS:
            if check.applies(case):
                check.run(case)


def _infer(case: Case) -> None:
    """What `infer` says is what the formula gives, and the formula leaves its inputs alone."""
    before = [a.copy() for a in case.arrays]
    _compare_specs(case, case.inferred(case.arrays), case.forward(np, case.arrays))
    for old, new in zip(before, case.arrays, strict=True):
        np.testing.assert_array_equal(old, new, f"{case}: the formula changed its input")


def _infer_partly(case: Case) -> None:
    """With sizes that are not known, `infer` promises nothing that is wrong, or asks for them."""
    results = case.forward(np, case.arrays)
    for known in (slice(1, None), slice(0, 0)):  # the batch is not known; no size is known
        shapes = [(None,) * (a.ndim - len(a.shape[known])) + a.shape[known] for a in case.arrays]
        unknown = [Spec(s, a.dtype) for s, a in zip(shapes, case.arrays, strict=True)]
        try:
            specs = case.op.infer_specs(unknown, case.attrs)
        except InvalidArgumentError:
            continue
        _compare_specs(case, (specs,) if isinstance(specs, Spec) else tuple(specs), results)


def _compare_specs(case: Case, specs: Sequence[Spec], results: Sequence) -> None:
    assert len(specs) == len(results), f"{case}: {len(specs)} specs, {len(results)} results"
    for spec, result in zip(specs, map(np.asarray, results), strict=True):
        fits = len(spec.shape) == result.ndim and all(
            d in (None, size) for d, size in zip(spec.shape, result.shape, strict=True)
        )
        assert fits, f"{case}: infer says shape {spec.shape}, the formula gives {result.shape}"
        assert spec.dtype == result.dtype, (
            f"{case}: infer says {name_of(spec.dtype)}, the formula gives {name_of(result.dtype)}"
        )


def _narrow(case: Case) -> tuple:
    to = {"f": np.float32, "c": np.complex64}
    return tuple(a.astype(to.get(a.dtype.kind, a.dtype)) for a in case.arrays)


def _float32(case: Case) -> None:
    """From float32 comes float32: results, gradients, and gradients that can be recorded."""
    arrays = _narrow(case)
    specs = case.inferred(arrays)
    _compare_specs(case, specs, case.forward(np, arrays))
    _compare_specs(case, specs, case.forward(np, arrays, formula=False))
    wide = [s for s in specs if s.dtype in (np.dtype("f8"), np.dtype("c16"))]
    assert not wide, f"{case}: float32 became {[name_of(s.dtype) for s in wide]}"
    if not case.differentiable:
        return
    for symbolic in (False, True):
        for x, g in zip(arrays, _pull_back(case, arrays, symbolic), strict=True):
            assert g is None or (g.dtype == x.dtype and g.shape == x.shape), (
                f"{case}: an input of shape {x.shape} {name_of(x.dtype)} has a gradient of shape "
                f"{g.shape} {name_of(g.dtype)} (rule run on {'ops' if symbolic else 'arrays'})"
            )


def _pull_back(case: Case, arrays: Sequence, symbolic: bool = False) -> list:
    """The gradients of all inputs as arrays, None where there is none.

    With `symbolic`, an outer tape watches, so that the rule runs with `xp = minitensor.ops`.
    """
    tensors = [Tensor(a) for a in arrays]
    sources = [t for t in tensors if t.dtype.is_differentiable]
    with GradientTape() if symbolic else nullcontext():
        with GradientTape() as tape:
            tape.watch(sources)
            results = case.call(*tensors)
        results = results if isinstance(results, tuple) else (results,)
        targets = [y for y in results if y.dtype.is_differentiable]
        found = iter(tape.gradient(targets, sources))
    gradients = [next(found) if t.dtype.is_differentiable else None for t in tensors]
    return [None if g is None else to_numpy(convert_to_tensor(g)._array) for g in gradients]


def _gradient(case: Case) -> None:
    """The gradient is the slope of the formula, and its gradient the slope of the gradient.

    An input for which the rule has nothing must have slope 0, unless `why_none` says why not.
    """
    tensors = [convert_to_tensor(a) for a in case.arrays]
    chosen = list(range(len(tensors)))
    if case.op.why_none:
        gradients = _pull_back(case, case.arrays)
        chosen = [i for i in chosen if gradients[i] is not None]

    def function(*values: Any) -> Any:
        given = list(tensors)
        for i, value in zip(chosen, values, strict=True):
            given[i] = value
        return case.call(*given)

    function.__name__ = repr(case)
    coarse = any(
        kind_of(s.dtype) == "f" and s.dtype.itemsize < 8 for s in case.inferred(case.arrays)
    )
    dtype = "float32" if coarse else "float64"
    check_gradients(
        function, [case.arrays[i] for i in chosen], order=2, seed=case.seed, dtype=dtype
    )


def _carries(case: Case) -> bool:
    """Whether an input can carry a gradient."""
    return any(kind_of(a.dtype) in "fc" for a in case.arrays)


def _asks_for_double(case: Case) -> bool:
    """Whether an attribute names the wider dtype."""
    return any(name in repr(case.attrs) for name in ("float64", "complex128"))


def _absent_gradient(case: Case) -> None:
    """Without a gradient, the op says why; with one, the rule is named after the op."""
    rule = case.op.gradient_rule
    if rule is None:
        assert case.op.why_none.strip(), f"{case.op.name} has no gradient and no why_none"
    else:
        assert rule.__name__ == f"{case.op.name}_gradient", f"{case.op.name}: {rule.__name__}"


def _portable(case: Case) -> None:
    """The formula gives the same on array_api_strict, which has the array API and no more."""
    strict = optional("array_api_strict", "test", "checking portability")
    arrays = [strict.asarray(a) for a in case.arrays]
    results = [np.asarray(y) for y in case.forward(strict, arrays)]
    _same(case, "array_api_strict", results, case.forward(np, case.arrays))


def _kernel(case: Case) -> None:
    """The kernel for numpy gives what the formula gives."""
    fast = case.forward(np, case.arrays, formula=False)
    _same(case, "the kernel", fast, case.forward(np, case.arrays))


def _on_gpu(case: Case) -> None:
    """Cupy gives what numpy gives: by the formula, by the kernel, and backwards."""
    xp = cupy()
    arrays = [xp.asarray(a) for a in case.arrays]
    expected = case.forward(np, case.arrays)
    for formula in (True, False):
        results = [to_numpy(xp.asarray(y)) for y in case.forward(xp, arrays, formula)]
        _same(case, f"cupy ({'formula' if formula else 'kernel'})", results, expected)
    if not case.differentiable:
        return
    wanted = _pull_back(case, case.arrays)
    for symbolic in (False, True):
        found = _pull_back(case, arrays, symbolic)
        assert [g is None for g in found] == [g is None for g in wanted], f"{case}: {found}"
        pairs = [(a, b) for a, b in zip(found, wanted, strict=True) if a is not None]
        _same(case, "cupy (gradient)", [a for a, _ in pairs], [b for _, b in pairs])


def _same(case: Case, where: str, results: Sequence, expected: Sequence) -> None:
    for got, wanted in zip(map(np.asarray, results), map(np.asarray, expected), strict=True):
        what = f"{case}: {where} differs from numpy's formula"
        assert got.dtype == wanted.dtype, f"{what}: {got.dtype} and {wanted.dtype}"
        assert got.shape == wanted.shape, f"{what}: {got.shape} and {wanted.shape}"
        if got.dtype.kind in "fc":
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12, err_msg=what)
        else:
            np.testing.assert_array_equal(got, wanted, what)


def _documented(case: Case) -> None:
    """The docstring has a summary and a `Shape:` line, and the op is where learners look for it."""
    op, doc = case.op, case.op.__doc__ or ""
    first = doc.split("\n\n")[0]
    assert first.strip().endswith("."), f"{op.name}: the summary {first!r} is no sentence"
    assert "Shape:" in doc, f"{op.name}: no line says what happens to shapes"
    defined = op.forward.__name__
    if op.__module__.startswith("minitensor.ops."):
        module = sys.modules[op.__module__]
        assert defined in module.__all__, f"{op.__module__}.__all__ has no {defined!r}"
        assert getattr(ops, defined, None) is op, f"minitensor.ops.{defined} is not the op"


def _repeatable(case: Case) -> bool:
    """Whether the formula gives the same each time: ops that draw random numbers do not."""
    if case.op.name not in _REPEATABLE:
        once, again = (case.forward(np, case.arrays) for _ in range(2))
        pairs = zip(once, again, strict=True)
        _REPEATABLE[case.op.name] = all(np.array_equal(a, b, True) for a, b in pairs)
    return _REPEATABLE[case.op.name]


_REPEATABLE: dict[str, bool] = {}


def _numeric(case: Case) -> bool:
    return all(a.dtype.kind != "O" for a in case.arrays)


CHECKS = (
    Check("documented", _documented, lambda case: case.number == 0),
    Check("infer", _infer, lambda case: True),
    Check("infer with unknown sizes", _infer_partly, lambda case: True),
    Check("float32", _float32, lambda case: _carries(case) and not _asks_for_double(case)),
    Check("absent gradient", _absent_gradient, lambda case: case.number == 0),
    Check("gradient", _gradient, lambda case: case.differentiable),
    Check("portable", _portable, lambda case: case.op.portable and _numeric(case)),
    Check("kernel", _kernel, lambda case: "numpy" in case.op.kernels),
)
"""Every check that a CPU can run."""

GPU = Check("on the GPU", _on_gpu, lambda case: _numeric(case) and _repeatable(case))
"""The check that needs a GPU."""
