"""Graphs in event files: TensorBoard's own graph page reads the nodes that the function has."""

from __future__ import annotations

import logging
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

import minitensor as mt
import minitensor.compat.v1 as v1

pytest.importorskip("tensorboard")

from google.protobuf import text_format
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto import config_pb2, graph_pb2
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.util import tensor_util

with warnings.catch_warnings():  # TensorBoard's own dependencies warn when they are imported
    warnings.simplefilter("ignore")
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin


@pytest.fixture(autouse=True)
def no_trace_is_left() -> Any:
    yield
    mt.summary.trace_off()


def scoped() -> Any:
    @mt.function
    def func2(a, b):
        with mt.name_scope("Linear_function"):
            return mt.add(b, mt.add(a, b))

    return func2


def page(folder: Path) -> GraphsPlugin:
    """TensorBoard's graph page for what is in a directory."""
    multiplexer = EventMultiplexer(tensor_size_guidance={}, size_guidance={"tensors": 0})
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    return GraphsPlugin(TBContext(logdir=str(folder), data_provider=provider))


def shown(folder: Path, tag: str | None = None, conceptual: bool = False) -> Any:
    """The `GraphDef` that the page draws."""
    found = page(folder).graph_impl(RequestContext(), ".", tag, conceptual, "exp", None, None)
    definition: Any = graph_pb2
    return text_format.Parse(found[0], definition.GraphDef())


def names(definition: Any) -> list[str]:
    return [node.name for node in definition.node]


def exported(folder: Path, run: Any, name: str = "func2", **options: Any) -> None:
    with mt.summary.create_file_writer(folder) as writer:
        mt.summary.trace_on()
        run()
        with writer.as_default():
            mt.summary.trace_export(name, **{"step": 0, **options})


LINEAR = [
    "Linear_function/Add/x", "Linear_function/Add/y", "Linear_function/Add",
    "Linear_function/Add_1/x", "Linear_function/Add_1", "Identity",
]  # fmt: skip


@pytest.mark.parametrize("ran_before", [False, True])
def test_a_trace_has_the_functions_own_names(tmp_path: Path, ran_before: bool) -> None:
    function = scoped()
    if ran_before:
        function(8, 5)
    exported(tmp_path, lambda: function(8, 5))
    assert names(shown(tmp_path, "func2")) == LINEAR


def test_the_page_lists_the_tag(tmp_path: Path) -> None:
    function = scoped()
    exported(tmp_path, lambda: function(8, 5))
    tags = page(tmp_path).info_impl(RequestContext(), "exp")["."]["tags"]
    expected = {"conceptual_graph": False, "op_graph": True, "profile": False, "tag": "func2"}
    assert tags == {"func2": expected}


def run_metadata(folder: Path, tag: str) -> Any:
    accumulator = EventAccumulator(str(folder), tensor_size_guidance={}).Reload()
    [event] = accumulator.Tensors(tag)
    assert accumulator.SummaryMetadata(tag).plugin_data.content == b"1"
    messages: Any = config_pb2
    return messages.RunMetadata.FromString(tensor_util.make_ndarray(event.tensor_proto).item())


def test_one_graph_before_and_after_the_compiler(tmp_path: Path) -> None:
    x = mt.constant([1.0, 2.0])

    @mt.function
    def f(x):
        return mt.exp(x) + mt.exp(x)

    exported(tmp_path, lambda: f(x), "f")
    found = run_metadata(tmp_path, "f")
    [graphs] = found.function_graphs
    assert [n.op for n in graphs.pre_optimization_graph.node].count("Exp") == 2
    [partition] = found.partition_graphs
    assert graphs.post_optimization_graph == partition == graphs.partition_graphs[0]
    assert len(partition.node) < len(graphs.pre_optimization_graph.node)
    [argument] = [n for n in graphs.pre_optimization_graph.node if n.op == "Placeholder"]
    assert argument.attr["_output_shapes"].list.shape[0].dim[0].size == 2


def test_a_function_under_a_tape_with_variables_and_open_sizes(tmp_path: Path) -> None:
    variable = mt.Variable([1.0, 2.0])
    spec = mt.TensorSpec([None], mt.float32)

    @mt.function(input_signature=[spec])
    def f(x):
        variable.assign_add([1.0, 1.0])
        return mt.reduce_sum(variable * x)

    def run() -> None:
        with mt.GradientTape() as tape:
            y = f(mt.constant([1.0, 2.0]))
        assert tape.gradient(y, variable) is not None

    exported(tmp_path, run, "f")
    graphs = run_metadata(tmp_path, "f").function_graphs[0]
    assert {"AssignVariableOp", "Sum"} <= {n.op for n in graphs.pre_optimization_graph.node}
    assert graphs.post_optimization_graph.node


def test_loops_and_branches_are_functions_of_the_library(tmp_path: Path) -> None:
    @mt.function
    def f(x):
        while x < 10.0:
            x = x * 2.0
        return x

    exported(tmp_path, lambda: f(mt.constant(1.0)), "f")
    graph = run_metadata(tmp_path, "f").function_graphs[0].pre_optimization_graph
    assert "StatelessWhile" in [n.op for n in graph.node]
    assert len(graph.library.function) == 2
    assert names(shown(tmp_path, "f"))


def test_several_functions_each_have_a_tag(tmp_path: Path, caplog: Any) -> None:
    first = mt.function(lambda x: x + 1.0)

    @mt.function
    def second(x):
        return mt.tanh(x)

    def run() -> None:
        for _ in range(3):
            first(mt.constant(1.0))
            second(mt.constant(1.0))
            second(mt.constant([1.0]))

    exported(tmp_path, run, "step")
    tags = page(tmp_path).info_impl(RequestContext(), "exp")["."]["tags"]
    assert sorted(tags) == ["step", "step/second", "step/second_2"]
    assert "3 functions ran" in caplog.text
    assert "step/second_2" in caplog.text
    assert "Tanh" in names(shown(tmp_path, "step/second"))


def test_a_function_inside_another_is_part_of_it(tmp_path: Path) -> None:
    inner = mt.function(lambda x: mt.tanh(x))
    outer = mt.function(lambda x: inner(x) + 1.0)
    exported(tmp_path, lambda: outer(mt.constant(1.0)), "outer")
    assert list(page(tmp_path).info_impl(RequestContext(), "exp")["."]["tags"]) == ["outer"]


def test_other_threads_are_not_watched(tmp_path: Path) -> None:
    mine, other = scoped(), mt.function(lambda x: mt.tanh(x))

    def run() -> None:
        thread = threading.Thread(target=other, args=(mt.constant(1.0),))
        thread.start()
        thread.join()
        mine(8, 5)

    exported(tmp_path, run)
    assert names(shown(tmp_path, "func2")) == LINEAR


def test_nobody_is_told_when_no_trace_is_on() -> None:
    from minitensor.graph.concrete import watchers

    mt.summary.trace_on()
    assert len(watchers) == 1
    mt.summary.trace_off()
    mt.summary.trace_off()
    assert watchers == []


def test_export_without_a_trace() -> None:
    with pytest.raises(ValueError, match=r"Must enable trace before export through tf\.summary\."):
        mt.summary.trace_export("x", step=0)


def test_export_when_nothing_ran_can_be_tried_again(tmp_path: Path) -> None:
    function = scoped()
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        mt.summary.trace_on()
        mt.add(1, 2)
        with pytest.raises(RuntimeError, match="No traced function ran since trace_on"):
            mt.summary.trace_export("func2", step=0)
        function(1, 2)
        with pytest.raises(ValueError, match="No step set"):
            mt.summary.trace_export("func2")
        mt.summary.trace_export("func2", step=0)
    assert names(shown(tmp_path, "func2")) == LINEAR


def test_export_without_a_writer_says_so_and_goes_on(tmp_path: Path, caplog: Any) -> None:
    function = scoped()
    mt.summary.trace_on()
    function(1, 2)
    mt.summary.trace_export("func2", step=0)
    assert "no default writer" in caplog.text
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default(step=3):
        with mt.summary.record_if(False):
            mt.summary.trace_export("func2")
        assert "record_if says no, so nothing was written and the trace goes on" in caplog.text
        mt.summary.trace_export("func2")
    assert names(shown(tmp_path, "func2")) == LINEAR


def test_warnings_as_tensorflow_has_them(caplog: Any) -> None:
    caplog.set_level(logging.WARNING)
    mt.summary.trace_on()
    mt.summary.trace_on()

    @mt.function
    def inside(x):
        mt.summary.trace_on()
        mt.summary.trace_export("x", 0)
        return x

    inside(1.0)
    with v1.Graph().as_default():
        mt.summary.trace_on()
        mt.summary.trace_export("x", 0)
    assert [record.getMessage() for record in caplog.records] == [
        "Trace already enabled",
        "Cannot enable trace inside a tf.function.",
        "Cannot export trace inside a tf.function.",
        "Must enable trace in eager mode.",
        "Can only export trace while executing eagerly.",
    ]


def test_what_a_trace_cannot_do() -> None:
    with pytest.raises(NotImplementedError, match="There is no such profiler"):
        mt.summary.trace_on(profiler=True, profiler_outdir="somewhere")
    with pytest.raises(ValueError, match="nothing to remember"):
        mt.summary.trace_on(graph=False)
    with pytest.raises(ValueError, match="Must enable trace"):
        mt.summary.trace_export("x", step=0)


# Graphs that are at hand.


def test_a_graph_in_each_of_its_forms(tmp_path: Path) -> None:
    concrete = scoped().get_concrete_function(8, 5)
    forms = [concrete, concrete.graph, concrete.graph.as_graph_def()]
    for number, form in enumerate(forms):
        folder = tmp_path / str(number)
        with mt.summary.create_file_writer(folder) as writer, writer.as_default():
            assert bool(mt.summary.graph(form))
        assert names(shown(folder)) == LINEAR
    assert all("_output_shapes" in node.attr for node in shown(tmp_path / "0").node)


def test_a_graph_of_tensorflow_1(tmp_path: Path) -> None:
    with v1.Graph().as_default() as graph:
        _ = v1.constant(2.0, name="a") * 3.0
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default():
        mt.summary.graph(graph)
    assert names(shown(tmp_path)) == ["a", "mul/y", "mul"]


def test_graph_records_only_where_summaries_are_recorded(tmp_path: Path) -> None:
    concrete = scoped().get_concrete_function(8, 5)
    assert not bool(mt.summary.graph(concrete))
    with (
        mt.summary.create_file_writer(tmp_path) as writer,
        writer.as_default(),
        mt.summary.record_if(False),
    ):
        assert not bool(mt.summary.graph(concrete))


def test_graph_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match=r"is not tf\.Graph or tf\.compat\.v1\.GraphDef.*str"):
        mt.summary.graph("graph")

    @mt.function
    def inside(x):
        mt.summary.graph(None)
        return x

    with pytest.raises(ValueError, match="cannot be invoked inside a graph context"):
        inside(1.0)


# Keras models.


def functional() -> Any:
    layers = mt.keras.layers
    given = mt.keras.Input((4,))
    first = layers.Dense(3, name="first")(given)
    second = layers.Dense(3, name="second")(first)
    inner = mt.keras.Sequential([mt.keras.Input((3,)), layers.Dense(2, name="deep")], name="inner")
    return mt.keras.Model(given, inner(layers.Add(name="sum")([first, second])), name="whole")


def test_keras_models_are_conceptual_graphs(tmp_path: Path) -> None:
    layers = mt.keras.layers
    plain = mt.keras.Sequential([mt.keras.Input((4,)), layers.Dense(3, name="a"),
                                 layers.Dense(1, name="b")], name="plain")  # fmt: skip
    with mt.summary.create_file_writer(tmp_path) as writer, writer.as_default(step=0):
        assert bool(mt.summary.keras_model("plain", plain))
        assert bool(mt.summary.keras_model("whole", functional()))
    inputs = {n.name: list(n.input) for n in shown(tmp_path, "plain", conceptual=True).node}
    assert inputs["plain/b"] == ["plain/a"]
    inputs = {n.name: list(n.input) for n in shown(tmp_path, "whole", conceptual=True).node}
    assert inputs["whole/sum"] == ["whole/first", "whole/second"]
    assert "whole/inner/deep" in inputs


def test_keras_model_takes_only_models() -> None:
    with pytest.raises(TypeError, match="It has no method to_json"):
        mt.summary.keras_model("model", [1, 2], step=0)
