"""Names of operations in traced graphs: as TensorFlow gives them, unique, and found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.names import name_of_op
from minitensor.graph.trace import trace
from minitensor.op import REGISTRY
from minitensor.shapes import Spec

VECTOR = Spec((4,), np.dtype(np.float32))
MATRIX = Spec((3, 3), np.dtype(np.float32))
TRUTH = Spec((4,), np.dtype(np.bool_))
IMAGES = Spec((2, 8, 8, 3), np.dtype(np.float32))


def graph_of(function: Callable, *specs: Any) -> Any:
    def flat(*symbols: Any) -> list:
        found = function(*symbols)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    return trace(flat, specs or [VECTOR], "f")


def names(function: Callable, *specs: Any) -> list[tuple[str, str]]:
    graph = graph_of(function, *specs)
    ops = [op for op in graph.get_operations() if op.node]
    return [(op.name, op.type) for op in ops]


# Each pair was measured with TensorFlow 2.21: the name and type of the last op.
OPERATORS: list[tuple[Callable, str, str]] = [
    (lambda x: x + x, "add", "AddV2"),
    (lambda x: 1.0 + x, "add", "AddV2"),
    (lambda x: x - x, "sub", "Sub"),
    (lambda x: x * x, "mul", "Mul"),
    (lambda x: x / x, "truediv", "RealDiv"),
    (lambda x: x // x, "floordiv", "FloorDiv"),
    (lambda x: x % x, "mod", "FloorMod"),
    (lambda x: x**2.0, "pow", "Pow"),
    (lambda x: -x, "Neg", "Neg"),
    (lambda x: abs(x), "Abs", "Abs"),
    (lambda x: x < x, "Less", "Less"),
    (lambda x: x == x, "Equal", "Equal"),
    (lambda x: x[1:2], "strided_slice", "StridedSlice"),
    (lambda x: mt.add(x, x), "Add", "AddV2"),
    (lambda x: mt.subtract(x, x), "Sub", "Sub"),
    (lambda x: mt.multiply(x, x), "Mul", "Mul"),
    (lambda x: mt.divide(x, x), "truediv", "RealDiv"),
    (lambda x: mt.pow(x, x), "Pow", "Pow"),
    (lambda x: mt.math.floormod(x, x), "FloorMod", "FloorMod"),
    (mt.square, "Square", "Square"),
    (mt.sqrt, "Sqrt", "Sqrt"),
    (mt.nn.relu, "Relu", "Relu"),
    (mt.nn.softmax, "Softmax", "Softmax"),
    (mt.sigmoid, "Sigmoid", "Sigmoid"),
    (mt.reduce_sum, "Sum", "Sum"),
    (mt.reduce_mean, "Mean", "Mean"),
    (mt.argmax, "ArgMax", "ArgMax"),
    (mt.stop_gradient, "StopGradient", "StopGradient"),
    (mt.identity, "Identity", "Identity"),
    (mt.zeros_like, "zeros_like", "ZerosLike"),
    (lambda x: mt.reshape(x, [2, 2]), "Reshape", "Reshape"),
    (lambda x: mt.cast(x, mt.int32), "Cast", "Cast"),
    (lambda x: mt.fill([2], x[0]), "Fill", "Fill"),
    (lambda x: mt.gather(x, [0, 1]), "GatherV2", "GatherV2"),
    (lambda x: mt.where(x > 0.0, x, x), "SelectV2", "SelectV2"),
    (lambda x: mt.expand_dims(x, 0), "ExpandDims", "ExpandDims"),
    (mt.squeeze, "Squeeze", "Squeeze"),
    (lambda x: mt.maximum(x, x), "Maximum", "Maximum"),
    (lambda x: mt.tile(x, [2]), "Tile", "Tile"),
    (lambda x: mt.pad(x, [[1, 1]]), "Pad", "Pad"),
    (lambda x: mt.concat([x, x], 0), "concat", "ConcatV2"),
    (lambda x: mt.stack([x, x]), "stack", "Pack"),
    (mt.transpose, "transpose", "Transpose"),
    (lambda x: mt.one_hot(mt.cast(x, mt.int32), 2), "one_hot", "OneHot"),
    (lambda x: mt.split(x, 2), "split", "Split"),
    (mt.unstack, "unstack", "Unpack"),
    (lambda x: mt.clip_by_value(x, 0.0, 1.0), "clip_by_value", "ClipByValue"),
    (lambda x: mt.math.divide_no_nan(x, x), "div_no_nan", "DivNoNan"),
]


@pytest.mark.parametrize(("function", "name", "kind"), OPERATORS)
def test_ops_have_tensorflow_s_names(function: Callable, name: str, kind: str) -> None:
    assert names(function)[-1] == (name, kind)


def test_ops_of_matrices_images_and_truths() -> None:
    assert names(lambda x: x @ x, MATRIX) == [("matmul", "MatMul")]
    assert names(lambda x: mt.matmul(x, x), MATRIX) == [("MatMul", "MatMul")]
    assert names(mt.linalg.det, MATRIX) == [("MatrixDeterminant", "MatrixDeterminant")]
    twice = names(lambda x: mt.einsum("ij,jk->ik", mt.einsum("ij,jk->ik", x, x), x), MATRIX)
    assert [name for name, _ in twice] == ["einsum/Einsum", "einsum_1/Einsum"]
    assert names(lambda x: mt.nn.max_pool2d(x, 2, 2, "VALID"), IMAGES) == [("MaxPool2d", "MaxPool")]
    weights = np.ones((3, 3, 3, 4), np.float32)
    convolved = names(lambda x: mt.nn.conv2d(x, weights, 1, "SAME"), IMAGES)
    assert convolved == [("Conv2D", "Conv2D")]
    assert [name for name, _ in names(lambda b: (b & b) | ~b, TRUTH)] == ["and", "LogicalNot", "or"]


def test_every_op_has_names_that_a_graph_accepts() -> None:
    for op in REGISTRY.values():
        for name in name_of_op(op):
            assert name.replace("_", "").replace("/", "").isalnum(), op.name


def test_operations_are_listed_in_tensorflow_s_order() -> None:
    w, c = mt.Variable([1.0, 2.0], name="w"), mt.constant([1.0, 2.0])
    large = mt.zeros([200])

    def function(x: Any) -> Any:
        with mt.name_scope("dense"):
            y = x * w + c
        w.assign_add(y)
        return 2.0 * y, mt.concat([y, large], 0)

    found = graph_of(function, Spec((2,), np.dtype(np.float32))).get_operations()
    assert [(op.name, op.type) for op in found] == [
        ("x", "Placeholder"),
        ("dense/mul/ReadVariableOp/resource", "Placeholder"),
        ("dense/mul/ReadVariableOp", "ReadVariableOp"),
        ("dense/mul", "Mul"),
        ("dense/add/y", "Const"),
        ("dense/add", "AddV2"),
        ("ReadVariableOp", "ReadVariableOp"),
        ("add", "AddV2"),
        ("AssignVariableOp", "AssignVariableOp"),
        ("mul/x", "Const"),
        ("mul", "Mul"),
        ("concat/values_1", "Placeholder"),
        ("concat", "ConcatV2"),
        ("NoOp", "NoOp"),
        ("Identity", "Identity"),
        ("Identity_1", "Identity"),
    ]


def test_scopes_are_unique_re_entered_and_left() -> None:
    seen: list[str] = []

    def function(x: Any) -> Any:
        for name in ("s", "s", "s/", "A", "a"):
            with mt.name_scope(name) as scope:
                seen.extend([scope, mt.add(x, x, name="k").name])
        with mt.name_scope("s"), mt.name_scope("") as scope:
            seen.extend([scope, mt.add(x, x, name="k").name])
        with mt.name_scope("s"), mt.name_scope("_in") as scope:
            seen.append(scope)
        return x

    graph_of(function)
    assert seen == [
        "s/", "s/k:0", "s_1/", "s_1/k:0", "s/", "s/k_1:0", "A/", "A/k:0", "a_1/", "a_1/k:0",
        "", "k:0", "s_3/_in/",
    ]  # fmt: skip


def test_names_that_were_given_are_made_unique() -> None:
    graph = graph_of(lambda x: [mt.add(x, x, name=n) for n in ("k", "k", "k_1", "K", "a/b")])
    assert [x.name for x in graph.outputs] == ["k:0", "k_1:0", "k_1_1:0", "K_2:0", "a/b:0"]
    assert [x.op.name for x in graph.outputs] == ["k", "k_1", "k_1_1", "K_2", "a/b"]


@pytest.mark.parametrize("name", ["bad name", "_x", "é", "a b"])
def test_names_that_graphs_cannot_have(name: str) -> None:
    with mt.name_scope(name):  # only graphs are strict
        pass

    def scoped(x: Any) -> Any:
        with mt.name_scope(name):
            return x

    with pytest.raises(ValueError, match=f"'{name}' is not a valid root scope name. A root scope"):
        graph_of(scoped)
    with pytest.raises(ValueError, match=f"'{name}' is not a valid root scope name"):
        graph_of(lambda x: mt.add(x, x, name=name))
    with pytest.raises(ValueError, match=r"(?i)name for name_scope must be a string"):
        graph_of(lambda x: mt.name_scope(None) and x)  # type: ignore[arg-type]


def test_tensors_and_operations_are_found_by_name() -> None:
    graph = graph_of(lambda x: x + 1.0)
    (y,) = graph.outputs
    add = y.op
    assert graph.get_tensor_by_name("add:0") is y
    assert graph.get_operation_by_name("add") == add
    assert hash(graph.get_operation_by_name("add")) == hash(add)
    assert graph.get_operation_by_name("x") != add
    assert graph.as_graph_element("x:0") is graph.inputs[0]
    assert graph.as_graph_element("add") == graph.as_graph_element(add) == add
    assert graph.as_graph_element(y) is y
    assert (add.type, add.device, add.control_inputs, add.graph) == ("AddV2", "", [], graph)
    assert [x.name for x in add.inputs] == ["x:0", "add/y:0"]
    assert add.values() == (y,)
    assert repr(add) == "<tf.Operation 'add' type=AddV2>"
    assert "graph_of(lambda x: x + 1.0)" in add.source.text
    constant = graph.get_operation_by_name("add/y")
    assert (constant.type, constant.get_attr("value")) == ("Const", 1.0)
    assert graph.get_operation_by_name("Identity").inputs == (y,)
    assert graph.get_tensor_by_name("Identity:0").op.name == "Identity"


def test_look_ups_that_fail_say_why() -> None:
    graph = graph_of(lambda x: x + 1.0)
    tensor, operation = graph.get_tensor_by_name, graph.get_operation_by_name
    cases: list[tuple[Any, Any, type[Exception], str]] = [
        (tensor, "zzz:0", KeyError, "The name 'zzz:0' refers to a Tensor which does not exist. "
         "The operation, 'zzz', does not exist in the graph."),
        (tensor, "add:3", KeyError, "The name 'add:3' refers to a Tensor which does not exist. "
         "The operation, 'add', exists but only has 1 outputs."),
        (tensor, "add", ValueError, "The name 'add' refers to an Operation, not a Tensor. Tensor "
         'names must be of the form "<op_name>:<output_index>".'),
        (tensor, "zz", ValueError, "The name 'zz' looks like an (invalid) Operation name, not a "
         'Tensor. Tensor names must be of the form "<op_name>:<output_index>".'),
        (tensor, "a:b:0", ValueError, "The name 'a:b:0' looks a like a Tensor name, but is not a "
         'valid one. Tensor names must be of the form "<op_name>:<output_index>".'),
        (tensor, 3, TypeError, "Can not convert a int into a Tensor."),
        (operation, "zz", KeyError, "The name 'zz' refers to an Operation not in the graph."),
        (operation, "add:0", ValueError, "Name 'add:0' appears to refer to a Tensor, not a "
         "Operation."),
        (graph.as_graph_element, 3, TypeError, "Can not convert a int into a Tensor or Operation."),
    ]  # fmt: skip
    for function, argument, error, text in cases:
        with pytest.raises(error) as caught:
            function(argument)
        assert str(caught.value) == text
        assert isinstance(caught.value, mt.errors.OpError)
    with pytest.raises(ValueError, match="Operation 'add' has no attr named 'zz'"):
        operation("add").get_attr("zz")
    other = graph_of(lambda x: x * 2.0)
    with pytest.raises(ValueError, match="is not an element of this graph"):
        other.as_graph_element(graph.outputs[0])
    with pytest.raises(ValueError, match="is not an element of this graph"):
        other.as_graph_element(operation("add"))


def test_operations_can_be_looked_at_while_the_graph_is_traced() -> None:
    def function(x: Any) -> Any:
        y = x + 1.0
        assert y.op.name == "add"
        assert [op.name for op in x.graph.get_operations()] == ["x", "add/y", "add"]
        z = y * y
        assert z.op.inputs == (y, y)
        return z

    assert [op.name for op in graph_of(function).get_operations()] == [
        "x", "add/y", "add", "mul", "Identity",
    ]  # fmt: skip


def test_a_tape_s_graph_has_operations_too() -> None:
    x = mt.Variable(2.0, name="x")
    with mt.GradientTape() as tape:
        y = mt.square(x) * 3.0
    graph = tape.graph()
    assert [op.type for op in graph.get_operations()] == [
        "Placeholder", "ReadVariableOp", "Square", "Const", "Mul",
    ]  # fmt: skip
    assert graph.operation_of(y).type == "Mul"
    assert graph.get_tensor_by_name("multiply:0") is y
