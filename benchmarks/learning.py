"""What learning is measured at by itself: `python -m benchmarks.learning`.

`fit` beside a loop written by hand, pipelines, and three networks that learn real tasks. Needs no
peers; set OPENBLAS_NUM_THREADS=1, as `benchmarks.run` does.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minitensor as mt
from benchmarks.alone import resident, show
from benchmarks.bars import Bar
from minitensor import keras
from minitensor.keras import layers

FIT, BATCHED, ELEMENT = Bar(1.15, "loop"), 300_000, 5.0
SHIFTED, REVERSAL = (0.90, 60.0), (1.0, 30.0)
GROWTH = 1_000_000
BATCH, EPOCHS = 32, 10


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The training part of the digits, as vectors."""
    (x, y), _ = keras.datasets.digits.load_data()
    return x.reshape(len(x), -1), y


def mlp() -> Any:
    """The network for digits."""
    return keras.Sequential([
        keras.Input((64,)),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(10),
    ])  # fmt: skip


def by_hand(x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """Epochs in a loop of one's own: the same step, traced, with loss and accuracy."""
    model, optimizer = mlp(), keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    mean, accuracy = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()
    rng = np.random.default_rng(0)

    @mt.function
    def step(images: Any, labels: Any) -> None:
        with mt.GradientTape() as tape:
            logits = model(images, training=True)
            loss = loss_of(labels, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        mean.update_state(loss)
        accuracy.update_state(labels, logits)

    def run() -> None:
        for _ in range(EPOCHS):
            mean.reset_state()
            accuracy.reset_state()
            order = rng.permutation(len(x))
            for start in range(0, len(x), BATCH):
                rows = order[start : start + BATCH]
                step(mt.constant(x[rows]), mt.constant(y[rows]))

    return run


def by_fit(x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """The same epochs by `fit`."""
    model = mlp()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)


def fitting() -> str:
    """Microseconds a step, both ways, and their ratio: the median over pairs of runs."""
    x, y = digits()
    ways = by_hand(x, y), by_fit(x, y)
    steps = EPOCHS * -(-len(x) // BATCH)
    times: list[list[float]] = [[], []]
    for turn in range(9):
        for way, found in zip(ways, times, strict=True):
            seconds = timed(way)
            if turn:
                found.append(seconds / steps * 1e6)
    ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
    hand, fit = map(statistics.median, times)
    return f"loop {hand:.0f} µs, fit {fit:.0f} µs: {ratio:.2f}   {FIT.verdict(ratio)}"


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def drain(dataset: Any) -> float:
    """Seconds to walk through a pipeline: the best of three walks."""

    def walk() -> None:
        for _ in dataset:
            pass

    return min(timed(walk) for _ in range(3))


def batches() -> str:
    """Images a second through shuffle, batch, map and prefetch."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60_000, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 60_000)
    dataset = (
        mt.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(60_000)
        .batch(128)
        .map(lambda x, y: (mt.cast(x, mt.float32) / 255.0, y))
        .prefetch(2)
    )
    rate = 60_000 / drain(dataset)
    met = "met" if rate >= BATCHED else "MISSED"
    return f"{rate:,.0f} images/s   ≥ {BATCHED:,}: {met}"


def elements() -> str:
    """Microseconds that each stage adds to an element; the functions given to stages do one op."""
    costs = dict(stage_costs())
    worst = max(costs.values())
    figures = ", ".join(f"{name} {cost:.1f}" for name, cost in costs.items())
    return f"{figures} µs   ≤ {ELEMENT} µs: {'met' if worst <= ELEMENT else 'MISSED'}"


def stage_costs() -> Iterator[tuple[str, float]]:
    """Each stage and what it costs; first, the walk over a range that all have in common."""
    count = 20_000
    source = mt.data.Dataset.range(count)
    base = drain(source)
    yield "range", base / count * 1e6
    stages = {
        "map": lambda d: d.map(lambda x: x + 1),
        "filter": lambda d: d.filter(lambda x: x >= 0),
        "shuffle": lambda d: d.shuffle(1000),
        "batch": lambda d: d.batch(32),
        "repeat": lambda d: d.repeat(1),
        "take": lambda d: d.take(count),
        "enumerate": lambda d: d.enumerate(),
        "prefetch": lambda d: d.prefetch(16),
    }
    for name, stage in stages.items():
        yield name, max(0.0, drain(stage(source)) - base) / count * 1e6


def shifted() -> str:
    """A convnet on digits somewhere on a larger canvas, with augmentation."""
    keras.utils.set_random_seed(1)
    (x, y), (x_test, y_test) = keras.datasets.shifted_digits.load_data()
    model = keras.Sequential([
        keras.Input(x.shape[1:]),
        layers.RandomTranslation(0.2, 0.2, fill_mode="constant", interpolation="nearest"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10),
    ])  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    seconds = timed(lambda: model.fit(x, y, batch_size=64, epochs=80, verbose=0))
    return task(model.evaluate(x_test, y_test, verbose=0)[1], seconds, SHIFTED)


def task(accuracy: float, seconds: float, bar: tuple[float, float]) -> str:
    """What a network learned in which time, and whether that keeps to its bar."""
    met = accuracy >= bar[0] and seconds <= bar[1]
    return (
        f"{accuracy:.1%} in {seconds:.1f} s   ≥ {bar[0]:.0%} in ≤ {bar[1]:.0f} s: "
        f"{'met' if met else 'MISSED'}"
    )


class Reverser(keras.Model):
    """Two blocks of attention over embedded symbols and positions."""

    def __init__(self, symbols: int, length: int, width: int = 32):
        super().__init__()
        self.length = length
        self.symbols = layers.Embedding(symbols, width)
        self.positions = layers.Embedding(length, width)
        self.blocks = [[layers.LayerNormalization(), layers.MultiHeadAttention(4, width // 4),
                        layers.LayerNormalization(), layers.Dense(4 * width, "gelu"),
                        layers.Dense(width)] for _ in range(2)]  # fmt: skip
        self.out = layers.Dense(symbols)

    def call(self, x: Any) -> Any:
        """Logits of the symbol at each place."""
        x = self.symbols(x) + self.positions(mt.range(self.length))
        for before, attention, between, wide, narrow in self.blocks:
            normal = before(x)
            x = x + attention(normal, normal)
            x = x + narrow(wide(between(x)))
        return self.out(x)


def reversal() -> str:
    """A small transformer that reverses strings: the share of sequences that are all right."""
    keras.utils.set_random_seed(1)
    (x, y), (x_test, y_test) = keras.datasets.reversal.load_data()
    model = Reverser(int(x.max()) + 1, x.shape[1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    seconds = timed(lambda: model.fit(x, y, batch_size=64, epochs=8, verbose=0))
    found = model.predict(x_test, verbose=0).argmax(-1)
    return task(float((found == y_test).all(-1).mean()), seconds, REVERSAL)


def memory() -> str:
    """What 50 epochs of `fit` leave, after 5 to warm up."""
    x, y = digits()
    model = mlp()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    fit = lambda n: model.fit(x, y, epochs=n, verbose=0, validation_split=0.1)  # noqa: E731
    fit(5)
    gc.collect()
    before = resident()
    fit(50)
    gc.collect()
    grown = resident() - before
    return (
        f"+{grown / 1e6:.2f} MB   ≤ {GROWTH / 1e6:.0f} MB: {'met' if grown <= GROWTH else 'MISSED'}"
    )


CHECKS = {
    "fit, digits MLP, a step": fitting,
    "pipeline, batches of 28×28 images": batches,
    "pipeline, an element": elements,
    "convnet on shifted digits": shifted,
    "transformer on reversal": reversal,
    "50 epochs of fit": memory,
}


if __name__ == "__main__":
    show(CHECKS)
