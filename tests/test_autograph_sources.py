"""Where AutoGraph finds code, what it leaves as it is, and that it leaves nothing behind."""

# ruff: noqa: E731, SIM108 - statements and lambdas are what is tested

from __future__ import annotations

import gc
import importlib.util
import inspect
import linecache
import logging
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor import autograph
from minitensor.autograph import calls

ROOT = Path(__file__).parents[1]


def positive(x):
    if x > 0:
        y = x
    else:
        y = -x
    return y


def value(function, x):
    return mt.function(function)(mt.constant(x)).numpy()


def run(text: str, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess:
    """A fresh Python that runs `text`, or reads `stdin` as from a keyboard."""
    given = (
        [sys.executable, *arguments] if stdin is not None else [sys.executable, *arguments, text]
    )
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": ""}
    return subprocess.run(
        given,
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
        env=environment,
        timeout=120,
    )


# The text of what is generated.


def test_to_code_begins_as_tensorflows() -> None:
    text = autograph.to_code(positive)
    assert text.startswith(
        "def tf__positive(x):\n    with ag__.FunctionScope('positive', 'fscope', "
    )
    call = "ag__.if_stmt(ag__.ld(x) > 0, if_body, else_body, get_state, set_state, ('y',), 1)"
    assert call in text
    assert compile(text, "text", "exec")


def test_to_code_shows_the_function_inside_a_traced_one() -> None:
    assert autograph.to_code(mt.function(positive)) == autograph.to_code(positive)


def test_to_graph_gives_the_converted_function() -> None:
    converted = autograph.to_graph(positive)
    assert converted(mt.constant(-3)).numpy() == 3
    assert autograph.convert(converted) is converted
    with pytest.raises(autograph.AutoGraphError, match="__code__"):
        autograph.to_graph(len)


def test_the_code_stands_where_the_learner_wrote_it() -> None:
    code = autograph.to_graph(positive).__code__
    _, first = inspect.getsourcelines(positive)
    assert (code.co_filename, code.co_firstlineno) == (__file__, first)
    assert code.co_name == "positive"
    lines = {line for inner in _all_code(code) for _, _, line in inner.co_lines() if line}
    assert min(lines) == first
    assert max(lines) <= first + 5


def _all_code(code):
    yield code
    for inner in code.co_consts:
        if inspect.iscode(inner):
            yield from _all_code(inner)


def test_nodes_of_a_graph_know_the_learners_lines() -> None:
    graph = mt.function(positive).get_concrete_function(mt.constant(1)).graph
    _, first = inspect.getsourcelines(positive)
    cond = next(node for node in graph.nodes if node.op.name == "cond")
    assert (cond.source.file, cond.source.line) == (__file__, first + 1)
    assert cond.source.text == "if x > 0:"


# Where code is found.


def test_lambdas() -> None:
    plain = lambda x: x if x > 0 else -x
    several = (lambda x: x + 1 if x > 0 else x, lambda x: x + 2 if x > 0 else -x)
    over_lines = (
        lambda x: (
            x * 2
            if x > 0
            else x
        )
    )  # fmt: skip
    nested = lambda x: (lambda y: y * 3 if y > 0 else y)(x)
    assert [value(plain, x) for x in (2, -2)] == [2, 2]
    assert [[value(f, x) for x in (2, -2)] for f in several] == [[3, -2], [4, 2]]
    assert [value(over_lines, x) for x in (2, -2)] == [4, -2]
    assert [value(nested, x) for x in (2, -2)] == [6, -2]


def cell(text: str, name: str, namespace: dict) -> None:
    """Run text as a notebook does: compiled under a name that only linecache knows."""
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    exec(compile(text, name, "exec"), namespace)


def test_notebook_cells() -> None:
    namespace = {"__name__": "__main__", "mt": mt}
    name = "/tmp/ipykernel_17/1234.py"
    text = """
        limit = 3
        @mt.function
        def f(x):
            if x > limit:
                x = helper(x)
            return x
        def helper(x):
            if x > 5:
                raise ValueError("too large") if x is None else KeyError(x.dtype.name)
            return x * 2
    """
    cell(textwrap.dedent(text), name, namespace)
    with pytest.raises(KeyError) as caught:
        namespace["f"](mt.constant(4))
    assert f'File "{name}", line 10, in helper  *' in caught.value.__notes__[0]
    cell(
        "def helper(x):\n    return x * 2 if x < 5 else x\n", "/tmp/ipykernel_17/5678.py", namespace
    )
    assert namespace["f"](mt.constant(4)).numpy() == 8


def test_doctest() -> None:
    text = """
        >>> import minitensor as mt
        >>> @mt.function
        ... def f(x):
        ...     if x > 0:
        ...         x = x * 2
        ...     return x
        >>> f(mt.constant(2)).numpy(), f(mt.constant(-2)).numpy()
        (np.int32(4), np.int32(-2))
    """
    import doctest

    test = doctest.DocTestParser().get_doctest(textwrap.dedent(text), {"np": np}, "t", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


PROGRAM = """
import minitensor as mt
@mt.function
def f(x):
    if x.shape.rank == 0:
        x = x * 2
    return x

print(f(mt.constant(4)).numpy())
"""


@pytest.mark.parametrize("how", ["-c", "stdin"])
def test_code_without_source_runs_as_it_is(how: str) -> None:
    found = run(PROGRAM, "-c") if how == "-c" else run("", "-", stdin=PROGRAM)
    assert found.stdout == "8\n", found.stderr
    if sys.version_info < (3, 13):
        assert "AutoGraph could not transform <function f at" in found.stderr
        assert "Unable to locate the source code" in found.stderr


def test_exec_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "minitensor")
    namespace: dict = {}
    exec("def f(x):\n    return x * 2\ndef g(x):\n    return f(x) + f(x)\n", namespace)
    for x in (2, 3.0):
        assert value(namespace["g"], x) == 4 * x
    assert [r.getMessage().split(" at ")[0] for r in caplog.records] == [
        "AutoGraph could not transform <function g"
    ]


def test_a_file_that_has_changed_is_not_taken_for_the_source(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "changing.py"
    path.write_text("def f(x):\n    return x + 1\n")
    spec = importlib.util.spec_from_file_location("changing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path.write_text("def other(x):\n    return x + 2\n")
    assert value(module.f, 1) == 2
    assert "has the file changed?" in caplog.text


# What is called as it is.


def test_do_not_convert() -> None:
    seen = []

    @mt.autograph.experimental.do_not_convert
    def as_it_is(x):
        seen.append(inspect.currentframe().f_code is as_it_is.__wrapped__.__code__)
        return inner(x)

    def inner(x):
        seen.append(inspect.currentframe().f_code is inner.__code__)
        return x

    def outer(x):
        return as_it_is(x) + inner(x)

    assert value(outer, 2) == 4
    assert seen == [True, True, False]
    assert autograph.do_not_convert()(positive)(3) == 3


def test_without_autograph_a_branch_is_refused() -> None:
    with pytest.raises(TypeError, match="as a Python `bool` is not allowed"):
        mt.function(positive, autograph=False)(mt.constant(1))


def test_libraries_and_classes_are_called_as_they_are() -> None:
    before = len(calls._factories)

    class Pair:
        def __init__(self, x):
            self.x = x if isinstance(x, mt.Tensor) else 0

    def f(x):
        text = textwrap.dedent(" a") + "".join(sorted({"b"}))
        return mt.reduce_sum(Pair(x).x) + np.sum([1, 2]) + len(text)

    assert value(f, 2) == 7
    assert len(calls._factories) - before <= 1


def test_it_runs_in_eager_mode_as_python_does() -> None:
    converted = autograph.convert(positive)
    assert converted(-3) == 3
    assert converted(mt.constant(-3)).numpy() == 3


# What it costs, and what it leaves behind.


def test_importing_minitensor_does_not_import_malt() -> None:
    found = run("import sys, minitensor; print('malt' in sys.modules)", "-c")
    assert found.stdout == "False\n", found.stderr
    found = run("import sys, minitensor.autograph; print('malt' in sys.modules)", "-c")
    assert found.stdout == "False\n", found.stderr


def test_without_malt_an_error_says_what_to_install() -> None:
    text = """
import sys
sys.modules["malt"] = None
import minitensor as mt
import textwrap
try:
    mt.autograph.to_code(textwrap.dedent)
except ImportError as error:
    print(error)
"""
    found = run(text, "-c")
    assert "pip install diastatic-malt" in found.stdout, found.stderr


def test_no_files_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    modules = set(sys.modules)

    def f(x):
        return x + 1 if x > 0 else x

    assert value(f, 1) == 2
    assert not list(tmp_path.iterdir())
    assert not any("autograph_generated" in name for name in set(sys.modules) - modules)


def test_functions_are_let_go() -> None:
    def make():
        big = mt.zeros([10])

        def f(x):
            if x > 0:
                x = x + mt.reduce_sum(big)
            return x

        return f

    f = make()
    value(f, 1.0)
    kept = weakref.ref(f)
    count = len(calls._factories)
    del f
    gc.collect()
    assert kept() is None
    text = "def g(x):\n    return x + 1 if x > 0 else x\n"
    for i in range(3):
        namespace = {"__name__": "__main__"}
        cell(text, f"/tmp/ipykernel_17/again{i}.py", namespace)
        assert value(namespace["g"], 1) == 2
        del namespace
        gc.collect()
    assert len(calls._factories) <= count


def test_a_function_is_converted_once_for_all_its_closures(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = calls._made
    monkeypatch.setattr(calls, "_made", lambda f: [made.append(f), original(f)][1])

    def scaled(by):
        def f(x):
            return x * by if x > 0 else x

        return f

    assert [value(scaled(k), 2) for k in (1, 2, 3)] == [2, 4, 6]
    assert len(made) == 1


def test_threads() -> None:
    def source(i):
        inner = f"def g{i}(x):\n    return x * 2 if x > 0 else x\n"
        return f"def f{i}(x):\n    return g{i}(x) + 1\n{inner}"

    namespaces = []
    for i in range(8):
        namespaces.append({"__name__": "__main__"})
        cell(source(i % 4), f"/tmp/ipykernel_17/thread{i % 4}.py", namespaces[-1])
    found = [None] * 8

    def work(i):
        found[i] = value(namespaces[i][f"f{i % 4}"], 3)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 8


def test_another_user_of_malt_does_not_notice() -> None:
    import importlib.util  # noqa: F401 - malt uses it without importing it

    import malt

    value(positive, 1)
    untouched = malt.convert(recursive=True)(positive)
    assert untouched(-3) == 3
    assert "ag__.if_stmt" in malt.to_code(positive)
    assert malt.operators.if_stmt.__module__ == "malt.operators.control_flow"


def test_converting_is_fast() -> None:
    autograph.to_code(positive)
    text = (ROOT / "minitensor" / "autograph" / "source.py").read_text()
    assert text  # a warm disk
    fastest = min(_time_of_converting() for _ in range(5))
    assert fastest < 0.15, f"{fastest * 1000:.0f} ms"


def _time_of_converting() -> float:
    from minitensor.autograph.loading import Factory
    from minitensor.autograph.rewriting import ORIGIN, rewritten

    begun = time.perf_counter()
    Factory(training_step, *rewritten(training_step), ORIGIN)
    return time.perf_counter() - begun


def training_step(model, x, y, rate, names):
    """Thirty lines as they stand in many notebooks."""
    total = 0.0
    with mt.GradientTape() as tape:
        h = model.dense1(x)
        h = model.act(h)
        if model.training:
            h = model.drop(h)
        logits = model.head(h)
        loss = model.loss(y, logits)
        if model.l2 > 0:
            for v in model.variables:
                loss = loss + model.l2 * model.norm(v)
    grads = tape.gradient(loss, model.variables)
    grads, norm = model.clip(grads, 1.0)
    for g, v in zip(grads, model.variables, strict=True):
        v.assign_sub(rate * g)
    metrics = {"loss": loss, "norm": norm}
    for name in names:
        total += metrics[name]
    if total > 100:
        print("large", total)
    result = dict(metrics)
    result["total"] = total
    return result


def test_conversion_keeps_little() -> None:
    value(positive, 1)
    tracemalloc.start()
    namespace = {"__name__": "__main__"}
    cell("def f(x):\n    return x * 2 if x > 0 else x\n", "/tmp/ipykernel_17/memory.py", namespace)
    calls.factory_for(namespace["f"])
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 200_000


# What is logged.


def test_verbosity(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture) -> None:
    caplog.set_level(logging.INFO, "minitensor")
    autograph.set_verbosity(1, alsologtostdout=True)
    try:
        assert value(lambda x: x + 1 if x > 0 else x, 1) == 2
    finally:
        autograph.set_verbosity(0)
    assert "tf__lam = lambda x:" in caplog.text
    assert "tf__lam = lambda x:" in capsys.readouterr().out


def test_trace_prints_while_tracing(capsys: pytest.CaptureFixture) -> None:
    def f(x):
        autograph.trace("x is", x)
        return x

    value(f, 1)
    assert capsys.readouterr().out == "x is <tf.Tensor 'x:0' shape=() dtype=int32>\n".replace(
        "<tf.Tensor 'x:0' shape=() dtype=int32>", 'Tensor("x:0", shape=(), dtype=int32)'
    )


def test_features_are_tensorflows() -> None:
    feature = autograph.experimental.Feature
    assert len(feature.all()) == 7
    assert set(feature.all_but(feature.LISTS)) == set(feature) - {feature.ALL, feature.LISTS}
