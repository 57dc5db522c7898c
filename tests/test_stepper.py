"""Backward passes as timelines: what is shown adds up to what `tape.gradient` gives."""

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import DTypeError, FailedPreconditionError
from minitensor.views import steps_view, timeline
from minitensor_widgets import StepperWidget, step
from minitensor_widgets.graphs.replay import replay
from minitensor_widgets.records import plain

PROGRAMS = 500
SHAPES = [(), (3,), (2, 3), (1, 3), (2, 1), (4, 2, 3)]


def numbers(value):
    """The elements of a ValueView as they are shown: four digits."""
    leaves = np.array(value.text, dtype=object).reshape(-1)
    return np.array([float(text) for text in leaves]).reshape(value.shape)


class Program:
    """A random program: each line takes values that are there already, often more than once."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        count = int(self.rng.integers(1, 4))
        shapes = [SHAPES[i] for i in self.rng.integers(0, len(SHAPES), count)]
        made = [mt.Variable(self.rng.normal(size=shape).astype("f")) for shape in shapes]
        self.sources = made
        with mt.GradientTape(persistent=True) as self.tape:
            values = list(made)
            for _ in range(int(self.rng.integers(2, 9))):
                values.append(self.line(values))
            self.target = values[-1]
            if self.rng.random() < 0.7:
                self.target = mt.reduce_sum(self.target) + mt.reduce_mean(values[-2])

    def line(self, values):
        x, y = (values[i] for i in self.rng.integers(0, len(values), 2))
        choices = [self.unary, self.binary, self.reduced, self.cut, self.product, self.branch]
        return choices[self.rng.integers(0, len(choices))](x, y)

    def pick(self, *options):
        return options[self.rng.integers(0, len(options))]

    def unary(self, x, _):
        return self.pick(mt.tanh, mt.sin, mt.nn.relu, lambda v: v * v, lambda v: -v, mt.abs)(x)

    def binary(self, x, y):
        return self.pick(mt.add, mt.subtract, mt.multiply, mt.maximum)(x, y)

    def reduced(self, x, _):
        axis = int(self.rng.integers(0, x.ndim)) if x.ndim else None
        return self.pick(mt.reduce_sum, mt.reduce_mean, mt.reduce_max)(x, axis=axis, keepdims=True)

    def cut(self, x, _):
        if not x.ndim:
            return mt.reshape(x, (1,))
        return self.pick(lambda v: v[:1], lambda v: v[..., ::-1], mt.transpose,
                         lambda v: mt.concat([v, v], axis=0)[: v.shape[0]],
                         lambda v: mt.gather(v, [0, 0], axis=-1)[..., :1])(x)  # fmt: skip

    def product(self, x, y):
        if x.ndim and y.ndim:
            column = mt.reshape(mt.reduce_sum(y), (1, 1))
            return mt.matmul(mt.reshape(x, (-1, 1)), column)[:1, :]
        return x * y

    def branch(self, x, y):
        if self.rng.random() < 0.5:
            return mt.where(x > 0.0, x, mt.zeros_like(x))
        return mt.cond(mt.reduce_sum(y) > 0.0, lambda: x * 2.0, lambda: mt.sin(x))


def compatible(seed):
    """A program whose shapes fit; draws again where broadcasting cannot be done."""
    for again in range(100):
        try:
            return Program(10_000 * again + seed)
        except mt.errors.InvalidArgumentError:
            continue
    raise AssertionError("no program fits")


def contributions(view, identity):
    """What the steps show arriving at a node: the parts, and the last sum."""
    sends = [s for step in view.steps for s in step.sends if s.to == identity and s.after]
    return [numbers(s.value) for s in sends], numbers(sends[-1].after) if sends else None


def test_what_arrives_at_sources_adds_up_to_the_gradient():
    for seed in range(PROGRAMS):
        program = compatible(seed)
        view = steps_view(program.tape, program.target, program.sources, check=False)
        gradients = program.tape.gradient(program.target, program.sources)
        for identity, gradient in zip(view.sources, gradients, strict=True):
            parts, last = contributions(view, identity)
            is_target = identity == view.target
            if gradient is None:
                assert not parts, f"seed {seed}"
                continue
            wanted = np.asarray(mt.convert_to_tensor(gradient))
            if is_target and not parts:
                np.testing.assert_array_equal(wanted, 1)
                continue
            slack = 1e-3 * sum(np.abs(part) for part in parts) + 1e-6
            assert np.all(np.abs(sum(parts) + is_target - wanted) <= slack), f"seed {seed}"
            assert np.all(np.abs(last - wanted) <= 1e-3 * np.abs(wanted) + 1e-6), f"seed {seed}"


def test_measured_slopes_agree_with_the_gradients_of_random_programs():
    disagreeing = []
    for seed in range(0, 200, 4):
        program = compatible(seed)
        view = steps_view(program.tape, program.target, program.sources)
        disagreeing += [(seed, c.text) for c in view.checks if c.agrees is False]
    assert disagreeing == []


def steps_of(view, phase):
    return [step for step in view.steps if step.phase == phase]


def titles(view):
    return [step.title for step in view.steps]


def node_of(view, label):
    return next(node.id for node in view.graph.nodes if node.label == label)


def test_scalars_have_local_derivatives_and_every_contribution():
    a, b = mt.Variable(2.0), mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = a * b + mt.sin(a)
    view = steps_view(tape, y)
    sends = [send for step in steps_of(view, "backward") for send in step.sends]
    assert [(s.local, s.arrived, s.expected) for s in sends] == [
        ("1", 1, 1), ("1", 1, 1), (f"{np.cos(2):.4g}", 1, 2), ("3", 2, 2), ("2", 1, 1),
    ]  # fmt: skip
    assert sends[3].norm == pytest.approx(3 + np.cos(2), rel=1e-6)
    assert view.trouble is None


def test_a_broadcast_is_undone_in_a_step_of_its_own():
    x = mt.constant(np.arange(6.0).reshape(2, 3), mt.float32)
    w, b = mt.Variable(mt.ones((3, 4))), mt.Variable(mt.zeros(4))
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(x @ w + b)
    view = steps_view(tape, loss, [w, b])
    [step] = steps_of(view, "unbroadcast")
    before = view.steps[view.steps.index(step) - 1]
    waiting = before.sends[1]
    assert (waiting.after, waiting.value.shape, waiting.norm) == (None, [2, 4], None)
    assert step.sends[0].unbroadcast == "sum over axis 0: (2, 4) → (4,)"
    assert numbers(step.sends[0].after).tolist() == [2, 2, 2, 2]
    assert "b was broadcast from (4,) to (2, 4)" in step.text
    states = replay(plain(view), view.steps.index(step))
    assert states[view.sources[1]].state == "waiting"
    assert replay(plain(view), view.steps.index(step) + 1)[view.sources[1]].state == "final"


def test_values_that_go_apart_and_together_again_are_counted_once_for_each_arrival():
    x = mt.Variable([[1.0, 2.0], [3.0, 4.0]])
    with mt.GradientTape() as tape:
        top, bottom = mt.split(x, 2)
        y = mt.reduce_sum(top * bottom)
    view = steps_view(tape, y)
    split = next(node.id for node in view.graph.nodes if node.op == "split")
    arrivals = [s for step in view.steps for s in step.sends if s.to == split]
    assert [(s.arrived, s.expected) for s in arrivals] == [(1, 2), (2, 2)]
    assert numbers(view.steps[-1].value).tolist() == [[3, 4], [1, 2]]


def test_an_inner_gradient_is_a_group_whose_nodes_lead_to_what_they_differentiate():
    x = mt.Variable(2.0)
    with mt.GradientTape() as outer:
        with mt.GradientTape() as inner:
            y = x * x * x
        g = inner.gradient(y, x)
    view = steps_view(outer, g)
    scopes = {node.id: node.scope for node in view.graph.nodes if node.kind == "op"}
    labels = {node.id: node.label for node in view.graph.nodes}
    forward = [name for name, scope in scopes.items() if not scope]
    assert [labels[name] for name in forward] == ["multiply", "y = multiply"]
    assert set(scopes.values()) == {"", "gradients"}
    assert set(view.derives.values()) == set(forward)
    assert len(view.derives) == len(scopes) - len(forward) - 1  # the seed derives nothing
    assert numbers(view.steps[-1].value) == 12
    assert [check.agrees for check in view.checks] == [True]


@mt.function
def inner_part(x):
    return mt.sin(x) * 2.0


@mt.function
def traced(x, w):
    h = mt.tanh(x * w)
    if mt.reduce_sum(h) > 0.0:
        h = inner_part(h)
    return h + x


def test_the_call_of_a_traced_function_opens_into_its_steps():
    x, w = mt.Variable([0.5, 1.0]), mt.Variable(2.0)
    with mt.GradientTape() as tape:
        loss = mt.reduce_sum(traced(x, w) * 3.0)
    view = steps_view(tape, loss)
    inside = [node for node in view.graph.nodes if node.scope.startswith("traced")]
    assert {"tanh", "sin"} <= {node.op for node in inside}
    assert all(step.source.file == "test_stepper.py" for step in steps_of(view, "forward"))
    gradients = tape.gradient(loss, [x, w])
    for identity, wanted in zip(view.sources, gradients, strict=True):
        np.testing.assert_allclose(contributions(view, identity)[1], wanted, rtol=1e-3)
    assert [check.agrees for check in view.checks] == [True, True]


def test_a_function_is_stepped_through_with_its_arguments():
    for function in (traced, traced.python_function):
        view = steps_view(function, args=([0.5, 1.0], 2.0) if function is not traced else
                          (mt.constant([0.5, 1.0]), 2.0))  # fmt: skip
        assert "tanh" in " ".join(titles(view))
    concrete = traced.get_concrete_function(mt.TensorSpec([2]), mt.TensorSpec([]))
    view = steps_view(concrete, args=(np.float32([0.5, 1.0]), 2.0))
    labels = {node.id: node.label for node in view.graph.nodes}
    assert [labels[name] for name in view.sources] == ["x", "w"]


def test_what_changed_since_stays_closed():
    scale = mt.Variable(2.0)

    @mt.function
    def scaled(x):
        return mt.cond(x > 0.0, lambda: x * scale, lambda: x)

    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = scaled(x)
    assert numbers(steps_view(tape, y).steps[-1].value) == 3.0
    with mt.GradientTape() as tape:
        y = scaled(x) + mt.random.normal([]) * 0.0
    assert "random" not in " ".join(titles(steps_view(tape, y)))


@mt.function
def through_python(x):
    return mt.py_function(lambda v: v * 2.0, [x], mt.float32)


@mt.function
def noisy(x):
    return x * mt.random.normal([])


def test_what_cannot_be_run_again_is_said():
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = noisy(x)
    view = steps_view(tape, y)
    assert view.checks[0].text.startswith("Cannot be checked: ")
    assert view.checks[0].text.endswith("inside of noisy gives something else each time it runs.")
    with mt.GradientTape() as tape:
        y = through_python(x)
    assert (
        "Python code of your own runs in call_python inside of"
        in steps_view(tape, y).checks[0].text
    )

    @mt.custom_gradient
    def halved(v):
        return v * 1.0, lambda g: g / 2.0

    with mt.GradientTape() as tape:
        y = halved(x)
    assert "has a gradient of its own" in steps_view(tape, y).checks[0].text


def test_a_wrong_gradient_is_found_by_measuring(monkeypatch):
    monkeypatch.setattr(mt.sin, "gradient_rule", lambda xp, g, out, x: g)
    x = mt.Variable([0.5, 2.0])
    with mt.GradientTape() as tape:
        y = mt.sin(x)
    [check] = steps_view(tape, y).checks
    assert check.agrees is False
    assert "element [1]: 1 by the tape, -0.41615 measured" in check.text
    assert check.rows[0] == ["[0]", "1", f"{np.cos(0.5):.5g}"]


def test_slopes_of_many_elements_are_measured_at_some():
    x = mt.Variable(np.linspace(-1, 1, 5000).astype("f"))
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(mt.cast(mt.tanh(x), mt.float16))
    [check] = steps_view(tape, y).checks
    assert 1 <= len(check.rows) <= 16
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(x * mt.stop_gradient(x))
    [check] = steps_view(tape, y).checks
    assert check.agrees


def test_the_first_operation_that_makes_nan_is_named():
    x = mt.Variable([0.0, 1.0, 4.0])
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(mt.math.log(x - 1.0) * 2.0)
    trouble = steps_view(tape, y).trouble
    assert trouble.phase == "forward"
    assert trouble.source.text == "y = mt.reduce_sum(mt.math.log(x - 1.0) * 2.0)"
    assert trouble.text == (
        "log is the first operation that makes NaN. It was given subtract between -1 and 3."
    )
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(mt.sqrt(x))
    trouble = steps_view(tape, y).trouble
    assert (trouble.phase, "sqrt is the first" in trouble.text) == ("backward", True)
    x = mt.Variable([np.nan, 1.0])
    with mt.GradientTape() as tape:
        y = x * 2.0
    assert steps_view(tape, y).trouble.text == "x held NaN before the first operation."


def test_no_path_is_a_picture_with_the_reason():
    x, other = mt.Variable(2.0), mt.constant(1.0)
    with mt.GradientTape() as tape:
        y = x * 3.0
        k = mt.cast(y, mt.int32)
    view = steps_view(tape, y, [other])
    assert "is None. `y` does not depend on `other`" in view.steps[-1].text
    assert view.steps[-1].text.endswith(".")
    view = steps_view(tape, k)
    assert "k is int32" in steps_of(view, "seed")[0].text
    assert "int32" in view.steps[-1].text
    assert replay(plain(view))[view.target].state == "none"
    lonely = mt.constant(5.0)
    view = steps_view(tape, lonely, [x])
    assert node_of(view, "lonely") == view.target


def test_targets_of_any_shape_and_number():
    x, empty = mt.Variable([1.0, 2.0]), mt.Variable(np.zeros((0, 3), "f"))
    with mt.GradientTape(persistent=True) as tape:
        y = x * x
        z = mt.reduce_sum(empty * 2.0)
    view = steps_view(tape, y)
    assert "the sum of the target's elements" in steps_of(view, "seed")[0].text
    assert numbers(view.steps[-2].value).tolist() == [2, 4]
    view = steps_view(tape, [y, z])
    assert len(steps_of(view, "seed")) == 2
    ends = {node.label for node in view.graph.nodes if node.output}
    assert ends == {"y = multiply", "z = reduce_sum"}
    view = steps_view(tape, x)
    assert view.steps[-2].title == "gradient of x"
    assert numbers(view.steps[-2].value).tolist() == [1, 1]
    tape.gradient(y, x)
    assert view.steps


def test_a_tape_that_is_used_up_says_so():
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(FailedPreconditionError, match="persistent=True"):
        steps_view(tape, y)


def test_stepping_leaves_the_tape_as_it_was():
    x = mt.Variable(2.0)
    with mt.GradientTape() as tape:
        y = traced.python_function(x, x)
        count = len(tape.nodes)
        steps_view(tape, y)
        assert len(tape.nodes) == count
    assert tape.gradient(y, x) is not None


def test_the_lines_around_are_there():
    view = steps_view(traced, args=(mt.constant([1.0]), 2.0))
    source = steps_of(view, "forward")[0].source
    lines = view.lines["test_stepper.py"]
    assert lines[str(source.line)].strip() == source.text
    assert {str(source.line - 2), str(source.line + 2)} <= lines.keys()


class Value:
    """A number that remembers what it was made from: micrograd in a few lines."""

    def __init__(self, data, label="", inputs=(), slopes=()):
        self.data, self.label, self.inputs, self.slopes = data, label, inputs, slopes

    def __add__(self, other):
        return Value(self.data + other.data, "+", (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, "*", (self, other), (other.data, self.data))


class Tape:
    """Sorts the values that lead to one, and walks them backwards."""

    def __init__(self, end):
        self.order = []
        self.visit(end)

    def visit(self, node):
        if node not in self.order:
            for x in node.inputs:
                self.visit(x)
            self.order.append(node)

    def nodes(self):
        return self.order

    def describe(self, node):
        return node.label, node.data, node.inputs

    def backward_steps(self, target):
        grads = {target: 1.0}
        for node in reversed(self.order):
            g = grads.get(node)
            sends = [
                (x, g * slope, "g * slope")
                for x, slope in zip(node.inputs, node.slopes, strict=True)
            ]
            yield node, g, sends
            for x, part, _ in sends:
                grads[x] = self.joined(grads.get(x, 0.0), part)

    def joined(self, before, part):
        return before + part


def learners_program():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    return a, b, a * b + a


def test_a_tape_of_ones_own_is_stepped_through():
    a, b, y = learners_program()
    view = steps_view(Tape(y), y, [a, b])
    assert view.graph.kind == "learner"
    assert [float(numbers(step.value)) for step in steps_of(view, "result")] == [4, 2]
    assert "contributions" not in view.steps[-1].text
    assert "But" not in " ".join(step.text for step in view.steps)
    assert step(Tape(y), y).to_svg().startswith("<svg")


def test_a_tape_that_forgets_to_add_up_is_told():
    class Forgetful(Tape):
        def joined(self, before, part):
            return part

    a, _, y = learners_program()
    z = y * a
    view = steps_view(Forgetful(z), z)
    assert any("contributions are added up (+=)" in step.text for step in view.steps)


def test_a_tape_that_forgets_to_sum_a_broadcast_is_told():
    class Rows(Tape):
        def backward_steps(self, target):
            yield target, np.ones((2, 3)), [(self.order[0], np.ones((2, 3)))]

    b = Value(np.zeros(3), "b")
    y = Value(np.zeros((2, 3)), "rows", (b,), (1.0,))
    view = steps_view(Rows(y), y)
    assert "Its shape (2, 3) is not that of b, (3,)" in steps_of(view, "backward")[0].text


def test_a_missing_method_is_named():
    class Half:
        def nodes(self):
            return []

    with pytest.raises(DTypeError, match="It has no method describe") as caught:
        steps_view(Half(), 1.0)
    assert "describe(node), which gives (label, value, inputs)" in str(caught.value)
    with pytest.raises(TypeError, match="It is neither a GradientTape nor a function"):
        steps_view(3, 1.0)
    with pytest.raises(TypeError, match="needs a target"):
        step(Half())
    with pytest.raises(TypeError, match="into a list"):
        step(mt.GradientTape(), 1, 2, 3)


def long_pass(rounds):
    x, scale = mt.Variable(np.full((8, 8), 0.1, "f")), mt.Variable(0.1)
    with mt.GradientTape() as tape:
        h = x
        for i in range(rounds):
            with mt.name_scope(f"round{i // 40}"):
                h = mt.tanh(h @ x) + h * scale
        loss = mt.reduce_sum(h)
    return tape, loss, x


def test_a_long_pass_is_grouped_by_scope_and_stays_small():
    tape, loss, x = long_pass(200)
    island = step(tape, loss)
    groups, count = island.record["groups"], len(island.record["steps"])
    assert count > 1500
    assert groups[0] == {"title": "forward through round0", "first": 0, "last": 160}
    assert "backward through round4" in [group["title"] for group in groups]
    for one in groups:
        for other in groups:
            apart = one["last"] <= other["first"] or other["last"] <= one["first"]
            inside = one["first"] <= other["first"] and other["last"] <= one["last"]
            outside = other["first"] <= one["first"] and one["last"] <= other["last"]
            assert apart or inside or outside
    assert len(island.to_html(static=False)) < 250_000
    wanted = np.asarray(tape.gradient(loss, x))
    assert island.record["steps"][-2]["value"]["mean"] == pytest.approx(wanted.mean(), rel=1e-3)


def test_a_pass_of_a_usual_length_has_no_groups():
    a, _, y = learners_program()
    assert step(Tape(y), y).record["groups"] == []
    assert step(Tape(y), y).record["lines"] == {}
    assert a.label == "a"


def test_variables_of_one_name_are_told_apart():
    first, second = [mt.Variable(2.0) for _ in range(2)], mt.Variable(5.0)
    with mt.GradientTape() as tape:
        y = first[0] * first[1] + second
    view = steps_view(tape, y)
    labels = {node.id: node.label for node in view.graph.nodes}
    assert [labels[name] for name in view.sources] == ["Variable", "Variable_1", "second"]
    assert view.steps[0].title == "forward: multiply(Variable, Variable_1)"


def test_a_function_takes_no_target():
    with pytest.raises(TypeError, match="takes no target"):
        step(traced, mt.constant([1.0]), 2.0, target=mt.constant(1.0))


def test_the_words_of_a_pass_name_its_nan():
    x = mt.Variable(0.0)
    with mt.GradientTape() as tape:
        y = mt.math.log(x - 1.0)
    assert "log is the first operation that makes NaN" in step(tape, y).description()


def test_steps_are_told_in_words():
    tape, loss, _ = long_pass(1)
    island = step(tape, target=loss, at=3)
    assert island.step == 3
    assert "undo" not in island.description()
    assert all(step["text"] for step in island.record["steps"])
    widget = StepperWidget(tape, loss, step=2)
    assert widget.step == 2


@mt.function
def branching(x):
    z = x * 3
    if mt.reduce_sum(x) > 5:  # noqa: SIM108  (each branch has its own line)
        z = x / 2
    else:
        z = z * 7
    return z


@mt.function
def looping(x):
    i = mt.constant(0)
    while i < 2:
        x = x * 2.5
        i = i + 1
    return x


@pytest.mark.parametrize(("function", "text"), [(branching, "z = z * 7"), (looping, "x = x * 2.5")])
def test_steps_inside_of_branches_and_loops_show_their_own_line(function, text):
    view = steps_view(function, args=(mt.Variable([1.0, 2.0]),))
    last = [step for step in view.steps if step.phase == "forward"][-1]
    first_back = next(step for step in view.steps if step.phase == "backward")
    assert last.source is not None
    assert last.source.text == text
    assert first_back.source is not None
    assert first_back.source.text == text
    assert view.graph.title == f"Backward pass of {function.__name__}(x)"
    assert "eager" not in view.graph.note


def test_a_tape_that_gave_its_gradient_is_told_how_to_be_stepped_through():
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(FailedPreconditionError, match=r"call step before tape\.gradient, or make"):
        step(tape, y)


@pytest.mark.parametrize("function", [lambda x: None, lambda x: np.ones(3), lambda x: []])
def test_a_function_without_a_tensor_to_differentiate_is_a_lesson(function):
    with pytest.raises(TypeError, match=r"step: got <lambda>, which returned .*no tensor in it"):
        step(function, mt.constant(1.0))


def test_targets_that_cannot_be_differentiated_are_said():
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        _ = x * x
    with pytest.raises(TypeError, match="no value in it"):
        step(tape, [])
    other = mt.constant(3.0)
    seed = next(one for one in step(tape, other).record["steps"] if one["phase"] == "seed")
    assert tape.explain(other, x).fix
    assert "But nothing is sent on." in seed["text"]
    assert "it is a constant" in seed["text"]


def test_a_tape_that_forgets_to_add_up_shows_what_it_holds_and_that_it_is_wrong():
    a, _, y = learners_program()

    class Forgets(Tape):
        def joined(self, before, part):
            return part

    tape = Forgets(y)
    held = {node: g for node, g, _ in tape.backward_steps(y)}[a]
    record = step(tape, y).record
    result = next(s for s in record["steps"] if s["phase"] == "result" and "of a" in s["title"])
    right = sum(part for _, _, sends in tape.backward_steps(y) for x, part, _ in sends if x is a)
    assert held != right
    assert result["value"]["text"] == f"{held:g}"
    assert f"is {held:g}, but what was sent there comes to {right:g}" in result["text"]
    box = replay(record)[result["node"]].gradient
    assert box is not None
    assert box["text"] == f"{held:g}"


def test_a_tape_too_long_to_step_through_is_refused_before_anything_is_pictured(monkeypatch):
    monkeypatch.setattr(timeline, "value_view", None)
    monkeypatch.setattr(timeline, "glance", None)
    x = y = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        for _ in range(2600):
            y = y + 1.0
    with pytest.raises(ValueError, match=r"a tape of 5201 nodes.*At most 5000"):
        step(tape, y, x)
