"""Layers, activations, regularisers and constraints beside what Keras gave: recorded/layers.py."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras


def _script() -> ModuleType:
    path = Path(__file__).with_name("recorded") / "layers.py"
    spec = importlib.util.spec_from_file_location("recorded_layers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recorded = _script()
NUMBERS = np.load(recorded.NUMBERS)
NAMES = json.loads(recorded.NAMES.read_text(encoding="utf-8"))
CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-5}


def made(case: str, layer: Any = None) -> Any:
    """The layer of a case, with its weights."""
    kind, arguments, shapes, *_ = recorded.CASES[case]
    layer = layer or getattr(keras.layers, kind)(**arguments)
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    weights = [recorded.weight_of(case, w.name, tuple(w.shape)) for w in layer.weights]
    layer.set_weights(weights)
    return layer


def vector(parts: list) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def outcome(case: str, layer: Any, traced: bool = False) -> np.ndarray:
    """Output, gradients, and what is kept: as recorded."""
    inputs = [mt.constant(x) for x in recorded.inputs_of(case)]

    def step(*inputs: Any) -> list:
        with mt.GradientTape() as tape:
            tape.watch(inputs)
            output = layer([*inputs] if len(inputs) > 1 else inputs[0], **recorded.call_of(case))
            total = mt.reduce_sum(output * recorded.weighed(output))
            for loss in layer.losses:
                total += loss
        sources = [*inputs, *layer.trainable_weights]
        return [output, *tape.gradient(total, sources, unconnected_gradients="zero")]

    found = (mt.function(step) if traced else step)(*inputs)
    return vector([*found, *layer.non_trainable_weights])


@pytest.mark.parametrize("case", recorded.CASES)
def test_a_layer_gives_what_keras_gives_and_so_do_its_gradients(case: str) -> None:
    layer = made(case)
    found = [[w.name, list(w.shape), w.trainable] for w in layer.weights]
    assert found == NAMES[case]["weights"]
    np.testing.assert_allclose(outcome(case, layer), NUMBERS[case], **CLOSE)


@pytest.mark.parametrize("case", recorded.CASES)
def test_a_layer_gives_the_same_in_a_traced_function(case: str) -> None:
    np.testing.assert_allclose(outcome(case, made(case), traced=True), NUMBERS[case], **CLOSE)


@pytest.mark.parametrize("case", recorded.CASES)
def test_a_layer_can_be_made_again_from_its_own_and_from_keras_configuration(case: str) -> None:
    layer = made(case)
    own = json.loads(json.dumps(layer.get_config()))
    for config in (own, NAMES[case]["config"]):
        again = made(case, type(layer).from_config(config))
        np.testing.assert_allclose(outcome(case, again), NUMBERS[case], **CLOSE)
    assert type(layer).from_config(own).get_config() == layer.get_config()


@pytest.mark.parametrize("case", recorded.CASES)
def test_a_layer_can_stand_in_a_functional_model_for_batches_of_any_size(case: str) -> None:
    kind, arguments, shapes, *_ = recorded.CASES[case]
    inputs = [keras.Input(shape[1:]) for shape in shapes]
    call = recorded.call_of(case)
    call.pop("mask", None)
    layer = getattr(keras.layers, kind)(**arguments)
    output = layer(inputs if len(inputs) > 1 else inputs[0], **call)
    wanted = NAMES[case]["output"][1:]
    assert list(output.shape)[1:] == wanted
    assert output.shape[0] is None
    model = keras.Model(inputs, output)
    data = [np.concatenate([x, x]) for x in recorded.inputs_of(case)]
    found = model(data if len(data) > 1 else data[0])
    assert list(found.shape) == [len(data[0]), *wanted]


@pytest.mark.parametrize("case", recorded.FUNCTIONS)
def test_a_function_gives_what_keras_gives_and_so_does_its_gradient(case: str) -> None:
    module, name, arguments = recorded.FUNCTIONS[case]
    function = getattr(getattr(keras, module), name)
    x = mt.constant(recorded.points(case))
    with mt.GradientTape() as tape:
        tape.watch(x)
        output = function(x, **arguments) if module == "activations" else function(**arguments)(x)
        total = mt.reduce_sum(output * recorded.weighed(output))
    found = vector([output, tape.gradient(total, x)])
    np.testing.assert_allclose(found, NUMBERS[case], **CLOSE)


def test_keras_still_gives_the_recorded_numbers_where_it_is_installed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
        pytest.importorskip("keras", minversion="3.0")
        arrays, names = recorded.computed()
    assert json.loads(json.dumps(names)) == NAMES
    for case, found in arrays.items():
        np.testing.assert_allclose(found, NUMBERS[case], **CLOSE)
