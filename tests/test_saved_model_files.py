"""Damaged and hostile files: one clear error, and nothing is loaded."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

import minitensor as mt
from minitensor.saved_model import files
from minitensor.saved_model.pair import checksum

X = np.float32([[1, -2, 3], [0.5, 4, -1]])
ERRORS = (mt.errors.DataLossError, mt.errors.NotFoundError)


@pytest.fixture(scope="module")
def good(tmp_path_factory: Any) -> Path:
    """A model with a branch, a loop, a call, open attributes, a gradient, and large tensors."""

    @mt.function
    def inner(x: Any) -> Any:
        return x * 2.0

    class Net(mt.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = mt.Variable(np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 20), name="w")
            self.parts = [mt.Variable(1.0, name="b")]

        @mt.function(input_signature=[mt.TensorSpec([None, 3], mt.float32)])
        def __call__(self, x: Any) -> Any:
            y = inner(x @ self.w) + self.parts[0]
            if mt.reduce_sum(y) > 0.0:
                y = y * 2.0
            for row in x:
                y = y + mt.reduce_sum(row)
            with mt.GradientTape() as tape:
                tape.watch(x)
                z = mt.reduce_sum(x * x)
            self.parts[0].assign(mt.reduce_mean(y))
            return mt.reshape(y, [mt.shape(x)[0] * 2, -1]), tape.gradient(z, x)

    folder = tmp_path_factory.mktemp("model") / "good"
    mt.saved_model.save(Net(), folder)
    return folder


def signed(folder: Path, change: Callable[[dict], Any]) -> None:
    """Change what graph.json says, and give it the checksum that fits."""
    path = folder / files.GRAPH
    content = json.loads(path.read_text())
    del content["checksum"]
    change(content)
    path.write_text(json.dumps(content | {"checksum": checksum(content)}))


def nodes(content: dict, op: str) -> list[dict]:
    found = [node for graph in content["graphs"] for node in graph["nodes"]]
    found += [inner for node in found for inner in node.get("nodes", [])]
    return [node for node in found if node["op"] == op or node.get("kind") == op]


def put(path: str, value: Any) -> Callable[[dict], Any]:
    """Replace what stands at a path like `graphs.0.nodes`; -1 is the last of a list."""

    def change(content: dict) -> None:
        *way, last = [int(k) if k.lstrip("-").isdigit() else k for k in path.split(".")]
        for key in way:
            content = content[key]
        content[last] = value

    return change


def of(op: str, key: str, value: Any) -> Callable[[dict], Any]:
    """Replace one entry of the first node of an op."""
    return lambda content: nodes(content, op)[0].update({key: value})


TAKES = "takes.tuple.0.tuple.0.tensor"
DEEP: Any = []
for _ in range(3000):
    DEEP = [DEEP]

HOSTILE: dict[str, Callable[[dict], Any]] = {
    "unknown op": of("add", "op", "system"),
    "python op": of("add", "op", "call_python"),
    "op that is no name": of("add", "op", ["add"]),
    "unknown kind of node": of("add", "kind", "exec"),
    "too many inputs": of("add", "inputs", [0, 0, 0]),
    "too few inputs": of("add", "inputs", [0]),
    "later value": of("add", "inputs", [0, 999]),
    "negative value": of("add", "inputs", [0, -1]),
    "its own value": lambda c: [n.update(inputs=[i + 2, 0]) for i, n in enumerate(
        c["graphs"][-1]["nodes"])],
    "true as a value": of("add", "inputs", [True, 0]),
    "no such constant": of("multiply", "inputs", [0, {"constant": 99, "name": "c"}]),
    "no such variable": of("read_variable", "inputs", [{"variable": 7}]),
    "a value where a variable belongs": of("read_variable", "inputs", [0]),
    "a variable where a value belongs": of("add", "inputs", [0, {"variable": 0}]),
    "wrong dtypes": of("matmul", "inputs", [0, 0]),
    "wrong dtype of a result": of("multiply", "gives", [{"dtype": "int32", "shape": None}]),
    "wrong shape of a result": of("matmul", "gives", [{"dtype": "float32", "shape": [7, 7]}]),
    "wrong number of results": of("multiply", "gives", []),
    "no dtype": of("multiply", "gives", [{"dtype": "object", "shape": []}]),
    "negative shape": of("multiply", "gives", [{"dtype": "float32", "shape": [-3]}]),
    "shape of words": of("multiply", "gives", [{"dtype": "float32", "shape": ["a"]}]),
    "unknown attribute": of("multiply", "attrs", {"zz": 1}),
    "attribute of a wrong type": of("reduce_sum", "attrs", {"axis": "x"}),
    "unknown kind of attribute": of("reduce_sum", "attrs", {"axis": {"eval": "1"}}),
    "hole in a plain op": of("reduce_sum", "attrs", {"axis": {"hole": 0}}),
    "attributes that are none": of("reduce_sum", "attrs", [1]),
    "bad scope": of("multiply", "name", "bad name!"),
    "name that is none": of("multiply", "name", 3),
    "node that is none": put("graphs.0.nodes", [3]),
    "graph inside itself": lambda c: [n.update(graphs=[len(c["graphs"]) - 1]) for n in nodes(
        c, "call")],
    "graph of a later number": of("cond", "graphs", [98, 99]),
    "branches that differ": lambda c: nodes(c, "cond")[0].update(
        graphs=[nodes(c, "cond")[0]["graphs"][0], nodes(c, "while")[0]["graphs"][-1]]),
    "one branch": lambda c: nodes(c, "cond")[0].update(graphs=nodes(c, "cond")[0]["graphs"][:1]),
    "no branch": of("cond", "graphs", []),
    "loop without a condition": lambda c: nodes(c, "while")[0].update(
        graphs=nodes(c, "while")[0]["graphs"][-1:], rows=0),
    "loop with too many variables": of("while", "loops", 99),
    "loop with a negative number": of("while", "rows", -1),
    "gradient without sources": of("gradient", "sources", []),
    "gradient of other values": of("gradient", "targets", [99]),
    "gradient of an unknown op": lambda c: nodes(c, "gradient")[0]["nodes"][0].update(op="no"),
    "holes": of("dynamic", "holes", 99),
    "huge hole": lambda c: nodes(c, "dynamic")[0].update(attrs={"shape": {"hole": 5}}),
    "huge shape": put("variables.0.value.shape", [1 << 60, 1 << 60]),
    "huge size": put("variables.0.value.shape", [1 << 70]),
    "missing tensor": put("variables.0.value.tensor", "variable/9"),
    "tensor used twice": lambda c: c["constants"].append(dict(c["variables"][0]["value"])),
    "tensor of another shape": put("variables.0.value.shape", [20, 3]),
    "tensor of another dtype": put("variables.0.value.dtype", "float64"),
    "number of another dtype": put("variables.1.value.data", ["a"]),
    "truth for a number": put("variables.1.value.data", [True]),
    "too many numbers": put("variables.1.value.data", [1.0, 2.0]),
    "strings for numbers": put("variables.1.value.dtype", "string"),
    "variable of another shape": put("variables.0.shape", [4]),
    "trainable maybe": put("variables.0.trainable", "yes"),
    "variable without a name": put("variables.0.name", None),
    "path out of the folder": put("tensors.file", "../../etc/passwd"),
    "absolute path": put("tensors.file", "/etc/passwd"),
    "other file": put("tensors.file", "variables-0123456789abcdef.safetensors"),
    "no tensors": put("tensors", None),
    "tensors that are none": put("tensors", [1]),
    "other checksum of tensors": put("tensors.sha256", "0" * 64),
    "no objects": put("objects", []),
    "objects that are none": put("objects", {}),
    "unknown kind of object": put("objects.0.kind", "class"),
    "list for the root": put("objects.0", {"kind": "list", "parts": []}),
    "name of a module": put("objects.0.name", "os; x"),
    "hidden attribute": put("objects.0.parts", [["__class__", {"variable": 0}]]),
    "attribute that is none": put("objects.0.parts", [[["a"], {"variable": 0}]]),
    "part of no table": put("objects.0.parts", [["a", {"module": 0}]]),
    "part of no number": put("objects.0.parts", [["a", {"variable": "0"}]]),
    "function without a graph": put("functions.0.traces.0.graph", 77),
    "function of another graph": put("functions.0.traces.0.graph", 0),
    "function with other arguments": put(
        "functions.0.traces.0.takes", {"tuple": [{"tuple": []}, {"dict": []}]}),
    "function with a foreign argument": put("functions.0.traces.0.takes", {"object": "os"}),
    "function giving nothing known": put("functions.0.traces.0.gives", {"output": 50}),
    "function of no parameters": put("functions.0.parameters", [{"name": "1x", "kind": "x"}]),
    "argument of another dtype": put(
        f"functions.0.traces.0.{TAKES}.dtype", "int32"),
    "namedtuple with code": put("functions.0.traces.0.gives", {
        "namedtuple": "x", "fields": ["a", "__import__('os')"], "items": []}),
    "signature that is none": put("signatures", [1]),
    "signature of no graph": put("signatures", {"a": {"takes": [], "gives": {}, "graph": 50}}),
    "capture of nothing": put("graphs.0.captures", [{"name": "c", "constant": 99}]),
    "captures of an inner graph": lambda c: c["graphs"][0]["captures"].append(
        {"name": "c", "constant": 0}),
    "inputs that are none": put("graphs.0.inputs", None),
    "outputs of nothing": put("graphs.-1.outputs", [999, 0]),
    "deep attribute": of("reduce_sum", "attrs", {"axis": DEEP}),
    "future version": put("version", 2),
    "version that is none": put("version", "1"),
    "other format": put("format", "keras"),
    "no graphs": lambda c: c.pop("graphs"),
    "no functions": lambda c: c.pop("functions"),
}  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_refused(change: Callable, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    try:
        signed(folder, change)
    except RecursionError:
        pytest.skip("too deep to be written")
    with pytest.raises(mt.errors.DataLossError) as caught:
        mt.saved_model.load(folder)
    text = str(caught.value)
    assert text.startswith(f"saved_model.load: got '{folder}'. ")
    assert "To fix it: save the model again" in text
    assert isinstance(caught.value, ValueError)


def test_a_model_writes_no_files_and_names_are_no_code(tmp_path: Path) -> None:
    module = mt.Module()

    def function(x: Any) -> Any:
        mt.print(x)
        return x + 1.0

    module.f = mt.function(function, input_signature=[mt.TensorSpec([2])])
    mt.saved_model.save(module, tmp_path / "m")
    victim = f"file://{tmp_path}/victim"
    signed(tmp_path / "m", lambda c: nodes(c, "print_tensors")[0]["attrs"].update(
        output_stream=victim))  # fmt: skip
    with pytest.raises(mt.errors.DataLossError, match="would write to the file"):
        mt.saved_model.load(tmp_path / "m")
    code = "x\nimport os"
    for change in (of("add", "name", code), put("graphs.0.name", code),
                   put("graphs.0.inputs.0.name", code),
                   put(f"functions.0.traces.0.{TAKES}.name", code)):  # fmt: skip
        mt.saved_model.save(module, tmp_path / "m")
        signed(tmp_path / "m", change)
        with pytest.raises(mt.errors.DataLossError):
            mt.saved_model.load(tmp_path / "m")
    module.f = mt.function(lambda x: mt.print(x, output_stream=victim) or x)
    module.f(1.0)
    with pytest.raises(mt.errors.UnimplementedError, match="the file 'file:"):
        mt.saved_model.save(module, tmp_path / "other")


def test_deep_json_is_refused(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    (folder / files.GRAPH).write_text('{"a":' * 200_000)
    with pytest.raises(mt.errors.DataLossError):
        mt.saved_model.load(folder)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"format": NaN}', "\0", "\ufeff{}", "3",
                                  '{"a": 1, "a": 2}'])  # fmt: skip
def test_what_is_no_json_object(text: str, tmp_path: Path) -> None:
    (tmp_path / files.GRAPH).write_text(text)
    with pytest.raises(mt.errors.DataLossError):
        mt.saved_model.load(tmp_path)


def replace_tensors(folder: Path, change: Callable[[dict], dict]) -> None:
    path = next(folder.glob("*.safetensors"))
    data = save(change(load(path.read_bytes())))
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    signed(folder, lambda c: c["tensors"].update(sha256=digest))


@pytest.mark.parametrize("change", [
    lambda tensors: {},
    lambda tensors: tensors | {"more": np.zeros(3)},
    lambda tensors: {key: x.astype(np.float64) for key, x in tensors.items()},
    lambda tensors: {key: x.reshape(-1) for key, x in tensors.items()},
    lambda tensors: {key.upper(): x for key, x in tensors.items()},
])  # fmt: skip
def test_tensors_that_do_not_fit(change: Callable, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    replace_tensors(folder, lambda tensors: tensors)
    mt.saved_model.load(folder)
    replace_tensors(folder, change)
    with pytest.raises(mt.errors.DataLossError):
        mt.saved_model.load(folder)


def test_files_that_are_missing(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    next(folder.glob("*.safetensors")).unlink()
    with pytest.raises(mt.errors.DataLossError, match="cannot be read: No such file"):
        mt.saved_model.load(folder)


def test_cut_off_and_flipped_bytes_never_give_a_wrong_result(good: Path, tmp_path: Path) -> None:
    wanted = [x.numpy() for x in mt.saved_model.load(good)(X)]
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    rng = random.Random(0)
    read = 0
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for round_ in range(60):
            bad = bytearray(data)
            if round_ < 12:
                del bad[rng.randrange(len(bad)) :]
            else:
                for _ in range(rng.choice([1, 1, 1, 8])):
                    bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            path.write_bytes(bad)
            try:
                found = mt.saved_model.load(folder)(X)
            except ERRORS:
                continue
            read += 1
            for a, b in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(a.numpy(), b)
        path.write_bytes(data)
    assert read < 10  # only spaces between the parts of the JSON do not count


def test_random_changes_of_what_the_json_says_give_clear_errors(good: Path, tmp_path: Path) -> None:
    """With a checksum that fits: an error of ours, or another model (which may run for ever)."""
    folder = tmp_path / "m"
    shutil.copytree(good, folder)
    original = json.loads((folder / files.GRAPH).read_text())
    rng = random.Random(1)
    junk = [None, True, -1, 0, 1, 2, 10**30, 1.5, "", "x", [], {}, [0], "float64", {"output": 0}]
    for _ in range(250):
        content = copy.deepcopy(original)
        places = list(_places(content))
        for container, key in rng.sample(places, rng.choice([1, 1, 2])):
            container[key] = rng.choice([*junk, copy.deepcopy(_value(places, rng))])
        (folder / files.GRAPH).write_text(json.dumps(content))
        signed(folder, lambda content: None)
        try:
            mt.saved_model.load(folder)
        except ERRORS:
            continue


def _places(value: Any) -> Any:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if key != "checksum":
            yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


def _value(places: list, rng: random.Random) -> Any:
    container, key = rng.choice(places)
    return container[key]
