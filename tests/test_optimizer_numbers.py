"""Optimisers and schedules compute what Keras and PyTorch do, eagerly and traced.

recorded/optimizers.py recorded the numbers, and says what each case is.
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import optimizers
from minitensor.keras.weight import Weight

FOLDER = Path(__file__).with_name("recorded")
RECORD = runpy.run_path(str(FOLDER / "optimizers.py"))
NUMBERS = json.loads((FOLDER / "optimizers.json").read_text(encoding="utf-8"))
CASES, START = RECORD["CASES"], RECORD["START"]


class Traced:
    """An optimiser whose steps are one graph."""

    def __init__(self, optimizer: Any, variables: list):
        @mt.function(autograph=False)
        def step(dense: list, rows: list) -> None:
            values, indices = rows or (None, None)
            table = [mt.IndexedSlices(values, indices, variables[-1].shape)] if rows else []
            optimizer.apply_gradients(zip([*dense, *table], variables, strict=True))

        self.step = step

    def apply_gradients(self, pairs: list) -> None:
        gradients = [g for g, _ in pairs]
        sparse = [g for g in gradients if isinstance(g, mt.IndexedSlices)]
        rows = [sparse[0].values, sparse[0].indices] if sparse else []
        self.step([g for g in gradients if not isinstance(g, mt.IndexedSlices)], rows)


def slices(named: list) -> Any:
    def table(step: int, value: np.ndarray) -> mt.IndexedSlices:
        values, indices = RECORD["rows"](step, value, named)
        return mt.IndexedSlices(mt.constant(values), mt.constant(indices), value.shape)

    return table


KINDS = {"optimizers": None, "sparse": slices(RECORD["ROWS"]), "twice": slices(RECORD["TWICE"])}


def run(case: tuple[str, dict], table: Any, traced: bool) -> tuple[np.ndarray, Any]:
    cls, arguments = case
    optimizer = getattr(optimizers, cls)(**arguments, name=cls.lower())
    variables = {name: Weight(value, path=name) for name, value in START.items()}
    applied = Traced(optimizer, list(variables.values())) if traced else optimizer
    return np.array(RECORD["trajectory"](mt, applied, table, variables)), optimizer


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
@pytest.mark.parametrize(("kind", "case"), [(k, c) for k in KINDS for c in NUMBERS[k]])
def test_trajectories_are_those_of_keras(kind: str, case: str, traced: bool) -> None:
    values, _ = run(CASES[case], KINDS[kind], traced)
    np.testing.assert_allclose(values, NUMBERS[kind][case], rtol=1e-6, atol=1.2e-7)


@pytest.mark.parametrize("case", RECORD["TORCH"])
def test_trajectories_are_those_of_pytorch_where_formulas_agree(case: str) -> None:
    values, _ = run(RECORD["TORCH"][case][2:], None, traced=False)
    np.testing.assert_allclose(values, NUMBERS["torch"][case], rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_variables_have_the_names_and_the_order_of_keras(case: str) -> None:
    _, optimizer = run(CASES[case], None, traced=False)
    paths = [v.path for v in optimizer.variables]
    expected = NUMBERS["paths"][case]
    if case == "Nadam":  # there the last is called after a counter
        assert expected[-1].startswith("nadam/variable")
        expected = [*expected[:-1], "nadam/u_product"]
    assert paths == expected


@pytest.mark.skipif(find_spec("keras") is None or find_spec("tensorflow") is None,
                    reason="Keras is not installed")  # fmt: skip
def test_what_was_recorded_is_what_keras_computes_now() -> None:
    code = (
        "import json, runpy; record = runpy.run_path('optimizers.py');"
        "print(json.dumps(record['rounded'](record['record_keras']())))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, check=True, capture_output=True)
    now = json.loads(done.stdout)
    for kind in KINDS:
        for case, values in NUMBERS[kind].items():
            np.testing.assert_allclose(now[kind][case], values, rtol=1e-6, atol=1.2e-7)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
@pytest.mark.parametrize("case", RECORD["SCHEDULES"])
def test_schedules_are_those_of_keras(case: str, traced: bool) -> None:
    cls, positional, arguments = RECORD["SCHEDULES"][case]
    schedule = getattr(optimizers.schedules, cls)(*positional, **arguments)
    rate = mt.function(schedule.__call__, autograph=False) if traced else schedule
    steps = range(RECORD["COUNT"])
    values = [float(rate(mt.constant(step, mt.int64))) for step in steps]
    np.testing.assert_allclose(values, NUMBERS["schedules"][case], rtol=1e-6, atol=1e-8)
    again = optimizers.schedules.deserialize(optimizers.schedules.serialize(schedule))
    assert [float(again(step)) for step in (0, 7)] == [float(schedule(step)) for step in (0, 7)]
