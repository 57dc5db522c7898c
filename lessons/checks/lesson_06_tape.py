"""Exercises of lesson 06 on the tape: when its record is gone, clipping, gradients in pieces."""

from contextlib import contextmanager

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question

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


def one_list_of_pieces(w, x, t, size):
    shares = [
        gradient_of_piece(w, some_x, some_t) * (len(some_x) / len(x))
        for some_x, some_t in pieces(x, t, size)
    ]
    return sum(shares)


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


@contextmanager
def longest_records():
    """Collect the most rows that any tape of the block holds."""
    usual, rows = mt.GradientTape, []

    class Counted(usual):
        def __exit__(self, *error):
            super().__exit__(*error)
            shapes = [out.shape for node in self.graph().nodes for out in node.outputs]
            rows.extend(shape[0] for shape in shapes if len(shape) == 2)

    mt.GradientTape = Counted
    try:
        yield rows
    finally:
        mt.GradientTape = usual


def accumulate(function, w, x, t, size):
    """Run on a variable: the gradient as an array, and whether each record was short enough.

    w itself, of two rows, may always be on a record.
    """
    with longest_records() as rows:
        found = function(mt.Variable(w), x, t, size)
    gradient = found.numpy() if hasattr(found, "numpy") else found
    short = max(rows, default=0) <= max(size, 2)
    return {"gradient": gradient, "at most size rows on a tape": short}


@mt.custom_gradient
def sends_nothing_back(x):
    def backward(g):
        mt.clip_by_value(g, -1.0, 1.0)

    return mt.identity(x), backward


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
            "memory. "
            "Ask for both at once, or make the tape persistent.",
            "233da2dbff10211b": "None would be silent, and wrong: there is a path. A used-up tape "
            "says so.",
            "85cba9e27e6eaf82": "A tape does not keep gradients between calls. PyTorch's `.grad` "
            "does.",
        },
        right="One record, one walk. Ask for both at once, or make the tape persistent.",
        hints=("What does the tape do with its record to save memory?",),
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
            Mutant(
                sends_nothing_back,
                "Nothing is passed on: is a return missing in the backward function?",
            ),
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
            Mutant(
                all_at_once,
                "The numbers are right, but all rows are on one tape. Cut x and t into pieces, "
                "and give each piece a tape of its own.",
            ),
            Mutant(moves_on_the_way, "w must stay where it is until all pieces are added."),
        ),
        hints=(
            "A mean over 5 rows, made of 4 rows and 1 row: how much does each piece count?",
            "total += tape.gradient(loss, w) * len(____)\n...\nreturn total / len(____)",
            "The mean of 1, 2, 3, 4 and 10: pieces (1, 2, 3, 4) and (10) have means 2.5 and 10;\n"
            "(2.5 * 4 + 10 * 1) / 5 = 4.",
        ),
        variants=(one_tape_per_piece_of_a_sum, one_list_of_pieces),
    ),
)
