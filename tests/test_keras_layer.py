"""Layers of a learner's own: building, weights, training, masks, losses, configurations."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras.layers import Dense, Dropout, Layer


@pytest.fixture(autouse=True)
def fresh_names():
    keras.backend.clear_session()


class Scale(Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.builds = 0

    def build(self, input_shape):
        self.builds += 1
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def call(self, inputs, training=None):
        if training:
            self.seen.assign_add(1.0)
        return inputs * self.scale * self.factor


class Block(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Scale()
        self.rest = [Scale(2.0), {"last": Scale(3.0)}]

    def call(self, x):
        return self.rest[1]["last"](self.rest[0](self.first(x)))


def test_a_layer_builds_once_at_its_first_call():
    layer = Scale()
    assert layer.weights == []
    assert not layer.built
    layer(mt.ones((2, 3)))
    layer(mt.ones((5, 3)))
    assert layer.builds == 1
    assert [tuple(w.shape) for w in layer.weights] == [(3,), ()]


def test_weights_are_found_in_lists_and_dicts_of_layers_and_named_by_their_path():
    block = Block(name="block")
    block(mt.ones((2, 3)))
    assert [w.path for w in block.trainable_weights] == [
        "block/scale/scale", "block/scale_1/scale", "block/scale_2/scale"]  # fmt: skip
    assert [w.path for w in block.non_trainable_weights] == [
        "block/scale/seen", "block/scale_1/seen", "block/scale_2/seen"]  # fmt: skip
    assert block.count_params() == 12


def test_trainable_false_freezes_the_layers_inside_and_true_thaws_only_what_was_trainable():
    block = Block()
    x = mt.ones((2, 3))
    block(x)
    block.trainable = False
    assert block.trainable_weights == []
    assert len(block.weights) == 6
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(block(x))
    assert tape.gradient(y, block.first.scale) is None
    block.trainable = True
    assert len(block.trainable_weights) == 3
    assert not block.first.seen.trainable


def test_training_is_passed_down_from_the_caller():
    block = Block()
    x = mt.ones((1, 3))
    block(x, training=True)
    block(x, training=False)
    block(x)
    assert [float(layer.seen) for layer in (block.first, block.rest[0])] == [1.0, 1.0]


def test_a_traced_call_builds_outside_of_the_trace_and_computes_the_same():
    block = Block()
    traced = mt.function(lambda x: block(x, training=True))
    assert traced(mt.ones((2, 3))).numpy().tolist() == [[6.0] * 3] * 2
    assert float(block.first.seen) == 1.0
    assert isinstance(block.first.scale.numpy(), np.ndarray)


def test_python_control_flow_over_tensors_in_call_is_traced_into_the_graph():
    class Gate(Layer):
        def call(self, x):
            if mt.reduce_sum(x) > 0:
                return x
            return -x

    gate = Gate()
    traced = mt.function(lambda x: gate(x))
    assert traced(mt.constant([-1.0, -2.0])).numpy().tolist() == [1.0, 2.0]
    assert traced(mt.constant([1.0, 2.0])).numpy().tolist() == [1.0, 2.0]


def test_numpy_and_float64_inputs_become_the_layers_dtype_and_integers_stay():
    layer = Scale()
    assert layer(np.ones((2, 3))).dtype == mt.float32
    seen = []

    class Look(Layer):
        def call(self, x):
            seen.append(x.dtype)
            return x

    Look()(np.arange(3))
    Look(dtype="float64")(mt.ones(3))
    assert seen == [mt.int64, mt.float64]


def test_losses_are_those_of_the_last_call_and_of_the_weights():
    class Sparse(Layer):
        def call(self, x):
            self.add_loss(mt.reduce_sum(x))
            return x

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.sparse, self.dense = Sparse(), Dense(1, kernel_regularizer="l2")

        def call(self, x):
            return self.dense(self.sparse(x))

    net = Net()
    net(mt.ones((1, 2)))
    net(mt.ones((2, 2)))
    other = Sparse()
    other(mt.ones((9, 9)))
    said, kept = net.losses
    assert float(said) == 4.0
    assert float(kept) == pytest.approx(0.01 * float(mt.reduce_sum(net.dense.kernel**2)))


def test_an_activity_regularizer_is_divided_by_the_batch():
    layer = Scale(activity_regularizer=lambda x: mt.reduce_sum(x))
    layer(mt.ones((4, 3)))
    assert float(layer.losses[0]) == 3.0


def test_get_config_and_from_config_give_an_equal_layer():
    layer = Scale(0.5, name="half", trainable=False)
    assert layer.get_config() == {
        "factor": 0.5, "name": "half", "trainable": False, "dtype": "float32"}  # fmt: skip
    again = Scale.from_config(layer.get_config())
    assert (again.factor, again.name, again.trainable) == (0.5, "half", False)


def test_names_count_per_class_as_in_keras():
    assert [Dense(1).name, Dense(1).name, Scale().name, Dense(1, name="own").name] == [
        "dense", "dense_1", "scale", "own"]  # fmt: skip


def test_set_weights_changes_nothing_when_one_array_does_not_fit():
    layer = Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="weight list of length 1, but the layer was expecting 2"):
        layer.set_weights([np.zeros((3, 2))])
    with pytest.raises(ValueError, match=r"weight shape \(2,\) is not compatible"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(5)])
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert (old == new).all()
    layer.set_weights([np.ones((3, 2)), np.ones(2)])
    assert layer(mt.ones((1, 3))).numpy().tolist() == [[4.0, 4.0]]


def test_copies_of_weights_keep_their_path_and_are_independent():
    layer = Dense(2, name="d")
    layer.build((None, 3))
    other = copy.deepcopy(layer)
    other.kernel.assign(mt.zeros((3, 2)))
    assert other.kernel.path == "d/kernel"
    assert float(mt.reduce_sum(mt.abs(layer.kernel))) > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(2, foo=1), "Unrecognized keyword arguments passed to Dense: {'foo': 1}"),
        (lambda: Dense(2, actvation="relu"), "did you mean 'activation'"),
        (lambda: Dense(2, name="a/b"), "cannot contain character `/`"),
        (lambda: Dense(2).count_params(), "You tried to call `count_params` on layer 'dense'"),
        (lambda: Dense(2)([1, 2]), "Only input tensors may be passed as positional arguments"),
        (lambda: Layer()(mt.ones(1)), "does not have a `call"),
        (lambda: Dense(2)(keras.Input((None,))), "a size is None|A size is None|axis|last"),
    ],
)
def test_mistakes_are_explained(make, words):
    with pytest.raises((ValueError, TypeError, RuntimeError), match=words):
        make()


def test_a_built_layer_refuses_other_sizes_naming_axis_and_both_sizes():
    layer = Dense(2)
    layer(mt.ones((1, 3)))
    words = "expected axis -1 of input shape to have value 3, but received input with shape"
    with pytest.raises(ValueError, match=words):
        layer(mt.ones((2, 5)))


def test_an_error_says_in_which_layer_it_happened():
    class Wrong(Layer):
        def call(self, x):
            return mt.matmul(x, mt.ones((7, 7)))

    model = keras.Sequential([Dense(3), Wrong(name="wrong")], name="model")
    for call in (model, mt.function(lambda x: model(x))):
        with pytest.raises(ValueError, match="matmul") as caught:
            call(mt.ones((2, 4)))
        assert caught.value.__notes__[0] == "It happened in layer 'model/wrong' (Wrong)."


def test_a_layer_without_super_init_works():
    class Plain(Layer):
        def __init__(self):
            self.inner = Dense(2)

        def call(self, x):
            return self.inner(x)

    plain = Plain()
    assert plain(mt.ones((1, 3))).shape == (1, 2)
    assert plain.weights[0].path == "plain/dense/kernel"


def test_modules_inside_of_layers_give_their_variables():
    class Line(mt.Module):
        def __init__(self):
            self.w = mt.Variable(2.0, name="w")

    class Holder(Layer):
        def __init__(self):
            super().__init__()
            self.line = Line()

        def call(self, x):
            return x * self.line.w

    holder = Holder()
    assert holder(mt.constant(3.0)).numpy() == 6.0
    assert [w.name for w in holder.trainable_weights] == ["w:0"]


def test_a_layer_can_be_called_with_several_tensors_and_builds_from_their_shapes():
    class Both(Layer):
        def build(self, a_shape, b_shape):
            self.shapes = a_shape, b_shape

        def call(self, a, b):
            return mt.concat([a, b], -1)

    both = Both()
    assert both(mt.ones((2, 3)), mt.ones((2, 1))).shape == (2, 4)
    assert both.shapes == ((2, 3), (2, 1))
    assert Dropout(0.5).compute_output_shape((None, 7)) == (None, 7)


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: keras.optimizers.Adam(), "<Adam learning_rate=0.001>"),
        (lambda: keras.optimizers.SGD(0.5, momentum=0.9, nesterov=True),
         "<SGD learning_rate=0.5, momentum=0.9, nesterov=True>"),
        (lambda: keras.optimizers.AdamW(clipnorm=1.0),
         "<AdamW learning_rate=0.001, clipnorm=1.0>"),
        (lambda: keras.optimizers.schedules.PiecewiseConstantDecay([1], [2.0, 1.0]),
         "<PiecewiseConstantDecay boundaries=[1], values=[2.0, 1.0]>"),
        (lambda: keras.regularizers.L2(0.1), "<L2 l2=0.1>"),
        (lambda: keras.initializers.HeNormal(seed=3), "<HeNormal seed=3>"),
        (lambda: keras.initializers.Zeros(), "<Zeros>"),
        (lambda: keras.constraints.MaxNorm(3), "<MaxNorm max_value=3>"),
    ],
)  # fmt: skip
def test_objects_show_the_arguments_that_are_not_the_usual_ones(make, shown):
    assert repr(make()) == shown


def test_an_optimizer_shows_the_learning_rate_of_now():
    optimizer = keras.optimizers.Adam()
    optimizer.learning_rate = 0.25
    assert repr(optimizer) == "<Adam learning_rate=0.25>"
