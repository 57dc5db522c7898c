"""Kernels in simulated blocks: numbers as numpy has them, and every kind of mistake is found."""

import json
import time
import xml.dom.minidom
from math import prod

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import Launch, LaunchWidget, cuda, kernel, launch, samples
from minitensor_widgets.kernels import warps

from .kernel_programs import (
    PROGRAMS,
    TPB,
    add_ten,
    block_sum,
    floats,
    prefix_sum,
    saxpy,
    tiled_matmul,
    transpose,
    transpose_without_padding,
    written,
    zeros,
)

by_name: dict = {"ids": lambda program: program.name}


def kinds(made):
    return [problem.kind for problem in made.problems]


def only(made):
    """The one problem of a launch."""
    assert len(made.problems) == 1, made.description()
    return made.problems[0]


# ---- numbers


@pytest.mark.parametrize("program", PROGRAMS, **by_name)
def test_the_simulator_computes_what_numpy_computes(program):
    args = program.args()
    expected = program.expected(*(np.copy(a) if isinstance(a, np.ndarray) else a for a in args))
    made = launch(program.kernel, program.grid, program.block, args)
    made.check()
    for place, values in expected.items():
        np.testing.assert_allclose(args[place], values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("program", PROGRAMS, **by_name)
def test_what_is_recorded_ends_with_the_same_numbers(program):
    from minitensor_widgets.kernels.block_figure import finished

    args = program.args()
    made = launch(program.kernel, program.grid, program.block, args)
    held = dict(zip([a["name"] for a in made.record["arrays"]], finished(made.record), strict=True))
    for name, value in zip(program.kernel.parameters, args, strict=True):
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(held[name], value.ravel(), rtol=1e-4, atol=1e-6)


def test_every_dtype_is_kept_and_rounded_on_writing():
    @kernel
    def thirds(a):
        a[cuda.threadIdx.x] = (cuda.threadIdx.x + 1) / 3

    for dtype in (np.float32, np.float64, np.int32, np.int64, np.uint8, np.float16):
        a = np.zeros(9, dtype)
        launch(thirds, 1, 9, (a,)).check()
        np.testing.assert_array_equal(a, (np.arange(1, 10) / 3).astype(dtype))


def test_views_and_rows_in_other_orders_are_written_to():
    whole = zeros(4, 6)
    launch(add_ten, 1, 4, (np.arange(4.0), whole[:, 2])).check()
    np.testing.assert_array_equal(whole[:, 2], [10, 11, 12, 13])
    assert whole.sum() == 46


def test_numbas_way_of_launching():
    a, out = floats(4), zeros(4)
    made = add_ten[1, 4](a, out)
    assert isinstance(made, Launch)
    np.testing.assert_array_equal(out, a + np.float32(10))


def test_names_around_a_kernel_are_those_of_the_moment_of_launching():
    size = 3

    @cuda.jit
    def fill(a):
        a[cuda.threadIdx.x] = size

    a = zeros(2)
    launch(fill, 1, 2, (a,))
    size = 4
    b = zeros(2)
    launch(fill, 1, 2, (b,))
    assert (a.tolist(), b.tolist()) == ([3, 3], [4, 4])


def test_functions_that_a_kernel_calls_may_touch_arrays():
    def double(a, i):
        return 2 * a[i]

    @kernel
    def use(a, out):
        out[cuda.threadIdx.x] = double(a, cuda.threadIdx.x)

    out = zeros(3)
    made = launch(use, 1, 3, (np.arange(3.0), out))
    assert out.tolist() == [0, 2, 4]
    assert {item["line"] for item in made.record["lines"]} == {2}


# ---- scores


def test_the_score_of_a_tiled_matmul():
    size, tile = 8, 4
    args = (floats(size, size), floats(size, size, seed=1), zeros(size, size), size)
    made = launch(tiled_matmul, (2, 2), (tile, tile), args)
    assert made.score == {
        "global reads": 2 * size // tile,  # one of each matrix for each tile
        "global writes": 1,
        "shared reads": 2 * size,
        "shared writes": 2 * size // tile,
        "atomics": 0,
        "barriers": 2 * size // tile,
    }
    assert made.totals["global reads"] == 2 * size**3 // tile
    assert made.totals["shared reads"] == 2 * size**3


def test_neighbours_that_read_neighbours_touch_few_segments():
    @kernel
    def strided(a, out, stride):
        out[cuda.threadIdx.x] = a[cuda.threadIdx.x * stride]

    def reading(stride):
        made = launch(strided, 1, 64, (floats(64 * stride), zeros(64), stride))
        return next(item for item in made.record["lines"] if item["array"] == "a")

    assert (reading(1)["requests"], reading(1)["segments"], reading(1)["fewest"]) == (2, 8, 8)
    assert (reading(2)["segments"], reading(2)["fewest"]) == (16, 8)
    assert (reading(8)["segments"], reading(8)["fewest"]) == (64, 8)


def test_padding_makes_bank_conflicts_vanish():
    padded = launch(transpose, 1, (32, 32), (floats(32, 32), zeros(32, 32)))
    bare = launch(transpose_without_padding, 1, (32, 32), (floats(32, 32), zeros(32, 32)))
    assert padded.totals["bank conflicts"] == 0
    # 32 warps, and each reads a column: 32 words of one bank, one after the other.
    assert bare.totals["bank conflicts"] == 32 * 31


@pytest.mark.parametrize("seed", range(5))
def test_segments_and_banks_agree_with_numpy(seed):
    cells = np.random.default_rng(seed).integers(0, 500, 32)
    for size in (4, 8):
        assert warps.segments(cells.tolist(), size) == len(np.unique(cells * size // 32))
        words = np.unique(cells * size // 4)
        assert warps.conflicts(cells.tolist(), size) == np.bincount(words % 32).max() - 1


def test_a_warp_asks_once_for_each_turn_of_a_loop():
    made = launch(saxpy, 1, 32, (2.0, floats(96), floats(96, seed=1), 96))
    assert {item["array"]: item["requests"] for item in made.record["lines"]} == {"x": 3, "y": 6}


def test_a_shared_array_is_the_same_for_every_thread_however_often_it_is_asked_for():
    @kernel
    def share(out):
        for _ in range(40):
            part = cuda.shared.array(2, np.float32)
        part[cuda.threadIdx.x] = cuda.threadIdx.x + 1.0
        cuda.syncthreads()
        out[cuda.threadIdx.x] = part[1 - cuda.threadIdx.x]

    out = zeros(2)
    made = launch(share, 1, 2, (out,))
    made.check()
    assert out.tolist() == [2, 1]
    assert len(made.record["arrays"]) == 2


# ---- mistakes


def test_a_missing_guard_is_out_of_bounds():
    a, out = floats(6), zeros(6)
    made = launch(add_ten, 1, 8, (a, out))
    assert kinds(made) == ["out of bounds", "out of bounds"]
    first = made.problems[0]
    assert (
        "Line 3: thread 6 reads a[6], but a has shape (6,): its indices are 0 to 5." in first.text
    )
    assert "`if i < 6:`" in first.fix
    assert (first.line, first.thread, first.count) == (3, 6, 2)
    np.testing.assert_array_equal(out, a + np.float32(10))  # what is inside is computed


def test_the_guard_advised_is_about_the_index_that_was_used():
    @kernel
    def shifted(x, out):
        i = cuda.threadIdx.x
        out[i] = x[i + 1] * 2

    @kernel
    def guarded(x, out):
        i = cuda.threadIdx.x
        if i + 1 < 8:
            out[i] = x[i + 1] * 2

    problem = only(launch(shifted, 1, 8, (floats(8), zeros(8))))
    assert problem.fix == (
        "The index i + 1 is 8 here, and x has 8 elements: guard it with `if i + 1 < 8:`."
    )
    launch(guarded, 1, 8, (floats(8), zeros(8))).check()


def test_the_guard_of_two_axes_names_both_and_atomics_and_constants_are_understood():
    @kernel
    def plane(out, counts):
        i, j = cuda.grid(2)
        out[j, i - 1] = 1.0
        cuda.atomic.add(counts, i * 2, 1)
        counts[7] = 1

    made = launch(plane, 1, (4, 4), (np.zeros((3, 3)), np.zeros(4, np.int32)))
    fixes = [problem.fix for problem in made.problems if problem.kind == "out of bounds"]
    assert any("`if i - 1 >= 0:`" in fix for fix in fixes)
    assert any("`if i * 2 < 4:`" in fix for fix in fixes)
    assert any("its last index is 3" in fix for fix in fixes)

    @kernel
    def wide(out):
        i, j = cuda.grid(2)
        out[j, i] = 1.0

    problem = only(launch(wide, 1, (4, 4), (np.zeros((3, 3)),)))
    assert "`if j < 3 and i < 3:`" in problem.fix


def test_a_negative_index_is_out_of_bounds_too():
    @kernel
    def before(a, out):
        out[cuda.threadIdx.x] = a[cuda.threadIdx.x - 1]

    problem = only(launch(before, 1, 4, (floats(4), zeros(4))))
    assert "thread 0 reads a[-1]" in problem.text
    assert "does not count from the end" in problem.fix


def test_two_axes_are_checked_each_by_itself():
    @kernel
    def crossed(a):
        a[cuda.threadIdx.y, cuda.threadIdx.x] = 1.0

    problem = only(launch(crossed, 1, (3, 2), (zeros(3, 2),)))
    assert "thread (2, 0) writes a[0, 2]" in problem.text
    assert problem.count == 2


def test_a_missing_barrier_is_a_race():
    @kernel
    def shift(a, out):
        part = cuda.shared.array(TPB, np.float32)
        t = cuda.threadIdx.x
        part[t] = a[t]
        out[t] = part[(t + 1) % TPB]

    problem = only(launch(shift, 1, TPB, (floats(TPB), zeros(TPB))))
    assert problem.kind == "race"
    assert "Lines 5 and 4: thread 0 reads part[1] and thread 1 writes it" in problem.text
    assert "Put cuda.syncthreads() between the two" in problem.fix
    assert problem.count == TPB


def test_a_barrier_missing_inside_a_loop_is_a_race():
    @kernel
    def careless(a, out):
        part = cuda.shared.array(TPB, np.float32)
        t = cuda.threadIdx.x
        part[t] = a[t]
        cuda.syncthreads()
        stride = TPB // 2
        while stride > 0:
            if t < stride:
                part[t] += part[t + stride]
            stride //= 2
        if t == 0:
            out[0] = part[0]

    assert kinds(launch(careless, 1, TPB, (floats(TPB), zeros(1)))) == ["race"]


def test_writing_where_all_write_is_a_race_and_atomic_is_none():
    @kernel
    def total(a, out):
        out[0] += a[cuda.threadIdx.x]

    @kernel
    def careful(a, out):
        cuda.atomic.add(out, 0, a[cuda.threadIdx.x])

    @kernel
    def last(a, out):
        out[0] = a[cuda.threadIdx.x]

    problem = only(launch(total, 1, 4, (floats(4), zeros(1))))
    assert "cuda.atomic.add" in problem.fix
    assert launch(careful, 1, 4, (floats(4), zeros(1))).ok
    assert "an element of its own" in only(launch(last, 1, 4, (floats(4), zeros(1)))).fix


def test_an_atomic_operation_and_a_plain_one_race():
    @kernel
    def mixed(out):
        if cuda.threadIdx.x == 0:
            out[0] = 1.0
        else:
            cuda.atomic.add(out, 0, 1.0)

    assert kinds(launch(mixed, 1, 3, (zeros(1),))) == ["race"]


def test_blocks_race_in_global_memory_whatever_their_barriers():
    @kernel
    def through(a):
        if cuda.blockIdx.x == 0:
            a[cuda.threadIdx.x] = 1.0
        cuda.syncthreads()
        if cuda.blockIdx.x == 1:
            a[cuda.threadIdx.x] += 1.0

    found = launch(through, 2, 4, (zeros(4),)).problems
    assert {problem.kind for problem in found} == {"race between blocks"}
    assert "thread 0 of block 0 writes a[0] and thread 0 of block 1 writes it" in found[0].text
    assert "two launches" in found[0].fix


@pytest.mark.parametrize("seed", range(20))
def test_races_are_those_that_pairs_of_accesses_make(seed):
    """Every pair of accesses of two threads, looked at by itself."""
    random = np.random.default_rng(seed)
    plan = random.integers(0, [6, 3], size=(4, 3, 2))  # thread, turn: cell and what to do

    @kernel
    def play(plan, a):
        t = cuda.threadIdx.x
        for turn in range(3):
            cell = plan[t, turn, 0]
            kind = plan[t, turn, 1]
            if kind == 0:
                x = a[cell]  # noqa: F841
            if kind == 1:
                a[cell] = 1.0
            if kind == 2:
                cuda.atomic.add(a, cell, 1.0)

    def clash(one, two):
        return one[0] == two[0] and {one[1], two[1]} not in ({0}, {2})

    raced = {
        int(one[0])
        for i in range(4)
        for j in range(i)
        for one in plan[i]
        for two in plan[j]
        if clash(one, two)
    }
    found = {p.cell for p in launch(play, 1, 4, (plan, zeros(6))).problems if p.kind == "race"}
    assert bool(found) == bool(raced)
    assert found <= raced


def test_what_nobody_wrote_is_not_read_as_zero():
    @kernel
    def empty(out):
        part = cuda.shared.array(4, np.float32)
        own = cuda.local.array(2, np.float32)
        own[0] = 1.0
        out[cuda.threadIdx.x] = part[cuda.threadIdx.x] + own[1]

    out = zeros(2)
    made = launch(empty, 1, 2, (out,))
    assert kinds(made) == ["uninitialised", "uninitialised"]
    assert {problem.array for problem in made.problems} == {"part", "own"}
    assert np.isnan(out).all()


def test_a_barrier_that_not_all_reach_is_found():
    @kernel
    def some(a):
        if cuda.threadIdx.x < 3:
            cuda.syncthreads()
        a[cuda.threadIdx.x] = 1.0

    problem = only(launch(some, 1, 8, (zeros(8),)))
    assert problem.kind == "barrier"
    assert "threads 0 to 2 wait at line 3, but threads 3 to 7 never come to it" in problem.text


def test_threads_at_two_barriers_diverge():
    @kernel
    def either(a):
        if cuda.threadIdx.x < 2:
            cuda.syncthreads()
        else:
            cuda.syncthreads()

    problem = only(launch(either, 1, 4, (zeros(4),)))
    assert "threads 0 to 1 wait at line 3, but threads 2 to 3 wait at line 5" in problem.text


@pytest.mark.parametrize("waiting", [True, False])
def test_a_loop_without_end_is_stopped(waiting):
    @kernel
    def wait(flag):
        while flag[0] == 0:
            pass

    @kernel
    def spin(flag):
        x = 0
        while x >= 0:
            x += 1
        flag[0] = x

    problem = only(launch(wait if waiting else spin, 1, 2, (np.zeros(1, np.int32),)))
    assert problem.kind == "endless"
    assert "Check what ends the loop" in problem.fix


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("a[0] = 1 / (t * 0)", "ZeroDivisionError"),
        ("a[0] = unknown", "NameError"),
        ("a[t / 2] = 1.0", "an index is a whole number"),
        ("a[t, t] = 1.0", "an element has 1 indices, a[i], and 2 were given"),
        ("a[t] = 'one'", "ValueError"),
        ("x = cuda.warp", "cuda has no 'warp'. A kernel can use threadIdx"),
        ("x = cuda.syncthreads()", "on a line of its own"),
    ],
)
def test_errors_of_python_are_problems_and_do_not_raise(statement, words, tmp_path):
    made = launch(written(tmp_path, "t = cuda.threadIdx.x", statement), 1, 2, (zeros(2),))
    problem = only(made)
    assert (problem.kind, problem.line, problem.count) == ("error", 3, 2)
    assert words in problem.text
    with pytest.raises(AssertionError, match="1 problem"):
        made.check()


def test_too_much_shared_memory_is_said():
    @kernel
    def greedy(a):
        part = cuda.shared.array((128, 128), np.float64)
        part[0, cuda.threadIdx.x] = a[0]

    problem = only(launch(greedy, 1, 2, (zeros(1),)))
    assert "131,072 bytes, and there are 49,152" in problem.text


def test_a_problem_is_told_once_and_counted():
    problem = only(launch(out_of_all, 8, 32, (zeros(4),)))
    assert problem.count == 8 * 32
    assert "This happens 256 times." in str(problem)


@kernel
def out_of_all(a):
    a[cuda.threadIdx.x + 100] = 1.0


# ---- what is refused


def test_launching_says_what_it_needs():
    a = zeros(4)
    for call, words in [
        (lambda: launch(add_ten, 1, 4, (a,)), r"takes 2 arguments \(a, out\), and args has 1"),
        (lambda: launch(add_ten, 1, 4, (a, [1.0])), "out is a list.*np.array"),
        (lambda: launch(add_ten, 1, 4, (a, a.astype(complex))), "has dtype complex"),
        (lambda: launch(add_ten, "1", 4, (a, a)), "one to three whole numbers"),
        (lambda: launch(add_ten, (1, 1, 1, 1), 4, (a, a)), "one to three whole numbers"),
        (lambda: launch(3, 1, 4, (a, a)), "written with def"),  # type: ignore[arg-type]
        (lambda: launch(add_ten, 1, 4, (a, mt.constant([1.0] * 4))), "cannot be changed"),
        (lambda: add_ten(a, a), "many threads run it"),
        (lambda: kernel(lambda a: a), "written with def"),
    ]:
        with pytest.raises(TypeError, match=words):
            call()
    for call, words in [
        (lambda: launch(add_ten, 1, 2000, (a, a)), "at most 1024"),
        (lambda: launch(add_ten, 0, 4, (a, a)), "at least 1"),
        (lambda: launch(add_ten, 1, 4, (a, a), device="tpu"), "'simulator' or 'gpu'"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()


def test_cuda_outside_of_a_kernel_says_where_it_belongs():
    with pytest.raises(RuntimeError, match="exists only while a kernel runs"):
        _ = cuda.threadIdx
    with pytest.raises(AttributeError, match="no 'shfl'"):
        _ = cuda.shfl


def test_a_tensor_can_be_read():
    out = zeros(4)
    launch(add_ten, 1, 4, (mt.constant([1.0, 2.0, 3.0, 4.0]), out)).check()
    assert out.tolist() == [11, 12, 13, 14]


# ---- outputs


def reduced():
    return launch(block_sum, 3, TPB, (floats(20), zeros(3), 20))


def test_words_say_what_happened():
    made = reduced()
    assert repr(made) == "Launch('block_sum: 3 blocks of 8 threads, no problems')"
    assert "7 shared reads" in made.alt
    assert "line 5, a: 3 requests" in made.description()
    assert made.to_html() == reduced().to_html()
    json.dumps(made._state(), allow_nan=False)


@pytest.mark.parametrize("data", [np.zeros((0, 3)), np.array(2.0), np.full((2, 2), np.nan)])
def test_odd_arrays_become_part_of_the_picture(data):
    @kernel
    def touch(a, out):
        out[0] = 1e8
        if cuda.threadIdx.x == 0 and a.size > 1:
            a[1, 1] = a[0, 0]

    made = launch(touch, 1, 1, (data, zeros(1)))
    xml.dom.minidom.parseString(made.to_svg())
    json.dumps(made._state(), allow_nan=False)
    assert made.ok


def test_not_a_number_is_not_what_nobody_wrote():
    @kernel
    def undefined(a):
        part = cuda.shared.array(2, np.float32)
        part[0] = a[0] - a[0]

    made = launch(undefined, 1, 1, (np.array([np.inf]),))
    assert made.record["values"] == ["nan"]
    assert made.record["arrays"][1]["before"] == [None, None]


def test_many_accesses_are_cut_and_said():
    made = launch(saxpy, 4, 64, (2.0, floats(20_000), floats(20_000, seed=1), 20_000))
    assert len(made.record["events"]) == 4 * 20_000
    assert "These are 60,000 accesses; the first 20,000" in made.record["note"]
    assert len(made.to_html()) < 250_000


def test_hostile_names_are_text():
    record = reduced().record
    for words in samples.HOSTILE:
        record["title"] = record["note"] = record["cuda"] = words
        record["source"] = [words] * 14
        for item in record["arrays"]:
            item["name"] = item["dtype"] = item["space"] = words
        for item in record["lines"]:
            item["array"] = item["space"] = words
        for item in record["score"]:
            item["name"] = words
        problem = {"kind": words, "text": words, "fix": words, "array": words, "line": 2}
        record["problems"] = [problem]
        made = Launch(record)
        xml.dom.minidom.parseString(made.to_svg())
        assert "<img onerror" not in made.to_html()


def test_the_widget_holds_its_step_and_thread():
    widget = LaunchWidget(block_sum, 3, TPB, (floats(20), zeros(3), 20), step=999)
    assert widget.step == len(widget.launch["events"]) // 4
    widget.step, widget.selected = -1, "1:2"
    island = widget.island()
    assert isinstance(island, Launch)
    assert (island.step, island.selected) == (0, "1:2")
    assert repr(widget) == "LaunchWidget('block_sum: 3 blocks of 8 threads, no problems')"
    widget.close()


def test_the_widget_takes_a_launch_and_a_record():
    made = reduced()
    for given in (made, made.record):
        widget = LaunchWidget(given)
        assert widget.launch == made.record
        widget.close()


def test_accesses_are_simulated_fast():
    def speed():
        args = (floats(16 * 256), zeros(16 * 256), zeros(512))
        start = time.process_time()
        made = launch(prefix_sum, 512, TPB, args)
        seconds = time.process_time() - start
        counts = list(made.totals.values())[:5]
        assert prod(made.record["grid"]) == 512
        return sum(counts) / seconds

    assert max(speed() for _ in range(5)) > 100_000  # some 250,000 where nothing else runs


def test_a_launch_of_no_record_is_a_lesson():
    with pytest.raises(TypeError, match="record that launch"):
        Launch(5)
