"""Damaged and hostile checkpoints: one clear error, and no variable is changed."""

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
from minitensor.saved_model.pair import checksum

ERRORS = (mt.errors.DataLossError, mt.errors.NotFoundError, mt.errors.InvalidArgumentError)


class Iterator:
    def __init__(self) -> None:
        self.state: Any = {"at": 3, "buffer": np.arange(5), "parts": [1.5, "a", {"n": None}]}

    def save_state(self) -> Any:
        return self.state

    def restore_state(self, state: Any) -> None:
        if set(state) != {"at", "buffer", "parts"}:
            raise mt.errors.InvalidArgumentError("another dataset")
        self.state = state


class Program:
    def __init__(self, by: float) -> None:
        self.a = mt.Variable(mt.linspace(0.0, by, 20), name="a")
        self.b = [mt.Variable([1.0, by]), {"k": mt.Variable(["x", "y"])}]
        self.iterator = Iterator()
        self.checkpoint = mt.train.Checkpoint(a=self.a, b=self.b, iterator=self.iterator)

    def values(self) -> list:
        variables = [self.a, self.b[0], self.b[1]["k"]]
        return [v.numpy().tobytes() for v in variables] + [repr(self.iterator.state)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("good")
    Program(2.0).checkpoint.write(folder / "ck")
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    shutil.copytree(good, tmp_path / "copy")
    return tmp_path / "copy"


def signed(folder: Path, change: Callable[[dict], Any]) -> None:
    """Change what the JSON says, and give it the checksum that fits."""
    path = folder / "ck.json"
    content = json.loads(path.read_text())
    del content["checksum"]
    change(content)
    path.write_text(json.dumps(content | {"checksum": checksum(content)}))


def replace_tensors(folder: Path, data: bytes) -> None:
    next(folder.glob("*.safetensors")).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    signed(folder, lambda c: c["tensors"].update(sha256=digest))


def refused(folder: Path, match: str = ".") -> None:
    program = Program(9.0)
    before = program.values()
    with pytest.raises(ERRORS, match=match):
        program.checkpoint.read(folder / "ck")
    assert program.values() == before
    with pytest.raises(ERRORS):
        mt.train.list_variables(folder / "ck")


def put(path: str, value: Any) -> Callable[[dict], Any]:
    """Replace what stands at a path like `objects.1.value.shape`."""

    def change(content: dict) -> None:
        *way, last = [int(k) if k.isdigit() else k for k in path.split(".")]
        for key in way:
            content = content[key]
        content[last] = value

    return change


STATE = "objects.3.state"
HOSTILE: dict[str, Callable[[dict], Any]] = {
    "no objects": put("objects", []),
    "objects that are none": put("objects", {}),
    "an object that is none": put("objects.1", 3),
    "no kind": lambda c: c["objects"][1].pop("kind"),
    "kind that is no text": put("objects.1.kind", 3),
    "parts that are none": put("objects.0.parts", [1]),
    "a part that does not exist": put("objects.0.parts.a", 99),
    "a negative part": put("objects.0.parts.a", -1),
    "true as a part": put("objects.0.parts.a", True),
    "a part of nothing": lambda c: c["objects"][0]["parts"].pop("a"),
    "nobody's variable": lambda c: c["objects"].append(c["objects"][1]),
    "no shape": put("objects.1.value.shape", None),
    "negative shape": put("objects.1.value.shape", [-20]),
    "shape of floats": put("objects.1.value.shape", [20.0]),
    "shape of words": put("objects.1.value.shape", ["a"]),
    "huge shape": put("objects.1.value.shape", [1 << 60, 1 << 60]),
    "long shape": put("objects.1.value.shape", [1] * 100),
    "open shape": put("objects.1.value.shape", [None]),
    "another shape": put("objects.1.value.shape", [5, 4]),
    "another dtype": put("objects.1.value.dtype", "int32"),
    "no dtype": put("objects.1.value.dtype", "object"),
    "a dtype that is code": put("objects.1.value.dtype", "__import__('os')"),
    "a value that is none": put("objects.1.value", 3),
    "a tensor that is not there": put("objects.1.value.tensor", "zz"),
    "a tensor of a list": put("objects.1.value.tensor", []),
    "too few elements": put("objects.1.value", {"dtype": "float32", "shape": [9], "data": [1.0]}),
    "elements of another kind": put("objects.1.value", {"dtype": "float32", "shape": [1],
                                                        "data": ["a"]}),
    "a state of two kinds": put(STATE, {"dict": {}, "array": {}}),
    "a state of no kind": put(STATE, {"eval": "1"}),
    "a state that is no dict": put(STATE, {"dict": 3}),
    "a state with another array": put(STATE, {"array": {"tensor": "zz", "dtype": "int64",
                                                        "shape": [5]}}),
    "a state without its arrays": put(STATE, {"dict": {}}),
    "bytes that are none": put(STATE, {"bytes": "xyz"}),
    "floats that are none": put(STATE, {"float": "1e5"}),
    "a state of another iterator": put(STATE, ["at", ["buffer"]]),
    "path traversal": put("tensors.file", "../../secret.safetensors"),
    "path traversal, well hidden": put("tensors.file", "ck-0123456789abcdef.safetensors/../x"),
    "an absolute path": put("tensors.file", "/etc/passwd"),
    "tensors that are none": put("tensors", 3),
    "no tensors": put("tensors", None),
    "no file of tensors": put("tensors", {}),
    "another checksum": put("tensors.sha256", "0" * 64),
    "another format": put("format", "minitensor.saved_model"),
    "a newer version": put("version", 99),
    "version that is none": put("version", "1"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json(name: str, folder: Path) -> None:
    mt.train.list_variables(folder / "ck")
    signed(folder, HOSTILE[name])
    refused(folder)


def test_the_tests_change_what_they_mean(good: Path) -> None:
    objects = json.loads((good / "ck.json").read_text())["objects"]
    assert [entry["kind"] for entry in objects[:4]] == [
        "Checkpoint",
        "Variable",
        "list",
        "Iterator",
    ]
    assert objects[0]["parts"] == {"a": 1, "b": 2, "iterator": 3}


def test_cycles_are_harmless(folder: Path) -> None:
    signed(folder, lambda c: c["objects"][2]["parts"].update({"me": 2, "up": 0}))
    program = Program(9.0)
    program.checkpoint.read(folder / "ck").expect_partial()
    assert program.values() == Program(2.0).values()


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"format": NaN}', "\0", "\ufeff{}", "3",
                                  '{"format": "minitensor.checkpoint", "format": 1}',
                                  '{"a":' * 200_000, "9" * 10_000])  # fmt: skip
def test_what_is_no_json_object(text: str, folder: Path) -> None:
    (folder / "ck.json").write_text(text)
    refused(folder)


def header(content: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


KEY = "a/.ATTRIBUTES/VARIABLE_VALUE"
ENTRY = {"dtype": "F32", "shape": [20], "data_offsets": [0, 80]}


@pytest.mark.parametrize("data", [
    b"", b"\0", b"\xff" * 8, header({}, length=1 << 62), header({}, length=(1 << 64) - 1),
    header({}, length=99_999_999), header({}), header(b"[]"), header(b"{" * 100_000),
    header({KEY: ENTRY}), header({KEY: ENTRY}, b"\0" * 79), header({KEY: ENTRY}, b"\0" * 81),
    header({KEY: ENTRY | {"data_offsets": [0, 1 << 60]}}, b"\0" * 80),
    header({KEY: ENTRY | {"data_offsets": [80, 0]}}, b"\0" * 80),
    header({KEY: ENTRY | {"data_offsets": [-80, 0]}}, b"\0" * 80),
    header({KEY: ENTRY | {"shape": [float("nan")]}}, b"\0" * 80),
    header({KEY: ENTRY | {"shape": [1 << 63, 2]}}, b"\0" * 80),
    header({KEY: ENTRY | {"shape": "20"}}, b"\0" * 80),
    header({KEY: ENTRY | {"dtype": "PICKLE"}}, b"\0" * 80),
    header({KEY: ENTRY, "more": ENTRY}, b"\0" * 80),
    header(b'{"%s": %s, "%s": %s}' % ((KEY.encode(), json.dumps(ENTRY).encode()) * 2), b"\0" * 80),
])  # fmt: skip
def test_hostile_arrays(data: bytes, folder: Path) -> None:
    replace_tensors(folder, data)
    refused(folder)


@pytest.mark.parametrize("change", [
    lambda tensors: tensors | {"more": np.zeros(3)},
    lambda tensors: {key: x.astype(np.float64) for key, x in tensors.items()},
    lambda tensors: {key: x.reshape(1, -1) for key, x in tensors.items()},
    lambda tensors: {key.upper(): x for key, x in tensors.items()},
])  # fmt: skip
def test_arrays_that_do_not_fit(change: Callable, folder: Path) -> None:
    tensors = load(next(folder.glob("*.safetensors")).read_bytes())
    replace_tensors(folder, save(tensors))
    mt.train.list_variables(folder / "ck")
    replace_tensors(folder, save(change(tensors)))
    refused(folder)


def test_missing_arrays(folder: Path) -> None:
    next(folder.glob("*.safetensors")).unlink()
    refused(folder, "cannot be read: No such file or directory.*no variable was changed")


def test_a_file_outside_is_never_read(folder: Path, tmp_path: Path) -> None:
    arrays = next(folder.glob("*.safetensors"))
    arrays.rename(tmp_path / arrays.name)
    signed(folder, put("tensors.file", f"../{arrays.name}"))
    refused(folder, "tensors are said to be in")


def test_cut_off_and_flipped_bytes_never_give_wrong_values(folder: Path) -> None:
    wanted = Program(2.0).values()
    rng = random.Random(0)
    read = 0
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for round_ in range(80):
            bad = bytearray(data)
            if round_ < 20:
                del bad[rng.randrange(len(bad)) :]
            else:
                for _ in range(rng.choice([1, 1, 1, 8])):
                    bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            path.write_bytes(bad)
            program = Program(9.0)
            before = program.values()
            try:
                program.checkpoint.read(folder / "ck")
            except ERRORS:
                assert program.values() == before
                continue
            read += 1
            assert program.values() == wanted
        path.write_bytes(data)
    assert read < 10  # only spaces between the parts of the JSON do not count


def test_random_changes_give_clear_errors(folder: Path) -> None:
    original = json.loads((folder / "ck.json").read_text())
    rng = random.Random(1)
    junk = [None, True, -1, 0, 1, 2, 10**30, 1.5, "", "x", [], {}, [0], "float64", {"dict": {}}]
    for _ in range(300):
        content = copy.deepcopy(original)
        places = list(_places(content))
        for container, key in rng.sample(places, rng.choice([1, 1, 2])):
            container[key] = rng.choice(junk)
        (folder / "ck.json").write_text(json.dumps(content))
        signed(folder, lambda content: None)
        program = Program(9.0)
        before = program.values()
        try:
            program.checkpoint.read(folder / "ck").expect_partial()
        except ERRORS:
            assert program.values() == before


def _places(value: Any) -> Any:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if key != "checksum":
            yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)
