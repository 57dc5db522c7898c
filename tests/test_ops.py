"""Every op, on every one of its samples, against every check that its declaration allows.

Nothing here is written for an op: a new one brings samples, and is tested. A failure names the
sample and its seed; to repeat it by hand: `minitensor.testing.check_op(minitensor.op.REGISTRY[…])`.
"""

from __future__ import annotations

import os

import pytest

from minitensor.backend import gpu_count
from minitensor.op import REGISTRY
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
