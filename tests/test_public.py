"""What `import minitensor as mt` gives: complete, sorted, documented, and its examples are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "lessons"))
PACKAGES = {
    "minitensor": ROOT / "minitensor",
    "minitensor_widgets": ROOT / "widgets" / "minitensor_widgets",
    "checking": ROOT / "lessons" / "checking",
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")


class NumberChecker(doctest.OutputChecker):
    """Accepts numbers with a fraction that agree to five digits: the last one is the machine's."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        texts = ["".join(NUMBER.sub("0", text).split()) for text in (want, got)]
        pairs = zip(NUMBER.findall(want), NUMBER.findall(got), strict=False)
        return texts[0] == texts[1] and all(
            one == other
            or ("." in one and "." in other and np.isclose(float(one), float(other), 1e-5, 1e-6))
            for one, other in pairs
        )


def module_names() -> Iterator[str]:
    for package, folder in PACKAGES.items():
        yield package
        found = pkgutil.walk_packages([str(folder)], prefix=f"{package}.")
        yield from (info.name for info in found if not info.name.endswith("__main__"))


def documented_objects(module: types.ModuleType) -> Iterator[tuple[str, str]]:
    """Docstrings of objects that are no functions or classes, such as ops, made in this module."""
    for name, value in vars(module).items():
        doc = value.__dict__.get("__doc__") if hasattr(value, "__dict__") else None
        plain = isinstance(value, types.ModuleType | types.FunctionType | type)
        if (
            not plain
            and isinstance(doc, str)
            and getattr(value, "__module__", "")
            in (
                module.__name__,
                type(value).__module__,
            )
        ):
            yield name, doc


def examples(module: types.ModuleType) -> Iterator[doctest.DocTest]:
    # Classes of examples are the learner's: were they the module's, Keras would know them by name.
    names = {**vars(module), "mt": mt, "np": np, "__name__": "__main__"}
    found = {test.name: test for test in doctest.DocTestFinder().find(module, extraglobs=names)}
    parser = doctest.DocTestParser()
    for name, doc in documented_objects(module):
        full = f"{module.__name__}.{name}"
        found.setdefault(full, parser.get_doctest(doc, dict(names), full, module.__file__, 0))
    yield from (test for test in found.values() if test.examples)


@pytest.mark.parametrize("name", list(module_names()))
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    for test in examples(module):
        said: list[str] = []
        doctest.DocTestRunner(NumberChecker(), optionflags=FLAGS).run(test, out=said.append)
        assert not said, "".join(said)


@pytest.mark.parametrize("name", list(module_names()))
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


def order(name: str) -> tuple[int, list[str | int]]:
    """Constants, classes, the rest; numbers inside names count as numbers (ruff's order)."""
    group = 0 if name.isupper() else 1 if name[0].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return group, [int(part) if part.isdigit() else part for part in parts]


def test_public_names_are_sorted_and_exist() -> None:
    assert mt.__all__ == sorted(mt.__all__, key=order)
    assert len(set(mt.__all__)) == len(mt.__all__)
    assert [name for name in mt.__all__ if not hasattr(mt, name)] == []


@pytest.mark.parametrize("name", getattr(mt, "__all__", ()))
def test_public_names_are_documented(name: str) -> None:
    value = getattr(mt, name)
    if isinstance(value, types.ModuleType) or callable(value):
        assert (getattr(value, "__doc__", None) or "").strip(), f"mt.{name} has no docstring"


def test_public_namespaces_are_documented() -> None:
    missing = [
        f"mt.{space}.{name}"
        for space in mt.__all__
        if isinstance(getattr(mt, space), types.ModuleType)
        for name in getattr(getattr(mt, space), "__all__", ())
        if callable(value := getattr(getattr(mt, space), name))
        and not (getattr(value, "__doc__", None) or "").strip()
    ]
    assert missing == []
