"""Exercises of lesson 08, the side-effect clinic: what happens while tracing happens once."""

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant
from checking.exercise import is_blank

EAGER = (
    "Right, but nothing is traced any more. Keep @mt.function: the point is to have the graph and "
    "the effect."
)


PAIR = "A card returns two things, with a comma between: what it saw, and the traced function."


def number(value):
    """A result as a number, several as text; a symbol has none."""
    if mt.is_symbolic_tensor(value):
        return "a symbol, which has no value"
    try:
        return float(value)
    except TypeError:
        return str(value.numpy().tolist()) if isinstance(value, mt.Tensor) else value


def count_of(function):
    """How often a traced function was traced."""
    count = getattr(function, "experimental_get_tracing_count", None)
    return "not traced at all" if count is None else count()


def checked(card, given, facts):
    """What a card gives, as facts; nothing, or a blank, is left as it is."""
    found = card(given)
    if isinstance(found, tuple) and len(found) == 2:
        return facts(*found)
    return found if found is None or is_blank(found) else {"returned": "not two things"}


def one_thing(given):
    return given


def lists(rng):
    """Lists of numbers, all different."""
    for length in (2, 3, 2, 4, 3, 5, 6, 4, 3, 7):
        yield ([round(float(x), 3) for x in rng.normal(0.0, 3.0, length)],)


def counts(rng):
    """How often to call."""
    for n in (2, 3, 4, 5, 7, 6, 3, 9, 8, 10):
        yield (n,)


# 08.5: a list that is appended to


def seen_and_traces(card, values):
    """What the card saw, as numbers, and how often it was traced."""

    def facts(seen, function):
        return {"seen": [number(y) for y in seen], "traces": count_of(function)}

    return checked(card, list(values), facts)


def appends_inside(values):
    seen = []

    @mt.function
    def double(x):
        y = 2.0 * x
        seen.append(y)
        return y

    for value in values:
        double(mt.constant(value))
    return seen, double


def card_1(values):
    """Twice each value, one after the other."""
    seen = []

    @mt.function
    def double(x):
        return 2.0 * x

    for value in values:
        seen.append(double(mt.constant(value)))
    return seen, double


def without_the_decorator(values):
    seen = []

    def double(x):
        y = 2.0 * x
        seen.append(y)
        return y

    for value in values:
        double(mt.constant(value))
    return seen, double


def python_numbers(values):
    seen = []

    @mt.function
    def double(x):
        return mt.constant(2.0) * x

    for value in values:
        seen.append(double(value))
    return seen, double


def only_the_last(values):
    @mt.function
    def double(x):
        return 2.0 * x

    for value in values:
        y = double(mt.constant(value))
    return [y], double


def before_doubling(values):
    seen = []

    @mt.function
    def double(x):
        return 2.0 * x

    for value in values:
        double(mt.constant(value))
        seen.append(value)
    return seen, double


def in_a_comprehension(values):
    double = mt.function(lambda x: x + x)
    return [double(mt.constant(value)) for value in values], double


def in_a_variable(values):
    store = mt.Variable([0.0] * len(values))
    place = mt.Variable(0)

    @mt.function
    def double(x):
        y = 2.0 * x
        store.assign(mt.where(mt.range(len(values)) == place, y, store))
        place.assign_add(1)
        return y

    for value in values:
        double(mt.constant(value))
    return list(store.numpy()), double


# 08.6: a counter


def calls_and_traces(card, n):
    """What the counter says, and how often the card was traced."""

    def facts(calls, function):
        return {"calls": number(calls), "traces": count_of(function)}

    return checked(card, n, facts)


def counts_inside(n):
    calls = 0

    @mt.function
    def step(x):
        nonlocal calls
        calls += 1
        return 0.5 * x

    x = mt.constant(1.0)
    for _ in range(n):
        x = step(x)
    return calls, step


def card_2(n):
    """How often step was called."""
    calls = mt.Variable(0)

    @mt.function
    def step(x):
        calls.assign_add(1)
        return 0.5 * x

    x = mt.constant(1.0)
    for _ in range(n):
        x = step(x)
    return calls.numpy(), step


def counts_without_tracing(n):
    calls = 0

    def step(x):
        nonlocal calls
        calls += 1
        return 0.5 * x

    x = mt.constant(1.0)
    for _ in range(n):
        x = step(x)
    return calls, step


def traced_each_time(n):
    calls = 0

    @mt.function
    def step(x):
        nonlocal calls
        calls += 1
        return mt.constant(0.5) * x

    x = 1.0
    for _ in range(n):
        x = float(step(x))
    return calls, step


def just_says_so(n):
    @mt.function
    def step(x):
        return 0.5 * x

    return n, step


def counts_outside(n):
    calls = 0
    step = mt.function(lambda x: 0.5 * x)
    x = mt.constant(1.0)
    for _ in range(n):
        x, calls = step(x), calls + 1
    return calls, step


def counts_in_floats(n):
    calls = mt.Variable(0.0)

    @mt.function
    def step(x):
        calls.assign(calls + 1.0)
        return 0.5 * x

    x = mt.constant(1.0)
    for _ in range(n):
        x = step(x)
    return calls, step


# 08.7: random numbers of numpy

RNG = np.random.default_rng(7)


def differences_and_traces(card, n):
    """How many of the numbers are different, and how often the card was traced."""

    def facts(numbers, function):
        different = len({number(x) for x in numbers})
        return {"numbers": len(numbers), "different": different, "traces": count_of(function)}

    return checked(card, n, facts)


def drawn_while_traced(n):
    @mt.function
    def noisy(x):
        return x + RNG.normal()

    x = mt.constant(0.0)
    return [noisy(x) for _ in range(n)], noisy


def card_3(n):
    """Numbers drawn anew in each call."""

    @mt.function
    def noisy(x):
        return x + mt.random.normal([])

    x = mt.constant(0.0)
    return [noisy(x) for _ in range(n)], noisy


def noise_as_a_python_number(n):
    @mt.function
    def noisy(x, noise):
        return x + noise

    x = mt.constant(0.0)
    return [noisy(x, float(RNG.normal())) for _ in range(n)], noisy


def noise_without_tracing(n):
    def noisy(x):
        return x + RNG.normal()

    x = mt.constant(0.0)
    return [noisy(x) for _ in range(n)], noisy


def a_function_per_call(n):
    found = []
    for _ in range(n):
        noisy = mt.function(lambda x: x + RNG.normal())
        found.append(noisy(mt.constant(0.0)))
    return found, mt.function(lambda x: x)


def noise_as_a_tensor(n):
    @mt.function
    def noisy(x, noise):
        return x + noise

    x = mt.constant(0.0)
    noise = [mt.constant(RNG.normal(), mt.float32) for _ in range(n)]
    return [noisy(x, e) for e in noise], noisy


def noise_from_a_range(n):
    noisy = mt.function(lambda x: x + mt.random.uniform([], -1.0, 1.0))
    return [noisy(mt.constant(0.0)) for _ in range(n)], noisy


EXERCISES = (
    Exercise(
        id="08.5",
        title="card 1: a list of what was seen",
        reference=card_1,
        starter=appends_inside,
        probes=lists,
        run=seen_and_traces,
        mutants=(
            Mutant(without_the_decorator, EAGER),
            Mutant(
                python_numbers,
                "The numbers come out, but each call is traced anew: a Python number is part of "
                "the key. Pass mt.constant(value).",
            ),
            Mutant(one_thing, PAIR),
            Mutant(only_the_last, "Only the last value is left. Append after each call."),
            Mutant(before_doubling, "These are the values that went in. What came out?"),
        ),
        hints=(
            "When does the line `seen.append(y)` run, and what is y at that moment?",
            "for value in values:\n    seen.append(____)\n"
            "# choose from: double(mt.constant(value))   value   double",
            "lengths = []\nfor word in words:\n    lengths.append(measure(word))   # outside, with "
            "what came back",
        ),
        variants=(in_a_comprehension, in_a_variable),
    ),
    Exercise(
        id="08.6",
        title="card 2: how often it was called",
        reference=card_2,
        starter=counts_inside,
        probes=counts,
        run=calls_and_traces,
        mutants=(
            Mutant(counts_without_tracing, EAGER),
            Mutant(
                traced_each_time,
                "The count is right because every call is traced. Then the graph is never used "
                "again: pass a tensor.",
            ),
            Mutant(one_thing, PAIR),
            Mutant(just_says_so, "The function was never called: nothing was traced or counted."),
        ),
        hints=(
            "Which kind of value may change while a graph runs?",
            "calls = mt.____(0)\n...\ncalls.____(1)\n# choose from: Variable   constant   "
            "assign   assign_add",
            "total = mt.Variable(0.0)\n\n@mt.function\ndef pay(x):\n    total.assign_sub(x)   # an "
            "operation: it is part of the graph",
        ),
        variants=(counts_outside, counts_in_floats),
    ),
    Exercise(
        id="08.7",
        title="card 3: a new number each time",
        reference=card_3,
        starter=drawn_while_traced,
        probes=counts,
        run=differences_and_traces,
        mutants=(
            Mutant(
                noise_as_a_python_number,
                "New numbers, and a new trace for each of them. Make the noise a tensor.",
            ),
            Mutant(noise_without_tracing, EAGER),
            Mutant(one_thing, PAIR),
            Mutant(
                a_function_per_call,
                "A new function for each call has an empty cache each time. Define it once.",
            ),
        ),
        hints=(
            "rng.normal() is Python. How often does it run?",
            "return x + mt.random.____([])\n# choose from: normal   seed   Generator",
            "@mt.function\ndef throw():\n    return mt.random.uniform([], 1, 7, mt.int32)   # an "
            "operation, so it draws in each run",
        ),
        variants=(noise_as_a_tensor, noise_from_a_range),
    ),
)
