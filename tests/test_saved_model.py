"""Saved modules compute what they computed, where their classes do not exist."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.saved_model import files

ANY = mt.TensorSpec([None, 3], mt.float32)
X = np.float32([[1, -2, 3], [0.5, 4, -1]])
Point = namedtuple("Point", ["x", "y"])


def again(module: mt.Module, folder: Path, **options: Any) -> Any:
    mt.saved_model.save(module, folder / "model", **options)
    return mt.saved_model.load(folder / "model")


def holder(function: Callable, *specs: Any, **parts: Any) -> Any:
    """A module with a function of one trace."""
    module = mt.Module()
    for name, part in parts.items():
        setattr(module, name, part)
    module.f = mt.function(function, input_signature=list(specs) or [ANY])
    return module


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    for x, y in zip(mt.nest.flatten(a), mt.nest.flatten(b), strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)
        assert x.dtype is y.dtype


class Net(mt.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = mt.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 7, name="w")
        self.parts = [mt.Variable(1.0, name="p"), {"k": mt.Variable(np.arange(100.0), name="k")}]
        self.steps = mt.Variable(0, trainable=False, name="steps")
        self.number = 5

    @mt.function
    def scale(self, x: Any, by: int = 2, *, how: Any = None) -> Any:
        return {"a": x * self.w[0, 1] * by, "b": [x, x + self.parts[0]]}

    @mt.function(input_signature=[ANY])
    def __call__(self, x: Any) -> Any:
        self.steps.assign_add(1)
        return mt.nn.relu(x @ self.w + [0.5, 0.25])


def test_a_module_with_several_functions_and_traces(tmp_path: Path) -> None:
    net = Net()
    net.scale(mt.ones([2]))
    net.scale(mt.ones([2]), 3, how="well")
    loaded = again(net, tmp_path)
    assert isinstance(loaded, mt.Module)
    assert loaded.name == "net"
    assert [v.name for v in loaded.variables] == [v.name for v in net.variables]
    assert [v.trainable for v in loaded.variables] == [v.trainable for v in net.variables]
    assert not hasattr(loaded, "number")
    assert loaded.parts[1]["k"].dtype is mt.float64
    same(loaded(X), net(X))
    same(loaded(X[:1].tolist()), net(X[:1]))
    same(loaded.scale(mt.constant([1.0, 2.0])), net.scale(mt.constant([1.0, 2.0])))
    same(
        loaded.scale(by=3, x=[1.0, 2.0], how="well"),
        net.scale(mt.constant([1.0, 2.0]), 3, how="well"),
    )
    assert loaded.steps.numpy() == 2
    assert [c.graph.name for c in loaded.scale.concrete_functions] == ["scale", "scale"]


def test_gradients_reach_the_loaded_variables(tmp_path: Path) -> None:
    net = Net()
    loaded = again(net, tmp_path)
    for module in (net, loaded):
        with mt.GradientTape(persistent=True) as tape:
            with mt.GradientTape() as inner:
                y = mt.reduce_sum(module(X) ** 2)
            (g,) = inner.gradient(y, [module.w])
            z = mt.reduce_sum(g * g)
        module.found = [y, g, tape.gradient(z, module.w)]
    same(loaded.found, net.found)


def test_untraced_calls_are_refused_with_what_there_is(tmp_path: Path) -> None:
    net = Net()
    net.scale(mt.ones([2]))
    loaded = again(net, tmp_path)
    with pytest.raises(ValueError, match="Could not find matching concrete function to call") as e:
        loaded.scale(mt.ones([3]))
    assert "Option 1:\n  Positional arguments (2 total):\n    * TensorSpec(shape=(2,)" in str(
        e.value
    )
    assert "give it an input_signature" in str(e.value)
    for bad in (lambda: loaded.scale(mt.ones([2]), 2.0), lambda: loaded(mt.ones([2, 3], mt.int32)),
                lambda: loaded("text"), lambda: loaded(None)):  # fmt: skip
        with pytest.raises(ValueError, match="Could not find matching"):
            bad()
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'zz'"):
        loaded.scale(mt.ones([2]), zz=1)
    with pytest.raises(TypeError, match="object is not callable"):
        again(holder(lambda x: x), tmp_path)(X)


SCRIPT = """
import sys, numpy as np, minitensor as mt
loaded = mt.saved_model.load(sys.argv[1])
x = np.load(sys.argv[2])
with mt.GradientTape() as tape:
    y = mt.reduce_sum(loaded(x))
print(y.numpy(), *tape.gradient(y, loaded.w).numpy().ravel())
print(*loaded.signatures["serving_default"](x=mt.constant(x))["output_0"].numpy().ravel())
print(loaded.scale(mt.ones([2]))["a"].numpy().tolist())
"""


def test_it_runs_in_a_process_without_the_class(tmp_path: Path) -> None:
    net = Net()
    net.scale(mt.ones([2]))
    mt.saved_model.save(net, tmp_path / "model", signatures=net.__call__)
    np.save(tmp_path / "x.npy", X)
    arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "model"), str(tmp_path / "x.npy")]
    root = Path(mt.__file__).parents[1]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=root)
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(net(X))
    first, second, third = done.stdout.splitlines()
    wanted = [y.numpy(), *tape.gradient(y, net.w).numpy().ravel()]
    np.testing.assert_allclose([float(t) for t in first.split()], wanted, rtol=1e-6)
    np.testing.assert_allclose([float(t) for t in second.split()], net(X).numpy().ravel(), 1e-6)
    assert json.loads(third) == net.scale(mt.ones([2]))["a"].numpy().tolist()


# What a graph may hold.

W = mt.Variable(np.float32([[1, 2], [3, -4], [5, 6]]), name="w")
SMALL, LARGE = mt.constant([1.0, -1.0, 2.0]), mt.constant(np.arange(300, dtype=np.float32))


def branches(x: Any) -> Any:
    y = mt.matmul(x, W)
    if mt.reduce_sum(x) <= 0.0:
        y = 1.0 - y
    return mt.reduce_sum(y * y, axis=1)


def loops(x: Any) -> Any:
    total = mt.zeros([3])
    for row in x:
        total = total + row * row
    i = 0
    while mt.reduce_sum(total) < 1000.0 and i < 50:
        total = total * 1.5 + SMALL
        i += 1
    return total


@mt.function
def helper(x: Any, power: int) -> Any:
    return x**power + W[0, 0]


@mt.custom_gradient
def clipped(x: Any) -> Any:
    scale = mt.exp(-mt.reduce_sum(mt.abs(x)) / 10.0)

    def grad_fn(upstream: Any) -> Any:
        return mt.clip_by_value(upstream, -1.0, 1.0) * scale * W[0, 1]

    return x * 2.0, grad_fn


def own_gradient(x: Any) -> Any:
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = mt.reduce_sum(mt.tanh(x @ W) ** 2)
    g = tape.gradient(y, [x, W])
    return y, g


def second_gradient(x: Any) -> Any:
    with mt.GradientTape() as outer:
        outer.watch(x)
        with mt.GradientTape() as tape:
            tape.watch(x)
            y = mt.reduce_sum(clipped(mt.sin(x)) * x)
        g = tape.gradient(y, x)
    return g, outer.gradient(g, x)


def dynamic(x: Any) -> Any:
    n = mt.shape(x)[0]
    return mt.reshape(x, [n * 3, 1]), mt.tile(x, [n, 1]), x[: n - 1, ..., None], mt.range(n)


def pieces(x: Any) -> Any:
    a, b = mt.split(mt.transpose(x), [1, 2], axis=0)
    words = mt.strings.join([mt.constant(["é", b"\xff"]), "!"])
    named = {"s": words, "n": mt.constant(np.nan) * x}
    return mt.concat([b, a], 0), mt.cast(x, mt.bfloat16), mt.complex(x, x), x[::-1, 1:], named


def large(x: Any) -> Any:
    return mt.reduce_sum(LARGE) * x + mt.constant(np.arange(60, dtype=np.float32))[3] + np.inf


FUNCTIONS = [branches, loops, own_gradient, dynamic, pieces, large]
FUNCTIONS += [
    lambda x: helper(x, 2) + helper(x, 3),
    lambda x: clipped(x) * clipped(x),
    lambda x: Point(x + 1.0, [x, (x,)]),
    lambda x: mt.cond(x[0, 0] > 0.0, lambda: helper(x, 2), lambda: mt.map_fn(mt.abs, x)),
    lambda x: (
        mt.IndexedSlices(x, mt.range(mt.shape(x)[0])).to_dense()
        if False
        else mt.gather(W, mt.cast(mt.abs(x), mt.int32)[:, 0] % 3)
    ),
    lambda x: mt.nn.softmax(mt.einsum("ij,kj->ik", x, x)),
    lambda x: mt.switch_case(mt.cast(x[0, 0], mt.int32), [lambda: x, lambda: -x, lambda: 2.0 * x]),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_graph_may_hold(function: Callable, tmp_path: Path) -> None:
    module = holder(function, v=W)
    loaded = again(module, tmp_path)
    twice = again(loaded, tmp_path)
    for x in (X, -X, X[:1]):
        wanted = module.f(x)
        for other in (loaded, twice):
            found = other.f(x)
            assert type(found).__name__ == type(wanted).__name__
            for a, b in zip(mt.nest.flatten(found), mt.nest.flatten(wanted), strict=True):
                assert a.dtype is b.dtype
                if a.dtype is mt.string:
                    assert a.numpy().tolist() == b.numpy().tolist()
                else:
                    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)


@pytest.mark.parametrize("function", [branches, loops, own_gradient, FUNCTIONS[6]])
def test_what_a_graph_may_hold_has_its_gradients(function: Callable, tmp_path: Path) -> None:
    module = holder(function, v=W)
    loaded = again(module, tmp_path)
    for x in (X, -X):
        found = []
        for each in (module, loaded):
            v = mt.Variable(x)
            with mt.GradientTape() as tape:
                y = sum(mt.reduce_sum(part) for part in mt.nest.flatten(each.f(v)))
            found.append(tape.gradient(y, [v, each.v], unconnected_gradients="zero"))
        same(found[1], found[0])


def test_shapes_that_are_known_and_gradients_of_them(tmp_path: Path) -> None:
    for function in (own_gradient, second_gradient, loops):
        module = holder(function, mt.TensorSpec([2, 3]), v=W)
        same(again(module, tmp_path).f(X), module.f(X))


def test_a_function_s_own_gradient_is_saved(tmp_path: Path) -> None:
    """Also at sizes that are open; compared with the eager function."""
    for function in (lambda x: clipped(x) * clipped(x), second_gradient):
        loaded = again(holder(function, v=W), tmp_path)
        found = []
        for call in (function, loaded.f):
            v = mt.Variable(X)
            with mt.GradientTape() as tape:
                y = sum(mt.reduce_sum(part) for part in mt.nest.flatten(call(v)))
            found.append([y, tape.gradient(y, v)])
        same(found[1], found[0])


def test_variables_are_written_in_order_and_shared(tmp_path: Path) -> None:
    v = mt.Variable(W + 0.0, name="v")

    def assigns(x: Any) -> Any:
        before = v + 0.0
        v.assign_sub(0.1 * mt.transpose(x)[:, :2])
        return before, v + 0.0

    module = holder(assigns, mt.TensorSpec([2, 3]), v=v)
    module.g = mt.function(lambda: v * 2.0)
    module.g()
    loaded = again(module, tmp_path)
    same(loaded.f(X), module.f(X))
    same(loaded.g(), module.g())
    assert loaded.v is loaded.variables[0]


def test_random_ops_draw_anew_and_print_prints(tmp_path: Path, capfd: Any) -> None:
    def draw(x: Any) -> Any:
        mt.print("drawing", mt.shape(x))
        return mt.random.normal([4]), mt.random.uniform(mt.shape(x), seed=3)

    loaded = again(holder(draw), tmp_path)
    first, second = loaded.f(X), loaded.f(X)
    assert (first[0].numpy() != second[0].numpy()).all()
    assert "drawing [2 3]" in capfd.readouterr().err


def test_structures_objects_and_shared_parts(tmp_path: Path) -> None:
    child = mt.Module("child")
    child.v = mt.Variable([1.0], name="v", shape=mt.TensorShape([None]))
    module = mt.Module("top")
    module.one, module.two, module.me = child, [child, (child.v,)], module
    module.words = mt.Variable(["a", b"\xff"], trainable=False, name="words")
    loaded = again(module, tmp_path)
    assert loaded.one is loaded.two[0]
    assert loaded.me is loaded
    assert loaded.two[1][0] is loaded.one.v
    assert loaded.one.name == "child"
    loaded.one.v.assign([1.0, 2.0])
    assert loaded.words.numpy().tolist() == [b"a", b"\xff"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "complex64", "complex128", "bool", "int8",
                                   "uint64", "float64"])  # fmt: skip
def test_variables_of_every_dtype(dtype: str, tmp_path: Path) -> None:
    module = mt.Module()
    module.large = mt.Variable(mt.cast(np.arange(-20, 20).reshape(4, 10) % 3, dtype))
    module.small = mt.Variable(mt.cast(1, dtype))
    module.empty = mt.Variable(mt.cast(np.zeros((0, 3)), dtype))
    loaded = again(module, tmp_path)
    for name in ("large", "small", "empty"):
        same(getattr(loaded, name).value(), getattr(module, name).value())


# Signatures.


def test_signatures_take_tensors_by_name_and_give_dicts(tmp_path: Path) -> None:
    module = holder(lambda x: x * 2.0)
    assert list(again(module, tmp_path).signatures) == ["serving_default"]
    module.g = mt.function(lambda b, a: {"sum": a + b, "all": b})
    spec = mt.TensorSpec([None])
    concrete = module.g.get_concrete_function(spec, spec)
    assert dict(again(module, tmp_path).signatures) == {}
    loaded = again(module, tmp_path, signatures={"one": module.f, "two": concrete})
    assert list(loaded.signatures) == ["one", "two"]
    same(loaded.signatures["one"](mt.constant(X)), {"output_0": mt.constant(X * 2)})
    found = loaded.signatures["two"](a=mt.constant([1.0]), b=mt.constant([5.0]))
    same(found, {"all": mt.constant([5.0]), "sum": mt.constant([6.0])})
    assert loaded.signatures["two"].structured_input_signature[1]["a"].shape == [None]


def test_signatures_that_cannot_be(tmp_path: Path) -> None:
    module = holder(lambda x: [x, [x]])
    module.many = mt.function(lambda x: x)
    module.many(1.0)
    module.many([1.0])
    for signature, text in [
        (module.f, "Outputs for functions used as signatures must be a single Tensor"),
        (module.many, "It has 2 traces"),
        ({"a": 3}, "It is not a traced function"),
        ({3: module.many}, "It is not a traced function"),
    ]:
        with pytest.raises(ValueError, match=text):
            mt.saved_model.save(module, tmp_path / "m", signatures=signature)
    assert not (tmp_path / "m").exists()


# What cannot be saved, and files.


def test_what_only_the_program_has_is_refused(tmp_path: Path) -> None:
    class Thing:
        pass

    module, thing = mt.Module(), Thing()
    module.f = mt.function(lambda x, thing: x)
    module.f(1.0, Thing())  # nobody can call this trace again
    module.f(2.0, None)
    mt.saved_model.save(module, tmp_path / "good")
    assert len(mt.saved_model.load(tmp_path / "good").f.concrete_functions) == 1
    module.f(1.0, thing)
    cases = [
        (holder(lambda x: mt.py_function(lambda a: a, [x], mt.float32)), "call_python"),
        (holder(lambda x: mt.numpy_function(np.sort, [x], mt.float32)), "test_saved_model.py"),
        (module, "got the argument .*Thi"),
    ]
    for bad, text in cases:
        with pytest.raises(mt.errors.UnimplementedError, match=text):
            mt.saved_model.save(bad, tmp_path / "m")
    for wrong in (3, mt.function(lambda x: x), None):
        with pytest.raises(ValueError, match="Expected an object of type `Trackable`, such as"):
            mt.saved_model.save(wrong, tmp_path / "m")  # type: ignore[arg-type]
    assert not (tmp_path / "m").exists()


def test_a_good_copy_is_kept_when_saving_fails(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "m"
    good, other = holder(lambda x: x * 2.0, v=mt.Variable(np.arange(50.0))), holder(
        lambda x: x * 3.0, v=mt.Variable(np.arange(60.0)))  # fmt: skip
    mt.saved_model.save(good, folder)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    bad = holder(lambda x: mt.py_function(lambda a: a, [x], mt.float32))
    with pytest.raises(mt.errors.UnimplementedError):
        mt.saved_model.save(bad, folder)
    real = Path.replace

    def full(self: Path, target: Any) -> Any:
        if Path(target).name == "graph.json":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        mt.saved_model.save(other, folder)
    monkeypatch.undo()
    left = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert before.items() <= left.items()
    assert not [name for name in left if name.startswith(".")]
    same(mt.saved_model.load(folder).f(X), good.f(X))
    mt.saved_model.save(other, folder)
    assert len(list(folder.iterdir())) == 2
    same(mt.saved_model.load(folder).f(X), other.f(X))


def test_names_that_people_give(tmp_path: Path) -> None:
    spec = mt.TensorSpec([None], name='my "input" (1)\n')
    v = mt.Variable([1.0], name="größe\n'#")
    loaded = again(holder(lambda größe: größe * v, spec, v=v), tmp_path)
    same(loaded.f([2.0, 3.0]), mt.constant([2.0, 3.0]))
    same(loaded.f(größe=[2.0]), mt.constant([2.0]))
    assert loaded.v.name == v.name


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="SavedModel file does not exist at: ") as caught:
        mt.saved_model.load(tmp_path / "nope")
    assert isinstance(caught.value, mt.errors.NotFoundError)
    assert not mt.saved_model.contains_saved_model(tmp_path)
    mt.saved_model.save(mt.Module(), str(tmp_path))
    assert mt.saved_model.contains_saved_model(str(tmp_path))


def test_the_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    again(holder(lambda x: mt.nn.relu(x @ W), v=W), tmp_path)
    text = (tmp_path / "model" / files.GRAPH).read_text()
    assert '{"op": "relu", "name": "Relu", "inputs": [2], "attrs": {}, ' in text
    assert max(map(len, text.splitlines())) < 300
