"""Exercises of lesson 12 on the loop: its six lines, batches, leftovers, and what fit adds."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question

# 12.2: the six lines in order

LINES = {
    "a": "        loss = mt.reduce_mean((y - t) ** 2)",
    "b": "    w = w - rate * gradient",
    "c": "for x, t in batches:",
    "d": "    gradient = tape.gradient(loss, w)",
    "e": "    with mt.GradientTape() as tape:",
    "f": "    w.assign_sub(rate * gradient)",
    "g": "    w.assign_add(rate * gradient)",
    "h": "        y = x @ w",
}
ORDER = ["c", "e", "h", "a", "d", "f"]


def three_batches():
    rng = np.random.default_rng(2)
    return [
        (rng.normal(size=(4, 2)).astype("float32"), rng.normal(size=(4, 1)).astype("float32"))
        for _ in range(3)
    ]


def weights_after(program, batches):
    """The weights after the program has seen these batches."""
    names = {"mt": mt, "w": mt.Variable([[1.0], [-1.0]]), "rate": 0.25, "batches": batches}
    exec(program, names)
    return names["w"].numpy()


def compiled(letters):
    """The lines as a program; where their blanks do not fit together, an error says which."""
    try:
        return compile("\n".join(LINES[letter] for letter in letters), "<lines>", "exec")
    except IndentationError as error:
        raise IndentationError(misplaced(letters, error)) from None


def misplaced(letters, error):
    """Which line cannot stand where it does, in words."""
    if "expected an indented block" in error.msg:
        head = next(x for x in reversed(letters[: error.lineno]) if LINES[x].endswith(":"))
        return f"line {head} ends in a colon, so a line with more blanks must come next"
    place = error.lineno - 1
    if place == 0:
        return f"line {letters[0]} begins with blanks, so it cannot be the first"
    line, before = letters[place], letters[place - 1]
    if "unexpected indent" in error.msg:
        return (
            f"line {line} cannot come right after line {before}: it begins with more blanks, and "
            "only a line that ends in a colon opens a block"
        )
    return f"line {line} cannot come after line {before}: no block with so few blanks is open there"


def assembled(order):
    """Put the lines together and run them, on one batch and on three."""
    letters = [str(letter).strip().casefold() for letter in order]
    unknown = [letter for letter in letters if letter not in LINES]
    if unknown or not letters:
        raise ValueError('write a list of letters from a to h, such as ["a", "b", "c"]')
    program, batches = compiled(letters), three_batches()
    found = {"after one batch": weights_after(program, batches[:1])}
    try:
        found["after three batches"] = weights_after(program, batches)
    except Exception as error:
        found["after three batches"] = f"{type(error).__name__}: {error}"
    return found


# 12.9: gradients left over


def train_in_pieces(w, pieces, rate, every):
    """After each `every` pieces, one step against the mean of their gradients; gives w back."""
    total = mt.zeros_like(w)
    for number, (x, t) in enumerate(pieces, 1):
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((w * x - t) ** 2)
        total = total + tape.gradient(loss, w)
        if number % every == 0:
            w.assign_sub(rate * total / every)
            total = mt.zeros_like(w)
    return w


def gradients_of(w, pieces):
    """The gradient of each piece, taken where w is at that moment."""
    for x, t in pieces:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((w * x - t) ** 2)
        yield tape.gradient(loss, w)


def never_clears(w, pieces, rate, every):
    total = mt.zeros_like(w)
    for number, gradient in enumerate(gradients_of(w, pieces), 1):
        total = total + gradient
        if number % every == 0:
            w.assign_sub(rate * total / every)
    return w


def clears_after_each_piece(w, pieces, rate, every):
    for number, gradient in enumerate(gradients_of(w, pieces), 1):
        if number % every == 0:
            w.assign_sub(rate * gradient / every)
    return w


def adds_and_never_divides(w, pieces, rate, every):
    return train_in_pieces(w, pieces, rate * every, every)


def steps_after_each_piece(w, pieces, rate, every):
    return train_in_pieces(w, pieces, rate, 1)


def mean_of_all_so_far(w, pieces, rate, every):
    total = mt.zeros_like(w)
    for number, gradient in enumerate(gradients_of(w, pieces), 1):
        total = total + gradient
        if number % every == 0:
            w.assign_sub(rate * total / number)
    return w


def clears_w_too(w, pieces, rate, every):
    total = mt.zeros_like(w)
    for number, gradient in enumerate(gradients_of(w, pieces), 1):
        total = total + gradient
        if number % every == 0:
            w.assign(-rate * total / every)
            total = mt.zeros_like(w)
    return w


def a_list_per_step(w, pieces, rate, every):
    some = []
    for gradient in gradients_of(w, pieces):
        some.append(gradient)
        if len(some) == every:
            w.assign_sub(rate * mt.add_n(some) / every)
            some.clear()
    return w


def clears_before_the_first_piece(w, pieces, rate, every):
    total = mt.Variable(0.0)
    for number, gradient in enumerate(gradients_of(w, pieces)):
        if number % every == 0:
            total.assign(0.0)
        total.assign_add(gradient / every)
        if number % every == every - 1:
            w.assign_sub(rate * total)
    return w


def piles_of_pieces(rng):
    """Pieces of two points each; steps of one, two and three pieces."""
    for steps, every in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (4, 2), (3, 3), (5, 2)):
        pieces = [
            tuple(np.round(rng.normal(size=2), 1).astype("float32") for _ in range(2))
            for _ in range(steps * every)
        ]
        yield pieces, 0.2, every


def trained(function, pieces, rate, every):
    """Where w ends, from 0.5."""
    w = mt.Variable(0.5)
    found = function(w, pieces, rate, every)
    return {"w": found.numpy()} if hasattr(found, "numpy") else found


EXERCISES = (
    Question(
        id="12.1",
        title="The loss is a mean over the batch. How does the gradient of a batch of 64 compare "
        "with that of a batch of 8?",
        choices={
            "a": "it is 8 times as large",
            "b": "it is about the same, and varies less from batch to batch",
            "c": "it is an eighth as large",
            "d": "it is exactly the same",
        },
        answer="5aae084d1be74746",
        messages={
            "f4a612e52ba34a15": "That is the sum: eight times the points, eight times the "
            "gradient. The mean divides by the number of points.",
            "44986f0e9e42d188": "The mean divides by 64 and not by 8, but it also adds up 64 and "
            "not 8.",
            "f797fd092b29b578": "Other points, other gradients. But the mean of many varies less.",
        },
        right="A mean estimates the gradient over all data, and more points estimate it better. "
        "Nothing averages for you but the mean in your loss.",
        hints=("What happens to the mean of a sample when the sample grows?",),
    ),
    Exercise(
        id="12.2",
        title="the six lines of a training loop",
        reference=ORDER,
        run=assembled,
        mutants=(
            Mutant(
                ["c", "e", "h", "a", "d", "b"],
                "The first turn is fine. But `w = w - …` makes w a tensor, which no tape watches: "
                "card 3 of lesson 06. The variable itself must move.",
            ),
            Mutant(
                ["c", "e", "h", "a", "d", "g"],
                "This goes up the hill: the gradient points to where the loss grows.",
            ),
            Mutant(
                ["c", "h", "e", "a", "d", "f"],
                "Look at the blanks at the beginning of the lines: the forward pass stands inside "
                "the tape's block, so it comes after `with`.",
            ),
            Mutant(
                ["c", "e", "h", "d", "a", "f"],
                "The gradient is that of the loss, so the loss comes first; and its blanks put it "
                "into the tape's block, under the forward pass.",
            ),
            Mutant(
                ["c", "e", "a", "h", "d", "f"],
                "The loss compares y with t, so y must be there: forward first, then loss.",
            ),
            Mutant(
                ["c", "e", "h", "a", "f", "d"],
                "The step uses the gradient, so the gradient comes first.",
            ),
            Mutant(
                ["c", "e", "h", "a", "d"],
                "This measures the slope and never makes a step.",
            ),
            Mutant(
                ["e", "c", "h", "a", "d", "f"],
                "The blanks tell: `for` begins, and there is a new tape for each batch.",
            ),
            Mutant(
                ["c", "e", "h", "a", "d", "f", "f"],
                "One step per batch: the gradient is that of the place before the step.",
            ),
        ),
        hints=(
            "Which line needs nothing that another line makes? Which line needs it next?",
            "for x, t in batches:\n    with ____:\n        y = ____\n        loss = ____\n"
            "    gradient = ____\n    w.____(rate * gradient)",
            "A loop that counts: for, then what it looks at, then what it adds.\n"
            "    for x in numbers:\n        square = x * x\n        total.assign_add(square)",
        ),
        variants=(tuple(ORDER), "CEHADF", [f" {letter} " for letter in ORDER]),
    ),
    Exercise(
        id="12.9",
        title="no gradients left over",
        reference=train_in_pieces,
        starter=never_clears,
        probes=piles_of_pieces,
        run=trained,
        labels=("pieces", "rate", "every"),
        mutants=(
            Mutant(
                clears_after_each_piece,
                "Now only the last of the pieces counts: clear the total after a step, not after "
                "each piece.",
            ),
            Mutant(
                adds_and_never_divides,
                "This adds the gradients: the step is too long. Their mean was asked for.",
            ),
            Mutant(
                steps_after_each_piece,
                "A step after each piece is another descent: w moves while you still collect.",
            ),
            Mutant(
                mean_of_all_so_far,
                "The mean of all pieces so far also holds the ones that have had their step.",
            ),
            Mutant(clears_w_too, "w has lost what it had learned: clear the total and keep w."),
        ),
        hints=(
            "What is in `total` right after the first step? What should be in it?",
            "if number % every == 0:\n    w.assign_sub(rate * total / every)\n    total = ____",
            "A shop counts the customers of each day:\n    if evening:\n        print(customers)\n"
            "        customers = 0",
        ),
        variants=(a_list_per_step, clears_before_the_first_piece),
    ),
    Question(
        id="12.10",
        title="Which of these does fit not do for you?",
        choices={
            "a": "shuffle the rows before each epoch",
            "b": "trace the whole step into one graph",
            "c": "find a learning rate that suits the loss",
            "d": "weigh the last, smaller batch by its size in the mean of the epoch",
            "e": "switch dropout off on the data that is kept apart",
        },
        answer="a2d8549a899a2b09",
        messages={
            "bf7bb0d9c753023d": "It does, unless you say shuffle=False, as we did to compare.",
            "e5bb38a3b0a00c1b": "It does: one graph of forward, loss, gradients and update.",
            "f0866c616bdc682f": "It does. Our loop had to do the same to get the same numbers.",
            "316f233a8ec3ee1f": "It does: training=True in the step, training=False in the "
            "validation.",
        },
        right="The rate is yours to choose. Schedules and callbacks change it as you tell them to.",
        hints=("Which of them needs to know something about your problem?",),
    ),
)
