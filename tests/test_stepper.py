"""Backward passes as timelines: what is shown adds up to what `tape.gradient` gives."""

import numpy as np

import minitensor as mt
from minitensor.views import steps_view

PROGRAMS = 500
SHAPES = [(), (3,), (2, 3), (1, 3), (2, 1), (4, 2, 3)]


def numbers(value):
    """The elements of a ValueView as they are shown: four digits."""
    leaves = np.array(value.text, dtype=object).reshape(-1)
    return np.array([float(text) for text in leaves]).reshape(value.shape)


class Program:
    """A random program: each line takes values that are there already, often more than once."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        count = int(self.rng.integers(1, 4))
        shapes = [SHAPES[i] for i in self.rng.integers(0, len(SHAPES), count)]
        made = [mt.Variable(self.rng.normal(size=shape).astype("f")) for shape in shapes]
        self.sources = made
        with mt.GradientTape(persistent=True) as self.tape:
            values = list(made)
            for _ in range(int(self.rng.integers(2, 9))):
                values.append(self.line(values))
            self.target = values[-1]
            if self.rng.random() < 0.7:
                self.target = mt.reduce_sum(self.target) + mt.reduce_mean(values[-2])

    def line(self, values):
        x, y = (values[i] for i in self.rng.integers(0, len(values), 2))
        choices = [self.unary, self.binary, self.reduced, self.cut, self.product, self.branch]
        return choices[self.rng.integers(0, len(choices))](x, y)

    def pick(self, *options):
        return options[self.rng.integers(0, len(options))]

    def unary(self, x, _):
        return self.pick(mt.tanh, mt.sin, mt.nn.relu, lambda v: v * v, lambda v: -v, mt.abs)(x)

    def binary(self, x, y):
        return self.pick(mt.add, mt.subtract, mt.multiply, mt.maximum)(x, y)

    def reduced(self, x, _):
        axis = int(self.rng.integers(0, x.ndim)) if x.ndim else None
        return self.pick(mt.reduce_sum, mt.reduce_mean, mt.reduce_max)(x, axis=axis, keepdims=True)

    def cut(self, x, _):
        if not x.ndim:
            return mt.reshape(x, (1,))
        return self.pick(lambda v: v[:1], lambda v: v[..., ::-1], mt.transpose,
                         lambda v: mt.concat([v, v], axis=0)[: v.shape[0]],
                         lambda v: mt.gather(v, [0, 0], axis=-1)[..., :1])(x)  # fmt: skip

    def product(self, x, y):
        if x.ndim and y.ndim:
            column = mt.reshape(mt.reduce_sum(y), (1, 1))
            return mt.matmul(mt.reshape(x, (-1, 1)), column)[:1, :]
        return x * y

    def branch(self, x, y):
        if self.rng.random() < 0.5:
            return mt.where(x > 0.0, x, mt.zeros_like(x))
        return mt.cond(mt.reduce_sum(y) > 0.0, lambda: x * 2.0, lambda: mt.sin(x))


def compatible(seed):
    """A program whose shapes fit; draws again where broadcasting cannot be done."""
    for again in range(100):
        try:
            return Program(10_000 * again + seed)
        except mt.errors.InvalidArgumentError:
            continue
    raise AssertionError("no program fits")


def contributions(view, identity):
    """What the steps show arriving at a node: the parts, and the last sum."""
    sends = [s for step in view.steps for s in step.sends if s.to == identity and s.after]
    return [numbers(s.value) for s in sends], numbers(sends[-1].after) if sends else None


def test_what_arrives_at_sources_adds_up_to_the_gradient():
    for seed in range(PROGRAMS):
        program = compatible(seed)
        view = steps_view(program.tape, program.target, program.sources, check=False)
        gradients = program.tape.gradient(program.target, program.sources)
        for identity, gradient in zip(view.sources, gradients, strict=True):
            parts, last = contributions(view, identity)
            is_target = identity == view.target
            if gradient is None:
                assert not parts, f"seed {seed}"
                continue
            wanted = np.asarray(mt.convert_to_tensor(gradient))
            if is_target and not parts:
                np.testing.assert_array_equal(wanted, 1)
                continue
            slack = 1e-3 * sum(np.abs(part) for part in parts) + 1e-6
            assert np.all(np.abs(sum(parts) + is_target - wanted) <= slack), f"seed {seed}"
            assert np.all(np.abs(last - wanted) <= 1e-3 * np.abs(wanted) + 1e-6), f"seed {seed}"


def test_measured_slopes_agree_with_the_gradients_of_random_programs():
    disagreeing = []
    for seed in range(0, 200, 4):
        program = compatible(seed)
        view = steps_view(program.tape, program.target, program.sources)
        disagreeing += [(seed, c.text) for c in view.checks if c.agrees is False]
    assert disagreeing == []
