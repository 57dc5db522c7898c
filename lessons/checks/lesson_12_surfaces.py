"""Exercises of lesson 12 on loss surfaces: rates, directions, Adam."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question

# 12.5: Adam


def adam_step(w, g, m, v, step, rate):
    """One step of Adam: the new w, m and v. Steps are counted from 1."""
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    m_hat = m / (1.0 - 0.9**step)
    v_hat = v / (1.0 - 0.999**step)
    w = w - rate * m_hat / (mt.sqrt(v_hat) + 1e-7)
    return w, m, v


def no_correction(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * m / (mt.sqrt(v) + 1e-7), m, v


def keeps_the_corrected(w, g, m, v, step, rate):
    m = (0.9 * m + 0.1 * g) / (1.0 - 0.9**step)
    v = (0.999 * v + 0.001 * g**2) / (1.0 - 0.999**step)
    return w - rate * m / (mt.sqrt(v) + 1e-7), m, v


def corrects_only_m(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * (m / (1.0 - 0.9**step)) / (mt.sqrt(v) + 1e-7), m, v


def counts_from_two(w, g, m, v, step, rate):
    return adam_step(w, g, m, v, step + 1, rate)


def counts_from_zero(w, g, m, v, step, rate):
    return adam_step(w, g, m, v, step - 1, rate)


def no_root(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * (m / (1.0 - 0.9**step)) / (v / (1.0 - 0.999**step) + 1e-7), m, v


def no_square(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * mt.abs(g)
    return w - rate * (m / (1.0 - 0.9**step)) / (mt.sqrt(v / (1.0 - 0.999**step)) + 1e-7), m, v


def weights_exchanged(w, g, m, v, step, rate):
    m, v = 0.1 * m + 0.9 * g, 0.001 * v + 0.999 * g**2
    return w - rate * (m / (1.0 - 0.1**step)) / (mt.sqrt(v / (1.0 - 0.001**step)) + 1e-7), m, v


def forgets_m(w, g, m, v, step, rate):
    v = 0.999 * v + 0.001 * g**2
    return w - rate * g / (mt.sqrt(v / (1.0 - 0.999**step)) + 1e-7), 0.9 * m + 0.1 * g, v


def uphill(w, g, m, v, step, rate):
    return adam_step(w, g, m, v, step, -rate)


def adds_without_the_share(w, g, m, v, step, rate):
    m, v = 0.9 * m + g, 0.999 * v + g**2
    return w - rate * (m / (1.0 - 0.9**step)) / (mt.sqrt(v / (1.0 - 0.999**step)) + 1e-7), m, v


def nothing_against_zero(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * (m / (1.0 - 0.9**step)) / mt.sqrt(v / (1.0 - 0.999**step)), m, v


def epsilon_under_the_root(w, g, m, v, step, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * (m / (1.0 - 0.9**step)) / mt.sqrt(v / (1.0 - 0.999**step) + 1e-7), m, v


def by_the_paper(w, g, m, v, step, rate):
    """Algorithm 1 of Kingma and Ba (2015), in numpy and double precision."""
    w, g, m, v = (np.asarray(array, np.float64) for array in (w, g, m, v))
    m = m + (1.0 - 0.9) * (g - m)
    v = v + (1.0 - 0.999) * (g * g - v)
    m_hat, v_hat = m / (1.0 - np.power(0.9, step)), v / (1.0 - np.power(0.999, step))
    return w - rate * m_hat / (v_hat**0.5 + 1e-7), m, v


def with_the_rate_corrected(w, g, m, v, step, rate):
    """The form at the end of section 2 of the paper: one correction, of rate and epsilon."""
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * mt.square(g)
    root = (1.0 - 0.999**step) ** 0.5
    corrected = rate * root / (1.0 - 0.9**step)
    return w - corrected * m / (mt.sqrt(v) + 1e-7 * root), m, v


def gradients_in_a_row(rng):
    """w, and one to six gradients; some of them 0, and one so small that 1e-7 counts."""
    for length, shape in (
        *((1, (1,)), (1, (2,)), (2, (1,)), (2, (2,)), (3, (1,)), (3, (2,)), (4, (3,))),
        *((1, (2, 2)), (5, (2,)), (6, (1,)), (6, (3,))),
    ):
        w = np.round(rng.normal(size=shape), 1).astype("float32")
        gradients = np.round(rng.normal(size=(length, *shape)) * 2.0, 1).astype("float32")
        if length in (2, 4):
            gradients[0].flat[0] = 0.0
        yield w, list(gradients)
    yield np.zeros(1, "float32"), [np.array([1e-4], "float32")]


def several_steps(function, w, gradients):
    """w, m and v after a step with each of the gradients, from m = v = 0, at a rate of 0.1."""
    w = mt.constant(w)
    m, v = mt.zeros_like(w), mt.zeros_like(w)
    for step, g in enumerate(gradients, 1):
        found = function(w, mt.constant(g), m, v, step, 0.1)
        if not isinstance(found, tuple | list) or len(found) != 3:
            return found
        w, m, v = found
    return {name: np.asarray(value) for name, value in (("w", w), ("m", m), ("v", v))}


EXERCISES = (
    Exercise(
        id="12.3",
        title="curvature and rates of 3 * w ** 2",
        reference={"L": 6.0, "lands at once": 1 / 6, "edge": 1 / 3},
        mutants=(
            Mutant(
                {"L": 3.0, "lands at once": 1 / 3, "edge": 2 / 3},
                "3 is the factor in the loss. The gradient is 6 * w, so the curvature is 6.",
            ),
            Mutant(
                {"L": 6.0, "lands at once": 1 / 6, "edge": 1 / 6},
                "At 1 / L the factor 1 - rate * L is 0: you land. Beyond it w changes its sign in "
                "each step, and still shrinks, until the factor reaches -1.",
            ),
            Mutant(
                {"L": 6.0, "lands at once": 1 / 3, "edge": 1 / 6},
                "These two are exchanged: landing needs the factor 0, the edge is the factor -1.",
            ),
            Mutant(
                {"L": 6.0, "lands at once": 1 / 6, "edge": 1.0},
                "Nothing is special about a rate of 1. Ask when 1 - rate * L becomes -1.",
            ),
            Mutant(
                {"L": 1.5, "lands at once": 2 / 3, "edge": 4 / 3},
                "L / 2 is the factor in the loss: here that is 3.",
            ),
        ),
        hints=(
            "For which values of 1 - rate * L does w get smaller in size from step to step?",
            "L / 2 = ____, so L = ____\n1 - rate * L = 0 at rate = ____\n"
            "1 - rate * L = -1 at rate = ____",
            "For the loss 5 * w ** 2: L = 10. It lands at a rate of 0.1, and the edge is 0.2.",
        ),
        variants=(
            {"L": 6, "lands at once": np.float32(1 / 6), "edge": 2 / 6},
            {"L": np.array(6.0), "lands at once": 0.166667, "edge": 0.333333},
        ),
    ),
    Question(
        id="12.4",
        title="At (-8, 1) in the ravine: where does a step against the gradient go?",
        choices={
            "a": "straight to the minimum",
            "b": "along the valley, to the right",
            "c": "almost straight down the wall, across the valley",
            "d": "that depends on the learning rate",
        },
        answer="56d6b9875c830c70",
        messages={
            "a8dc8e6705d50db0": "Only in a round bowl. The gradient knows the slope here, and "
            "nothing of where the minimum is.",
            "0518d4cc08982685": "The valley falls gently. What counts for the gradient is how "
            "steep it is here: x gives 8, y gives 50.",
            "840bd759fd672098": "The rate sets how far the step goes, not where.",
        },
        right="The gradient is (-8, 50): the wall outweighs the way, though the way is eight times "
        "as long.",
        hints=("Differentiate 0.5 * x ** 2 and 25 * y ** 2, and put in the numbers.",),
    ),
    Exercise(
        id="12.5",
        title="one step of Adam",
        reference=adam_step,
        probes=gradients_in_a_row,
        run=several_steps,
        labels=("w", "gradients"),
        mutants=(
            Mutant(
                no_correction,
                "The first means are far too small, because m and v begin at 0. Divide them by "
                "1 - 0.9 ** step and 1 - 0.999 ** step.",
            ),
            Mutant(
                keeps_the_corrected,
                "The corrected values are for this step only. Return the running means as they "
                "are, or the next step corrects them once more.",
            ),
            Mutant(corrects_only_m, "v begins at 0 too: it needs a correction of its own."),
            Mutant(
                counts_from_two, "step is 1 in the first step already: there is nothing to add."
            ),
            Mutant(
                counts_from_zero,
                "step is 1 in the first step: with 0 the correction divides by zero.",
            ),
            Mutant(no_root, "The root is missing: v is a mean of squares, so divide by √v̂."),
            Mutant(no_square, "v is the running mean of the squares, g², not of |g|."),
            Mutant(
                weights_exchanged,
                "The weights are exchanged: a running mean keeps most of the old and takes a "
                "little of the new.",
            ),
            Mutant(forgets_m, "The step goes against m̂, the mean of the gradients, not against g."),
            Mutant(uphill, "This climbs: the step is w minus rate * m̂ / (√v̂ + 1e-7)."),
            Mutant(
                adds_without_the_share,
                "A mean, not a sum: the new gradient counts for 0.1, its square for 0.001.",
            ),
            Mutant(
                nothing_against_zero,
                "Where all gradients were 0 so far, this is 0 / 0. The 1e-7 prevents it.",
            ),
            Mutant(
                epsilon_under_the_root,
                "The 1e-7 stands beside the root, not under it: √1e-7 is 3e-4, more than the "
                "gradient here, and brakes the step.",
            ),
        ),
        hints=(
            "Which of the five lines change what is kept, and which only what is used now?",
            "m = ____ * m + ____ * g\nv = ____ * v + ____ * g**2\nm_hat = m / (1.0 - ____**step)\n"
            "v_hat = v / (1.0 - ____**step)\nw = w - rate * ____ / (mt.sqrt(____) + 1e-7)\n"
            "return w, m, v\n# choose from: 0.9   0.1   0.999   0.001   m_hat   v_hat",
            "A corrected running mean of temperatures:\nmean = 0.8 * mean + 0.2 * today\n"
            "shown = mean / (1.0 - 0.8**day)\nreturn shown, mean",
        ),
        variants=(by_the_paper, with_the_rate_corrected),
    ),
    Question(
        id="12.6",
        title="The gradient is [0.001, 1000], the rate 0.1. How far does Adam's first step go?",
        choices={
            "a": "0.1 in each of the two",
            "b": "0.0001 in the first and 100 in the second",
            "c": "100 in the first and 0.0001 in the second",
            "d": "0.01 in the first and 1 in the second",
        },
        answer="8bb13682e898efee",
        messages={
            "c9abc3826bafaadf": "That is SGD, rate times gradient. Adam divides by √v̂.",
            "f94d9d33f91b392f": "It divides by the size of the gradient, once. The gradient itself "
            "stands above the line.",
            "d1b917d57e7c0845": "In the first step m̂ is g and √v̂ is |g|. What is g / |g|?",
        },
        right="In the first step m̂ / √v̂ is g / |g|: plus or minus 1. The rate is the length of "
        "the step.",
        hints=("In the first step m̂ = g and v̂ = g².",),
    ),
)
