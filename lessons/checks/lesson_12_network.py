"""Exercises of lesson 12 on networks: softmax once, and sixty steps."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question
from minitensor.keras import datasets

# 12.8: softmax once


def cross_entropy(labels, logits):
    """One cross-entropy for each row."""
    return mt.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def digit_loss(logits, labels):
    """The mean cross-entropy of a batch of logits."""
    return mt.reduce_mean(
        mt.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


def softmax_twice(logits, labels):
    return mt.reduce_mean(cross_entropy(labels, mt.nn.softmax(logits)))


def summed(logits, labels):
    return mt.reduce_sum(cross_entropy(labels, logits))


def one_per_row(logits, labels):
    return cross_entropy(labels, logits)


def softmax_over_the_batch(logits, labels):
    shares = mt.transpose(mt.nn.softmax(mt.transpose(logits)))
    return -mt.reduce_mean(mt.gather(mt.math.log(shares), labels, batch_dims=1))


def all_classes_count(logits, labels):
    return -mt.reduce_mean(mt.nn.log_softmax(logits))


def no_logarithm(logits, labels):
    return -mt.reduce_mean(mt.gather(mt.nn.softmax(logits), labels, batch_dims=1))


def wrong_sign(logits, labels):
    return -digit_loss(logits, labels)


def no_softmax_at_all(logits, labels):
    return -mt.reduce_mean(mt.gather(logits, labels, batch_dims=1))


def shares_and_their_logarithm(logits, labels):
    shares = mt.nn.softmax(logits)
    right = mt.one_hot(labels, logits.shape[1])
    return -mt.reduce_mean(mt.math.log(mt.reduce_sum(right * shares, axis=1)))


def by_logsumexp(logits, labels):
    right = mt.gather(logits, labels, batch_dims=1)
    return mt.reduce_mean(mt.reduce_logsumexp(logits, axis=1) - right)


def logits_and_labels(rng):
    """One row and more, two classes and more."""
    for rows, classes in ((1, 2), (1, 3), (2, 2), (2, 3), (3, 2), (3, 4), (4, 3), (5, 10), (8, 10)):
        logits = np.round(rng.normal(size=(rows, classes)) * 2.0, 1).astype("float32")
        yield logits, rng.integers(0, classes, rows)


def loss_and_gradient(function, logits, labels):
    """What training sees: the loss, and its gradient."""
    logits = mt.Variable(logits)
    with mt.GradientTape() as tape:
        loss = function(logits, labels)
    if not hasattr(loss, "numpy"):
        return loss
    gradient = tape.gradient(loss, logits)
    return {"loss": loss.numpy(), "gradient": None if gradient is None else gradient.numpy()}


# 12.11: sixty steps


def moons(seed):
    """The loss of a small network on two half moons, and its variables."""
    (x, labels), _ = datasets.two_moons.load_data(250)
    rng = np.random.default_rng(seed)
    parameters = [
        mt.Variable(rng.normal(0.0, 1.0, (2, 16)).astype("float32")),
        mt.Variable(np.zeros(16, "float32")),
        mt.Variable(rng.normal(0.0, 0.3, (16, 1)).astype("float32")),
        mt.Variable(np.zeros(1, "float32")),
    ]
    t = labels[:, None].astype("float32")

    def loss():
        w1, b1, w2, b2 = parameters
        logits = mt.tanh(x @ w1 + b1) @ w2 + b2
        return mt.reduce_mean(mt.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=logits))

    return loss, parameters


def sixty_steps(function, start):
    """What came out of a training: not numbers, which differ, but what was asked for."""
    loss, parameters = moons(start)
    first, before = float(loss()), [p.numpy().copy() for p in parameters]
    calls = 0

    def counted():
        nonlocal calls
        calls += 1
        return loss()

    found = function(counted, parameters)
    if found is not None and not hasattr(found, "numpy"):
        return found
    last = float(loss())
    moved = any((p.numpy() != was).any() for p, was in zip(parameters, before, strict=True))
    return {
        "the variables moved": moved,
        "at most 60 calls of loss": calls <= 60,
        "lower than at the start": last < first,
        "below 0.05": last < 0.05,
    }


def starts(rng):
    for seed in range(3):
        yield (seed,)


def train_moons(loss, parameters):
    """Bring loss() below 0.05 with at most 60 calls of it."""
    velocities = [mt.zeros_like(p) for p in parameters]
    for _ in range(60):
        with mt.GradientTape() as tape:
            now = loss()
        gradients = tape.gradient(now, parameters)
        for place, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            velocities[place] = 0.9 * velocities[place] + g
            p.assign_sub(1.5 * velocities[place])


def descent(rate, steps=60, make=None):
    """A plain descent, or one whose step `make` makes for each parameter."""

    def train_moons(loss, parameters):
        one_steps = [make(rate) if make else (lambda g: rate * g) for _ in parameters]
        for _ in range(steps):
            with mt.GradientTape() as tape:
                now = loss()
            gradients = tape.gradient(now, parameters)
            for p, g, one_step in zip(parameters, gradients, one_steps, strict=True):
                p.assign_sub(one_step(g))

    return train_moons


def adam(rate):
    m, v, step = 0.0, 0.0, 0

    def one_step(g):
        nonlocal m, v, step
        m, v, step = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, step + 1
        return rate * (m / (1.0 - 0.9**step)) / (mt.sqrt(v / (1.0 - 0.999**step)) + 1e-7)

    return one_step


def rmsprop(rate):
    v = 0.0

    def one_step(g):
        nonlocal v
        v = 0.9 * v + 0.1 * g**2
        return rate * g / (mt.sqrt(v) + 1e-7)

    return one_step


def moves_copies(loss, parameters):
    for _ in range(60):
        with mt.GradientTape() as tape:
            now = loss()
        gradients = tape.gradient(now, parameters)
        [p - 0.3 * g for p, g in zip(parameters, gradients, strict=True)]


EXERCISES = (
    Question(
        id="12.7",
        title="Why does the loss never fall below 1.461?",
        choices={
            "a": "the rate is too small for this network",
            "b": "ten classes at random give a loss of 1.461",
            "c": "the network has too few hidden numbers",
            "d": "shares, taken for logits, differ by 1 at most: the right digit gets at most "
            "e / (e + 9)",
        },
        answer="7ba3461b492633c7",
        messages={
            "048e79a2ad22936e": "Then it would fall slowly, but on and on.",
            "6daca7ba02400ae3": "Ten classes at random give log(10) = 2.303. That is where it "
            "begins.",
            "72e21e4118ebd124": "The digits are read well. It is the loss that cannot say so.",
        },
        right="softmax gives shares from 0 to 1. A second softmax takes them for logits: even the "
        "surest answer, 1 and nine times 0, comes out as a share of e / (e + 9) = 0.23, and "
        "-log(0.23) is 1.461.",
        hints=("Put the best possible shares, one 1 and nine 0, through softmax again.",),
    ),
    Exercise(
        id="12.8",
        title="softmax, once",
        reference=digit_loss,
        starter=softmax_twice,
        probes=logits_and_labels,
        run=loss_and_gradient,
        labels=("logits", "labels"),
        mutants=(
            Mutant(summed, "This is the sum over the batch. Take the mean."),
            Mutant(one_per_row, "One number per row has come out: take their mean."),
            Mutant(
                softmax_over_the_batch,
                "The shares of the classes in one row add up to 1: softmax goes along the row, "
                "which is the last axis.",
            ),
            Mutant(
                all_classes_count,
                "Only the share of the right class counts: pick it with the labels.",
            ),
            Mutant(
                no_logarithm,
                "This is the share of the right class. The cross-entropy is minus its logarithm.",
            ),
            Mutant(wrong_sign, "A loss falls when the answer gets better: the sign is turned."),
            Mutant(
                no_softmax_at_all,
                "Now there is no softmax at all: the logit of the right class alone can grow "
                "without end.",
            ),
        ),
        hints=(
            "What does the name sparse_softmax_cross_entropy_with_logits promise to do, and what "
            "does it want to be given?",
            "return mt.reduce_mean(\n    mt.nn.sparse_softmax_cross_entropy_with_logits(\n"
            "        labels=labels, logits=____\n    )\n)",
            "Two classes, one logit: the function wants the logit, not its sigmoid.\n"
            "mt.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=x @ w)",
        ),
        variants=(shares_and_their_logarithm, by_logsumexp),
    ),
    Exercise(
        id="12.11",
        title="two moons in sixty steps",
        reference=train_moons,
        probes=starts,
        run=sixty_steps,
        labels=("start",),
        mutants=(
            Mutant(
                descent(0.1),
                "It goes down, but too slowly. Try a larger rate first, then momentum or Adam.",
            ),
            Mutant(
                descent(1000.0),
                "The loss is higher than at the start: the rate is beyond the edge, or the steps "
                "go uphill.",
            ),
            Mutant(
                descent(0.2, 200, adam),
                "The goal is reached, with more than 60 calls of loss. Each call counts, also "
                "those outside a tape.",
            ),
            Mutant(descent(0.05, 100), "Neither: more than 60 calls, and still above 0.05."),
            Mutant(
                moves_copies,
                "The variables are where they were. Move them with assign_sub or assign.",
            ),
        ),
        hints=(
            "Which of the four optimisers was fast in all three races, and at which rate?",
            "for step in range(1, ____):\n    with mt.GradientTape() as tape:\n        now = ____\n"
            "    gradients = tape.gradient(now, ____)\n"
            "    for p, g in zip(parameters, gradients):\n"
            "        p.assign_sub(____)",
            "Momentum for one variable:\nm = mt.zeros_like(p)\nfor _ in range(60):\n    ...\n"
            "    m = 0.9 * m + g\n    p.assign_sub(rate * m)",
        ),
        variants=(descent(0.3, 60, adam), descent(0.5, 40, adam)),
    ),
)
