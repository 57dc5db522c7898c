"""Random programs give the same values and gradients eager, traced, and compiled.

A program is written line by line from templates; a line that fails, or whose numbers grow too
large, is left out. When a seed fails, its program is printed; `write(seed)` gives it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.passes import optimise
from minitensor.graph.trace import replay
from minitensor.graph.verify import verify

SEEDS, CHUNK = 2000, 50
LARGEST = 1e3

# {a} is a float tensor of dtype {t}, {s} one like a, {o} any other; {n} is a number.
VALUES = [
    "mt.tanh({a})", "mt.sin({a})", "mt.exp(mt.tanh({a}))", "mt.sigmoid({a})", "mt.square({a})",
    "-{a}", "mt.nn.softplus({a})", "mt.nn.relu({a})", "mt.nn.elu({a})", "mt.nn.gelu({a})",
    "mt.abs({a})", "mt.sqrt(mt.abs({a}) + {n})", "mt.math.log(mt.abs({a}) + {n})",
    "1.0 / (mt.abs({a}) + {n})", "mt.math.rsqrt(mt.square({a}) + {n})", "mt.identity({a})",
    "mt.stop_gradient({a}) * {a}", "{a} + {o}", "{a} - {o}", "{a} * {o}", "{n} * {a}", "{a} + {n}",
    "{a} / (mt.abs({o}) + {n})", "mt.maximum({a}, {o})", "mt.minimum({a}, {n})",
    "mt.where({a} > {s}, {a}, {s} * {n})", "mt.where({a} > 0.0, {a}, mt.zeros_like({a}))",
    "mt.pow(mt.abs({a}) + {n}, {e})", "mt.math.squared_difference({a}, {o})",
    "mt.clip_by_value({a}, -{n}, {n})", "mt.cast({a} > {s}, {t}) * {a}",
    "mt.cast(mt.cast({a}, mt.float32), {t})", "mt.cast(mt.cast({a}, mt.int32), {t})",
    "mt.cast(mt.cast({a} * 3.0, mt.int32) // 2 % 5, {t})", "mt.cast(mt.math.ceil({a}), {t})",
    "mt.cast(mt.cast({a} * 9.0, mt.int64) - mt.cast({s}, mt.int64) * 2, {t})",
    "mt.cast(mt.logical_not({a} <= {s}), {t}) - {a}", "mt.cast(mt.cast({a}, mt.float16), {t})",
    "mt.math.divide_no_nan({a}, {s})", "mt.math.multiply_no_nan({a}, {s})",
]  # fmt: skip
TRIVIAL = [
    "{a} * 1.0", "{a} + 0.0", "{a} - 0.0", "{a} / 1.0", "{a} / 4.0", "-(-{a})", "{a} - {a}",
    "{a} * mt.ones_like({a})", "{a} + mt.zeros_like({a})", "{a} * (mt.ones_like({a}) / {n})",
    "mt.transpose(mt.transpose({a}))", "mt.reshape(mt.reshape({a}, [-1]), {a}.shape)",
    "mt.broadcast_to({a}, {a}.shape)", "mt.cast({a}, {t})", "mt.concat([{a}], 0)",
    "{a} + (-{s})", "(-{a}) * (-{s})", "mt.squeeze(mt.expand_dims({a}, 0), 0)",
    "mt.ones({a}.shape, {t}) * {n}", "mt.fill({a}.shape, {a}[..., 0][..., None][0, 0])",
]  # fmt: skip
SHAPES = [
    "mt.reduce_sum({a}, axis={x})", "mt.reduce_mean({a}, axis={x}, keepdims=True)",
    "mt.reduce_max({a}, axis={x})", "mt.reduce_sum({a})", "mt.reduce_mean({a}, axis={x})",
    "mt.reduce_sum({a}, axis={x}, keepdims=True)", "mt.nn.softmax({a})", "mt.cumsum({a}, {x})",
    "mt.math.reduce_logsumexp({a}, axis={x})", "mt.math.reduce_variance({a}, axis={x})",
    "mt.reshape({a}, [-1])", "mt.transpose({a})", "mt.expand_dims({a}, {x})", "{a}[0]",
    "{a}[::-1]", "{a}[..., None]", "{a}[1:]", "mt.concat([{a}, {s}], {x})",
    "mt.stack([{a}, {s}], 0)", "mt.reverse({a}, [{x}])", "mt.pad({a}, [[0, 1]] * len({a}.shape))",
    "mt.tile({a}, [2] + [1] * (len({a}.shape) - 1))", "mt.gather({a}, [0, 0], axis={x})",
    "mt.split({a}, 2, axis={x})[1]", "mt.unstack({a}, axis={x})[0]", "mt.reshape({a}, {o}.shape)",
    "mt.broadcast_to({a}, {o}.shape)", "mt.roll({a}, 1, axis={x})",
    "mt.one_hot(mt.argmax({a}, axis={x}), 3, dtype={t})", "mt.cast(mt.argsort({a}), {t})",
    "mt.cast(mt.size({a}), {t}) * {n}", "mt.cast(mt.range(3), {t}) * {n}",
]  # fmt: skip
PRODUCTS = [
    "mt.matmul({a}, {o})", "mt.matmul({a}, {o}, transpose_b=True)",
    "mt.matmul({a}, mt.transpose({o}))", "mt.matmul(mt.transpose({a}), {o})",
    "mt.tanh(mt.matmul({a}, {o}) + {o2}[0])", "mt.tensordot({a}, {o}, 1)",
    "mt.nn.relu(mt.matmul({a}, mt.linalg.matrix_transpose({o})) + {n})",
]  # fmt: skip
STATE = [
    ("{v}.assign({f})", None), ("{v}.assign_add({n} * mt.tanh({v}))", None),
    ("{v}.assign_sub({n} * {v})", None), (None, "{v} * {n}"), (None, "mt.tanh({v}) + {a}"),
    (None, "{v} + mt.random.uniform([], dtype={t})"),
    (None, "{a} + mt.random.normal([2], dtype={t})[0]"),
]  # fmt: skip
GRADIENTS = [
    "gradient(lambda z: {body}, {a})",
    "gradient(lambda z: gradient(lambda z: {body}, z) * z, {a})",
]
NESTED = ["call(lambda z, y: {body} * y, {a}, {o})", "call(lambda z, y: {body} + y, {s}, {a})"]
BRANCHES = [
    "mt.cond(mt.reduce_sum({a}) > {n}, lambda: {a} * {n}, lambda: mt.tanh({s}))",
    "mt.cond(mt.reduce_max({a}) < {n}, lambda: wrote({v}, {a} * {n}), lambda: {a} + 0.5)",
    "mt.switch_case(mt.cast(mt.reduce_sum({a}), mt.int32), "
    "[lambda: {a} * {n}, lambda: mt.sin({a}), lambda: {s}])",
]  # fmt: skip
LOOPS = [
    "mt.while_loop(lambda i, z: i < {k}, lambda i, z: (i + 1, {body}), [mt.constant(0), {a}])[1]",
    "mt.while_loop(lambda i, z: (i < 4) & (mt.reduce_sum(z) < {n} * 5.0), "
    "lambda i, z: (i + 1, {body} + {n}), [mt.constant(0), {a}])[1]",
    "mt.while_loop(lambda i, z: i < {k}, lambda i, z: (i + 1, wrote({v}, z * {n})), "
    "[mt.constant(0), {a}])[1]",
]  # fmt: skip
BODIES = [
    "mt.tanh(z) * {n}", "z * z * {n}", "mt.sin(z) + mt.tanh(z)", "mt.sigmoid(z) * z",
    "z * mt.reduce_mean(z)", "mt.where(z > 0.0, z, {n} * z)", "mt.exp(mt.tanh(z)) - {n}",
]  # fmt: skip
OF_ANY_SIZE = [
    "mt.reduce_sum({a}, axis={x})", "mt.reduce_mean({a}, axis={x}, keepdims=True)",
    "mt.reduce_max({a})", "mt.nn.softmax({a})", "mt.transpose({a})", "mt.reshape({a}, [-1])",
    "mt.cast(mt.shape({a}), {t})[0] * {n}", "mt.reshape({a}, mt.shape({a}))", "{a}[::-1]",
    "mt.zeros(mt.shape({a}), {t}) + {n}", "mt.expand_dims({a}, 0)",
]  # fmt: skip
KINDS = [(VALUES, 40), (TRIVIAL, 14), (SHAPES, 16), (PRODUCTS, 8), (STATE, 10), (GRADIENTS, 5),
         (NESTED, 4), (BRANCHES, 5), (LOOPS, 5)]  # fmt: skip
KINDS_OF_ANY_SIZE = [(VALUES, 40), (OF_ANY_SIZE, 20), (PRODUCTS, 6), (STATE, 6), (BRANCHES, 5),
                     (LOOPS, 5)]  # fmt: skip


def gradient(function: Callable, x: Any) -> Any:
    """A gradient inside a program: of the sum of what a function gives."""
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, unconnected_gradients="zero")


def wrote(variable: mt.Variable, value: Any) -> Any:
    """The value; the variable changes on the way."""
    variable.assign(mt.tanh(variable) + mt.reduce_mean(value))
    return value


def call(function: Callable, *args: Any) -> Any:
    return function(*args)


def call_traced(function: Callable, *args: Any) -> Any:
    return mt.function(function, autograph=False)(*args)


class Writer:
    """Writes a program, line by line, and runs each line to see whether it can be used."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.any_size = seed % 5 == 4
        """Whether the program is traced for inputs of which only the rank is known."""
        self.kinds = KINDS_OF_ANY_SIZE if self.any_size else KINDS
        self.dtype = np.dtype(np.float32 if seed % 3 == 2 else np.float64)
        self.shapes = [self.shape() for _ in range(self.rng.integers(1, 4))]
        self.starts = [self.rng.normal(size=self.shape()).astype(self.dtype) for _ in range(2)]
        self.inputs = [self.rng.normal(size=s).astype(self.dtype) for s in self.shapes]
        self.variables = [mt.Variable(x, name=f"v{i}") for i, x in enumerate(self.starts)]
        self.env: dict[str, Any] = {"mt": mt, "gradient": gradient, "wrote": wrote, "call": call}
        self.env |= {f"x{i}": mt.constant(x) for i, x in enumerate(self.inputs)}
        self.env |= {f"v{i}": v for i, v in enumerate(self.variables)}
        self.names = [f"x{i}" for i in range(len(self.inputs))]
        self.lines: list[str] = []

    def shape(self) -> tuple[int, ...]:
        rank = self.rng.choice([0, 1, 2, 2, 2, 3])
        return tuple(int(d) for d in self.rng.choice([1, 2, 2, 3, 3], size=rank))

    def pick(self, options: list) -> Any:
        return options[self.rng.integers(len(options))]

    def write(self, length: int) -> None:
        weights = np.array([weight for _, weight in self.kinds], float)
        tries = 0
        while len(self.lines) < length and tries < 20 * length:
            tries += 1
            kind = self.kinds[self.rng.choice(len(weights), p=weights / weights.sum())][0]
            if self.lines and self.rng.random() < 0.08:
                self.attempt(self.pick(self.lines).partition(" = ")[2])
            elif kind is STATE:
                effect, value = self.pick(STATE)
                self.attempt(self.fill(value)) if value else self.affect(self.fill(effect))
            else:
                self.attempt(self.fill(self.pick(kind)))

    def fill(self, template: str) -> str:
        a = self.pick(self.names[-6:])
        alike = [x for x in self.names if self.env[x].shape == self.env[a].shape]
        parts = {
            "a": a, "s": self.pick(alike), "o": self.pick(self.names), "o2": self.pick(self.names),
            "n": f"{self.rng.uniform(0.2, 1.5):.3f}", "k": str(self.rng.integers(0, 4)),
            "e": self.pick(["0.0", "1.0", "2.0", "3.0", "4.0", "0.5", "-1.0", "1.7"]),
            "t": f"mt.{self.dtype.name}", "x": str(self.rng.integers(-1, 2)),
            "v": self.pick(["v0", "v1"]),
        }  # fmt: skip
        fitting = [x for x in self.names if self.env[x].shape == self.env[parts["v"]].shape]
        parts["f"] = self.pick(fitting) if fitting else f"-{parts['v']}"
        parts["body"] = self.pick(BODIES).format(**parts)
        return template.format(**parts)

    def attempt(self, text: str) -> None:
        """Take a line `name = text`, if it can be run and its numbers stay small."""
        if not text:
            return
        before = [v.numpy() for v in self.variables]
        try:
            value = eval(text, self.env)
        except (mt.errors.OpError, ValueError, TypeError, IndexError):
            value = None
        if not (isinstance(value, mt.Tensor) and value.dtype == self.dtype and _is_modest(value)):
            for v, x in zip(self.variables, before, strict=True):
                v.assign(x)
            return
        name = f"y{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        self.names.append(name)
        self.env[name] = value

    def affect(self, text: str) -> None:
        try:
            eval(text, self.env)
        except (mt.errors.OpError, ValueError):
            return
        self.lines.append(text)

    def text(self) -> str:
        """The whole program; it returns up to five of its values."""
        made = [x for x in self.names if x.startswith("y")] or self.names
        out = ", ".join(dict.fromkeys([made[-1], *(self.pick(made) for _ in range(4))]))
        head = f"def program({', '.join(self.names[: len(self.inputs)])}):"
        return "\n    ".join([head, *self.lines, f"return [{out}]"])


def _is_modest(value: Any) -> bool:
    array = value.numpy()
    if array.size > 200 or array.ndim > 4:
        return False
    return bool(np.isfinite(array).all() and np.abs(array).max(initial=0) < LARGEST)


def write(seed: int) -> Writer:
    """The program of a seed: `print(write(seed).text())`."""
    writer = Writer(seed)
    writer.write(int(writer.rng.integers(3, 13)))
    return writer


class Program:
    """A program that can be run in each way, from the same start."""

    def __init__(self, seed: int):
        self.writer = write(seed)
        self.source = self.writer.text()
        self.variables = self.writer.variables

    def function(self, helper: Callable) -> Callable:
        env = self.writer.env | {"call": helper}
        exec(self.source, env)
        return env["program"]

    def run(self, function: Callable) -> list[np.ndarray]:
        """Values, variables afterwards, and gradients with respect to inputs and variables."""
        for v, x in zip(self.variables, self.writer.starts, strict=True):
            v.assign(x)
        mt.random.set_seed(3)
        inputs = [mt.constant(x) for x in self.writer.inputs]
        with mt.GradientTape() as tape:
            tape.watch(inputs)
            values = function(*inputs)
            loss = mt.add_n([mt.reduce_sum(mt.sin(x)) for x in values])
        found = [*values, *(v.value() for v in self.variables)]
        sources = [*inputs, *self.variables]
        found += tape.gradient(loss, sources, unconnected_gradients="zero")
        return [mt.convert_to_tensor(x).numpy() for x in found]

    def values(self, function: Callable) -> list[np.ndarray]:
        """Values and variables afterwards, without a tape."""
        for v, x in zip(self.variables, self.writer.starts, strict=True):
            v.assign(x)
        mt.random.set_seed(3)
        values = function(*[mt.constant(x) for x in self.writer.inputs])
        return [x.numpy() for x in [*values, *self.variables]]


def check(seed: int) -> None:
    program = Program(seed)
    eager = program.run(program.function(call))
    if not all(np.isfinite(x).all() and np.abs(x).max(initial=0) < 1e8 for x in eager):
        return
    sizes = [[None] * x.ndim if program.writer.any_size else x.shape for x in program.writer.inputs]
    signature = [mt.TensorSpec(shape, program.writer.dtype) for shape in sizes]
    compiled = mt.function(program.function(call_traced), signature, autograph=False)
    graph = compiled.get_concrete_function().graph
    ways = {
        "compiled": program.values(compiled),
        "compiled, under a tape": program.run(compiled),
        "traced": program.run(lambda *inputs: replay(graph, inputs)),
    }
    for result in optimise(graph) if seed % 4 == 0 else ():
        verify(result.graph)
    for way, found in ways.items():
        for i, (a, b) in enumerate(zip(found, eager, strict=False)):
            assert a.dtype == b.dtype
            scale = max(1.0, float(np.abs(b).max(initial=0)))
            close = {"rtol": 1e-7, "atol": 1e-9 * scale}
            if a.dtype == np.float32:
                close = {"rtol": 1e-4, "atol": 1e-5 * scale}
            np.testing.assert_allclose(a, b, **close, err_msg=f"{way}, result {i}")


def test_the_gradient_of_a_loop_that_never_runs_over_values_of_unknown_size() -> None:
    count = mt.Variable(3)

    @mt.function(autograph=False)
    def f(x: Any) -> Any:
        values = mt.cast(mt.range(count), mt.float32) * x
        turn = lambda i, z: (i + 1, mt.sin(z) * mt.reduce_mean(z))  # noqa: E731
        return mt.while_loop(lambda i, z: i < 0, turn, [mt.constant(0), values])[1]

    x = mt.constant(2.0)
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert tape.gradient(y, x).numpy() == 3


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_programs_give_the_same_eager_traced_and_compiled(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            check(seed)
        except BaseException:
            print(f"seed {seed}:\n{write(seed).text()}")
            raise
