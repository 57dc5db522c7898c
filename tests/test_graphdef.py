"""Graphs in TensorFlow's exchange format: read by tensorboard's own messages and graph page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.graph.trace import trace
from minitensor.shapes import Spec
from minitensor.wire import Message, layout, varint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

F32 = np.dtype(np.float32)


def graph_of(function: Callable, *specs: Any) -> Any:
    def flat(*symbols: Any) -> list:
        found = function(*symbols)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    return trace(flat, specs or [Spec((None, 3), F32)], "f")


def parsed(graph: Any, **options: Any) -> Any:
    """The graph as tensorboard's protobuf classes read it: from bytes, and from text."""
    from google.protobuf import text_format
    from tensorboard.compat.proto import graph_pb2

    ours = graph.as_graph_def(**options)
    found = graph_pb2.GraphDef.FromString(ours.SerializeToString())
    assert text_format.Parse(str(ours), graph_pb2.GraphDef()) == found
    assert ours.ByteSize() == len(ours.SerializeToString())
    return found


def model() -> Any:
    w = mt.Variable(np.ones((3, 2), np.float32), name="w")
    inner = mt.function(lambda y: y * w[0])

    def function(x: Any) -> Any:
        with mt.name_scope("dense"):
            y = mt.nn.relu(x @ w + [0.5, 1.5], name="active")
        first, second = mt.split(y, 2, axis=1)
        w.assign_add(mt.ones([3, 2]))
        return inner(first + second), mt.cast(y, mt.int32)

    return graph_of(function)


def test_the_real_protobuf_classes_read_it() -> None:
    graph = model()
    found = parsed(graph, add_shapes=True)
    nodes = {node.name: node for node in found.node}
    assert list(nodes) == [op.name for op in graph.get_operations()]
    assert found.versions.producer == 2474
    assert nodes["dense/active"].op == "Relu"
    assert list(nodes["dense/active"].input) == ["dense/add"]
    assert list(nodes["add_1"].input) == ["split", "split:1"]
    resource = nodes["dense/matmul/ReadVariableOp/resource"]
    assert (resource.op, resource.attr["dtype"].type) == ("Placeholder", 20)
    assert nodes["x"].attr["_user_specified_name"].s == b"x"
    assert [d.size for d in nodes["x"].attr["shape"].shape.dim] == [-1, 3]
    assert [d.size for d in nodes["dense/add"].attr["_output_shapes"].list.shape[0].dim] == [-1, 2]
    assert nodes["Identity"].input[1] == "^NoOp"
    assert list(nodes["NoOp"].input) == ["^AssignVariableOp"]
    assert nodes["dense/add"].attr["T"].type == 1
    assert nodes["split"].attr["axis"].i == 1
    assert nodes["dense/add"].attr["_source_line"].s.startswith(b"test_graphdef.py:")


def test_constants_keep_their_values() -> None:
    from tensorboard.util.tensor_util import make_ndarray

    values = [np.float32([1.5, -2]), np.int64([[7]]), np.bool_(True), np.array(2.5)]
    values += [np.complex64([1j]), np.uint8([255]), np.zeros((0, 3), np.int32)]
    found = parsed(graph_of(lambda x: [x, *(mt.constant(v) for v in values)]))
    constants = [node for node in found.node if node.op == "Const"]
    assert len(constants) == len(values)
    for node, value in zip(constants, values, strict=True):
        array = make_ndarray(node.attr["value"].tensor)
        np.testing.assert_array_equal(array, value)
        assert array.dtype == value.dtype
    words = parsed(graph_of(lambda x: [mt.constant(["a", b"\xff\n"])]))
    assert list(words.node[-2].attr["value"].tensor.string_val) == [b"a", b"\xff\n"]
    large = parsed(graph_of(lambda x: [mt.zeros([5000]) + mt.constant(np.ones(5000, np.float32))]))
    assert sum(len(node.attr["value"].tensor.tensor_content) for node in large.node) == 0


def test_calls_and_branches_become_functions_of_the_library() -> None:
    found = parsed(model(), add_shapes=True)
    (call,) = [node for node in found.node if node.op == "PartitionedCall"]
    (function,) = found.library.function
    assert call.attr["f"].func.name == function.signature.name
    assert [arg.type for arg in function.signature.input_arg] == [1, 20]
    assert len(call.input) == 2
    assert function.ret["result_0"] == "mul:output:0"
    assert [node.op for node in function.node_def][:1] == ["ReadVariableOp"]
    known = {arg.name for arg in function.signature.input_arg}
    known |= {f"{node.name}:output:{i}" for node in function.node_def for i in range(2)}
    assert all(name in known for node in function.node_def for name in node.input)


def flow() -> Any:
    w = mt.Variable([1.0, 2.0, 3.0], name="w")

    def function(x: Any) -> Any:
        y = mt.cond(mt.reduce_sum(x) > 0.0, lambda: x * w, lambda: -x)
        _, y = mt.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y + w), [0, y])
        which = mt.cast(y[0, 0], mt.int32)
        return mt.switch_case(which, [lambda: y, lambda: y + 1.0, lambda: y * 2.0])

    return graph_of(function, Spec((2, 3), F32))


def test_branches_and_loops_are_if_while_and_case() -> None:
    found = parsed(flow(), add_shapes=True)
    nodes = {node.op: node for node in found.node}
    functions = {f.signature.name: f for f in found.library.function}
    named = {
        "StatelessIf": ["then_branch", "else_branch"],
        "StatelessWhile": ["cond", "body"],
        "StatelessCase": ["branch_0", "branch_1", "branch_2"],
    }
    for kind, keys in named.items():
        for key in keys:
            function = functions.pop(nodes[kind].attr[key].func.name)
            taken = len(nodes[kind].input) - (kind != "StatelessWhile")
            assert len(function.signature.input_arg) == taken
            assert len(function.ret) == len(function.signature.output_arg)
    assert functions == {}


def test_one_operation_s_node_def() -> None:
    graph = graph_of(lambda x: mt.reduce_sum(x, axis=[0, 1]))
    op = graph.get_operation_by_name("Sum")
    assert op.node_def.op == "Sum"
    assert op.node_def.attr["axis"].list.i == [0, 1]
    assert op.get_attr("axis") == (0, 1)
    assert op.get_attr("T") == mt.float32
    assert graph.get_operation_by_name("x").get_attr("shape") == [None, 3]


@pytest.mark.parametrize(("make", "drawn"), [(model, "PartitionedCall"), (flow, "StatelessIf")])
def test_tensorboard_s_graph_page_draws_it(make: Callable, drawn: str, tmp_path: Any) -> None:
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.compat.proto import event_pb2
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path / "run"))
    content = make().as_graph_def(add_shapes=True).SerializeToString()
    writer.add_event(event_pb2.Event(wall_time=1.0, step=0, graph_def=content))
    writer.close()
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    plugin = GraphsPlugin(TBContext(logdir=str(tmp_path), data_provider=provider))
    info = plugin.info_impl(RequestContext(), experiment="e")
    assert info["run"]["run_graph"]
    text, kind = plugin.graph_impl(
        RequestContext(), "run", None, False, "e", limit_attr_size=1024, large_attrs_key="_large"
    )
    assert kind == "text/x-protobuf"
    assert drawn in text


def test_tensorboard_merges_graphs_of_several_functions() -> None:
    from tensorboard.plugins.graph import graph_util

    one, other = parsed(model()), parsed(graph_of(lambda x: x * 2.0))
    merged = graph_util.merge_graph_defs([one, other])
    assert {"graph_1/dense/active", "graph_2/mul"} <= {node.name for node in merged.node}


# The wire.


class Inner(Message):
    fields = layout(a=(1, "int"), b=(2, "double"))


class Outer(Message):
    fields = layout(
        flag=(1, "bool"), numbers=(2, "int", "list"), inner=(3, Inner), named=(4, Inner, "map"),
        words=(16, "string", "list"), f=(5, "float"), data=(6, "bytes"),
    )  # fmt: skip


def test_bytes_follow_the_encoding_page() -> None:
    assert varint(0) == b"\0"
    assert varint(-1).hex() == "ffffffffffffffffff01"
    assert Inner(a=150).SerializeToString().hex() == "089601"
    assert Outer().SerializeToString() == b""
    assert Outer(flag=False).SerializeToString().hex() == "0800"
    assert Outer(numbers=[3, 270, 86942]).SerializeToString().hex() == "1206038e029ea705"
    assert Outer(inner=Inner(a=150)).SerializeToString().hex() == "1a03089601"
    assert Outer(words=["ab", ""]).SerializeToString().hex() == "82010261628201" + "00"
    assert Outer(f=1.0, data=b"\xff").SerializeToString().hex() == "2d0000803f3201ff"
    assert Outer(named={"k": Inner(a=1)}).SerializeToString().hex() == "22070a016b12020801"
    with pytest.raises(TypeError, match="has no field 'zz'"):
        Outer(zz=1)


def test_messages_compare_and_can_be_read() -> None:
    message = Outer(flag=True, inner=Inner(b=0.5), words=['a"\n\xe9'], named={"k": Inner(a=1)})
    assert message == Outer(flag=True, inner=Inner(b=0.5), words=['a"\n\xe9'],
                            named={"k": Inner(a=1)})  # fmt: skip
    assert message != Outer()
    assert str(message).splitlines() == [
        "flag: true", "inner {", "  b: 0.5", "}", "named {", '  key: "k"', "  value {", "    a: 1",
        "  }", "}", r'words: "a\"\n\303\251"',
    ]  # fmt: skip
