"""Exercises of lesson 06: why a gradient is None, bending gradients, gradients in pieces."""

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


def target_watched(value):
    x = mt.constant(value)
    with mt.GradientTape() as tape:
        y = x * x * x
        tape.watch(y)
    return tape.gradient(y, y), tape.explain(y, y)


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


def up_to_s(value):
    x = mt.Variable(value)
    s = x * x
    with mt.GradientTape() as tape:
        tape.watch(s)
        y = 3.0 * s
    return tape.gradient(y, s), tape.explain(y, s)


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


def behind_the_detour(value):
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        s = mt.constant(np.exp(x.numpy()))
        tape.watch(s)
        y = 2.0 * s
    return tape.gradient(y, s), tape.explain(y, s)


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


def by_the_state(value):
    x = mt.Variable(value)
    total = mt.Variable(0.0)
    with mt.GradientTape() as tape:
        total.assign_add(x * x)
        y = 5.0 * total
    return tape.gradient(y, total), tape.explain(y, total)


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


# 06.15: gradient clipping


def starter_clip(x):
    return mt.identity(x)


@mt.custom_gradient
def clip_gradient(x):
    """Give x itself; the gradient that comes back is brought into [-1, 1], number by number."""

    def backward(g):
        return mt.clip_by_value(g, -1.0, 1.0)

    return mt.identity(x), backward


def clips_the_value(x):
    return mt.clip_by_value(x, -1.0, 1.0)


@mt.custom_gradient
def clips_both(x):
    return mt.clip_by_value(x, -1.0, 1.0), lambda g: mt.clip_by_value(g, -1.0, 1.0)


@mt.custom_gradient
def clips_above_only(x):
    return mt.identity(x), lambda g: mt.minimum(g, 1.0)


@mt.custom_gradient
def takes_the_sign(x):
    return mt.identity(x), mt.sign


@mt.custom_gradient
def clips_x_instead_of_g(x):
    return mt.identity(x), lambda g: mt.clip_by_value(x, -1.0, 1.0)


@mt.custom_gradient
def clips_the_length(x):
    def backward(g):
        return g / mt.maximum(1.0, mt.reduce_sum(g * g) ** 0.5)

    return mt.identity(x), backward


@mt.custom_gradient
def clip_by_two_bounds(x):
    return 1.0 * x, lambda g: mt.maximum(-1.0, mt.minimum(1.0, g))


@mt.custom_gradient
def clip_with_where(x):
    def backward(g):
        return mt.where(mt.abs(g) > 1.0, mt.sign(g), g)

    return mt.identity(x), backward


def values_and_gradients(rng):
    """x, and the gradient that arrives: small ones, large ones, both signs."""
    for shape in ((), (), (1,), (2,), (3,), (2, 2), (4,), (5,), (2, 3), (8,)):
        x = rng.normal(0.0, 2.0, shape).astype("float32")
        yield x, rng.normal(0.0, 3.0, shape).astype("float32")


def there_and_back(function, x, g):
    """What `function` makes of x, and the gradient it lets through when g arrives."""
    x = mt.Variable(x)
    with mt.GradientTape() as tape:
        y = function(x)
    if not hasattr(y, "numpy"):
        return y
    back = tape.gradient(y, x, output_gradients=mt.constant(g))
    return {"value": y.numpy(), "gradient": None if back is None else back.numpy()}


# 06.17: one gradient in pieces


def error(w, x, t):
    """Mean squared error of a linear model."""
    return mt.reduce_mean((x @ w - t) ** 2)


def gradient_of_piece(w, x, t):
    with mt.GradientTape() as tape:
        loss = error(w, x, t)
    return tape.gradient(loss, w)


def pieces(x, t, size):
    """The rows of x and t, `size` at a time."""
    return [(x[i : i + size], t[i : i + size]) for i in range(0, len(x), size)]


def gradient_in_pieces(w, x, t, size):
    """The gradient of the mean over all rows, from `size` rows at a time."""
    total = 0.0
    for some_x, some_t in pieces(x, t, size):
        total += gradient_of_piece(w, some_x, some_t) * len(some_x)
    return total / len(x)


def mean_of_means(w, x, t, size):
    found = [gradient_of_piece(w, *piece) for piece in pieces(x, t, size)]
    return sum(found) / len(found)


def sum_of_means(w, x, t, size):
    return sum(gradient_of_piece(w, *piece) for piece in pieces(x, t, size))


def last_piece(w, x, t, size):
    return gradient_of_piece(w, *pieces(x, t, size)[-1])


def drops_the_rest(w, x, t, size):
    whole = max(len(x) // size * size, 1)
    return gradient_in_pieces(w, x[:whole], t[:whole], size)


def never_divided(w, x, t, size):
    return gradient_in_pieces(w, x, t, size) * len(x)


def moves_on_the_way(w, x, t, size):
    w, total = mt.Variable(w), 0.0
    for some_x, some_t in pieces(x, t, size):
        gradient = gradient_of_piece(w, some_x, some_t) * (len(some_x) / len(x))
        w.assign_sub(0.1 * gradient)
        total += gradient
    return total


def one_tape_per_piece_of_a_sum(w, x, t, size):
    total = mt.zeros_like(w)
    for some_x, some_t in pieces(x, t, size):
        with mt.GradientTape() as tape:
            part = mt.reduce_sum((some_x @ w - some_t) ** 2) / float(t.size)
        total = total + tape.gradient(part, w)
    return total


def all_at_once(w, x, t, size):
    return gradient_of_piece(w, x, t)


def linear_models(rng):
    """w, x, t and the size of a piece; often the last piece is smaller."""
    sizes = (
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 2),
        (5, 4),
        (6, 4),
        (7, 3),
        (8, 3),
        (9, 9),
        (10, 4),
    )
    for rows, size in sizes:
        x, w, t = (
            np.round(rng.normal(size=shape), 1).astype("float32")
            for shape in ((rows, 2), (2, 1), (rows, 1))
        )
        yield w, x, t, size


def accumulate(function, w, x, t, size):
    """Run on a variable, and give the gradient as an array."""
    found = function(mt.Variable(w), x, t, size)
    return found.numpy() if hasattr(found, "numpy") else found


EXERCISES = (
    Question(
        id="06.1",
        title="tape.gradient(y, a), and then tape.gradient(y, b) on the same tape. What happens?",
        choices={
            "a": "both give their gradient",
            "b": "the second gives None",
            "c": "the second gives the sum of both gradients",
            "d": "the second raises a RuntimeError",
        },
        answer="c166a9f11644807d",
        messages={
            "c03d412c53cea359": "A tape drops its record after the first gradient, to free the "
            "memory."
            "Ask for both at once, or make the tape persistent.",
            "233da2dbff10211b": "None would be silent, and wrong: there is a path. A used-up tape "
            "says so.",
            "85cba9e27e6eaf82": "A tape does not keep gradients between calls. PyTorch's `.grad` "
            "does.",
        },
        right="One record, one walk. Ask for both at once, or make the tape persistent.",
        hints=("What does the tape do with its record to save memory?",),
    ),
    Exercise(
        id="06.2",
        title="card 1: a gradient for x",
        reference=card_1,
        starter=unwatched,
        probes=some_floats,
        run=gradient_of,
        labels=("value",),
        mutants=(
            Mutant(none_is_zero(unwatched), ZERO),
            Mutant(
                watched_too_late,
                "The tape watches from that line on, but s was computed before. Watch first.",
            ),
            Mutant(
                target_watched, "That is the gradient of y with respect to y. Watch the source."
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
        labels=("value",),
        mutants=(
            Mutant(none_is_zero(outside), ZERO),
            Mutant(up_to_s, "That is the gradient with respect to s. The path to x is still cut."),
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
        labels=("rate",),
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
        labels=("value",),
        mutants=(
            Mutant(none_is_zero(detour), ZERO),
            Mutant(behind_the_detour, "That is the gradient with respect to s, behind the detour."),
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
        labels=("value",),
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
        labels=("value",),
        mutants=(
            Mutant(none_is_zero(through_state), ZERO),
            Mutant(by_the_state, "That is the gradient with respect to total, not x."),
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
    Question(
        id="06.14",
        title="What does the outer tape print for the second derivative?",
        choices={"a": "18.0", "b": "None", "c": "0.0", "d": "27.0"},
        answer="0ab617bb213eec6b",
        messages={
            "a39ed53ddcc5df52": "6x = 18 would be right. But did the outer tape hear how g was "
            "computed?",
            "dcda52eeb056d79c": "0 would say that g does not react to x. It does; nobody recorded "
            "how.",
            "57a4594065e6f51f": "27 is the first derivative, 3x², at 3.",
        },
        right="g was computed after the outer tape had stopped. The walk back must be recorded "
        "too.",
        hints=("Which tapes are active in the line that computes g?",),
    ),
    Exercise(
        id="06.15",
        title="clip the gradient, not the value",
        reference=clip_gradient,
        starter=starter_clip,
        probes=values_and_gradients,
        run=there_and_back,
        labels=("x", "g"),
        mutants=(
            Mutant(
                clips_the_value,
                "This clips the value on the way forward, and its own derivative decides the rest: "
                "0 where it clipped. Pass x on unchanged, and clip g on the way back.",
            ),
            Mutant(clips_both, "The gradient is right, but the value must come through unchanged."),
            Mutant(
                clips_above_only, "Large negative gradients come through: there are two bounds."
            ),
            Mutant(takes_the_sign, "Gradients inside [-1, 1] must stay what they are."),
            Mutant(clips_x_instead_of_g, "The backward function was given g. Clip that, not x."),
            Mutant(
                clips_the_length,
                "This shortens the whole gradient to length 1. Here each number is clipped alone.",
            ),
        ),
        hints=(
            "What are the two things that a function under @mt.custom_gradient returns?",
            "@mt.custom_gradient\ndef clip_gradient(x):\n    def backward(g):\n"
            "        return mt.clip_by_value(____, ____, ____)\n\n"
            "    return mt.identity(____), ____\n# choose from: x   g   backward   -1.0   1.0",
            "@mt.custom_gradient\ndef half_gradient(x):\n    def backward(g):\n"
            "        return 0.5 * g\n\n    return mt.identity(x), backward",
        ),
        variants=(clip_by_two_bounds, clip_with_where),
    ),
    Question(
        id="06.16",
        title="Why does the example with the error 5 get the gradient 0?",
        choices={
            "a": "its error is clipped to 1, and beyond the bound the clipped value does not react",
            "b": "squaring makes a large error vanish",
            "c": "clip_by_value has no gradient, so the path is cut",
            "d": "a large error makes the gradient overflow",
        },
        answer="2fe08fc536942a33",
        messages={
            "4d2f06228ddcbdfd": "Squaring makes large errors larger. And the other example is "
            "squared too.",
            "97266bf0d9b2fb06": "A cut path would give None. The example with the error 0.5 gets "
            "through.",
            "7a61e9da2e2f873c": "An overflow gives inf or nan, not 0.",
        },
        right="Clipping a value is flat beyond the bound: slope 0. The worst example teaches "
        "nothing.",
        hints=("Nudge the 5 a little. What does clip_by_value give?",),
    ),
    Exercise(
        id="06.17",
        title="one gradient, a few rows at a time",
        reference=gradient_in_pieces,
        probes=linear_models,
        run=accumulate,
        mutants=(
            Mutant(
                mean_of_means,
                "The mean of the pieces' means: right only when all pieces have the same size.",
            ),
            Mutant(sum_of_means, "Each piece is a mean already. Their plain sum is too large."),
            Mutant(last_piece, "Only the last piece is left. Add the pieces up."),
            Mutant(drops_the_rest, "The last rows are missing: the last piece may be smaller."),
            Mutant(never_divided, "This is the gradient of the sum. Divide by the number of rows."),
            Mutant(moves_on_the_way, "w must stay where it is until all pieces are added."),
        ),
        hints=(
            "A mean over 5 rows, made of 4 rows and 1 row: how much does each piece count?",
            "total += tape.gradient(loss, w) * len(____)\n...\nreturn total / len(____)",
            "The mean of 1, 2, 3, 4 and 10: pieces (1, 2, 3, 4) and (10) have means 2.5 and 10;\n"
            "(2.5 * 4 + 10 * 1) / 5 = 4.",
        ),
        variants=(one_tape_per_piece_of_a_sum, all_at_once),
    ),
    Question(
        id="06.18",
        title="A gradient is None. What does that say?",
        choices={
            "a": "the target does not react to the source",
            "b": "the gradient is too small to be stored",
            "c": "the tape recorded no differentiable path from the source to the target",
            "d": "the training has converged",
        },
        answer="a4910809096960e0",
        messages={
            "56247275893581ea": "That is 0: a path exists and its slope is zero.",
            "f1df75c1106f4fbf": "A tiny gradient is still a number; when it underflows it becomes "
            "0.",
            "7448d79e77a2a9fe": "At a minimum gradients are close to 0, not None.",
        },
        right="None is about the record, 0 is about the function.",
    ),
    Question(
        id="06.19",
        title="y = x * mt.stop_gradient(x) at x = 3. What is the gradient of y in x?",
        choices={"a": "6", "b": "3", "c": "0", "d": "None"},
        answer="4aff90ac1af0277b",
        messages={
            "657b21342c971a26": "6 would need both paths. One of them is stopped.",
            "78932c8f8fe53b2f": "The other path, through the first factor, is open.",
            "243015a7660a01a8": "One path is open, and one is enough.",
        },
        right="The stopped factor counts as a constant 3, so the slope is 3.",
    ),
    Question(
        id="06.20",
        title="When do you need persistent=True?",
        choices={
            "a": "when you ask one tape for gradients more than once",
            "b": "when there is more than one source",
            "c": "when the tape should outlive its `with` block",
            "d": "when variables are updated in a loop",
        },
        answer="5ec5d5a5ab9bd10e",
        messages={
            "e38299693f02a7b3": "A list of sources is one question: tape.gradient(y, [a, b]).",
            "68a3839cd7be0349": "The gradient is asked for after the block anyway.",
            "a4c0c06872c6a33d": "In a loop, each turn makes its own tape.",
        },
        right="It keeps the record, and the memory, until the tape itself goes.",
    ),
    Question(
        id="06.21",
        title="From lesson 04: a value is used by two operations. What is its gradient?",
        choices={
            "a": "the contribution of the operation that ran last",
            "b": "the product of the two contributions",
            "c": "the mean of the two contributions",
            "d": "the sum of the two contributions",
        },
        answer="820dc073f56ebd57",
        messages={
            "04b4ebac153cd118": "That was the bug of lesson 04: `=` where `+=` belongs.",
            "03b8b9331b2316b6": "Slopes are multiplied along one path. Paths are added.",
            "4c63f5b3284d7f65": "Nothing divides: both paths pass on their full share.",
        },
        right="Accumulate: paths are added.",
    ),
    Question(
        id="06.22",
        title="From lesson 04: a bias of shape (10,) is added to a batch of shape (32, 10). "
        "What happens to its gradient?",
        choices={
            "a": "it keeps the shape (32, 10)",
            "b": "it is summed over the 32 rows",
            "c": "it is averaged over the 32 rows",
            "d": "it is taken from the first row",
        },
        answer="bb08253fae84aa9d",
        messages={
            "cbf8e906c6576989": "A gradient has the shape of its value.",
            "47b81446f5c5c11b": "A mean in the *loss* divides; un-broadcasting itself adds.",
            "5799ff5e3d626255": "All 32 rows used the bias.",
        },
        right="Un-broadcast: 32 uses, 32 contributions, added.",
    ),
)
