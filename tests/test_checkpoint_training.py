"""Training that goes on from a checkpoint in the middle of an epoch gives the same losses, bit
for bit, as training that was never interrupted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt

# A program as it would be written: run as a process of its own, it trains and prints its losses.
PROGRAM = """
import sys
import numpy as np
import minitensor as mt
from minitensor import keras

def pipeline(kind):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype("f"), rng.normal(size=(60, 2)).astype("f")
    data = mt.data.Dataset.from_tensor_slices((x, y)).shuffle(25, seed=3).repeat()
    if kind == "mapped":
        data = data.map(lambda x, y: (2.0 * x, y)).cache().prefetch(2)
    return data.batch(8)

def main(folder, steps, save_at, kind):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(6, activation="relu"), keras.layers.BatchNormalization(),
              keras.layers.Dropout(0.3), keras.layers.Dropout(0.1, seed=4), keras.layers.Dense(2)]
    model = keras.Sequential(layers)
    model.build((None, 4))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 50))
    noise = mt.random.Generator.from_seed(5)
    iterator = iter(pipeline(kind))
    done = mt.Variable(0)

    @mt.function
    def step(x, y):
        x = x + 0.1 * noise.normal([8, 4])
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    checkpoint = mt.train.Checkpoint(model=model, optimizer=optimizer, iterator=iterator,
                                     noise=noise, done=done, random=mt.train.RandomState())
    manager = mt.train.CheckpointManager(checkpoint, folder, 2)
    manager.restore_or_initialize()
    while int(done) < steps:
        loss = step(*next(iterator))
        done.assign_add(1)
        print(int(done), float(loss).hex(), flush=True)
        if int(done) == save_at:
            manager.save()

main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
"""


def run(folder: Path, steps: int, save_at: int, kind: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), str(steps), str(save_at)]
    return subprocess.run(
        [*command, kind], capture_output=True, text=True, check=True
    ).stdout.splitlines()


@pytest.mark.parametrize("kind", ["plain", "mapped"])
def test_a_process_goes_on_bit_for_bit(kind: str, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 20, 0, kind)
    first = run(tmp_path / "parts", 11, 9, kind)  # stopped after a step that was not saved
    rest = run(tmp_path / "parts", 20, 0, kind)
    assert len(whole) == 20
    assert first == whole[:11]
    assert rest == whole[9:]


def model_and_optimizer() -> tuple[Any, Any]:
    model = mt.keras.Sequential([mt.keras.layers.Dense(3, activation="relu"),
                                 mt.keras.layers.Dense(1)])  # fmt: skip
    return model, mt.keras.optimizers.Adam(0.1)


def test_layers_and_slots_that_are_made_after_restoring(tmp_path: Path) -> None:
    x, y = mt.ones((2, 4)), mt.zeros((2, 1))

    def train(model: Any, optimizer: Any) -> None:
        with mt.GradientTape() as tape:
            loss = mt.reduce_sum((model(x) - y) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    model, optimizer = model_and_optimizer()
    for _ in range(3):
        train(model, optimizer)
    path = mt.train.Checkpoint(model=model, optimizer=optimizer).save(tmp_path / "ck")
    again, fresh = model_and_optimizer()
    status = mt.train.Checkpoint(model=again, optimizer=fresh).restore(path)
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    assert int(fresh.iterations) == 3
    train(model, optimizer)
    train(again, fresh)
    for a, b in zip([*model.weights, *optimizer.variables], [*again.weights, *fresh.variables],
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    status.assert_consumed()


def test_names_of_layers_do_not_matter(tmp_path: Path) -> None:
    model, optimizer = model_and_optimizer()
    model(mt.ones((2, 4)))
    optimizer.build(model.trainable_variables)
    path = mt.train.Checkpoint(model=model, optimizer=optimizer).save(tmp_path / "ck")
    names = [name for name, _ in mt.train.list_variables(path)]
    assert not [name for name in names if "dense" in name]
    other, fresh = model_and_optimizer()  # dense_2, dense_3
    other(mt.ones((2, 4)))
    fresh.build(other.trainable_variables)
    mt.train.Checkpoint(model=other, optimizer=fresh).restore(path).assert_consumed()


def test_compiled_models(tmp_path: Path) -> None:
    x, y = np.ones((16, 4), "f"), np.zeros((16, 1), "f")

    def compiled() -> Any:
        model, optimizer = model_and_optimizer()
        model.compile(optimizer, "mse", metrics=["mae"])
        return model

    model = compiled()
    model.fit(x, y, epochs=2, verbose=0)
    path = mt.train.Checkpoint(model).save(tmp_path / "ck")
    again = compiled()
    status = mt.train.Checkpoint(again).restore(path)
    histories = [m.fit(x, y, epochs=2, verbose=0, shuffle=False).history for m in (model, again)]
    assert histories[0] == histories[1]
    status.assert_consumed()


def test_sequential_models_with_and_without_an_input(tmp_path: Path) -> None:
    layers = mt.keras.layers
    model = mt.keras.Sequential([mt.keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    path = mt.train.Checkpoint(model=model).save(tmp_path / "ck")
    assert mt.train.list_variables(path)[1][0].startswith("model/layers/0/bias/")
    later = mt.keras.Sequential()
    status = mt.train.Checkpoint(model=later).restore(path)
    later.add(layers.Dense(3))
    later.add(layers.Dense(2))
    x = mt.ones((1, 4))
    np.testing.assert_array_equal(later(x).numpy(), model(x).numpy())
    status.assert_consumed()
    i = mt.keras.Input((4,))
    functional = mt.keras.Model(i, layers.Dense(2)(layers.Dense(3)(i)))
    mt.train.Checkpoint(model=functional).restore(path).assert_consumed()
    np.testing.assert_array_equal(functional(x).numpy(), model(x).numpy())


def test_a_model_with_more_layers(tmp_path: Path) -> None:
    def dense(*units: int) -> Any:
        inputs = mt.keras.Input((4,))
        return mt.keras.Sequential([inputs, *[mt.keras.layers.Dense(n) for n in units]])

    path = mt.train.Checkpoint(model=dense(3, 2)).save(tmp_path / "ck")
    with pytest.raises(AssertionError, match=r"in the program: \(root\)\.model\.layers\.2, "):
        mt.train.Checkpoint(model=dense(3, 2, 2)).restore(path).assert_consumed()
    with pytest.raises(AssertionError, match=r"checkpoint \(root\)\.model\.layers\.1\.kernel"):
        mt.train.Checkpoint(model=dense(3)).restore(path).expect_partial().assert_consumed()
    with pytest.raises(ValueError, match=r"layers\.0\.kernel: float32\[4, 3\] in the checkpoint, "
                       r"float32\[4, 5\] in the program"):  # fmt: skip
        mt.train.Checkpoint(model=dense(5, 2)).restore(path)
