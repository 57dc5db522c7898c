"""Exercises of lesson 08 on what lasts from call to call: a variable, an object's method."""

import minitensor as mt
from checking import Exercise, Mutant
from checking.exercise import is_blank

# 08.11: a variable of its own


def sums_and_traces(card, values):
    """The running sums, and whether the function was traced for the first call only."""
    try:
        found = card(list(values))
    except ValueError as error:
        return {"raised": type(error).__name__}
    if not isinstance(found, tuple) or len(found) != 2:
        return found if found is None or is_blank(found) else {"returned": "not two things"}
    sums, function = found
    count = getattr(function, "experimental_get_tracing_count", lambda: 0)()
    return {"sums": [float(y) for y in sums], "traced for one call only": 1 <= count <= 2}


def lists(rng):
    """Lists of numbers, all different."""
    for length in (2, 3, 2, 4, 3, 5, 6, 4, 3, 7):
        yield ([round(float(x), 3) for x in rng.normal(0.0, 3.0, length)],)


def made_each_time(values):
    @mt.function
    def add(x):
        total = mt.Variable(0.0)
        total.assign_add(x)
        return total.value()

    return [add(mt.constant(value)) for value in values], add


def card_4(values):
    """The sum so far, after each value."""
    total = mt.Variable(0.0)

    @mt.function
    def add(x):
        total.assign_add(x)
        return total.value()

    return [add(mt.constant(value)) for value in values], add


def starts_again(values):
    total = mt.Variable(0.0)

    @mt.function
    def add(x):
        total.assign(0.0)
        total.assign_add(x)
        return total.value()

    return [add(mt.constant(value)) for value in values], add


def sums_without_tracing(values):
    total = 0.0

    def add(x):
        nonlocal total
        total = total + x
        return total

    return [add(mt.constant(value)) for value in values], add


def sums_in_the_key(values):
    add = mt.function(lambda total, x: mt.constant(total) + x)
    sums, total = [], 0.0
    for value in values:
        sums.append(add(total, mt.constant(value)))
        total = float(sums[-1])
    return sums, add


def made_on_the_first_call(values):
    kept = []

    @mt.function
    def add(x):
        if not kept:
            kept.append(mt.Variable(0.0))
        kept[0].assign_add(x)
        return kept[0].value()

    return [add(mt.constant(value)) for value in values], add


def handed_on(values):
    add = mt.function(lambda total, x: total + x)
    sums, total = [], mt.constant(0.0)
    for value in values:
        total = add(total, mt.constant(value))
        sums.append(total)
    return sums, add


# 08.12: a method that is traced again


class _Traced:
    """How often `body` ran, which is how often it was traced."""

    def __init__(self, factor):
        self.factor, self.traced = mt.constant(factor), 0


class _AnotherFunctionEachTime(_Traced):
    def body(self, x):
        self.traced += 1
        return self.factor * x

    def __call__(self, x):
        return mt.function(self.body)(x)


class Scaler:
    """Multiplies by a factor, in a graph that is traced once."""

    def __init__(self, factor):
        self.factor = mt.constant(factor)
        self.traced = 0

    @mt.function
    def body(self, x):
        """What is traced."""
        self.traced += 1
        return self.factor * x

    def __call__(self, x):
        """Run the graph."""
        return self.body(x)


class _NeverCounts(_Traced):
    @mt.function
    def body(self, x):
        return self.factor * x

    def __call__(self, x):
        return self.body(x)


def one_for_all():
    """A class whose function is made by the first object, for all objects."""

    class OneForAll(_Traced):
        shared = None

        def body(self, x):
            self.traced += 1
            return self.factor * x

        def __call__(self, x):
            kind = type(self)
            kind.shared = kind.shared or mt.function(self.body)
            return kind.shared(x)

    return OneForAll


class _GivesNothing(_Traced):
    @mt.function
    def body(self, x):
        self.traced += 1
        return self.factor * x

    def __call__(self, x):
        self.body(x)


class _MadeAtTheStart(_Traced):
    def __init__(self, factor):
        super().__init__(factor)
        self.run = mt.function(self.body)

    def body(self, x):
        self.traced += 1
        return self.factor * x

    def __call__(self, x):
        return self.run(x)


class _DecoratedCall(_Traced):
    @mt.function
    def __call__(self, x):
        self.traced += 1
        return self.factor * x


def fresh(kind):
    """A class as it was written: each check begins with objects of its own."""
    return kind() if getattr(kind, "__name__", "") == "one_for_all" else kind


def scaled(kind, factors, values):
    """What two objects make of some values, and how often each was traced."""
    found = {}
    for name, factor in zip(("first", "second"), factors, strict=True):
        scaler = kind(factor)
        if not callable(scaler):
            return scaler
        found[name] = [float(scaler(mt.constant(value))) for value in values]
        found[f"traces of the {name}"] = scaler.traced
    return found


def factors_and_values(rng):
    """Two factors, and values to scale."""
    for length in (2, 3, 4, 2, 5, 3, 4, 6, 3, 5):
        factors = tuple(round(float(x), 2) for x in rng.normal(0.0, 2.0, 2))
        yield factors, [round(float(x), 2) for x in rng.normal(0.0, 2.0, length)]


EXERCISES = (
    Exercise(
        id="08.11",
        title="card 4: a sum that goes on",
        reference=card_4,
        starter=made_each_time,
        probes=lists,
        run=sums_and_traces,
        mutants=(
            Mutant(
                lambda values: values,
                "A card returns two things, with a comma between: the sums, and the traced "
                "function.",
            ),
            Mutant(
                starts_again,
                "Each value comes back alone. What should last is set back to 0, or never changed.",
            ),
            Mutant(
                sums_without_tracing,
                "Right, but nothing is traced any more. Keep @mt.function: the point is to have "
                "the graph and the sum.",
            ),
            Mutant(
                sums_in_the_key,
                "The sum is right, but it travels as a Python number, so every call is traced.",
            ),
        ),
        hints=(
            "How many variables would there be after ten calls? How many do you want?",
            "total = mt.Variable(0.0)\n\n@mt.function\ndef add(x):\n    total.____(x)\n    return "
            "total.value()\n# where does the first line belong?",
            "best = mt.Variable(-1e9)\n\n@mt.function\ndef record(x):\n    "
            "best.assign(mt.maximum(best, x))\n    return best.value()",
        ),
        variants=(made_on_the_first_call, handed_on),
    ),
    Exercise(
        id="08.12",
        title="a method that is traced once",
        reference=Scaler,
        starter=_AnotherFunctionEachTime,
        probes=factors_and_values,
        run=lambda kind, *probe: scaled(fresh(kind), *probe),
        labels=("factors", "values"),
        mutants=(
            Mutant(
                _NeverCounts,
                "The line `self.traced += 1` has to stay: it runs while tracing, so it counts.",
            ),
            Mutant(
                one_for_all,
                "The second object got the graph of the first, with the factor of the first in "
                "it. Each object needs its own.",
            ),
            Mutant(_GivesNothing, "body has the result, but __call__ does not return it."),
        ),
        hints=(
            "How many objects does mt.function make here, and how long does each live?",
            "class Scaler:\n    ...\n    ____\n    def body(self, x):\n        self.traced += 1\n"
            "        return self.factor * x\n\n    def __call__(self, x):\n        return "
            "self.body(x)\n# one line, above body",
            "class Clock:\n    def __init__(self):\n        self.tick = mt.function(self._tick)   "
            "# once for each clock",
        ),
        variants=(_MadeAtTheStart, _DecoratedCall),
    ),
)
