"""One example of every viewer: for the pictures in the README, and for the tests that look at all.

Each entry is a function without arguments that gives an island. Seeds are fixed, so that the
pictures are the same on every machine, to the last digit shown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minitensor as mt
import minitensor_widgets as view
from minitensor_widgets.output import Output


def graph() -> Output:
    """The graph of a small model."""
    mt.random.set_seed(1)
    model = mt.keras.Sequential(
        [
            mt.keras.layers.Dense(8, activation="relu", name="hidden"),
            mt.keras.layers.Dense(3, name="logits"),
        ],
        name="model",
    )
    x = mt.random.normal((4, 5))
    with mt.GradientTape() as tape:
        loss = mt.reduce_mean(mt.square(model(x)), name="loss")
    del loss
    return view.show(tape)


def stepper() -> Output:
    """A backward pass in the middle of its way."""
    a, b = mt.Variable(2.0, name="a"), mt.Variable(3.0, name="b")
    with mt.GradientTape() as tape:
        y = a * b + mt.sin(a)
    return view.step(tape, y, at=7)


def traces() -> Output:
    """The cache of a function that is traced anew for each Python number."""

    @mt.function
    def scaled(x: mt.Tensor, factor: float) -> mt.Tensor:
        return x * factor

    for factor in (1.0, 2.0, 2.0, 3.0):
        scaled(mt.ones((3,)), factor)
    scaled(mt.ones((2, 2)), 3.0)
    return view.traces(scaled)


def passes() -> Output:
    """What the optimiser makes of a training step."""
    w = mt.Variable(mt.ones((4, 3)), name="w")

    @mt.function
    def descend(x: mt.Tensor) -> mt.Tensor:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean(mt.square(mt.tanh(x @ w)))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    return view.passes(descend.get_concrete_function(mt.ones((2, 4))))


def control_flow() -> Output:
    """A loop and a branch, opened."""

    @mt.function
    def walk(x: mt.Tensor) -> mt.Tensor:
        while mt.reduce_sum(x) < 10.0:
            x = x * 2.0 if mt.reduce_max(x) > 1.0 else x + 1.0
        return x

    walk(mt.ones((3,)))
    return view.show(walk, collapsed=[], direction="LR")


def difference() -> Output:
    """What the optimiser changed in a graph."""

    @mt.function
    def scaled(x: mt.Tensor) -> mt.Tensor:
        return mt.tanh(x * 2.0 * 3.0) + mt.tanh(x * 2.0 * 3.0)

    scaled(mt.ones((4,)))
    return view.difference(scaled)


def inspector() -> Output:
    """A tensor with a gradient, and an element that is no number."""
    values = mt.random.stateless_normal((6, 20, 16), seed=(1, 2)).numpy()
    values[0, 3, 4], values[0, 5, 9] = float("nan"), float("inf")
    return view.inspect(mt.constant(values), name="activations")


def histogram() -> Output:
    """The distribution of a kernel."""
    return view.histogram(mt.random.stateless_normal((100, 50), seed=(3, 4)), name="kernel")


def broadcast() -> Output:
    """Two shapes that fit, drawn axis by axis."""
    return view.broadcast((3, 1), (4,))


def jacobian() -> Output:
    """The Jacobian of softmax: symmetric, with rows that sum to zero."""
    return view.jacobian(mt.nn.softmax, mt.constant([1.0, 2.0, 0.5, -1.0, 0.0]))


def gradient_check() -> Output:
    """The error of a difference quotient over the step."""
    return view.gradient_check(mt.sin, mt.constant([0.3, 1.2], dtype=mt.float64))


def board() -> Output:
    """What stays of a training run."""
    made = view.Board("descent")
    for step in range(40):
        made.scalar("loss", 2.0 * 0.9**step + 0.05 * (-1) ** step)
        if step % 4 == 0:
            spread = mt.random.stateless_normal((400,), seed=(step, 1)) * (0.2 + step / 40)
            made.histogram("weights", spread, step=step)
    made.close()
    return made.figure()


def playground() -> Output:
    """A small network after 200 steps on two circles."""
    from minitensor_widgets.play.playing import recorded, session

    return recorded(session("circle", {}, {}), 200)


def race() -> Output:
    """Optimisers on their way down a ravine."""
    return view.race("ravine")


def loops() -> Output:
    """A matrix product in the middle, and what its order costs."""
    made = view.loops("matmul", shape=(6, 6, 6), order="ikj")
    made.step = 300
    return made


def launch() -> Output:
    """Blocks of threads that sum through shared memory."""
    cuda = view.cuda

    @view.kernel
    def block_sums(x, out):
        shared = cuda.shared.array(4, "float32")
        t = cuda.threadIdx.x
        shared[t] = x[cuda.blockIdx.x * cuda.blockDim.x + t]
        cuda.syncthreads()
        if t == 0:
            total = 0.0
            for k in range(4):
                total += shared[k]
            out[cuda.blockIdx.x] = total

    made = view.launch(block_sums, 2, 4, (np.arange(8.0), np.zeros(2)))
    made.step = 2
    return made


def dashboard() -> Output:
    """Three runs: their curves, and what arrives at a layer."""
    from minitensor.summary.series import Histograms
    from minitensor_widgets.summaries.samples import BEGAN, Log, training

    random, steps = np.random.default_rng(0), np.arange(0, 400, 20)
    spread = [random.normal(-step / 200, 1 + step / 200, 2000) for step in steps]
    rows = [mt.summary.bucketed(values) for values in spread]
    arrives = Histograms("rate 0.1", "arrives at layer 1", steps, BEGAN + steps, rows)
    return view.dashboard(Log([*training(runs=3, tags=2).series, arrives]), title="Three rates")


def distribution() -> Output:
    """What a batch shrinks to in twelve layers."""
    random = np.random.default_rng(0)
    x, outputs = random.normal(size=(256, 64)), {}
    for layer in range(1, 13):
        x = np.tanh(x @ random.normal(0, 0.09, (64, 64)))
        outputs[str(layer)] = x
    return view.distribution(outputs, name="outputs of 12 layers")


def model_health() -> Output:
    """Eight layers of sigmoids: the gradients vanish on their way back."""
    keras = mt.keras
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(24, activation="sigmoid", name=f"layer_{i}") for i in range(1, 7)]
    model = keras.Sequential([keras.Input((16,)), *layers, keras.layers.Dense(4, name="logits")])
    model.compile(
        optimizer="sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    random = np.random.default_rng(0)
    x, y = random.normal(size=(320, 16)).astype("float32"), random.integers(0, 4, 320)
    doctor = keras.callbacks.Health(every=5)
    model.fit(x, y, batch_size=32, epochs=5, shuffle=False, callbacks=[doctor], verbose=0)
    return view.model_health(doctor)


def projector() -> Output:
    """Handwritten digits as points of 64 dimensions."""
    (x, y), _ = mt.keras.datasets.digits.load_data()
    return view.projector(x[:250].reshape(-1, 64), y[:250], images=x[:250], name="digits")


EXAMPLES: dict[str, Callable[[], Output]] = {
    "graph": graph,
    "control_flow": control_flow,
    "difference": difference,
    "stepper": stepper,
    "inspector": inspector,
    "histogram": histogram,
    "broadcast": broadcast,
    "traces": traces,
    "passes": passes,
    "jacobian": jacobian,
    "gradient_check": gradient_check,
    "board": board,
    "playground": playground,
    "race": race,
    "loops": loops,
    "launch": launch,
    "dashboard": dashboard,
    "distribution": distribution,
    "model_health": model_health,
    "projector": projector,
}
