"""Variables that are made after `restore` have the values of the checkpoint."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor as mt


class Lazy(mt.Module):
    """A layer that makes its variables when it is called first."""

    def __init__(self) -> None:
        super().__init__()
        self.built = False

    def __call__(self, x: Any) -> Any:
        if not self.built:
            self.kernel = mt.Variable(mt.zeros([x.shape[-1], 2]))
            self.slots: list = []
            for i in range(3):
                self.slots.append(mt.Variable(float(i)))
            self.by_name: dict = {}
            self.by_name["a"] = mt.Variable(0.0)
            self.by_name.update(b=mt.Variable(0.0))
            self.built = True
        return x @ self.kernel


class Net(mt.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [Lazy(), Lazy()]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


X = np.float32([[1, 2, 3]])


@pytest.fixture
def trained(tmp_path: Path) -> tuple[str, list]:
    net = Net()
    net(X)
    for i, v in enumerate(net.variables):
        v.assign(mt.fill(v.shape, 10.0 + i))
    return mt.train.Checkpoint(net=net).save(tmp_path / "ck"), [v.numpy() for v in net.variables]


def same(net: Net, wanted: list) -> None:
    assert len(net.variables) == len(wanted) == 12
    for v, value in zip(net.variables, wanted, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_layers_that_are_built_later(trained: tuple) -> None:
    path, wanted = trained
    net = Net()
    status = mt.train.Checkpoint(net=net).restore(path).assert_existing_objects_matched()
    with pytest.raises(AssertionError, match="Unresolved object in checkpoint"):
        status.assert_consumed()
    net(X)
    same(net, wanted)
    status.assert_consumed()


def test_layers_that_are_built_while_a_function_is_traced(trained: tuple) -> None:
    path, wanted = trained
    net = Net()
    status = mt.train.Checkpoint(net=net).restore(path)
    built = net.layers[0]
    call = mt.function(lambda x: built(x))
    found = call(X).numpy()
    np.testing.assert_array_equal(found, X @ built.kernel.numpy())
    assert built.kernel.numpy()[0, 0] >= 10
    net(X)
    same(net, wanted)
    status.assert_consumed()


def test_a_whole_model_that_arrives_later(trained: tuple) -> None:
    path, wanted = trained
    checkpoint = mt.train.Checkpoint()
    status = checkpoint.restore(path)
    checkpoint.net = mt.Module()
    checkpoint.net.layers = []
    for _ in range(2):
        checkpoint.net.layers.append(Lazy())
    x = X
    for layer in checkpoint.net.layers:
        x = layer(x)
    same(checkpoint.net, wanted)
    status.assert_consumed()


def test_the_root_may_be_built_later(tmp_path: Path) -> None:
    lazy = Lazy()
    lazy(X)
    lazy.kernel.assign(mt.ones([3, 2]))
    path = mt.train.Checkpoint(lazy).save(tmp_path / "ck")
    again = Lazy()
    status = mt.train.Checkpoint(again).restore(path)
    assert again(X).numpy().tolist() == [[6, 6]]
    status.assert_consumed()


def test_plain_lists_are_noticed_when_somebody_asks(trained: tuple) -> None:
    path, wanted = trained
    net, layers = Net(), []
    net.layers = layers
    status = mt.train.Checkpoint(net=net).restore(path)
    layers.extend([Lazy(), Lazy()])  # the program's own name for a list that was replaced
    assert net.layers == []
    net.layers = layers
    net(X)
    status.assert_consumed()
    same(net, wanted)


@pytest.mark.parametrize("grow", [
    lambda items, new: items.extend(new),
    lambda items, new: [items.insert(len(items), x) for x in new],
    lambda items, new: items.__iadd__(new),
    lambda items, new: items.__setitem__(slice(0, 0), new),
])  # fmt: skip
def test_lists_that_grow(grow: Any, tmp_path: Path) -> None:
    path = mt.train.Checkpoint(a=[mt.Variable(7.0), mt.Variable(8.0)]).write(tmp_path / "ck")
    checkpoint = mt.train.Checkpoint(a=[])
    status = checkpoint.read(path)
    grow(checkpoint.a, [mt.Variable(0.0), mt.Variable(0.0)])
    assert [v.numpy() for v in checkpoint.a] == [7, 8]
    assert isinstance(checkpoint.a, list)
    status.assert_consumed()


@pytest.mark.parametrize("grow", [
    lambda items, v: items.update(k=v),
    lambda items, v: items.setdefault("k", v),
    lambda items, v: items.__ior__({"k": v}),
])  # fmt: skip
def test_dicts_that_grow(grow: Any, tmp_path: Path) -> None:
    path = mt.train.Checkpoint(a={"k": mt.Variable(7.0)}).write(tmp_path / "ck")
    checkpoint = mt.train.Checkpoint(a={})
    status = checkpoint.read(path)
    v = mt.Variable(0.0)
    grow(checkpoint.a, v)
    assert v.numpy() == 7
    status.assert_consumed()


def test_a_late_variable_of_another_shape(trained: tuple) -> None:
    path, _ = trained
    net = Net()
    mt.train.Checkpoint(net=net).restore(path).expect_partial()
    with pytest.raises(ValueError, match=r"net.layers.0.kernel: float32\[3, 2\] in the checkpoint"):
        net(X[:, :2])


def test_a_value_is_restored_once(tmp_path: Path) -> None:
    path = mt.train.Checkpoint(a=mt.Variable(7.0)).write(tmp_path / "ck")
    checkpoint = mt.train.Checkpoint()
    checkpoint.read(path)
    checkpoint.a = mt.Variable(0.0)
    assert checkpoint.a.numpy() == 7
    checkpoint.a = mt.Variable(1.0)
    assert checkpoint.a.numpy() == 1


def test_the_latest_restore_counts(tmp_path: Path) -> None:
    first = mt.train.Checkpoint(a=mt.Variable(1.0), b=mt.Variable(1.0)).write(tmp_path / "first")
    second = mt.train.Checkpoint(a=mt.Variable(2.0)).write(tmp_path / "second")
    checkpoint = mt.train.Checkpoint()
    checkpoint.read(first).expect_partial()
    checkpoint.read(second).expect_partial()
    checkpoint.a, checkpoint.b = mt.Variable(0.0), mt.Variable(0.0)
    assert (checkpoint.a.numpy(), checkpoint.b.numpy()) == (2, 0)


def test_copies_do_not_wait(trained: tuple) -> None:
    path, _ = trained
    net = Net()
    mt.train.Checkpoint(net=net).restore(path).expect_partial()
    again = copy.deepcopy(net)
    again(X)
    assert again.layers[0].kernel.numpy().tolist() == [[0, 0]] * 3


def test_saving_while_something_waits(trained: tuple, tmp_path: Path) -> None:
    path, _ = trained
    net = Net()
    checkpoint = mt.train.Checkpoint(net=net)
    checkpoint.restore(path).expect_partial()
    assert checkpoint.save(tmp_path / "more").endswith("more-2")
    assert len(mt.train.list_variables(tmp_path)) == 2


# Iterators.


class Counting:
    """What an iterator over a dataset offers."""

    def __init__(self) -> None:
        self.at, self.buffer = 0, np.arange(3)

    def __next__(self) -> int:
        self.at += 1
        self.buffer = self.buffer + 1
        return self.at

    def save_state(self) -> dict:
        return {
            "at": self.at,
            "parts": [self.buffer, {"rng": 2**70, "x": float("inf")}, None, b"k"],
        }

    def restore_state(self, state: dict) -> None:
        if state["parts"][1] != {"rng": 2**70, "x": float("inf")} or state["parts"][3] != b"k":
            raise mt.errors.InvalidArgumentError("another dataset")
        self.at, self.buffer = state["at"], state["parts"][0]


def test_iterators_go_on(tmp_path: Path) -> None:
    iterator = Counting()
    checkpoint = mt.train.Checkpoint(iterator=iterator)
    assert [next(iterator) for _ in range(3)] == [1, 2, 3]
    path = checkpoint.save(tmp_path / "ck")
    assert next(iterator) == 4
    checkpoint.restore(path).assert_consumed()
    assert next(iterator) == 4
    assert iterator.buffer.tolist() == [4, 5, 6]
    later = mt.train.Checkpoint()
    status = later.restore(path)
    later.iterator = Counting()
    assert next(later.iterator) == 4
    status.assert_consumed()
    assert ("iterator/.ATTRIBUTES/ITERATOR_STATE", []) in mt.train.list_variables(path)


def test_an_iterator_over_something_else(tmp_path: Path) -> None:
    class Other(Counting):
        def restore_state(self, state: dict) -> None:
            raise mt.errors.InvalidArgumentError("another dataset")

    path = mt.train.Checkpoint(a=Counting(), b=Counting(), v=mt.Variable(1.0)).write(tmp_path / "c")
    a, v = Counting(), mt.Variable(5.0)
    next(a)
    with pytest.raises(ValueError, match="another dataset"):
        mt.train.Checkpoint(a=a, b=Other(), v=v).read(path)
    assert (a.at, v.numpy()) == (1, 5.0)


def test_a_state_that_is_no_data(tmp_path: Path) -> None:
    class Odd(Counting):
        def save_state(self) -> dict:
            return {"at": object()}

    with pytest.raises(ValueError, match="An object of class object is neither data nor an array"):
        mt.train.Checkpoint(a=Odd()).write(tmp_path / "ck")


def test_a_state_that_surprises_its_iterator(tmp_path: Path) -> None:
    class Other(Counting):
        def restore_state(self, state: dict) -> None:
            self.at = state["zz"]

    path = mt.train.Checkpoint(a=Counting(), v=mt.Variable(1.0)).write(tmp_path / "c")
    v = mt.Variable(5.0)
    with pytest.raises(mt.errors.DataLossError, match=r"KeyError: .*zz.*no variable was changed"):
        mt.train.Checkpoint(a=Other(), v=v).read(path)
    assert v.numpy() == 5.0
