"""What `graph_view` says of programs: scopes, control flow, repeats, gradients, differences."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.views import GraphView, NodeView, difference_view, graph_view, to_json
from minitensor.views.records import EdgeView
from minitensor.views.repeats import rolled, unrolled

layers = keras.layers


def line_of(text):
    """The number of the line of this file that holds a text, as an editor counts."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


def at(view, scope, label):
    """The one node of a label in a scope."""
    [node] = [node for node in view.nodes if (node.scope, node.label) == (scope, label)]
    return node


def line(node):
    """The learner's line of a node."""
    assert node.source is not None
    return node.source


def into(view, node):
    """Labels of what enters a node, by slot."""
    names = {other.id: other.label for other in view.nodes}
    edges = sorted((edge for edge in view.edges if edge.target == node.id), key=lambda e: e.slot)
    return [names[edge.source] for edge in edges]


def marks_into(view, node):
    names = {other.id: other.label for other in view.nodes}
    return {names[e.source]: e.marks for e in view.edges if e.target == node.id}


def scopes(view):
    return {node.scope for node in view.nodes}


def is_sound(view):
    """Ids are unique, edges lead somewhere and never in a circle, closed scopes exist."""
    ids = [node.id for node in view.nodes]
    assert len(set(ids)) == len(ids)
    place = {name: i for i, name in enumerate(ids)}
    assert all(edge.source in place and edge.target in place for edge in view.edges)
    waiting = {name: 0 for name in ids}
    for edge in view.edges:
        waiting[edge.target] += 1
    free = [name for name, count in waiting.items() if not count]
    for name in free:
        for edge in view.edges:
            if edge.source == name:
                waiting[edge.target] -= 1
                if not waiting[edge.target]:
                    free.append(edge.target)
    assert len(free) == len(ids)
    paths = {"/".join(s.split("/")[: i + 1]) for s in scopes(view) for i in range(s.count("/") + 1)}
    assert set(view.closed) <= paths
    json.dumps(to_json(view), allow_nan=False)
    return True


# ---- what can be drawn


def test_a_tape_a_function_and_a_concrete_function_say_what_they_are():
    x = mt.Variable([1.0, 2.0], name="x")
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(x * x)

    @mt.function
    def f(a):
        return mt.reduce_sum(a * a)

    concrete = f.get_concrete_function(mt.TensorSpec([None]))
    assert graph_view(tape).title == "Gradient tape"
    assert graph_view(tape).note == "2 operations recorded by an eager tape"
    assert graph_view(f).title == graph_view(concrete).title == "f(a: float32[?])"
    assert graph_view(concrete.graph).note == "2 operations of a traced function"
    assert [n.label for n in graph_view(tape).nodes][-1] == "y = reduce_sum"
    assert y.shape == ()


def test_a_function_that_was_never_traced_is_a_lesson():
    @mt.function
    def never(x):
        return x

    with pytest.raises(TypeError, match=r"call never once, or pass never\.get_concrete_function"):
        graph_view(never)


def test_what_has_no_graph_is_a_lesson():
    with pytest.raises(TypeError, match="t has no graph"):
        graph_view([1, 2])


def test_a_tape_whose_program_failed_shows_what_was_recorded():
    w = mt.Variable(np.ones((3, 2), "float32"), name="w")
    with mt.GradientTape() as tape:
        p = mt.matmul(mt.ones((2, 3)), w)
        with pytest.raises(ValueError, match="matmul"):
            mt.matmul(p, w)
    view = graph_view(tape)
    assert [n.label for n in view.nodes if n.kind == "op"] == ["p = matmul"]


def test_loaded_modules_and_their_functions_can_be_drawn(tmp_path):
    class Line(mt.Module):
        def __init__(self):
            super().__init__()
            self.w = mt.Variable([[2.0]], name="w")

        @mt.function(input_signature=[mt.TensorSpec([None, 1])])
        def predict(self, x):
            return mt.matmul(x, self.w)

    line = Line()
    with pytest.raises(TypeError, match="one of its functions was traced"):
        graph_view(line)
    mt.saved_model.save(line, tmp_path)
    loaded = mt.saved_model.load(tmp_path)
    views = [graph_view(x) for x in (loaded, loaded.predict, loaded.signatures["serving_default"])]
    views.append(graph_view(tmp_path))
    assert {view.title for view in views} == {"predict(x: float32[?, 1])"}
    assert views[0].note == "1 operation of a traced function, loaded from a saved model"
    assert {node.kind for node in views[0].nodes} == {"op", "variable", "input"}


def test_a_module_of_several_functions_asks_which():
    class Two(mt.Module):
        @mt.function
        def up(self, x):
            return x + 1.0

        @mt.function
        def down(self, x):
            return x - 1.0

    two = Two()
    two.up(mt.ones(1))
    assert graph_view(two).title == "up(x: float32[1])"
    two.down(mt.ones(1))
    with pytest.raises(TypeError, match=r"several traced functions: .*up.*pass one of them"):
        graph_view(two)


# ---- models


def test_a_sequential_model_has_a_scope_for_each_layer_with_its_weights():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu", name="hidden"),  # made here
            layers.Dense(2, name="out"),
        ],
        name="mlp",
    )
    view = graph_view(model)
    assert is_sound(view)
    assert view.title == "Sequential mlp(inputs: float32[?, 4])"
    assert view.note == "5 operations of a model as it predicts: 2 layers, 58 parameters"
    assert scopes(view) == {"", "hidden", "out"}
    assert into(view, at(view, "hidden", "matmul")) == ["inputs", "kernel"]
    kernel = at(view, "hidden", "kernel")
    assert kernel.attrs == {"parameters": "32", "trainable": "yes", "path": "mlp/hidden/kernel"}
    assert at(view, "hidden", "matmul").attrs["layer"] == "Dense hidden, 40 parameters"
    assert line(at(view, "hidden", "Relu")).line == line_of("# made here")
    assert sum(int(n.attrs["parameters"]) for n in view.nodes if n.kind == "variable") == 58


def test_a_convnet_and_a_model_of_two_inputs_can_be_drawn():
    net = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
         layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)]
    )  # fmt: skip
    view = graph_view(net)
    assert is_sound(view)
    assert {"conv2d", "max_pool2d", "matmul"} <= {node.op for node in view.nodes}
    a, b = keras.Input((8,), name="words"), keras.Input((3,), name="numbers")
    joined = layers.Concatenate()([layers.Dense(4)(a), layers.Dense(4)(b)])
    two = graph_view(keras.Model([a, b], layers.Dense(1)(joined), name="two"))
    assert is_sound(two)
    assert two.title == "two(words: float32[?, 8], numbers: float32[?, 3])"
    assert [n.label for n in two.nodes if n.kind == "input"] == ["words", "numbers"]


class Block(layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(width, activation="relu")
        self.norm = layers.LayerNormalization()

    def call(self, x):
        return self.norm(x + self.dense(x))  # in the block


class Tower(keras.Model):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = [Block(4) for _ in range(blocks)]
        self.out = layers.Dense(1)

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def test_a_model_of_ones_own_must_be_called_first_and_its_lines_are_those_of_call():
    tower = Tower(2)
    with pytest.raises(ValueError, match=r"call tower.* once on data"):
        graph_view(tower)
    tower(mt.ones((3, 4)))
    view = graph_view(tower)
    assert is_sound(view)
    assert view.title.endswith("(x: float32[?, 4])")
    ops = [node for node in view.nodes if node.kind == "op"]
    assert all(node.source is not None for node in ops)
    assert {line(n).line for n in ops if "block" in n.scope} == {line_of("# in the " + "block")}


def test_a_model_that_takes_whole_numbers_can_be_drawn():
    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.vectors = layers.Embedding(10, 4)
            self.memory = layers.LSTM(8)

        def call(self, tokens):
            return self.memory(self.vectors(tokens))

    words = Words()
    words(mt.constant([[1, 2, 3]]))
    view = graph_view(words)
    assert is_sound(view)
    assert [n.dtype for n in view.nodes if n.kind == "input"] == ["int32"]


def test_drawing_a_model_changes_nothing_of_it():
    tower = Tower(1)
    x = mt.ones((2, 4))
    before = tower(x).numpy()
    graph_view(tower)
    np.testing.assert_array_equal(tower(x).numpy(), before)
    assert len(tower.weights) == 6


# ---- repeats


def test_blocks_alike_are_rolled_up_into_one_scope_that_is_closed():
    tower = Tower(10)
    tower(mt.ones((2, 4)))
    view = graph_view(tower)
    [series] = view.series
    assert series.label == "block ×10"
    assert series.path == "block ×10"
    assert len(series.members) == 10
    assert view.closed == ["block ×10"]
    assert all(f"block ×10/{name}" in scopes(view) for name in series.members)
    assert is_sound(view)
    plain = unrolled(view)
    assert not plain.series
    assert not plain.closed
    assert set(series.members) <= scopes(plain)
    assert rolled(plain) == view


def chain(kinds, joined=()):
    """Scopes in a row, each of one op of a kind; `joined` adds edges."""
    nodes = [NodeView(f"n{i}", "op", "op", scope=f"net/s_{i}", shape=[2], dtype="float32", op=kind)
             for i, kind in enumerate(kinds)]  # fmt: skip
    nodes.append(NodeView("between", "op", "op", shape=[2], dtype="float32", op="add"))
    edges = [EdgeView(f"n{i}", f"n{i + 1}", [2], "float32", 0) for i in range(len(kinds) - 1)]
    edges += [EdgeView(a, b, [2], "float32", 1) for a, b in joined]
    return GraphView("", "function", nodes, edges)


@pytest.mark.parametrize(
    ("kinds", "joined", "members"),
    [
        (["sin"] * 3, (), [3]),
        (["sin"] * 2, (), []),
        (["sin", "sin", "cos", "sin"], (), []),
        (["sin"] * 6, [("n2", "between"), ("between", "n3")], [3, 3]),
        (["sin"] * 4, [("n1", "between"), ("between", "n2")], []),
    ],
    ids=["three", "two", "another-between", "a-way-round", "too-short-parts"],
)
def test_only_three_or_more_alike_that_no_way_leaves_and_enters_again(kinds, joined, members):
    view = rolled(chain(kinds, joined))
    assert [len(series.members) for series in view.series] == members


@pytest.mark.parametrize(
    "changed", [{"shape": [3]}, {"dtype": "int32"}, {"op": "cos"}, {"kind": "constant"}]
)
def test_blocks_that_differ_in_anything_are_not_alike(changed):
    view = chain(["sin"] * 3)
    nodes = [NodeView(**{**vars(view.nodes[0]), **changed}), *view.nodes[1:]]
    assert not rolled(GraphView("", "function", nodes, view.edges)).series


def encoder(blocks):
    class Encoder(layers.Layer):
        def __init__(self):
            super().__init__()
            self.attend = layers.MultiHeadAttention(4, 8)
            self.first, self.second = layers.LayerNormalization(), layers.LayerNormalization()
            self.wide, self.back = layers.Dense(64, activation="gelu"), layers.Dense(32)

        def call(self, x):
            x = self.first(x + self.attend(x, x))
            return self.second(x + self.back(self.wide(x)))

    tokens = keras.Input((16,), dtype="int32", name="tokens")
    x = layers.Embedding(100, 32)(tokens)
    for _ in range(blocks):
        x = Encoder()(x)
    return keras.Model(tokens, layers.Dense(100)(layers.GlobalAveragePooling1D()(x)))


def test_a_transformer_encoder_is_rolled_up_and_drawn_within_a_second():
    model = encoder(12)
    view, seconds = graph_view(model), []
    for _ in range(3):
        start = time.perf_counter()
        view = graph_view(model)
        seconds.append(time.perf_counter() - start)
    assert len(view.nodes) > 600
    assert [series.label for series in view.series] == ["encoder ×12"]
    assert is_sound(view)
    assert min(seconds) < 3  # a quarter of a second on an idle machine


# ---- control flow


def test_branches_are_opened_into_scopes_that_are_closed_at_first():
    @mt.function
    def f(x):
        return mt.cond(mt.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: mt.exp(x))

    f(mt.ones(3))
    view = graph_view(f)
    assert is_sound(view)
    assert view.closed == ["cond", "cond/then", "cond/else"]
    assert view.note == "3 operations of a traced function, 2 more inside branches"
    assert into(view, at(view, "cond/then", "mul")) == ["x", "2"]
    assert into(view, at(view, "cond/else", "Exp")) == ["x"]
    assert into(view, at(view, "cond", "cond")) == ["Greater", "mul", "Exp"]
    assert at(view, "cond", "cond").output


def test_loops_have_their_variables_as_inputs_named_as_the_learner_does():
    @mt.function
    def f(x):
        total, i = x * 0.0, 0
        while mt.reduce_sum(total) < 10.0:
            total = total + x
            i = i + 1
        return total, i

    f(mt.ones(3))
    view = graph_view(f)
    assert is_sound(view)
    assert {"while", "while/body", "while/condition"} == set(view.closed)
    inputs = [n.label for n in view.nodes if n.kind == "input" and n.scope == "while"]
    assert sorted(inputs) == ["i", "total"]
    assert into(view, at(view, "while", "total")) == ["mul"]
    assert into(view, at(view, "while/condition", "Sum")) == ["total"]
    loop = next(n for n in view.nodes if n.op == "while_loop")
    labels = {n.id: n.label for n in view.nodes}
    again = [labels[e.source] for e in view.edges if e.target == loop.id and e.marks]
    assert sorted(again) == ["add", "add_1"]
    assert {m for e in view.edges if e.target == loop.id for m in e.marks} == {"next round"}


def test_loops_in_branches_in_loops_open_at_any_depth():
    @mt.function
    def f(x, n):
        for _ in mt.range(n):
            if mt.reduce_sum(x) > 1.0:
                while mt.reduce_max(x) > 0.5:
                    x = x / 2.0
            else:
                x = x + 1.0
        return x

    f(mt.ones(3), mt.constant(2))
    view = graph_view(f)
    assert is_sound(view)
    deepest = "while/body/cond/then/while/body"
    assert deepest in scopes(view)
    assert deepest in view.closed
    assert at(view, "while", "x").kind == "input"
    assert line(at(view, deepest, "truediv")).text == "x = x / 2.0"


def test_rows_of_map_fn_and_cases_of_a_switch_are_opened():
    @mt.function
    def f(i, xs):
        ys = mt.map_fn(lambda row: row * row, xs)
        return mt.switch_case(i, [lambda: ys, lambda: ys * 2.0, lambda: ys + 1.0])

    f(mt.constant(1), mt.ones((4, 2)))
    view = graph_view(f)
    assert is_sound(view)
    row = at(view, "while", "row")
    assert (row.shape, into(view, row)) == ([2], ["xs"])
    assert {f"switch_case/branch {i}" for i in (1, 2)} <= scopes(view)


def test_calls_of_functions_are_opened_and_share_their_variables():
    w = mt.Variable([1.0, 2.0], name="w")

    @mt.function
    def square(x):
        return x * w

    @mt.function
    def outer(x):
        return square(x) + square(x * 2.0)

    outer(mt.ones(2))
    view = graph_view(outer)
    assert is_sound(view)
    assert view.closed == ["square", "square_1"]
    assert [n.label for n in view.nodes if n.kind == "variable"] == ["w"]
    assert into(view, at(view, "square", "mul")) == ["x", "w"]
    assert into(view, at(view, "square", "square")) == ["mul"]


def test_the_call_of_a_function_on_a_tape_is_opened_without_what_it_keeps_for_the_gradient():
    w = mt.Variable([1.0, 2.0], name="w")

    @mt.function
    def loss(x):
        return mt.reduce_sum(mt.exp(x * w) * mt.sin(x))

    with mt.GradientTape() as tape:
        y = loss(mt.ones(2))
    view = graph_view(tape)
    assert is_sound(view)
    call = at(view, "loss", "y = loss")
    assert into(view, call) == ["Sum"]
    assert view.note == "1 operation recorded by an eager tape, 5 more inside calls"
    assert tape.gradient(y, w) is not None


def test_gradients_of_ones_own_are_opened_as_a_backward_pass():
    @mt.custom_gradient
    def clip(x):
        return x, lambda g: mt.clip_by_value(g, -1.0, 1.0)

    @mt.function
    def f(x):
        return clip(x) * 2.0

    f(mt.ones(2))
    view = graph_view(f)
    assert is_sound(view)
    inner = at(view, "clip/gradients", "clip_by_value")
    assert into(view, inner) == ["gradient", "-1", "1"]
    assert at(view, "clip", "gradient").kind == "input"


# ---- gradients


def test_gradients_inside_a_function_stand_in_a_scope_of_their_own():
    w = mt.Variable([[1.0], [2.0]], name="w")

    @mt.function
    def step(x):
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((x @ w) ** 2)
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    step(mt.ones((3, 2)))
    view = graph_view(step)
    assert is_sound(view)
    backward = {n.op for n in view.nodes if n.scope.startswith("gradients")}
    assert {"ones_like", "matmul"} <= backward
    assert at(view, "", "w").kind == "variable"
    [written] = [e for e in view.edges if "in place" in e.marks]
    assert {n.id: n.label for n in view.nodes}[written.source] == "w"


def test_a_tape_around_a_tape_tells_each_backward_pass_apart():
    x = mt.Variable([1.0, 2.0], name="x")
    with mt.GradientTape() as outermost:
        with mt.GradientTape() as outer:
            with mt.GradientTape() as inner:
                y = mt.reduce_sum(x * x * x)
            g = inner.gradient(y, x)
            z = mt.reduce_sum(g * g)
        h = outer.gradient(z, x)
        mt.reduce_sum(h)
    view = graph_view(outermost)
    assert is_sound(view)
    assert scopes(view) == {"", "gradients", "gradients_1"}
    assert at(view, "gradients", "g = add").op == "add"
    np.testing.assert_allclose(h.numpy(), 36 * x.numpy() ** 3)  # (9x⁴)'


def test_an_optimisers_update_stands_in_a_scope_of_its_name():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="first"), layers.Dense(1)])
    optimizer = keras.optimizers.Adam(name="adam")

    @mt.function
    def train(x, y):
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((model(x) - y) ** 2)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    train(mt.ones((4, 4)), mt.ones((4, 1)))
    view = graph_view(train)
    assert is_sound(view)
    assert {scope.split("/")[0] for scope in scopes(view)} == {
        "", "adam", "gradients", model.name,
    }  # fmt: skip
    kernel = at(view, f"{model.name}/first", "kernel")
    assert {e.marks[0] for e in view.edges if e.source == kernel.id and e.marks} == {"in place"}


# ---- what does not flow, and what edges do


def test_why_no_gradient_flows_is_said():
    teacher, student = mt.Variable(2.0, name="teacher"), mt.Variable(3.0, name="student")
    counter = mt.Variable(0, trainable=False, name="counter")

    @mt.function
    def f(x, i):
        counter.assign_add(1)
        aim = mt.stop_gradient(mt.exp(x * teacher))
        best = mt.argmax(x * student)
        return mt.reduce_sum((x * student - aim) ** 2), best, i + 1

    f(mt.ones(3), mt.constant(1))
    view = graph_view(f)
    why = {node.label: node.no_grad for node in view.nodes}
    assert why["StopGradient"] == "stop_gradient"
    assert why["Exp"] == "leads only to stop_gradient"
    assert why["mul"] == "leads only to exp"
    assert why["teacher"] == "leads only to multiply"
    assert why["student"] == ""
    assert why["ArgMax"] == "a position is a whole number"
    assert why["counter"] == "not trainable"
    assert why["i"] == why["add"] == "integer values"
    assert why["Sum"] == ""


def test_edges_say_broadcast_view_and_in_place():
    v = mt.Variable([1.0, 2.0], name="v")

    @mt.function
    def f(x, row):
        y = mt.reshape(mt.transpose(x + row) * x[0, 0], (-1,))
        v.assign(y[:2])
        return y @ mt.ones((4, 2)) if False else y

    f(mt.ones((2, 2)), mt.ones(2))
    view = graph_view(f)
    assert marks_into(view, at(view, "", "add")) == {"x": [], "row": ["broadcast"]}
    marks = marks_into(view, at(view, "", "mul"))
    assert marks == {"transpose": [], "strided_slice": ["broadcast"]} or marks == {
        "Transpose": [], "strided_slice": ["broadcast"]
    }  # fmt: skip
    assert marks_into(view, at(view, "", "Reshape")) == {"mul": ["view"]}
    assert marks_into(view, at(view, "", "AssignVariableOp"))["v"] == ["in place"]


def test_every_op_of_a_tape_and_of_a_function_knows_its_line():
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = mt.sin(x)  # first of the tape
        mt.exp(y)

    @mt.function
    def f(a):
        b = mt.sin(a)  # first of the function
        return mt.exp(b)

    f(mt.ones(2))
    for obj, text in ((tape, "# first of the " + "tape"), (f, "# first of the " + "function")):
        ops = [node for node in graph_view(obj).nodes if node.kind == "op"]
        assert [line(op).file for op in ops] == ["test_graph_views.py"] * 2
        assert [line(op).line for op in ops] == [line_of(text), line_of(text) + 1]


def test_name_scopes_and_layers_of_an_eager_tape_are_scopes():
    dense = layers.Dense(2, name="dense")
    x = mt.ones((3, 4))
    with mt.GradientTape() as tape, mt.name_scope("outside"):
        y = dense(x) * 2.0
    assert y.shape == (3, 2)
    view = graph_view(tape)
    assert {"outside", "outside/dense"} <= scopes(view)
    assert at(view, "outside/dense", "kernel").kind == "variable"
    assert at(view, "", "x").kind == "constant"


# ---- differences


def changes(view):
    return {(node.change, node.label): node.changes for node in view.nodes if node.change}


def test_a_graph_is_no_different_from_itself():
    tower = Tower(3)
    tower(mt.ones((2, 4)))
    view = difference_view(tower, tower)
    assert view.note.startswith("0 added, 0 removed, 0 changed")
    assert view.kind == "difference"
    assert is_sound(view)


def test_two_models_differ_in_the_layer_that_was_put_between():
    def made(*between, last=2):
        return keras.Sequential(
            [keras.Input((4,)), layers.Dense(8, name="first"), *between,
             layers.Dense(last, name="last")], name="net",
        )  # fmt: skip

    view = difference_view(made(), made(layers.Dense(16, name="new")))
    assert view.title == "Difference: Sequential net(inputs: float32[?, 4])"
    assert view.note == "4 added, 0 removed, 2 changed, 7 the same"
    assert {n.scope for n in view.nodes if n.change == "added"} == {"new"}
    assert at(view, "last", "kernel").changes == ["shape (8, 2) → (16, 2)", "parameters 16 → 32"]
    assert at(view, "last", "matmul").changes == ["input 0 add → add"]
    back = difference_view(made(layers.Dense(16, name="new")), made())
    assert back.note == "0 added, 4 removed, 2 changed, 7 the same"
    assert is_sound(back)


def test_an_eager_tape_and_a_traced_function_are_matched_op_by_op():
    w = mt.Variable(np.ones((4, 2), "float32"), name="w")

    def loss(x):
        return mt.reduce_mean(mt.nn.relu(x @ w) ** 2)

    traced = mt.function(loss)
    traced(mt.ones((3, 4)))
    with mt.GradientTape() as tape:
        loss(mt.ones((3, 4)))
    view = difference_view(tape, traced)
    assert view.note.startswith("0 added, 0 removed")
    assert is_sound(view)


def test_two_traces_of_a_function_differ_in_their_shapes():
    @mt.function(reduce_retracing=False)
    def double(x):
        return x * 2.0

    one = double.get_concrete_function(mt.TensorSpec([3]))
    two = double.get_concrete_function(mt.TensorSpec([4], mt.float64))
    view = difference_view(one, two)
    assert changes(view)["changed", "x"] == ["dtype float32 → float64", "shape (3,) → (4,)"]


def test_a_function_alone_is_compared_with_what_the_optimiser_made():
    @mt.function
    def f(x):
        return mt.sin(x) * 1.0

    f(mt.constant(2.0))
    view = difference_view(f)
    assert view.title == "Difference: f → optimised f"
    assert ("removed", "mul") in changes(view)
    with pytest.raises(TypeError, match="nothing to compare it with"):
        difference_view(3)


def test_a_constant_of_another_value_and_another_attribute_are_changes():
    @mt.function
    def one(x):
        return mt.reduce_sum(x * 2.0, axis=0)

    @mt.function
    def two(x):
        return mt.reduce_sum(x * 3.0, axis=0, keepdims=True)

    one(mt.ones((2, 2)))
    two(mt.ones((2, 2)))
    view = difference_view(one, two)
    assert view.title == "Difference: one → two"
    assert changes(view)["changed", "3"] == ["value 2 → 3"]
    assert "keepdims False → True" in "; ".join(changes(view)["changed", "Sum"]) or (
        "keepdims not given → True" in "; ".join(changes(view)["changed", "Sum"])
    )


def test_views_and_their_dicts_can_be_compared():
    @mt.function
    def f(x):
        return mt.sin(x)

    f(mt.constant(2.0))
    view = graph_view(f)
    assert difference_view(view, to_json(view)) == difference_view(f, f)


def test_removed_nodes_stand_where_their_neighbours_are_now():
    inner = layers.Dense(4, name="dense")
    model = keras.Sequential([keras.Input((4,)), inner], name="outer")
    with mt.GradientTape() as tape:
        mt.exp(model(mt.ones((2, 4))))
    view = difference_view(tape, model)
    assert [(n.label, n.scope) for n in view.nodes if n.change == "removed"] == [("exp", "")]
    assert scopes(view) == {"", "dense"}
