"""Modules find the variables, functions and modules that they are made of."""

from __future__ import annotations

from typing import Any

import pytest

import minitensor as mt


class Part(mt.Module):
    def __init__(self, name: str | None = None):
        super().__init__(name)
        self.z = mt.Variable(1.0, name="z")
        self.a = mt.Variable(2, name="a", trainable=False)
        self.l = [
            mt.Variable(3.0, name="l0"),
            {"k": mt.Variable(4.0, name="k"), "b": mt.Variable(5.0, name="b")},
        ]

    @mt.Module.with_name_scope
    def make(self) -> Any:
        return mt.Variable(1.0, name="v")


class Whole(mt.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q = Part("first")
        self.c = mt.Variable(0.0, name="c")
        self.parts = [Part("second")]
        self.again, self.me = self.q, self


def test_variables_are_found_in_attributes_lists_and_dicts() -> None:
    whole = Whole()
    one = ["a:0", "l0:0", "b:0", "k:0", "z:0"]
    assert [v.name for v in whole.variables] == ["c:0", *one, *one]
    assert [v.name for v in whole.q.trainable_variables] == one[1:]
    assert [v.name for v in whole.q.non_trainable_variables] == ["a:0"]
    assert [m.name for m in whole.submodules] == ["first", "second"]


def test_names_come_from_the_class_and_make_scopes() -> None:
    names = {"MyThingHTTPNet": "my_thing_http_net", "A1B2": "a1_b2", "X": "x",
             "FooBAR2d": "foo_bar2d"}  # fmt: skip
    for name, wanted in names.items():
        assert type(name, (mt.Module,), {})().name == wanted
    assert Part("first").make().name == "first/v:0"
    with mt.name_scope("out"):
        part = Part("in_")
    assert part.make().name == "out/in_/v:0"
    with part.name_scope as scope:
        assert scope == "out/in_/"


@pytest.mark.parametrize("name", ["bad name", "", "1x", "a-b", 3])
def test_a_name_is_an_identifier(name: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid module name"):
        mt.Module(name)


def test_traced_methods_belong_to_each_module() -> None:
    class Scale(mt.Module):
        def __init__(self, by: float):
            super().__init__()
            self.by = mt.Variable(by)

        @mt.function
        def __call__(self, x: Any) -> Any:
            return self.by * x

    two, three = Scale(2.0), Scale(3.0)
    assert (two(mt.constant(1.0)).numpy(), three(mt.constant(1.0)).numpy()) == (2.0, 3.0)


def test_a_module_that_forgets_its_base_still_has_name_scope_and_variables() -> None:
    class MyLine(mt.Module):
        def __init__(self) -> None:
            self.w = mt.Variable(2.0, name="w")

    line = MyLine()
    assert line.name == "my_line"
    assert [v.name for v in line.variables] == ["w:0"]
    with line.name_scope:
        assert mt.Variable(1.0, name="v").name == "my_line/v:0"
