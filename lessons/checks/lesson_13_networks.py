"""Exercises of lesson 13 on networks: depth, good starts, dead units, NaN, diagnoses."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question
from minitensor.keras import datasets

# 13.6: a start that keeps the size


def he_weights(inputs, outputs, rng):
    """Weights (inputs, outputs) that keep the size of a signal through ReLU layers."""
    return rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs))


def scaled(variance):
    """The same with another variance."""

    def he_weights(inputs, outputs, rng):
        return np.sqrt(variance(inputs, outputs)) * rng.normal(size=(inputs, outputs))

    return he_weights


def uniform_he(inputs, outputs, rng):
    edge = np.sqrt(6 / inputs)
    return rng.uniform(-edge, edge, (inputs, outputs))


def variance_as_deviation(inputs, outputs, rng):
    return rng.normal(0.0, 2 / inputs, (inputs, outputs))


def other_way_round(inputs, outputs, rng):
    return rng.normal(0.0, np.sqrt(2 / inputs), (outputs, inputs))


def all_positive(inputs, outputs, rng):
    return np.abs(he_weights(inputs, outputs, rng))


def widths(rng):
    yield from [((256, 256), 0), ((64, 64), 1), ((400, 100), 2), ((100, 400), 3), ((128, 128), 4)]


def through_twenty_layers(function, shape, seed):
    """What the weights are like, and what twenty ReLU layers of them do to a signal."""
    inputs, outputs = shape
    rng = np.random.default_rng(seed)
    weights = function(inputs, outputs, rng)
    if not hasattr(weights, "shape"):
        return weights
    weights = np.asarray(weights, "float64")
    if weights.shape != (inputs, outputs):
        return {"shape": weights.shape}
    growth = np.sqrt(inputs * np.mean(weights**2) / 2)
    return {
        "shape": weights.shape,
        "half of them are negative": bool(abs(np.mean(weights < 0) - 0.5) < 0.1),
        "size from layer to layer": "kept" if 0.93 < growth < 1.07 else f"times {growth:.1f}",
    }


# 13.7: wake the units


def layer_of(offset, scale=1.0):
    def quiet_layer(inputs, outputs, rng):
        weights = scale * rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs))
        return weights, np.full(outputs, offset)

    return quiet_layer


def quiet_layer(inputs, outputs, rng):
    """Weights and offsets of a ReLU layer for digits."""
    return rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs)), np.zeros(outputs)


def small_offsets(inputs, outputs, rng):
    return rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs)), rng.normal(0, 0.1, outputs)


def first_digits():
    (x, _), _ = datasets.digits.load_data()
    return x[:200].reshape(200, 64)


def units(function, outputs, seed):
    """How the units of such a layer take the digits."""
    found = function(64, outputs, np.random.default_rng(seed))
    if not isinstance(found, tuple):
        return found
    weights, offsets = (np.asarray(part, "float64") for part in found)
    arrives = first_digits() @ weights + offsets
    dead, always = np.mean((arrives <= 0).all(axis=0)), np.mean((arrives > 0).all(axis=0))
    return {
        "dead units": "nearly all" if dead > 0.8 else "many" if dead > 0.3 else "few",
        "units that never rest": "many" if always > 0.6 else "few",
        "weights": "as they were" if abs(weights.std() * np.sqrt(32) - 1) < 0.1 else "others",
    }


# 13.9: a root that is safe


def safe_root(x):
    """√x where x > 0, else 0; the gradient is 0 where x is not above 0."""
    inside = mt.where(x > 0, x, 1.0)
    return mt.where(x > 0, inside**0.5, 0.0)


def unsafe_root(x):
    return mt.where(x > 0, x**0.5, 0.0)


def masked_root(x):
    above = mt.cast(x > 0, x.dtype)
    return above * mt.sqrt(mt.where(x > 0, x, mt.ones_like(x)))


def root_of_maximum(x):
    return mt.maximum(x, 0.0) ** 0.5


def root_of_a_little_more(x):
    return (mt.maximum(x, 0.0) + 1e-3) ** 0.5


def root_of_the_absolute(x):
    return mt.abs(x) ** 0.5


def one_outside(x):
    return mt.where(x > 0, x, 1.0) ** 0.5


def no_gradient(x):
    return mt.stop_gradient(safe_root(x))


def numbers_for_roots(rng):
    for values in ([4.0], [0.0, 4.0], [-1.0, 9.0], [0.0], [-4.0, 0.0, 0.25]):
        yield (np.array(values, "float32"),)
    for size in (3, 6):
        yield (np.round(rng.normal(size=size) * 2, 1).astype("float32"),)


def value_and_gradient(function, x):
    variable = mt.Variable(x)
    with mt.GradientTape() as tape:
        y = function(variable)
    if not hasattr(y, "numpy"):
        return y
    gradient = tape.gradient(y, variable)
    return {"value": y.numpy(), "gradient": None if gradient is None else gradient.numpy()}


# 13.10: a loss for huge logits


def sure_loss(logits, labels):
    """The mean cross-entropy of a batch of logits, also where they are huge."""
    return -mt.reduce_mean(mt.gather(mt.nn.log_softmax(logits), labels, batch_dims=1))


def of_shares(logits, labels):
    shares = mt.gather(mt.nn.softmax(logits), labels, batch_dims=1)
    return -mt.reduce_mean(mt.math.log(shares))


def a_little_more(logits, labels):
    shares = mt.gather(mt.nn.softmax(logits), labels, batch_dims=1)
    return -mt.reduce_mean(mt.math.log(shares + 1e-9))


def clipped(logits, labels):
    shares = mt.gather(mt.nn.softmax(logits), labels, batch_dims=1)
    return -mt.reduce_mean(mt.math.log(mt.clip_by_value(shares, 1e-7, 1.0)))


def summed(logits, labels):
    return mt.reduce_sum(
        mt.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def one_for_each(logits, labels):
    return mt.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def softmax_twice(logits, labels):
    return mt.reduce_mean(one_for_each(mt.nn.softmax(logits), labels))


def by_the_op(logits, labels):
    return mt.reduce_mean(one_for_each(logits, labels))


def by_logsumexp(logits, labels):
    right = mt.gather(logits, labels, batch_dims=1)
    return mt.reduce_mean(mt.reduce_logsumexp(logits, axis=1) - right)


def huge_logits(rng):
    yield np.array([[1.0, 2.0]], "float32"), np.array([0])
    yield np.array([[0.0, 200.0]], "float32"), np.array([0])
    yield np.array([[0.0, 200.0], [1.0, 0.0]], "float32"), np.array([1, 0])
    for rows, classes, size in ((2, 3, 1), (3, 4, 30), (4, 10, 300), (8, 10, 3)):
        logits = np.round(rng.normal(size=(rows, classes)) * size, 1).astype("float32")
        yield logits, rng.integers(0, classes, rows)


def loss_and_gradient(function, logits, labels):
    return value_and_gradient(lambda x: function(x, labels), logits)


# 13.11: six patients

DIAGNOSES = {
    "A": "vanishing",
    "B": "healthy",
    "C": "exploding",
    "D": "dead",
    "E": "saturated",
    "F": "nan",
}


def mistaken(**others):
    return {**DIAGNOSES, **others}


EXERCISES = (
    Question(
        id="13.5",
        title="Twenty sigmoid layers: the first layer's gradient, compared with the last one's",
        choices={
            "a": "about as large: the chain rule hands it on",
            "b": "about a twentieth",
            "c": "about a thousandth",
            "d": "less than a billionth",
        },
        answer="dde24a3ab8306a61",
        messages={
            "e4965960a289c784": "It hands it on times a slope, which is 1/4 at most.",
            "778fdfdfea5eefc0": "The layers do not share it among them: each one multiplies.",
            "b872651f43c0cb17": "A thousandth is what five layers do to it: (1/4)⁵.",
        },
        right="Each layer multiplies by a slope of at most 1/4, and by weights. "
        "(1/4)¹⁹ alone is 4e-12.",
        hints=("How steep is a sigmoid, at most? And nineteen of them after another?",),
    ),
    Exercise(
        id="13.6",
        title="a start that keeps the size",
        reference=he_weights,
        probes=widths,
        run=through_twenty_layers,
        labels=("(inputs, outputs)", "seed"),
        mutants=(
            Mutant(
                scaled(lambda inputs, outputs: 1 / inputs),
                "The variance is 1 / inputs: half of each signal is lost in the ReLU, in every "
                "layer.",
            ),
            Mutant(
                scaled(lambda inputs, outputs: 2 / outputs),
                "A unit adds up its inputs. Divide by their number, not by that of the outputs.",
            ),
            Mutant(
                variance_as_deviation,
                "2 / inputs is the variance. rng.normal wants the standard deviation, its root.",
            ),
            Mutant(
                scaled(lambda inputs, outputs: 1.0),
                "The sums grow with the number of inputs. Make the weights smaller by that.",
            ),
            Mutant(other_way_round, "The shape is (inputs, outputs)."),
            Mutant(all_positive, "All weights are positive: the sums do not cancel, but grow."),
        ),
        hints=(
            "inputs · v / 2 = 1. What is v, and what is its root?",
            "return rng.normal(0.0, np.sqrt(____ / ____), (____, ____))",
            "Xavier's, for tanh: rng.normal(0.0, np.sqrt(1 / inputs), (inputs, outputs))",
        ),
        variants=(uniform_he, scaled(lambda inputs, outputs: 2 / inputs)),
    ),
    Exercise(
        id="13.7",
        title="wake the units",
        reference=quiet_layer,
        starter=layer_of(-3.0),
        probes=lambda rng: ((n, seed) for seed, n in enumerate((64, 32, 128))),
        run=units,
        labels=("outputs", "seed"),
        mutants=(
            Mutant(
                layer_of(-1.0),
                "Better, but there are still too many that no digit can wake. Why should they be "
                "quiet at all?",
            ),
            Mutant(
                layer_of(3.0),
                "Now no unit ever rests. A ReLU that never bends is no ReLU: the layer is linear.",
            ),
            Mutant(
                layer_of(-3.0, 8.0),
                "Loud enough to wake them, but the outputs are eight times as large. Keep the "
                "weights.",
            ),
        ),
        hints=(
            "How large is x @ weights for a digit, about? And what does -3 make of it?",
            "offsets = np.____(outputs)",
            "A layer of lesson 12 began with np.zeros(size).",
        ),
        variants=(small_offsets, layer_of(0.05)),
    ),
    Question(
        id="13.8",
        title="The gradient of where(x > 0, x**0.5, 0) at x = [0, 4]",
        choices={
            "a": "[0, 0.25]",
            "b": "[inf, 0.25]",
            "c": "[nan, 0.25]",
            "d": "[1, 0.25]",
        },
        answer="9ddcf6cf26761b18",
        messages={
            "7a49aa967f3240b4": "It would be right, and `where` sends it. But the root multiplies "
            "it by its own slope.",
            "f8e862de4b5d34e9": "The slope of the root is infinite there, but `where` sends 0 "
            "to it. 0 times infinity is what?",
            "32c2e232065fec11": "Nothing here has slope 1.",
        },
        right="`where` sends 0 to the root, the root multiplies by its slope, which is infinite "
        "at 0, and 0 · ∞ is NaN.",
        hints=("Which local rules does the gradient meet on its way to x, and with which values?",),
    ),
    Exercise(
        id="13.9",
        title="a root with a safe gradient",
        reference=safe_root,
        starter=unsafe_root,
        probes=numbers_for_roots,
        run=value_and_gradient,
        labels=("x",),
        mutants=(
            Mutant(
                root_of_maximum,
                "At 0 the slope of the root is still infinite. It must never see the 0.",
            ),
            Mutant(root_of_a_little_more, "Now every value is a little too large."),
            Mutant(root_of_the_absolute, "Below 0 the value is to be 0."),
            Mutant(
                one_outside, "The inner `where` is there. The outer one, which gives 0, is not."
            ),
            Mutant(no_gradient, "No gradient comes through any more, not even where x is 4."),
        ),
        hints=(
            "Which number may stand in the root where x is not above 0, so that its slope is "
            "finite there?",
            "inside = mt.where(x > 0, ____, ____)\nreturn mt.where(x > 0, inside**0.5, ____)",
            "A logarithm that is safe:\ninside = mt.where(x > 0, x, 1.0)\n"
            "return mt.where(x > 0, mt.math.log(inside), 0.0)",
        ),
        variants=(
            masked_root,
            lambda x: mt.sqrt(mt.where(x > 0, x, 1.0)) * mt.cast(x > 0, x.dtype),
        ),
    ),
    Exercise(
        id="13.10",
        title="a loss for huge logits",
        reference=sure_loss,
        starter=of_shares,
        probes=huge_logits,
        run=loss_and_gradient,
        labels=("logits", "labels"),
        mutants=(
            Mutant(
                a_little_more,
                "Finite, but the loss stops at 20.7, and there the gradient is 0: the worse the "
                "answer, the less is learned from it.",
            ),
            Mutant(
                clipped,
                "clip_by_value has slope 0 outside of its ends: a very wrong answer teaches "
                "nothing.",
            ),
            Mutant(summed, "This is the sum over the batch. Take the mean."),
            Mutant(one_for_each, "One number per row has come out: take their mean."),
            Mutant(softmax_twice, "The op applies softmax by itself: hand it logits, not shares."),
        ),
        hints=(
            "Which op takes logits and never makes shares of them?",
            "return mt.reduce_mean(\n    mt.nn.sparse_softmax_cross_entropy_with_logits(\n"
            "        labels=____, logits=____\n    )\n)",
            "log(softmax(z)) in one: mt.nn.log_softmax(z) subtracts before it takes exp.",
        ),
        variants=(by_the_op, by_logsumexp),
    ),
    Exercise(
        id="13.11",
        title="six patients",
        reference=DIAGNOSES,
        mutants=(
            Mutant(
                mistaken(A="saturated", E="vanishing"),
                "A and E are exchanged. Outputs near -1 and 1 are saturated; sigmoids near 1/2 "
                "are not, and still the first gradient is tiny.",
            ),
            Mutant(
                mistaken(A="dead", D="vanishing"),
                "A and D are exchanged. Which of them gives exactly 0 for the whole batch?",
            ),
            Mutant(
                mistaken(C="nan", F="exploding"),
                "C and F are exchanged. Numbers in the hundreds are large, but they are numbers.",
            ),
            Mutant(
                mistaken(B="exploding", C="healthy"),
                "B and C are exchanged. In which of them do the bands widen from layer to layer?",
            ),
            Mutant(
                mistaken(B="dead", D="healthy"),
                "B and D are exchanged. That half of the outputs are 0 is what a ReLU does; that "
                "a unit is 0 for every digit is not.",
            ),
        ),
        hints=(
            "Begin with the two that are easy: one has numbers that are none, one has only zeros.",
            "F: ____ (loss), D: ____ (all 0), C: ____ (bands widen), E: ____ (at the ends), "
            "A: ____ (first gradient)",
            "A network whose outputs shrink to 0.001 in layer 8 would be vanishing forward.",
        ),
        variants=(dict(DIAGNOSES), {k: DIAGNOSES[k] for k in reversed("ABCDEF")}),
    ),
)
