"""Exercises of lesson 08 on the cache: what is a hit, and how to make hits of misses."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant

# 08.10: a hundred calls, one trace


def fresh_square():
    """A traced function of one number, which has seen nothing yet."""

    @mt.function
    def square(x):
        return mt.cast(x, mt.float32) * mt.cast(x, mt.float32)

    return square


def total_and_traces(function, n):
    """What the loop gives for a fresh function, and how often that was traced."""
    square = fresh_square()
    total = function(square, n)
    return {"total": total, "traces": square.experimental_get_tracing_count()}


def sizes(rng):
    """How many numbers; the last is a hundred."""
    for n in (2, 3, 4, 5, 7, 9, 12, 6, 8, 100):
        yield (n,)


def one_trace_each(square, n):
    total = 0.0
    for i in range(n):
        total += square(i)
    return total


def sum_of_squares(square, n):
    """0² + 1² + … + (n - 1)², with one trace of square."""
    total = 0.0
    for i in range(n):
        total += square(mt.constant(i))
    return total


def around_the_graph(square, n):
    total = 0.0
    for i in range(n):
        total += square.python_function(mt.constant(i))
    return total


def one_square_only(square, n):
    return square(mt.constant(n - 1))


def square_of_the_sum(square, n):
    return square(mt.reduce_sum(mt.range(n)))


def numpy_numbers(square, n):
    return sum(float(square(i)) for i in np.arange(n, dtype=np.float32))


def all_at_once(square, n):
    return mt.reduce_sum(square(mt.range(n)))


# 08.8: hits and misses


CALLS = {
    "double(mt.constant(1.0))": "miss",
    "double(mt.constant(2.0))": "hit",
    "double(np.float32(3.0))": "hit",
    "double(mt.constant(2))": "miss",
    "double(2)": "miss",
    "double(2.0)": "miss",
    "double(mt.constant([1.0, 2.0]))": "miss",
    "double(mt.constant([5.0, 6.0]))": "hit",
    "double(mt.constant([5.0]))": "miss",
    "double(x=2.0)": "hit",
}


def hit_or_miss(expected, got):
    """Compare one entry of the table."""
    said = " ".join(str(got).split()).casefold()
    if said not in ("hit", "miss"):
        return 'write "hit" or "miss"'
    return None if said == expected else f"this one is no {said}"


def changed(**entries):
    """The table with other entries, given by number from 1."""
    table = dict(CALLS)
    for name, word in entries.items():
        table[list(CALLS)[int(name[1:]) - 1]] = word
    return table


# 08.13: vectors of any length


@mt.function(reduce_retracing=True)
def spread(x):
    """The largest element minus the smallest."""
    return mt.reduce_max(x) - mt.reduce_min(x)


def spreads_and_traces(function, *lengths):
    """What comes out for vectors of some lengths, and whether two traces were enough."""
    found = [function(mt.constant(_vector(n))) for n in lengths]
    found = [float(x) if isinstance(x, mt.Tensor) else x for x in found]
    count = getattr(function, "experimental_get_tracing_count", lambda: "not traced at all")()
    few = count if isinstance(count, str) else 1 <= count <= 2
    return {"spreads": found, "two traces at most": few}


def _vector(n):
    return np.cos(np.arange(n, dtype=np.float32) * 1.7) * n


def lengths(rng):
    """Three lengths each."""
    for start in (1, 2, 3, 5, 8, 4, 9, 6, 12, 20):
        yield start, start + 2, 2 * start + 1


@mt.function
def each_length_anew(x):
    return mt.reduce_max(x) - mt.reduce_min(x)


def without_a_graph(x):
    return mt.reduce_max(x) - mt.reduce_min(x)


@mt.function(reduce_retracing=True)
def largest_only(x):
    return mt.reduce_max(x)


@mt.function(reduce_retracing=True)
def by_ends(x):
    return x[0] - x[-1]


@mt.function(input_signature=[mt.TensorSpec([None], mt.float32)])
def by_signature(x):
    return mt.reduce_max(x) - mt.reduce_min(x)


@mt.function(reduce_retracing=True)
def by_negation(x):
    return mt.reduce_max(x) + mt.reduce_max(-x)


EXERCISES = (
    Exercise(
        id="08.10",
        title="a hundred calls, one trace",
        reference=sum_of_squares,
        starter=one_trace_each,
        probes=sizes,
        run=total_and_traces,
        labels=("n",),
        mutants=(
            Mutant(
                around_the_graph,
                "The sum is right, but no graph was made: call square itself, not the function "
                "inside it (square.python_function), nor its formula.",
            ),
            Mutant(one_square_only, "This is the last square alone. Add all of them up."),
            Mutant(square_of_the_sum, "The square of a sum is not the sum of the squares."),
        ),
        hints=(
            "What is the key of square(3)? And of square(mt.constant(3))?",
            "for i in range(n):\n    total += square(mt.____(i))\n"
            "# choose from: constant   Variable   function",
            "for number in (4, 8, 15):\n    halve(mt.constant(number))   # one key: int32[]",
        ),
        variants=(numpy_numbers, all_at_once),
    ),
    Exercise(
        id="08.8",
        title="hit or miss?",
        reference=CALLS,
        compare=hit_or_miss,
        mutants=(
            Mutant(
                changed(c2="miss"),
                "A tensor's values are no part of the key: shape and dtype are all that counts.",
            ),
            Mutant(
                changed(c3="miss"),
                "A number of numpy counts as a tensor: here a float32 without axes.",
            ),
            Mutant(
                changed(c5="hit"),
                "2 is a Python number, so its key is the value, not int32[].",
            ),
            Mutant(
                changed(c6="hit"),
                "2 and 2.0 are equal, but the graphs differ: the type is a part of the key. (In "
                "TensorFlow this is a hit, and gives an int.)",
            ),
            Mutant(
                changed(c9="hit"),
                "One element is another shape than two elements.",
            ),
            Mutant(
                changed(c10="miss"),
                "By name or by position: the argument is the same.",
            ),
        ),
        hints=(
            "Go from top to bottom, and keep a list of the keys so far.",
            "int32[]   float32[]   float32[1]   float32[2]   int 2   float 2.0\n"
            "# these are all the keys there are",
            "triple(mt.constant(1)), triple(mt.constant(7)), triple(7), triple(8):\nmiss int32[], "
            "hit int32[], miss int 7, miss int 8",
        ),
        variants=(
            {call: word.upper() for call, word in CALLS.items()},
            {call: f" {word} " for call, word in reversed(CALLS.items())},
        ),
    ),
    Exercise(
        id="08.13",
        title="vectors of any length",
        reference=spread,
        probes=lengths,
        run=spreads_and_traces,
        labels=("lengths",),
        mutants=(
            Mutant(each_length_anew, "Each length is a shape, and so a key, of its own."),
            Mutant(without_a_graph, "Right, but nothing is traced: put @mt.function(…) above it."),
            Mutant(largest_only, "This is the largest element. Take the smallest away from it."),
            Mutant(by_ends, "The vector is not sorted: its ends are not its extremes."),
        ),
        hints=(
            "Which part of the shape differs from call to call, and how is an open size written?",
            "@mt.function(____=True)\ndef spread(x):\n    return mt.reduce_max(x) - "
            "mt.reduce_min(x)",
            "@mt.function(input_signature=[mt.TensorSpec([None, 3], mt.float32)])\n"
            "def norms(rows):\n    return mt.norm(rows, axis=1)   # any number of rows",
        ),
        variants=(by_signature, by_negation),
    ),
)
