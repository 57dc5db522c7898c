"""Every op, on every one of its samples, against every check that its declaration allows.

Nothing here is written for an op: a new one brings samples, and is tested. A failure names the
sample and its seed; to repeat it by hand: `minitensor.testing.check_op(minitensor.op.REGISTRY[…])`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess

import numpy as np
import pytest

from minitensor.backend import Quiet, gpu_count
from minitensor.op import REGISTRY
from minitensor.shapes import Spec
from minitensor.testing import CHECKS, GPU, Case, Check, cases

NAMES = sorted(name for name, op in REGISTRY.items() if op.__module__.startswith("minitensor."))
CASES = [case for name in NAMES for case in cases(REGISTRY[name])]


def checked() -> list:
    return [
        pytest.param(check, case, id=f"{case.op.name}-{case.number}-{check.name.replace(' ', '-')}")
        for check in CHECKS
        for case in CASES
        if check.applies(case)
    ]


def on_gpu() -> list:
    if not gpu_count():
        return [pytest.param(None, id="no-gpu")]
    return [pytest.param(c, id=f"{c.op.name}-{c.number}") for c in CASES if GPU.applies(c)]


@pytest.mark.parametrize(("check", "case"), checked())
def test_op(check: Check, case: Case) -> None:
    check.run(case)


NARROW = {"as given": {}, "float32": {"f": np.float32, "c": np.complex64}, "float16": {"f": "f2"}}
INTO = [c for c in CASES if c.op.write is not None]


@pytest.mark.parametrize("narrow", NARROW)
@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.op.name}-{c.number}") for c in INTO])
def test_into_given_memory_is_the_formula(case: Case, narrow: str) -> None:
    arrays = [np.array(a, NARROW[narrow].get(a.dtype.kind, a.dtype)) for a in case.arrays]
    expected = [np.asarray(y) for y in case.forward(np, arrays)]
    small = min([np.finfo(y.dtype).eps for y in expected if y.dtype.kind in "fc"], default=0)
    for moved in (False, True) if case.op.strided else (False,):
        inputs = [scattered(a) for a in arrays] if moved else arrays
        for got, wanted in zip(written(case, inputs), expected, strict=True):
            np.testing.assert_allclose(got, wanted, 16 * small, 16 * small, err_msg=str(case))
    for array, given in zip(arrays, case.arrays, strict=True):
        np.testing.assert_array_equal(array, given.astype(array.dtype), f"{case}: input changed")


def written(case: Case, inputs: list) -> list:
    """The results of an op's kernel, whose memory was full of NaN or large numbers before."""
    out = [garbage(spec) for spec in case.inferred(inputs)]
    given: list = [tuple(out) if len(out) > 1 else out[0]]
    if case.op.workspace is not None:
        specs = [Spec(a.shape, a.dtype) for a in inputs]
        given.append(tuple(garbage(s) for s in case.op.workspace(*specs, **case.attrs)))
    with Quiet():
        case.op.write(*given, *inputs, **case.attrs)
    return out


def garbage(spec: Spec) -> np.ndarray:
    dtype = np.dtype(spec.dtype)
    if dtype.kind in "iu":
        return np.full(spec.shape, np.iinfo(dtype).max, dtype)
    return np.full(spec.shape, True if dtype.kind == "b" else np.nan, dtype)


def scattered(array: np.ndarray) -> np.ndarray:
    """The same elements, in memory with gaps and in another order."""
    room = np.empty(tuple(2 * size for size in array.shape[::-1]), array.dtype).T
    view = room[(..., *[slice(None, None, -2)] * array.ndim)]
    view[...] = array
    return view


@pytest.mark.parametrize("name", NAMES)
def test_op_has_samples(name: str) -> None:
    assert any(case.op.name == name for case in CASES)


@pytest.mark.gpu
@pytest.mark.parametrize("case", on_gpu())
def test_op_on_the_gpu(case: Case | None) -> None:
    if case is None and os.environ.get("MINITENSOR_REQUIRE_GPU") != "1":
        pytest.skip("no CUDA device, or no cupy: the GPU column is not checked here")
    assert case is not None, "MINITENSOR_REQUIRE_GPU=1, but there is no CUDA device or no cupy"
    GPU.run(case)


C_TYPES = {"float64": "double", "int32": "int"}
SCALAR = [c for c in CASES if c.op.scalar and not c.attrs and c.arrays[-1].dtype.name in C_TYPES]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> ctypes.CDLL:
    """Every `scalar` expression as a C++ function over arrays."""
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler: the scalar expressions are not checked here")
    folder = tmp_path_factory.mktemp("scalar")
    source = folder / "scalar.cpp"
    lines = ["#include <cmath>", "#include <algorithm>", "using namespace std;"]
    for case in {case.op.name: case for case in SCALAR}.values():
        kind = C_TYPES[case.arrays[-1].dtype.name]
        inputs = [f"in[{i}][k]" for i in range(len(case.arrays))]
        body = f"out[k] = {case.op.scalar.format(*inputs)};"
        lines.append(f'extern "C" void {case.op.name}_(long n, {kind}** in, {kind}* out)')
        lines.append(f"{{ using T = {kind}; for (long k = 0; k < n; k++) {body} }}")
    source.write_text("\n".join(lines))
    library = folder / "scalar.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return ctypes.CDLL(str(library))


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.op.name}-{c.number}") for c in SCALAR])
def test_scalar_expression_is_the_formula(case: Case, compiled: ctypes.CDLL) -> None:
    dtype = case.arrays[-1].dtype
    expected = np.asarray(case.forward(np, case.arrays)[0])
    flat = [np.ravel(np.broadcast_to(a, expected.shape)).astype(dtype) for a in case.arrays]
    out = np.empty(expected.size, dtype)
    pointers = (ctypes.c_void_p * len(flat))(*(a.ctypes.data for a in flat))
    getattr(compiled, f"{case.op.name}_")(
        ctypes.c_long(expected.size), pointers, ctypes.c_void_p(out.ctypes.data)
    )
    np.testing.assert_allclose(out.reshape(expected.shape), expected, rtol=1e-13, err_msg=str(case))
