"""Random numbers: the generator's known answers, seeds, distributions, and repeating it all."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from scipy import stats

import minitensor as mt
from minitensor.ops.philox import philox
from minitensor.ops.random import normal as ops_normal

random = mt.random
SEED = [1, 2]
MANY = 40000


@pytest.fixture(autouse=True)
def seeded():
    random.set_seed(2026)


# Source: kat_vectors of Random123, the reference implementation that comes with the paper.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_known_answers(counter, key, expected):
    words = [int(word, 16) for word in f"{counter} {key}".split()]
    wanted = [int(word, 16) for word in expected.split()]
    assert list(philox(*words)) == wanted
    arrays = philox(*(np.full(3, word, np.uint64) for word in words))
    assert [a.tolist() for a in arrays] == [[word] * 3 for word in wanted]


def words(block: int, seed=(1, 2)) -> tuple:
    """A block's words as the documentation of `philox` defines them, in Python integers."""
    a, b = (part % 2**64 for part in seed)
    return philox(block % 2**32, block >> 32, b % 2**32, b >> 32, a % 2**32, a >> 32)


def test_uniform_is_the_top_bits_of_each_word():
    drawn = random.stateless_uniform([10], seed=SEED).numpy()
    expected = [(word >> 8) / 2**24 for block in range(3) for word in words(block)][:10]
    assert drawn.tolist() == expected
    wide = random.stateless_uniform([3], seed=SEED, dtype=mt.float64).numpy()
    pairs = [(w[i] | w[i + 1] << 32) >> 11 for w in (words(0), words(1)) for i in (0, 2)]
    assert wide.tolist() == [pair / 2**53 for pair in pairs[:3]]
    half = random.stateless_uniform([4], seed=SEED, dtype=mt.float16).numpy()
    assert half.astype(float).tolist() == [(word >> 21) / 2**11 for word in words(0)]
    assert random.stateless_uniform([4], SEED, dtype=mt.bfloat16).dtype == mt.bfloat16
    negative = random.stateless_uniform([1], seed=[-1, -(2**63)]).numpy()[0]
    assert negative == (words(0, (-1, -(2**63)))[0] >> 8) / 2**24


def test_normal_is_box_muller():
    drawn = random.stateless_normal([4], seed=SEED).numpy()
    first, second, third, fourth = words(0)
    expected = []
    for u, v in ((first, second), (third, fourth)):
        r, angle = math.sqrt(-2 * math.log((u + 1) / 2**32)), 2 * math.pi * v / 2**32
        expected += [r * math.cos(angle), r * math.sin(angle)]
    assert drawn.tolist() == [float(np.float32(x)) for x in expected]


def test_golden_values():
    """What was drawn once is drawn for ever: on every platform and with every numpy."""

    def draws(function, *args, **kwargs):
        return function(*args, **kwargs).numpy().tolist()

    assert draws(random.stateless_uniform, [2], SEED) == [0.9031374454498291, 0.5505030751228333]
    assert draws(random.stateless_normal, [2], SEED) == [-0.4288627505302429, -0.1408463567495346]
    assert draws(random.stateless_truncated_normal, [3], SEED) == [
        -0.4288627505302429, 0.5014969110488892, -0.6345770955085754,
    ]  # fmt: skip
    assert draws(random.stateless_uniform, [6], SEED, -5, 5, mt.int32) == [4, 1, 2, -4, -2, 3]
    assert draws(random.stateless_gamma, [2], SEED, 2.0) == [1.1720521450042725, 2.401547908782959]
    assert draws(random.stateless_poisson, [4], SEED, 20.0) == [27, 22, 21, 26]
    assert draws(random.stateless_binomial, [4], SEED, 100.0, 0.3) == [37, 32, 31, 36]
    assert draws(random.stateless_categorical, [[0.0, 1.0, 2.0]], 8, SEED) == [
        [2, 2, 1, 0, 2, 2, 1, 0]
    ]
    assert draws(random.stateless_shuffle, mt.range(6), SEED) == [1, 3, 4, 5, 0, 2]
    assert draws(random.stateless_split, mt.constant(SEED)) == [
        [-416021297, -1930574381], [1057429302, 168492509],
    ]  # fmt: skip
    assert draws(random.stateless_fold_in, SEED, 7) == [-416021297, 7]
    random.set_seed(1)
    assert draws(random.uniform, [2]) == [0.2912519574165344, 0.30801475048065186]
    assert draws(random.uniform, [2], seed=5) == [0.5449820756912231, 0.5595992803573608]


def test_the_first_numbers_do_not_depend_on_how_many_are_drawn():
    for draw in (random.stateless_uniform, random.stateless_normal,
                 random.stateless_truncated_normal):  # fmt: skip
        few, many = draw([5], SEED).numpy(), draw([70000], SEED).numpy()
        np.testing.assert_array_equal(few, many[:5])
        np.testing.assert_array_equal(draw([7, 10000], SEED).numpy().reshape(-1), many)


# Seeds


def test_a_global_seed_repeats_the_sequence():
    def sequence() -> list:
        return [random.uniform([2]).numpy().tolist(), random.normal([2]).numpy().tolist()]

    random.set_seed(7)
    first, second = sequence(), sequence()
    random.set_seed(7)
    assert sequence() == first
    assert sequence() == second
    assert first != second
    random.set_seed(8)
    assert sequence() != first


def test_an_op_seed_has_a_stream_of_its_own():
    random.set_seed(7)
    first = random.uniform([2], seed=1).numpy().tolist()
    second = random.uniform([2], seed=1).numpy().tolist()
    random.set_seed(7)
    random.uniform([2])
    random.uniform([2], seed=2)
    assert random.uniform([2], seed=1).numpy().tolist() == first
    assert random.uniform([2], seed=1).numpy().tolist() == second
    random.set_seed(8)
    assert random.uniform([2], seed=1).numpy().tolist() != first


def fresh(program: str) -> str:
    program = f"import minitensor as mt; print({program}.numpy().tolist())"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout


def test_without_a_global_seed_only_op_seeds_repeat():
    assert fresh("mt.random.uniform([2], seed=1)") == fresh("mt.random.uniform([2], seed=1)")
    assert fresh("mt.random.uniform([2])") != fresh("mt.random.uniform([2])")


def test_threads_have_their_own_seeds():
    random.set_seed(7)
    expected = [random.uniform([2]).numpy().tolist() for _ in range(20)]
    drawn: dict[int, list] = {}

    def work(number: int) -> None:
        random.set_seed(7)
        drawn[number] = [random.uniform([2]).numpy().tolist() for _ in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    random.set_seed(7)
    for thread in threads:
        thread.start()
    here = [random.uniform([2]).numpy().tolist() for _ in range(20)]
    for thread in threads:
        thread.join()
    assert [here, *drawn.values()] == [expected] * 5


def test_threads_without_a_seed_share_the_programs_stream():
    random.set_seed(7)
    expected = sorted(float(random.uniform([])) for _ in range(40))
    random.set_seed(7)
    drawn: list[float] = []
    threads = [
        threading.Thread(target=lambda: drawn.extend(float(random.uniform([])) for _ in range(10)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == expected


# Distributions: each is compared with scipy's


@pytest.mark.parametrize("dtype", [mt.float32, mt.float64])
def test_continuous_distributions(dtype):
    def p_value(sample, distribution) -> float:
        return stats.kstest(sample.numpy().astype(float), distribution.cdf).pvalue

    assert p_value(random.uniform([MANY], dtype=dtype), stats.uniform) > 1e-3
    assert p_value(random.uniform([MANY], -2.0, 3.0, dtype), stats.uniform(-2, 5)) > 1e-3
    assert p_value(random.normal([MANY], 1.0, 2.0, dtype), stats.norm(1, 2)) > 1e-3
    truncated = random.truncated_normal([MANY], 1.0, 2.0, dtype)
    assert p_value(truncated, stats.truncnorm(-2, 2, 1, 2)) > 1e-3
    for alpha in (0.2, 1.0, 30.0):
        sample = random.gamma([MANY], alpha, beta=2.0, dtype=dtype)
        assert p_value(sample, stats.gamma(alpha, scale=0.5)) > 1e-3


def chi_squared(sample, distribution) -> float:
    values, counts = np.unique(sample.numpy(), return_counts=True)
    expected = distribution.pmf(values) * sample.shape[0]
    often = expected > 5
    rest = sample.shape[0] - counts[often].sum() + 1e-9
    missing = sample.shape[0] - expected[often].sum() + 1e-9
    return stats.chisquare([*counts[often], rest], [*expected[often], missing]).pvalue


@pytest.mark.parametrize("rate", [0.3, 9.9, 10.1, 300.0])
def test_poisson(rate):
    assert chi_squared(random.poisson([MANY], rate, mt.int64), stats.poisson(rate)) > 1e-3


@pytest.mark.parametrize(("n", "p"), [(1, 0.25), (9, 0.5), (40, 0.9375), (1000, 0.25)])
def test_binomial(n, p):
    drawn = random.Generator.from_seed(3).binomial([MANY], float(n), p, mt.int64)
    assert chi_squared(drawn, stats.binom(n, p)) > 1e-3


def test_integers():
    drawn = random.uniform([MANY], -3, 4, mt.int32)
    assert drawn.dtype == mt.int32
    assert chi_squared(drawn, stats.randint(-3, 4)) > 1e-3
    extremes = random.uniform([100], mt.int64.min, mt.int64.max, mt.int64).numpy()
    assert extremes.min() < -(2**60)
    assert extremes.max() > 2**60
    assert random.uniform([3], maxval=1, dtype=mt.int64).numpy().tolist() == [0, 0, 0]


def test_categorical():
    logits = mt.constant([[0.0, 1.0, 2.0, -np.inf], [3.0, -np.inf, 0.0, -np.inf]])
    drawn = random.categorical(logits, MANY).numpy()
    assert drawn.dtype == np.int64
    expected = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    found = [np.bincount(row, minlength=4) / MANY for row in drawn]
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert drawn[0].max() == 2
    assert random.categorical([[0.0]], 3, dtype=mt.int32).numpy().tolist() == [[0, 0, 0]]


def test_shuffle_moves_whole_rows():
    x = mt.constant([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    drawn = random.shuffle(x).numpy()
    assert sorted(drawn.tolist()) == x.numpy().tolist()
    orders = {tuple(random.shuffle(mt.range(3)).numpy().tolist()) for _ in range(100)}
    assert len(orders) == 6
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = random.shuffle(x, seed=1) * mt.constant([[1.0], [2.0], [3.0]])
    order = np.argsort(y.numpy()[:, 0] / [1, 2, 3])
    gradient = mt.convert_to_tensor(tape.gradient(y, x)).numpy()
    np.testing.assert_array_equal(gradient[:, 0], 1.0 + order)


def test_gradients_reach_the_parameters():
    mean, deviation = mt.Variable(1.0), mt.Variable([2.0, 3.0])
    with mt.GradientTape() as tape:
        drawn = random.stateless_normal([5, 2], SEED, mean, deviation)
        total = mt.reduce_sum(drawn)
    z = random.stateless_normal([5, 2], SEED).numpy()
    to_mean, to_deviation = tape.gradient(total, [mean, deviation])
    assert to_mean.numpy() == 10.0
    np.testing.assert_allclose(to_deviation.numpy(), z.sum(axis=0), rtol=1e-6)
    low = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        drawn = random.stateless_uniform([3], SEED, low, 2.0)
    u = random.stateless_uniform([3], SEED).numpy()
    np.testing.assert_allclose(tape.gradient(drawn, low).numpy(), (1 - u).sum(), rtol=1e-6)
    beta = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        drawn = random.stateless_gamma([3], SEED, 1.5, beta)
    assert tape.gradient(drawn, beta).numpy() < 0


def test_shapes():
    assert random.uniform([]).shape == ()
    assert random.uniform([0, 3]).shape == (0, 3)
    assert random.uniform(mt.constant([2, 3])).shape == (2, 3)
    assert random.uniform(mt.TensorShape([2, 3])).shape == (2, 3)
    assert random.normal([2, 3], mean=[0.0, 1.0, 2.0]).shape == (2, 3)
    assert random.gamma([4], [1.0, 2.0]).shape == (4, 2)
    assert random.gamma([4], [1.0, 2.0], beta=[[1.0], [2.0]]).shape == (4, 2, 2)
    assert random.poisson([4], [1.0, 2.0]).shape == (4, 2)
    assert random.stateless_gamma([4, 2], SEED, [1.0, 2.0]).shape == (4, 2)
    assert random.categorical(mt.zeros([3, 4]), 5).shape == (3, 5)


@pytest.mark.parametrize(
    ("draw", "error", "fault"),
    [
        (lambda: random.uniform([2], dtype=mt.int32), ValueError,
         "ust specify maxval for integer dtype 'int32'"),
        (lambda: random.uniform([2], 3, 3, mt.int32), ValueError, "Need minval < maxval"),
        (lambda: random.uniform(3), ValueError, "write shape=[3]"),
        (lambda: random.uniform([-1]), ValueError, "none of them negative"),
        (lambda: random.normal([2], dtype=mt.int32), TypeError, "int32 is not a floating type"),
        (lambda: random.stateless_uniform([2], [1, 2, 3]), ValueError, "seed must have shape [2]"),
        (lambda: random.stateless_uniform([2], [1.0, 2.0]), TypeError, "must be an integer tensor"),
        (lambda: random.gamma([2], -1.0), ValueError, "alpha must be above 0"),
        (lambda: random.poisson([2], -1.0), ValueError, "rate is negative"),
        (lambda: random.categorical([0.0, 1.0], 2), ValueError, "logits should be a matrix"),
        (lambda: random.categorical([[np.nan, 1.0]], 2), ValueError, "no finite logit, or a NaN"),
        (lambda: random.stateless_gamma([3], SEED, [1.0, 2.0]), ValueError, "3 and 2"),
        (lambda: random.stateless_gamma([], SEED, [1.0, 2.0]), ValueError, "do not broadcast"),
        (lambda: random.stateless_binomial([2], SEED, 3.0, 1.5), ValueError, "between 0 and 1"),
        (lambda: random.Generator.from_seed(1, alg="threefry"), NotImplementedError, "Philox"),
        (lambda: random.Generator(state=[1, 2]), ValueError, "no state of this generator"),
        (lambda: random.Generator(), ValueError, "exactly one of copy_from and state"),
    ],
)  # fmt: skip
def test_mistakes(draw, error, fault):
    with pytest.raises(error) as caught:
        draw()
    assert fault.lower() in str(caught.value).lower()
    assert "To fix it: " in str(caught.value)


# Generators


def test_generators_go_on_and_start_anew():
    generator = random.Generator.from_seed(1)
    assert generator.state.numpy().tolist() == [0, 0, 1]
    first, second = generator.uniform([3]).numpy(), generator.uniform([3]).numpy()
    assert first.tolist() != second.tolist()
    assert generator.state.numpy().tolist() == [0, 2, 1]
    generator.reset_from_seed(1)
    assert generator.uniform([3]).numpy().tolist() == first.tolist()
    same = random.Generator.from_key_counter(1, [0, 1])
    assert same.uniform([3]).numpy().tolist() == second.tolist()
    generator.reset([0, 1, 1])
    assert generator.uniform([3]).numpy().tolist() == second.tolist()
    generator.reset_from_key_counter(1, [0, 0])
    generator.skip(1)
    assert generator.uniform([3]).numpy().tolist() == second.tolist()
    assert generator.key.numpy() == 1
    assert "key 1, 2 draws" in repr(generator)
    assert generator.algorithm == 1


def test_generators_draw_from_every_distribution():
    generator = random.Generator.from_seed(5)
    assert generator.normal([2, 3], mean=10.0).shape == (2, 3)
    assert abs(generator.truncated_normal([100]).numpy()).max() < 2
    assert generator.uniform([3], 0, 10, mt.int32).dtype == mt.int32
    full = generator.uniform_full_int([1000])
    assert full.dtype == mt.uint64
    assert full.numpy().max() > 2**63
    assert generator.uniform_full_int([2], mt.int32).dtype == mt.int32
    assert generator.make_seeds(3).shape == (2, 3)
    children = generator.split(3)
    assert len({float(child.uniform([])) for child in children}) == 3


def test_copies_of_generators_draw_the_same():
    generator = random.Generator.from_seed(5)
    generator.uniform([2])
    copies = [copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    copies += [random.Generator(copy_from=generator), random.Generator.from_state(generator.state)]
    wanted = generator.normal([3]).numpy().tolist()
    assert [c.normal([3]).numpy().tolist() for c in copies] == [wanted] * 4


def test_the_global_generator():
    random.set_global_generator(random.Generator.from_seed(3))
    first = random.get_global_generator().uniform([2]).numpy().tolist()
    random.experimental.set_global_generator(random.experimental.Generator.from_seed(3))
    assert random.get_global_generator().uniform([2]).numpy().tolist() == first
    entropy = random.Generator.from_non_deterministic_state
    assert entropy().state.numpy().tolist() != entropy().state.numpy().tolist()


def test_stateless_seeds_make_new_ones():
    one, two = mt.unstack(random.stateless_split(mt.constant(SEED)))
    assert one.dtype == mt.int32
    assert random.stateless_uniform([2], one).numpy().tolist() != (
        random.stateless_uniform([2], two).numpy().tolist()
    )
    folded = [random.fold_in(SEED, step).numpy().tolist() for step in range(3)]
    assert len({tuple(seed) for seed in folded}) == 3
    assert random.split([1, 2], 3).shape == (3, 2)


def test_a_draw_is_an_op_with_its_seed_as_input():
    from minitensor.op import Op, state

    seen: list[tuple[str, list]] = []

    class Watch:
        def __init__(self):
            self.watched = state.interpreter

        def apply(self, op: Op, inputs, attrs, name=None):
            seen.append((op.name, sorted(attrs)))
            return self.watched.apply(op, inputs, attrs, name)

        def binary(self, op, x, y):
            return self.apply(op, (x, y), {})

        def convert(self, value, dtype=None):
            return self.watched.convert(value, dtype)

    watch = Watch()
    state.interpreter = watch
    try:
        ops_normal([3], seed=4)
    finally:
        state.interpreter = watch.watched
    assert seen == [("next_seed", ["seed"]), ("random_normal", ["dtype", "shape"])]
