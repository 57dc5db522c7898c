"""Kernels as CUDA C: nvcc takes them, and what they compute on a CPU is what numpy computes.

Without a GPU the C runs under a small host: every thread of a block is a real thread, and a barrier
is a real barrier. So barriers, shared arrays and atomic operations are tried as they stand.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import cuda, kernel, launch
from minitensor_widgets.kernels.c_types import UnsupportedError

from .kernel_programs import PROGRAMS, add_ten, block_sum, floats, tiled_matmul, written, zeros

GXX, NVCC = shutil.which("g++"), shutil.which("nvcc")
needs_gxx = pytest.mark.skipif(GXX is None, reason="no g++")
needs_nvcc = pytest.mark.skipif(NVCC is None, reason="no nvcc")
by_name: dict = {"ids": lambda program: program.name}

HOST = r"""
#include <math.h>
#include <stdlib.h>
#include <barrier>
#include <mutex>
#include <thread>
#include <vector>
#define __global__
#define __device__ inline
#define __shared__ static
struct Three { unsigned x, y, z; };
static thread_local Three threadIdx, blockIdx;
static Three blockDim, gridDim;
static std::barrier<>* gate;
static std::mutex one;
static void __syncthreads() { gate->arrive_and_wait(); }
template <typename T> T min(T a, T b) { return b < a ? b : a; }
template <typename T> T max(T a, T b) { return a < b ? b : a; }
template <typename T> T atomicAdd(T* p, T v) {
    std::lock_guard<std::mutex> held(one); T old = *p; *p += v; return old;
}
template <typename T> T atomicSub(T* p, T v) {
    std::lock_guard<std::mutex> held(one); T old = *p; *p -= v; return old;
}
template <typename T> T atomicMax(T* p, T v) {
    std::lock_guard<std::mutex> held(one); T old = *p; *p = max(*p, v); return old;
}
template <typename T> T atomicMin(T* p, T v) {
    std::lock_guard<std::mutex> held(one); T old = *p; *p = min(*p, v); return old;
}
template <typename F> void launch(unsigned* grid, unsigned* block, F body) {
    gridDim = {grid[0], grid[1], grid[2]}; blockDim = {block[0], block[1], block[2]};
    unsigned count = block[0] * block[1] * block[2];
    for (unsigned b = 0; b < grid[0] * grid[1] * grid[2]; b++) {
        std::barrier<> fence(count); gate = &fence;
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < count; t++) threads.emplace_back([=, &fence] {
            blockIdx = {b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]};
            threadIdx = {t % block[0], t / block[0] % block[1], t / block[0] / block[1]};
            body(); fence.arrive_and_drop();
        });
        for (auto& thread : threads) thread.join();
    }
}
"""
C_SCALARS = {
    "int": ctypes.c_int, "long long": ctypes.c_longlong, "float": ctypes.c_float,
    "double": ctypes.c_double, "bool": ctypes.c_bool,
}  # fmt: skip


def hosted(source):
    """A kernel's source and a function `run_<name>` that plays all its threads."""
    name, parameters = re.findall(r"void (\w+)\((.*)\) \{", source)[-1]
    names = ", ".join(re.findall(r"(\w+)(?:,|$)", parameters))
    run = (
        f'extern "C" void run_{name}(unsigned* grid, unsigned* block, {parameters}) '
        f"{{ launch(grid, block, [=] {{ {name}({names}); }}); }}"
    )
    return f"namespace n_{name} {{\n{source}\n{run}\n}}\n"


def compiled(folder, *sources):
    """A library with these kernels."""
    path = folder / "kernels.cpp"
    path.write_text(HOST + "".join(map(hosted, sources)), encoding="utf-8")
    library = folder / "kernels.so"
    command = [GXX, "-std=c++20", "-O1", "-w", "-pthread", "-shared", "-fPIC", path, "-o", library]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(library))


def three(size):
    sizes = (size,) if isinstance(size, int) else tuple(size)
    return (ctypes.c_uint * 3)(*sizes, *[1] * (3 - len(sizes)))


def run(library, source, grid, block, args):
    """Play a kernel of a library on numpy arrays and numbers."""
    name, parameters = re.findall(r"void (\w+)\((.*)\) \{", source)[-1]
    sent = []
    for value, parameter in zip(args, parameters.split(", "), strict=True):
        if isinstance(value, np.ndarray):
            sent.append(ctypes.c_void_p(value.ctypes.data))
        else:
            sent.append(C_SCALARS[parameter.rpartition(" ")[0]](value))
    getattr(library, f"run_{name}")(three(grid), three(block), *sent)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    sources = [program.kernel.cuda_source(*program.args()) for program in PROGRAMS]
    return compiled(tmp_path_factory.mktemp("host"), *sources)


@needs_gxx
@pytest.mark.parametrize("program", PROGRAMS, **by_name)
def test_the_c_of_a_kernel_computes_what_numpy_computes(program, library):
    args = program.args()
    expected = program.expected(*(np.copy(a) if isinstance(a, np.ndarray) else a for a in args))
    run(library, program.kernel.cuda_source(*args), program.grid, program.block, args)
    for place, values in expected.items():
        np.testing.assert_allclose(args[place], values, rtol=1e-5, atol=1e-6)


@needs_nvcc
def test_nvcc_takes_every_kernel(tmp_path):
    """Compiled in one file, each in a namespace: nvcc starts slowly."""
    sources = [program.kernel.cuda_source(*program.args()) for program in PROGRAMS]
    args = (np.arange(-6, 7), np.zeros((13, 8), np.int64))
    sources += [whole.cuda_source(*args), fractions.cuda_source(floats(12), zeros(12, 11))]
    path = tmp_path / "kernels.cu"
    path.write_text("".join(f"namespace n{i} {{\n{s}\n}}\n" for i, s in enumerate(sources)))
    command = [NVCC, "-arch=sm_80", "-cubin", str(path), "-o", str(tmp_path / "kernels.cubin")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[:3000]


# ---- arithmetic


@kernel
def whole(a, out):
    i = cuda.threadIdx.x
    x = a[i]
    out[i, 0] = x // 4
    out[i, 1] = x % 4
    out[i, 2] = x // -3 + x % -3
    out[i, 3] = -x + (x - 1) * (x - (2 - x)) - (x + 1)
    out[i, 4] = x**2 + x * 3**2
    out[i, 5] = (x & 5) | (x ^ 3) << 1
    out[i, 6] = min(x, 2, -1) + max(x, 3) + abs(x)
    y = 7
    y -= x
    y //= 2
    out[i, 7] = y if -3 < x <= 4 and not x > 3 else int(x * 1.5)


@kernel
def fractions(a, out):
    i = cuda.threadIdx.x
    x = a[i]
    out[i, 0] = x / 3 - 1 / 3
    out[i, 1] = x // 0.5
    out[i, 2] = x % 0.7
    out[i, 3] = (x * x) ** 0.5 + x**3
    out[i, 4] = math.sqrt(abs(x)) + math.sin(x) * math.cos(x)
    out[i, 5] = math.floor(x) + math.ceil(x)
    out[i, 6] = math.pi if x > 0 or x < -1 else -math.e
    out[i, 7] = float(i) / 2 + int(x)
    out[i, 8] = math.tanh(x) - math.atan2(x, 2.0) + math.log(1 + x * x)
    out[i, 9] = np.float32(i) + np.int32(x)
    out[i, 10] = x - -x + (i > 3) - (-(-x))  # noqa: B002


import math  # noqa: E402  kernels see it as they would in a notebook


@needs_gxx
def test_arithmetic_means_the_same_in_c(tmp_path):
    sources, cases = [], []
    for program, args in [
        (whole, (np.arange(-6, 7), np.zeros((13, 8), np.int64))),
        (fractions, (floats(12, seed=3) * 3, zeros(12, 11))),
    ]:
        sources.append(program.cuda_source(*args))
        cases.append((program, args))
    library = compiled(tmp_path, *sources)
    for source, (program, args) in zip(sources, cases, strict=True):
        simulated = args[1].copy()
        launch(program, 1, len(args[0]), (args[0], simulated)).check()
        run(library, source, 1, len(args[0]), args)
        np.testing.assert_allclose(args[1], simulated, rtol=2e-5, atol=2e-5)
        assert np.abs(simulated).sum() > 10


@kernel
def loops(out, n, step):
    k = 0
    last = -1
    for i in range(n):
        if i == 2:
            continue
        if i == 6:
            break
        last = i
        k += i
    for i in range(n, 0, -2):
        k += 100 * i
    for j in range(0, n, step):
        n += 1
        k += 1000 * j
        if n > 40:
            return
    while True:
        k -= 1
        if k % 5 == 0:
            break
    out[0] = k
    out[1] = i
    out[2] = last
    out[3] = n
    a, b = 1, 2
    a, b = b, a + b
    x = y = a * 10 + b
    out[4], out[5] = x, y + 1


@needs_gxx
@pytest.mark.parametrize(("n", "step"), [(9, 3), (5, 1), (9, -1)])
def test_loops_and_assignments_mean_the_same_in_c(n, step, tmp_path):
    simulated, found = np.zeros(6, np.int64), np.zeros(6, np.int64)
    launch(loops, 1, 1, (simulated, n, step)).check()
    source = loops.cuda_source(found, n, step)
    run(compiled(tmp_path, source), source, 1, 1, (found, n, step))
    np.testing.assert_array_equal(found, simulated)
    assert simulated.any()


# ---- the text


def test_the_text_reads_like_the_kernel():
    assert block_sum.cuda_source(floats(20), zeros(3), 20) == (
        'extern "C" __global__ void block_sum(const float* a, float* out, int size) {\n'
        "    __shared__ float cache[8];\n"
        "    int i, t, stride;\n"
        "    i = (int)(blockIdx.x * blockDim.x + threadIdx.x);\n"
        "    t = (int)threadIdx.x;\n"
        "    cache[t] = i < size ? a[i] : 0.0;\n"
        "    __syncthreads();\n"
        "    stride = 4;\n"
        "    while (stride > 0) {\n"
        "        if (t < stride) {\n"
        "            cache[t] += cache[t + stride];\n"
        "        }\n"
        "        __syncthreads();\n"
        "        stride = stride / 2;\n"
        "    }\n"
        "    if (t == 0) {\n"
        "        out[(int)blockIdx.x] = cache[0];\n"
        "    }\n"
        "}"
    )


def test_two_axes_become_one():
    source = tiled_matmul.cuda_source(floats(7, 7), floats(7, 7), zeros(7, 7), 7)
    assert "const int a_shape[] = {7, 7};" in source
    assert (
        "a[row * a_shape[1] + (start + x)]" in source or "a[row * a_shape[1] + start + x]" in source
    )
    assert "left[y][k] * right[k][x]" in source
    assert "double total;" in source


def test_the_viewer_has_the_text_or_why_there_is_none():
    assert launch(add_ten, 1, 4, (zeros(4), zeros(4))).cuda.startswith('extern "C"')

    @kernel
    def listed(a):
        parts = [1, 2]
        a[0] = parts[0]

    made = launch(listed, 1, 1, (zeros(1),))
    assert made.ok
    assert made.cuda.startswith("// Line 2: a List has no counterpart in CUDA C.")


def test_names_that_c_keeps_for_itself_are_changed():
    @kernel
    def float(double, Δ):
        int = cuda.threadIdx.x
        double[int] = Δ

    source = float.cuda_source(zeros(2), 3)
    assert "void float_(float* double_, int u394)" in source
    assert "double_[int_] = u394;" in source


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["x = [n]"], "Line 2: a List"),
        (["pass", "x = {n}"], "Line 3: a Set"),
        (["print(n)"], r"`print\(n\)`"),
        (["a[0] = foo(n)"], r"a call of foo"),
        (["x = a"], "the whole array a as a number"),
        (["a[0, 1] = 1"], r"2 indices of a, which has shape \(4,\),"),
        (["a[n / 2] = 1"], "an index with a fraction"),
        (["for x in a:", "    pass"], "a loop over `a`"),
        (["for i in range(3):", "    pass", "else:", "    pass"], "the `else` of a loop"),
        (["try:", "    pass", "except ValueError:", "    pass"], "`try:`"),
        (["return n"], "a value that a kernel returns"),
        (["a[0] = 'x'"], "the value 'x'"),
        (["a[0] = n if n in (1, 2) else 0"], "`in` or `is`"),
        (["a[0] = n @ n"], "the operator @"),
        (["a[0] = n ** n"], "a power of whole numbers"),
        (["a[0] = math.gamma(n)"], "math.gamma"),
        (["a[0] = n or 1"], "`and` or `or` of numbers"),
        (["a[0] = max(n, key=n)"], "an argument by name"),
        (["s = cuda.shared.array(n, np.float32)"], "only known at run time"),
        (["s = cuda.shared.array(4, np.complex64)"], "np.complex64"),
        (["cuda.atomic.max(a, 0, 1.0)"], "cuda.atomic.max of float"),
        (["n[0] = 1"], "no array"),
        (["a = n"], "a new value for the array a"),
        (["x, y = n"], "taking `n` apart"),
        (["x = y", "y = x"], "the name x"),
        (["with a:", "    pass"], "`with a:`"),
        (["x = lambda: 1"], "a Lambda"),
        (["assert n"], "`assert n`"),
    ],
)
def test_what_c_has_not_is_refused_with_its_line(statements, words, tmp_path):
    with pytest.raises(UnsupportedError, match=words) as caught:
        written(tmp_path, *statements, parameters="a, n").cuda_source(zeros(4), 3)
    assert re.search(r"Line \d+: .*has no counterpart in CUDA C", str(caught.value))


def test_arguments_must_fit():
    with pytest.raises(TypeError, match="takes 2 arguments"):
        add_ten.cuda_source(zeros(4))
    with pytest.raises(UnsupportedError, match="float16"):
        add_ten.cuda_source(np.zeros(4, np.float16), zeros(4))


# ---- the GPU


def test_without_a_gpu_the_lesson_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(mt.errors.UnavailableError, match=r'device="gpu"\): there is no usable GPU'):
        launch(add_ten, 1, 4, (zeros(4), zeros(4)), device="gpu")


@pytest.fixture
def cupy_of_the_host(monkeypatch, tmp_path):
    """A cupy whose GPU is the host above."""
    made = types.ModuleType("cupy")
    runtime = types.SimpleNamespace(getDeviceCount=lambda: 1)
    made.cuda = types.SimpleNamespace(runtime=runtime)  # type: ignore[attr-defined]
    made.asarray = np.array  # type: ignore[attr-defined]
    made.asnumpy = np.asarray  # type: ignore[attr-defined]

    class RawKernel:
        def __init__(self, source, name, options):
            assert f"void {name}(" in source
            self.source, self.library = source, compiled(tmp_path, source)

        def __call__(self, grid, block, args):
            plain = [a.item() if isinstance(a, np.generic) else a for a in args]
            run(self.library, self.source, grid, block, plain)

    made.RawKernel = RawKernel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cupy", made)
    return made


@needs_gxx
def test_the_same_kernel_runs_on_a_gpu_and_is_compared(cupy_of_the_host):
    a, out = floats(20), zeros(3)
    made = launch(block_sum, 3, 8, (a, out, 20), device="gpu")
    np.testing.assert_allclose(out, np.pad(a, (0, 4)).reshape(3, 8).sum(1), rtol=1e-5)
    assert "Run on the GPU" in made.record["note"]
    assert re.search(r"largest difference from the simulator's is \d", made.record["note"])


@needs_gxx
def test_a_kernel_with_problems_stays_off_the_gpu(cupy_of_the_host):
    a, out = floats(4), zeros(4)
    made = launch(add_ten, 1, 8, (a, out), device="gpu")
    assert not made.ok
    assert "Not run on the GPU" in made.record["note"]
    np.testing.assert_array_equal(out, a + np.float32(10))


@needs_gxx
def test_a_kernel_without_counterpart_runs_in_the_simulator_only(cupy_of_the_host, tmp_path):
    a = zeros(1)
    made = launch(
        written(tmp_path, "x = [n]", "a[0] = x[0]", parameters="a, n"), 1, 1, (a, 3), device="gpu"
    )
    assert "Not run on the GPU. Line 2: a List" in made.record["note"]
    assert a.tolist() == [3]


def test_what_a_compiler_says_becomes_a_note(cupy_of_the_host):
    def refuse(*args, **options):
        raise RuntimeError("no such architecture")

    cupy_of_the_host.RawKernel = refuse
    out = zeros(4)
    made = launch(add_ten, 1, 4, (zeros(4), out), device="gpu")
    assert "The GPU refused the kernel: RuntimeError: no such architecture" in made.record["note"]
    assert out.tolist() == [10] * 4


@pytest.mark.gpu
@pytest.mark.parametrize("program", PROGRAMS, **by_name)
def test_a_real_gpu_computes_what_numpy_computes(program):
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("no GPU")
    args = program.args()
    expected = program.expected(*(np.copy(a) if isinstance(a, np.ndarray) else a for a in args))
    made = launch(program.kernel, program.grid, program.block, args, device="gpu")
    assert "Run on the GPU" in made.record["note"]
    for place, values in expected.items():
        np.testing.assert_allclose(args[place], values, rtol=1e-5, atol=1e-6)
