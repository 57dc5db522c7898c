"""Calls from converted code: helpers, methods, built-in functions, and code of other kinds."""

# ruff: noqa: SIM108 - statements are what is tested

from __future__ import annotations

import argparse
import calendar
import configparser
import difflib
import fractions
import functools
import heapq
import html
import inspect
import json
import pprint
import shlex
import statistics
import textwrap
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest

import minitensor as mt
from minitensor import nest
from minitensor.autograph import calls

TABLE: list[tuple[Callable, Any]] = []
STORE = {"global": 0}
OPTIONS = {"less": 2}


def case(*arguments: Any) -> Callable:
    """Add a function to the table, to be called with each argument."""

    def add(function: Callable) -> Callable:
        TABLE.extend((function, argument) for argument in arguments)
        return function

    return add


def outcome(function: Callable, argument: Any) -> list:
    results = nest.flatten(function(mt.constant(argument)))
    return [mt.convert_to_tensor(r).numpy().tolist() for r in results]


def label(value: Any) -> str | None:
    return value.__name__ if callable(value) else str(value)


# Built-in functions.


@case([3.0, 1.0, 2.0])
def builtins_of_tensors(x):
    return len(x), abs(-x), max(x), min(x), sum(x), min(x[0], 2.5), max(x[0], x[1])


@case([3, 1, 2])
def more_builtins(x):
    up, down = sorted(x), sorted(x, reverse=True)
    t = mt.convert_to_tensor(up) + 10 * mt.convert_to_tensor(down)
    by_key = mt.convert_to_tensor(sorted(x, key=lambda q: -q))
    return t, by_key, float(x[0]), int(x[0]), any(x > 2), all(x > 2), bool(x[0] > 2)


@case([3, 1, 2])
def enumerate_zip_and_map(x):
    s = 0
    for i, row in enumerate(x):
        s += i * row
    for a, b in zip(x, [4, 5], strict=False):
        s += a * b
    for q in map(lambda a: a * 2, x):
        s += q
    for i, (a, b) in enumerate(zip(x, x, strict=True), 5):
        s += i * a * b
    return s


@case(3)
def builtins_of_python_values(x):
    names = sorted(["b", "a"], key=str)
    found = [i * x for i in range(len(names))]
    rest = max(1, 2) + min([3, 4]) + sum([1, 2]) + abs(-1) + int("7") + int("11", 2) + float("1")
    pairs = list(enumerate(zip("ab", [1, 2], strict=True)))
    return found, rest, len(pairs), any([]), all([]), {"k": x}["k"], list(map(int, "12"))


@case(3)
def names_of_the_frame(x):
    y = 3
    return locals()["y"] + eval("x + y") + len([n for n in globals() if n == "TABLE"])


# Calls.


def helper(x, *more, k=3, **options):
    if x > k:
        return x * 2 + sum(more)
    return x - options.get("less", 1)


@case(5, 1)
def helpers(x):
    again = functools.partial(helper, k=4)
    return helper(x), again(x), helper(x, 1, *[2, 3], k=0, **OPTIONS)


def doubled(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        result = f(*args, **kwargs)
        if result > 3:
            result = result * 2
        return result

    return inner


@doubled
def decorated(x):
    if x > 1:
        x = x + 1
    return x


@case(5, 1)
def decorated_helpers(x):
    return decorated(x)


class Model:
    __hidden = 3

    def __init__(self):
        self.__weight = mt.Variable(2)

    def __half(self, x):
        return x // 2 if x > 1 else x

    def run(self, x):
        if x > 0:
            x = x * self.__weight * self.__hidden
        return self.__half(x)

    @classmethod
    def of_class(cls, x):
        if x > 0:
            return x
        return -x

    @staticmethod
    def static(x):
        if x > 0:
            return x + 1
        return -x

    def __call__(self, x):
        if x > 1:
            return x
        return x * 0


class Deeper(Model):
    def run(self, x):
        y = super().run(x)
        if y > 5:
            y = y - 1
        return y


MODEL = Deeper()


@case(5, -5)
def methods(x):
    return MODEL.run(x), Model.of_class(x), MODEL.of_class(-x), Model.static(x), MODEL(x)


@case(5, -5)
def lambdas_on_one_line(x):
    f, g = lambda a: a + 1 if a > 2 else a, lambda a: a - 1 if a > 2 else a
    return f(x), g(x)


SAME_LINE = [lambda a: a + 1 if a > 2 else a, lambda a: a * 10 if a > 2 else -a]


@case(5, -5)
def lambdas_defined_elsewhere_on_one_line(x):
    return SAME_LINE[0](x), SAME_LINE[1](x)


@case(3, -3)
def inner_functions(x):
    def inner(y, scale=2):
        if y > 0:
            return y * x
        return y * scale

    return inner(x), inner(-x), inner(x, scale=5)


@case(4)
def recursion_over_python_numbers(x):
    def power(y, n):
        return 1 if n == 0 else y * power(y, n - 1)

    return power(x, 3)


@case(3, -3)
def functions_of_functions(x):
    def flip(y):
        if y > 0:
            return -y
        return y

    return (
        mt.map_fn(flip, mt.stack([x, -x])),
        mt.cond(x > 0, lambda: flip(x), lambda: helper(x)),
        mt.while_loop(lambda i: i < 10, lambda i: (helper(i, k=5),), (mt.abs(x) + 4,)),
    )


@case(5.0, -5.0)
def traced_functions_inside(x):
    @mt.function
    def inner(y):
        if y > 0:
            return y * y
        return y

    return inner(x) + inner(-x)


@case(3.0, -3.0)
def custom_gradient(x):
    @mt.custom_gradient
    def clipped(y):
        def grad_fn(upstream):
            return mt.minimum(upstream, 0.5)

        return mt.identity(y), grad_fn

    if x > 0:
        x = clipped(x) * 3
    return x


# Everything around.


@case(5, -5)
def try_and_finally(x):
    log = []
    try:
        if x > 0:
            x = x + 1
        try:
            int("q")
        except ValueError as error:
            log.append(str(error))
            x = x * 2
        else:
            x = 0
    finally:
        x = x + len(log)
    return x


@case(2.0, -2.0)
def with_blocks(x):
    with mt.GradientTape() as tape:
        tape.watch(x)
        if x > 0:
            y = x * x * x
        else:
            y = x * x
    return tape.gradient(y, x)


@case(3)
def assertions_that_hold(x):
    assert x > 0, f"{x} is not positive"
    assert x < 10
    return x


@case(3, -3)
def a_global(x):
    if x > 0:
        STORE["global"] = 1
    else:
        STORE["global"] = 2
    return STORE["global"] + x


@case(3)
def comprehensions(x):
    kept = [i * x for i in range(4) if i != 1]
    return (
        mt.add_n(kept),
        {k: v for k, v in zip("ab", kept, strict=False)}["b"],
        sum(q for q in kept),
    )


@case(3)
def unpacking(x):
    first, *rest = [x, 1, 2]
    (a, b), c = (x, first), len(rest)
    return a + b + c


@pytest.mark.parametrize(("function", "argument"), TABLE, ids=label)
def test_eager_is_traced(function: Callable, argument: Any) -> None:
    assert outcome(mt.function(function), argument) == outcome(function, argument)


# Converted code that meets no tensor is Python as it was: the standard library says so.


def arguments() -> Any:
    parser = argparse.ArgumentParser(prog="p")
    parser.add_argument("--a", type=int, default=3)
    parser.add_argument("b", nargs="+")
    return vars(parser.parse_args(["--a", "5", "q", "r"])), parser.format_help()


def settings() -> Any:
    parser = configparser.ConfigParser()
    parser.read_string("[a]\nx=1\ny=%(x)s2\n")
    return parser.get("a", "y"), parser.sections()


@pytest.mark.parametrize(
    "program",
    [
        arguments,
        settings,
        lambda: calendar.month(2024, 2),
        lambda: difflib.get_close_matches("appel", ["ape", "apple", "peach"]),
        lambda: fractions.Fraction(22, 7).limit_denominator(6),
        lambda: heapq.nlargest(3, [5, 1, 9, 3, 7], key=lambda v: -v),
        lambda: html.unescape("&lt;a&#39;&amp;"),
        lambda: json.loads(json.dumps({"b": [1, 2.5, None], "a": {"x": "y"}}, indent=2)),
        lambda: pprint.pformat({"a": list(range(40)), "b": {"c": "x" * 90}}),
        lambda: shlex.split("a 'b c' \"d e\" f\\ g # h", comments=True),
        lambda: statistics.quantiles([1, 2, 3, 4, 7]),
        lambda: textwrap.fill("the quick brown fox jumps over the dog " * 5, width=30),
        lambda: urllib.parse.urljoin("http://a/b/c/d?x=1", "../e#f"),
    ],
)
def test_converted_code_is_python(program: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("inspect", "linecache", "functools", "threading", "contextlib", "ast", "dis", "logging")
    converted = []

    def is_foreign(function: Any) -> bool:
        ours = function.__code__.co_filename.startswith(calls.ENGINE)
        found = ours or function.__module__ in kept or inspect.isgeneratorfunction(function)
        converted.append(found)
        return found

    expected = repr(program())
    monkeypatch.setattr(calls, "_is_foreign", is_foreign)
    assert repr(mt.autograph.convert(program)()) == expected
    assert False in converted
