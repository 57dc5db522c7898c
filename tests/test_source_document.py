"""Ordinary TensorFlow 2 teaching code, cell by cell: it runs unchanged, and prints the same.

The cells stand here as a notebook has them. Each runs in one namespace, in order; what it prints
and what its last line shows are compared with what TensorFlow 2.21 prints.
"""

from __future__ import annotations

import ast
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitensor.compat.v1 as v1

SETUP = """\
import minitensor as tf
import numpy as np
"""

FUNCTIONS = """\
def func1(a,b):
    print('Eager1: ',tf.executing_eagerly())
    return tf.add(a,b) # if you don't use any tf ops, a graph will not be built

@tf.function # this function and the ones it calls will be run in graph mode
def func2(a,b):
    with tf.name_scope("Linear_function"): # name scopes help group ops visually in tensorboard
        result = tf.add(b,func1(a,b))
    
    print('Inside2: ',a,b,result)
    print('Eager2: ',tf.executing_eagerly())
    
    return result

res = func2(1,2)
# print(tf.autograph.to_code(func2.python_function))
res
"""  # noqa: W293

AGAIN = """\
res = func2(3,5)
res
"""

GRADIENTS = """\
# y = ax + b

x = tf.Variable(5.0, name='x')

def calculate(a,b):

    with tf.GradientTape() as tape: # to calculate gradients you need variables and this tape
        y = a*x + b
    dydx = tape.gradient(y, [x])
    return x,y,dydx
    

x_val,y_val,dydx_val = calculate(5,10)
print('x=',x_val)
print('y=',y_val)
print('dydx=',dydx_val)
"""  # noqa: W293

JACOBIAN = """\
with tf.GradientTape() as g:
    x  = tf.constant([1.0, 2.0])
    g.watch(x)
    y = x * x
jacobian = g.jacobian(y, x)
y, jacobian
"""

DEVICES = """\
from minitensor import device_lib


[x.name for x in  device_lib.list_local_devices()]
"""

GRAPH = """\
logdir = "tensorboard2"
writer = tf.summary.create_file_writer(logdir)

tf.summary.trace_on(graph=True)
res = func2(8,5) # Call only one tf.function when tracing.
with writer.as_default():
    tf.summary.trace_export(name="func2",step=0)
res
"""

SCALAR = """\
import numpy as np

tf.reset_default_graph() # clean up previous ops

a = tf.constant(5.0, name='a')
x = tf.placeholder(tf.float32, shape=(), name='x')
y = a*x

tf.summary.scalar("y_scalar_summary", y)
merged_summary = tf.summary.merge_all() # merge all summary ops into a single op so that we execute all

data = np.random.randint(10,size=100)

with tf.Session() as session:
    writer = tf.summary.FileWriter("tensorboard3",session.graph)
    session.run(tf.global_variables_initializer())
    for step,val in enumerate(data):
        (y_val,s_val) = session.run((y,merged_summary), {x: val})
        writer.add_summary(s_val,step) # Passing the step is important !!!
"""  # noqa: E501 - the line is the document's

HISTOGRAM = """\
tf.reset_default_graph() 

b = tf.Variable(tf.random_uniform((50,30),-1,1), name='b')
tf.summary.histogram("b_tensor_summary", b)
merged_summary = tf.summary.merge_all()

with tf.Session() as session:
    writer = tf.summary.FileWriter("tensorboard4",session.graph)
    for step in range(50):
        session.run(tf.global_variables_initializer()) # do this on every step to get new random values
        s_val = session.run(merged_summary)
        writer.add_summary(s_val,step)
"""  # noqa: E501, W291 - the lines are the document's

TRACED = """\
Eager1:  False
Inside2:  {} {} Tensor("Linear_function/Add_1:0", shape=(), dtype=int32)
Eager2:  False
"""

CELLS = [
    (DEVICES, "", None),
    (FUNCTIONS, TRACED.format(1, 2), "<tf.Tensor: shape=(), dtype=int32, numpy=5>"),
    (AGAIN, TRACED.format(3, 5), "<tf.Tensor: shape=(), dtype=int32, numpy=13>"),
    (AGAIN, "", "<tf.Tensor: shape=(), dtype=int32, numpy=13>"),
    (
        GRADIENTS,
        "x= <tf.Variable 'x:0' shape=() dtype=float32, numpy=5.0>\n"
        "y= tf.Tensor(35.0, shape=(), dtype=float32)\n"
        "dydx= [<tf.Tensor: shape=(), dtype=float32, numpy=5.0>]\n",
        None,
    ),
    (
        JACOBIAN,
        "",
        "(<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 4.], dtype=float32)>, "
        "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[2., 0.],\n       [0., 4.]], "
        "dtype=float32)>)",
    ),
]


def run(cell: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    *lines, last = ast.parse(cell).body
    if not isinstance(last, ast.Expr):
        lines.append(last)
    exec(compile(ast.Module(lines, []), "<cell>", "exec"), namespace)
    if isinstance(last, ast.Expr) and lines[-1] is not last:
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return None


def test_the_cells_run_unchanged(capsys: pytest.CaptureFixture) -> None:
    namespace: dict[str, Any] = {}
    run(SETUP, namespace)
    for cell, printed, shown in CELLS:
        value = run(cell, namespace)
        assert capsys.readouterr().out == printed
        if shown is not None:
            assert repr(value) == shown
        elif cell is DEVICES:
            assert value[0] == "/device:CPU:0"


def accumulated(folder: str) -> Any:
    """What TensorBoard reads in a directory."""
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    return accumulators.EventAccumulator(folder, size_guidance={"histograms": 0}).Reload()


@pytest.mark.parametrize("ran_before", [False, True])
def test_the_graph_cell_shows_the_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, ran_before: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    run(SETUP, namespace)
    run(FUNCTIONS, namespace)
    if ran_before:
        run("res = func2(8,5)\nres", namespace)
    capsys.readouterr()
    shown = run(GRAPH, namespace)
    assert repr(shown) == "<tf.Tensor: shape=(), dtype=int32, numpy=18>"
    assert capsys.readouterr().out == ("" if ran_before else TRACED.format(8, 5))
    found = accumulated("tensorboard2")
    config: Any = pytest.importorskip("tensorboard.compat.proto.config_pb2")
    util: Any = pytest.importorskip("tensorboard.util.tensor_util")
    [event] = found.Tensors("func2")
    metadata = config.RunMetadata.FromString(util.make_ndarray(event.tensor_proto).item())
    names = [node.name for node in metadata.function_graphs[0].pre_optimization_graph.node]
    assert "Linear_function/Add_1" in names
    assert all(name.startswith("Linear_function/") or name == "Identity" for name in names)
    namespace["writer"].close()


def programs_of_tensorflow_1(*cells: str) -> dict[str, Any]:
    """The cells in one namespace, in a thread, which has a default graph of its own."""
    namespace: dict[str, Any] = {"tf": v1}
    failed: list[BaseException] = []

    def program() -> None:
        try:
            for cell in cells:
                run(cell, namespace)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=program)
    thread.start()
    thread.join()
    assert not failed, failed
    namespace["writer"].close()
    return namespace


def test_the_scalar_cell_records_a_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace = programs_of_tensorflow_1(SCALAR)
    found = accumulated("tensorboard3").Scalars("y_scalar_summary")
    assert [event.step for event in found] == list(range(100))
    assert [event.value for event in found] == [5.0 * x for x in namespace["data"]]
    names = [node.name for node in accumulated("tensorboard3").Graph().node]
    expected = ["a", "x", "mul", "y_scalar_summary/tags", "y_scalar_summary", "Merge/MergeSummary"]
    assert names == expected


def test_the_histogram_cell_records_new_values_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    programs_of_tensorflow_1("import numpy as np", HISTOGRAM)
    found = accumulated("tensorboard4").Histograms("b_tensor_summary")
    assert [event.step for event in found] == list(range(50))
    assert {event.histogram_value.num for event in found} == {1500.0}
    assert len({event.histogram_value.sum for event in found}) == 50
    assert np.mean([event.histogram_value.sum / 1500 for event in found]) == pytest.approx(
        0, abs=0.02
    )


def test_the_cells_of_tensorflow_1_can_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    programs_of_tensorflow_1(SCALAR, HISTOGRAM, SCALAR, HISTOGRAM)
    assert len(list(Path("tensorboard3").iterdir())) == 2
    found = accumulated("tensorboard4").Histograms("b_tensor_summary")
    assert [event.step for event in found] == [*range(50), *range(50)]
