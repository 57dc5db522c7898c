"""Exercises of lesson 06, the None clinic: six cards, a repair and a cause for each."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question, seal

# The None clinic: every card gives a gradient and an explanation; the check reads the gradient


def gradient_of(card, value):
    """The gradient that a card found, as a number; None when there is none."""
    gradient = card(value)
    if isinstance(gradient, tuple):
        gradient = gradient[0]
    return gradient.numpy() if hasattr(gradient, "numpy") else gradient


def some_floats(rng):
    """Single numbers, positive and negative."""
    for value in (1.0, 2.0, -1.0, 0.5, 3.0, -2.0, *rng.normal(size=6)):
        yield (round(float(value), 3),)


def some_integers(rng):
    """Whole numbers; not only those at which different slopes agree."""
    for value in (1, 2, 3, -1, 5, -4, 10, 7, -6, 12):
        yield (value,)


def some_rates(rng):
    """Learning rates."""
    for value in (0.1, 0.2, 0.25, 0.05, 0.3, 0.4, 0.01, 0.15, 0.35, 0.45):
        yield (value,)


def none_is_zero(broken):
    """The repair that is none: write 0 where there is no gradient."""

    def card(value):
        gradient, why = broken(value)
        return (0.0 if gradient is None else gradient), why

    return card


def taped(function):
    """A card that is whole: the gradient of a function at a variable."""

    def card(value):
        x = mt.Variable(value)
        with mt.GradientTape() as tape:
            y = function(x)
        return tape.gradient(y, x), tape.explain(y, x)

    return card


def by_formula(slope):
    """A correct card without any tape."""
    return lambda value: np.float32(slope(value))


ZERO = (
    "0 would say: the target does not react. None says: the tape knows no path. "
    "Repair the path instead of covering it."
)


# 06.2: an unwatched constant


def unwatched(value):
    x = mt.constant(value)
    with mt.GradientTape() as tape:
        s = x * x
        y = s * x
    return tape.gradient(y, x), tape.explain(y, x)


def card_1(value):
    """The gradient of x³ at a constant."""
    x = mt.constant(value)
    with mt.GradientTape() as tape:
        tape.watch(x)
        s = x * x
        y = s * x
    return tape.gradient(y, x), tape.explain(y, x)


def watched_too_late(value):
    x = mt.constant(value)
    with mt.GradientTape() as tape:
        s = x * x
        tape.watch(x)
        y = s * x
    return tape.gradient(y, x), tape.explain(y, x)


# 06.4: an operation outside the tape


def outside(value):
    x = mt.Variable(value)
    s = x * x
    with mt.GradientTape() as tape:
        y = 3.0 * s
    return tape.gradient(y, x), tape.explain(y, x)


def card_2(value):
    """The gradient of 3 x²."""
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        s = x * x
        y = 3.0 * s
    return tape.gradient(y, x), tape.explain(y, x)


# 06.6: a variable replaced by a tensor


def replaced(rate):
    w = mt.Variable(0.0)
    for _ in range(3):
        with mt.GradientTape() as tape:
            loss = (w - 3.0) ** 2
        gradient, why = tape.gradient(loss, w), tape.explain(loss, w)
        if gradient is None:
            break
        w = w - rate * gradient
    return gradient, why


def descend(rate, update):
    """Three steps of descent with an update of w; the gradient of the third."""
    w = mt.Variable(0.0)
    for _ in range(3):
        with mt.GradientTape() as tape:
            loss = (w - 3.0) ** 2
        gradient = tape.gradient(loss, w)
        update(w, rate * gradient)
    return gradient, None


def card_3(rate):
    """The third gradient of a descent towards 3."""
    return descend(rate, lambda w, change: w.assign_sub(change))


def uphill(rate):
    return descend(rate, lambda w, change: w.assign_add(change))


def forgets_where_it_was(rate):
    return descend(rate, lambda w, change: w.assign(-change))


def never_moves(rate):
    return descend(rate, lambda w, change: None)


def watched_each_time(rate):
    w = mt.constant(0.0)
    for _ in range(3):
        with mt.GradientTape() as tape:
            tape.watch(w)
            loss = (w - 3.0) ** 2
        gradient = tape.gradient(loss, w)
        w = w - rate * gradient
    return gradient, None


# 06.8: a detour through numpy


def detour(value):
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        s = np.exp(x.numpy())
        y = 2.0 * mt.constant(s)
    return tape.gradient(y, x), tape.explain(y, x)


def card_4(value):
    """The gradient of 2 exp(x)."""
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        y = 2.0 * mt.exp(x)
    return tape.gradient(y, x), tape.explain(y, x)


# 06.10: integers


def integer(value):
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x), tape.explain(y, x)


def card_5(value):
    """The gradient of x² at a whole number."""
    x = mt.Variable(float(value))
    with mt.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x), tape.explain(y, x)


def floating_by_dtype(value):
    x = mt.Variable(value, dtype=mt.float32)
    with mt.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x), tape.explain(y, x)


# 06.12: state


def through_state(value):
    x = mt.Variable(value)
    total = mt.Variable(0.0)
    with mt.GradientTape() as tape:
        total.assign_add(x * x)
        y = 5.0 * total
    return tape.gradient(y, x), tape.explain(y, x)


def card_6(value):
    """The gradient of 5 (0 + x²)."""
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        total = 0.0 + x * x
        y = 5.0 * total
    return tape.gradient(y, x), tape.explain(y, x)


CAUSES = {
    "a": "the source is a constant that nobody watched",
    "b": "an operation on the path ran outside the tape",
    "c": "the name of a variable now stands for a tensor",
    "d": "the path makes a detour through numpy",
    "e": "the source holds whole numbers",
    "f": "the path goes through a variable that is written",
}
RULED_OUT = {
    "a": "Here the source is a variable, and variables are watched when they are read.",
    "b": "Here every operation on the path stands inside the `with` block.",
    "c": "Here each name keeps its object from beginning to end.",
    "d": "Here nothing is turned into a numpy array on the way.",
    "e": "Here all numbers are floating point.",
    "f": "Here no variable is assigned to between source and target.",
}


def cause(number, answer, right, **special):
    """The question that goes with a card: what cut the path?"""
    return Question(
        id=number,
        title="What is the cause?",
        choices=CAUSES,
        answer=answer,
        messages={
            seal(number, letter): text
            for letter, text in (RULED_OUT | special).items()
            if seal(number, letter) != answer
        },
        right=right,
        hints=("Walk from the source to the target. Which line does the tape not see?",),
    )


EXERCISES = (
    Exercise(
        id="06.2",
        title="card 1: a gradient for x",
        reference=card_1,
        starter=unwatched,
        probes=some_floats,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(unwatched), ZERO),
            Mutant(
                watched_too_late,
                "The tape watches from that line on, but s was computed before. Watch first.",
            ),
            Mutant(
                by_formula(lambda x: 1.0),
                "That is the gradient of y with respect to y. Watch the source.",
            ),
        ),
        hints=(
            "How does a tape know which values you care about? Which ones does it pick by itself?",
            "with mt.GradientTape() as tape:\n    tape.____(____)\n    s = x * x\n    y = s * x",
            "t = mt.constant(1.5)\nwith mt.GradientTape() as tape:\n    tape.watch(t)\n"
            "    y = mt.exp(t)",
        ),
        variants=(taped(lambda x: x * x * x), by_formula(lambda x: 3 * x * x)),
    ),
    cause(
        "06.3",
        "3beb31e29986562a",
        "Only trainable variables are watched by themselves. For anything else: tape.watch.",
        a="",
    ),
    Exercise(
        id="06.4",
        title="card 2: a gradient for x",
        reference=card_2,
        starter=outside,
        probes=some_floats,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(outside), ZERO),
            Mutant(
                by_formula(lambda x: 3.0),
                "That is the gradient with respect to s. The path to x is still cut.",
            ),
            Mutant(by_formula(lambda x: 3 * x), "The slope of x² is 2x, so that of 3 x² is 6x."),
            Mutant(taped(lambda x: x * x), "That is the gradient of s. The target is y = 3 s."),
        ),
        hints=(
            "Which lines run while the tape is recording?",
            "with mt.GradientTape() as tape:\n    s = ____\n    y = ____",
            "with mt.GradientTape() as tape:\n    r = mt.sin(t)\n    y = r + 1.0   # both inside",
        ),
        variants=(by_formula(lambda x: 6 * x), taped(lambda x: 3.0 * x * x)),
    ),
    cause("06.5", "20a3709dcf266e83", "A tape hears only what runs inside its `with` block."),
    Exercise(
        id="06.6",
        title="card 3: a third step of descent",
        reference=card_3,
        starter=replaced,
        probes=some_rates,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(replaced), ZERO),
            Mutant(uphill, "This walks uphill: the gradient points up, so subtract."),
            Mutant(forgets_where_it_was, "assign replaces the value: the old w has to be in it."),
            Mutant(never_moves, "w never changes: the update is lost. Write it into the variable."),
        ),
        hints=(
            "What type has w before the loop, and what type after the first turn?",
            "w.____(rate * gradient)\n# choose from: assign   assign_add   assign_sub",
            "count = mt.Variable(5.0)\ncount.assign_sub(2.0)   # still a variable, now 3.0",
        ),
        variants=(
            lambda rate: descend(rate, lambda w, change: w.assign(w - change)),
            watched_each_time,
        ),
    ),
    cause(
        "06.7",
        "8d942c70bac439b8",
        "`w = w - …` makes a tensor and gives it the name. assign_sub changes the variable itself.",
        a="True in the second turn. But why is w no variable any more? Look at the last line of "
        "the loop.",
        c="",
    ),
    Exercise(
        id="06.8",
        title="card 4: a gradient for x",
        reference=card_4,
        starter=detour,
        probes=some_floats,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(detour), ZERO),
            Mutant(
                by_formula(lambda x: 2.0),
                "That is the gradient with respect to s, behind the detour.",
            ),
            Mutant(taped(mt.exp), "The factor 2 is lost: y is 2 exp(x)."),
        ),
        hints=(
            "A tape records operations of minitensor. Which operation is none?",
            "y = 2.0 * mt.____(____)",
            "s = mt.sin(t)           # not np.sin(t.numpy())",
        ),
        variants=(by_formula(lambda x: 2 * np.exp(x)), taped(lambda x: mt.exp(x) + mt.exp(x))),
    ),
    cause("06.9", "bd908005805df1b0", "What happens inside numpy is not recorded. Use mt.exp."),
    Exercise(
        id="06.10",
        title="card 5: a gradient for x",
        reference=card_5,
        starter=integer,
        probes=some_integers,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(integer), ZERO),
            Mutant(
                by_formula(lambda x: 2 * x + 1),
                "That is the rise to the next whole number. A slope needs steps that get tiny.",
            ),
            Mutant(by_formula(lambda x: x), "The slope of x² is 2x."),
        ),
        hints=(
            "print(x.dtype). How far can you nudge a whole number?",
            "x = mt.Variable(____(value))\n# choose from: int   float   str",
            "n = mt.Variable(4, dtype=mt.float32)",
        ),
        variants=(floating_by_dtype, by_formula(lambda x: 2 * x)),
    ),
    cause(
        "06.11", "4eaa1964be6438af", "A whole number cannot be nudged a little, so it has no slope."
    ),
    Exercise(
        id="06.12",
        title="card 6: a gradient for x",
        reference=card_6,
        starter=through_state,
        probes=some_floats,
        run=gradient_of,
        mutants=(
            Mutant(none_is_zero(through_state), ZERO),
            Mutant(by_formula(lambda x: 5.0), "That is the gradient with respect to total, not x."),
            Mutant(taped(lambda x: x * x), "The factor 5 is lost: y is 5 times the total."),
        ),
        hints=(
            "What is the source of the gradient in the graph: the number that was written, or the "
            "variable it was written to?",
            "with mt.GradientTape() as tape:\n    total = ____ + ____   # a tensor\n"
            "    y = 5.0 * total",
            "# instead of  s.assign(mt.sin(t));  y = s * s\ns = mt.sin(t)\ny = s * s",
        ),
        variants=(by_formula(lambda x: 10 * x), taped(lambda x: 5.0 * x**2)),
    ),
    cause(
        "06.13",
        "d1c42e909810db6a",
        "A variable remembers a value, not where the value came from. Keep it in a tensor.",
    ),
)
