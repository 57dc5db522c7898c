"""What was tried to break models, training and pipelines, and must not."""

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.errors import MinitensorError

layers = keras.layers


def ones(*shape):
    """Input of a shape."""
    return np.ones(shape, np.float32)


def refuses(function, *words):
    """The lesson that a call raises; each of `words` occurs in it."""
    with pytest.raises(MinitensorError) as caught:
        function()
    assert "To fix it" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


# Layers and their inputs.


@pytest.mark.parametrize("wrong", [None, "x", 3, 2.5, (), [], {}, set(), object(), [None]])
@pytest.mark.parametrize("layer", [lambda: layers.Dense(2), layers.Flatten, layers.Add])
def test_what_is_no_tensor_is_refused_by_layers(layer, wrong):
    made = layer()
    refuses(lambda: made(wrong))
    assert not made.built


def test_a_single_tensor_in_a_list_or_dict_is_refused_by_layers_of_one_input():
    for wrong in ([ones(2, 3)], {"a": ones(2, 3)}):
        refuses(lambda wrong=wrong: layers.Dense(2)(wrong), "the tensor itself")
    refuses(lambda: layers.Dense(2)([ones(2, 3), ones(2, 3)]), "expected 1 input(s). Received 2")


@pytest.mark.parametrize("wrong", [ones(2, 3), ones(2, 4, 4), ones(), mt.constant([["a"]])])
def test_a_layer_whose_first_call_fails_takes_other_sizes_next(wrong):
    layer = layers.Conv2D(2, 2)
    refuses(lambda: layer(wrong))
    assert layer.weights == []
    assert not layer.built
    assert layer(ones(2, 4, 4, 3)).shape == (2, 3, 3, 2)
    assert [w.path.split("/")[1] for w in layer.weights] == ["kernel", "bias"]


def test_a_model_whose_first_call_fails_is_as_before():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = layers.Dense(3), layers.Conv1D(2, 2)

        def call(self, inputs, training=None, mask=None):
            return self.two(self.one(inputs))

    net = Net()
    refuses(lambda: net(ones(2, 5)), "expected min_ndim=3")
    assert net.weights == []
    assert not net.one.built
    assert net(ones(2, 4, 7)).shape == (2, 3, 2)


def test_a_build_without_sizes_says_what_is_missing():
    for wrong in (None, "x", 3.5, (), (None,), (None, -1), (None, "a")):
        refuses(lambda wrong=wrong: layers.Dense(2).build(wrong))
    refuses(lambda: layers.GRUCell(2)(ones(2, 3)), "`states`")
    refuses(lambda: layers.MultiHeadAttention(2, 2)(ones(2, 3, 4)), "`value`")
    refuses(lambda: layers.Dense(2, input_shape=2.5), "2.5")


@pytest.mark.parametrize("wrong", [None, 3, {}, set(), "xy"])
def test_weights_that_are_no_list_are_refused(wrong):
    refuses(lambda: layers.Dense(2).set_weights(wrong), "set_weights")


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(),
        lambda: layers.Dropout(),
        lambda: layers.Flatten(*range(9)),
        lambda: layers.LeakyReLU([]),
        lambda: layers.Permute(3),
        lambda: layers.StackedRNNCells(None),
        lambda: layers.Dense(2, activation={}),
        lambda: layers.Dense(2, activation={"class_name": "Dense"}),
        lambda: layers.Dense(2, activation={"class_name": "Dense", "config": 3}),
        lambda: layers.Dense(2, kernel_initializer=int),
        lambda: layers.Dense(2, activity_regularizer=int),
    ],
)
def test_arguments_of_the_wrong_kind_are_explained(make):
    refuses(make)


def test_errors_of_a_learner_in_a_constructor_stay_as_they_are():
    class Halved(layers.Dense):
        def __init__(self, units):
            super().__init__(units)
            self.half = units / None

    with pytest.raises(TypeError, match="unsupported operand") as caught:
        Halved(3)
    assert not isinstance(caught.value, MinitensorError)


# Losses, metrics, optimisers.


@pytest.mark.parametrize("y_true", [1, "x", [1], ones()])
def test_predictions_without_axes_are_refused(y_true):
    refuses(lambda: keras.losses.SparseCategoricalCrossentropy()(y_true, 3))
    refuses(lambda: keras.metrics.SparseCategoricalAccuracy().update_state(y_true, 3))
    refuses(lambda: keras.metrics.SparseTopKCategoricalAccuracy().update_state(y_true, 3))


def test_a_metric_that_refuses_a_batch_counted_nothing_of_it():
    metric = keras.metrics.R2Score()
    refuses(lambda: metric.update_state(ones(2, 1), ones(2, 3)), "number of outputs")
    assert metric.sums == {}
    mean = keras.metrics.MeanSquaredError()
    refuses(lambda: mean.update_state(ones(2, 3), keras.Input((3,))))
    assert float(mean.result()) == 0
    refuses(lambda: keras.metrics.MeanMetricWrapper(3), "fn=3")
    refuses(lambda: keras.metrics.AUC(num_thresholds=10**30), "num_thresholds")


@pytest.mark.parametrize("wrong", [None, "x", [], {}, 1j, np.array([1, 2]), np.array([None])])
def test_a_learning_rate_is_a_number(wrong):
    optimizer = keras.optimizers.SGD(0.5)
    refuses(lambda: setattr(optimizer, "learning_rate", wrong), "learning_rate")
    assert float(optimizer.learning_rate) == 0.5
    refuses(lambda: keras.optimizers.schedules.CosineDecay(0.1, 10, alpha=wrong), "alpha")


@pytest.mark.parametrize("wrong", [3, "x", [1], [np.ones(2)], mt.constant(1.0)])
def test_an_optimiser_is_built_for_variables(wrong):
    optimizer = keras.optimizers.Adam()
    refuses(lambda: optimizer.build(wrong), "Variable")
    assert len(optimizer.variables) == 2


# Names.


def test_a_name_with_line_breaks_is_not_run_as_a_program(tmp_path):
    mark = tmp_path / "ran"
    name = f"x\nopen({str(mark)!r}, 'w')\n#".replace("/", "\\x2f")
    model = keras.Sequential([keras.Input((3,), name=name), layers.Dense(2, name=f"{name}d")])
    model.compile("adam", "mse")
    model.fit(ones(4, 3), ones(4, 2), verbose=0)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["", "a\nb", "x\x00y", "x²", "²", "class", "'''", "\\", "{x}%d"])
def test_layers_and_variables_may_have_any_name(name):
    variable = mt.Variable(ones(2), name=name)
    double = mt.function(lambda x: variable.assign_add(x) * 2)
    assert double(ones(2)).numpy().tolist() == [4, 4]
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name=name)])
    model.compile("adam", "mse")
    model.fit(ones(4, 3), ones(4, 2), verbose=0)
    assert model.layers[0].name == name


# Layers inside of layers.


def test_models_may_hold_each_other():
    class Half(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.me = layers.Dense(2), self

        def call(self, inputs, training=None, mask=None):
            return self.dense(inputs)

    one, two = Half(), Half()
    one.other, two.other = two, one
    assert one(ones(4, 3)).shape == (4, 2)
    two(ones(4, 3))
    assert len(one.weights) == len(two.trainable_weights) == 4
    one.dense.trainable = False
    assert len(two.trainable_weights) == 2
    one.trainable = False
    assert two.trainable_weights == []
    assert one.losses == one.metrics == []
    one.summary(expand_nested=True, print_fn=lambda text: None)


# Datasets.

Dataset = mt.data.Dataset


@pytest.mark.parametrize("wrong", [None, 3, 2.5, {}, set(), object(), mt.constant(1.0), len])
def test_stages_name_the_argument_that_they_cannot_take(wrong):
    numbers = Dataset.range(3)
    refuses(lambda: numbers.concatenate(wrong), "concatenate")
    refuses(lambda: numbers.with_options(wrong), "Options")
    refuses(lambda: Dataset.sample_from_datasets(wrong), "datasets")
    refuses(lambda: mt.data.TextLineDataset({1: wrong}), "file name")
    refuses(lambda: numbers.bucket_by_sequence_length(len, wrong, [1]), "bucket_boundaries")
    refuses(Dataset.zip, "at least one")
    assert [int(x) for x in numbers] == [0, 1, 2]


def test_batch_normalization_keeps_its_averages_clear_of_empty_batches():
    layer = layers.BatchNormalization()
    layer(ones(2, 3))
    refuses(lambda: layer(ones(0, 3), training=True), "nothing to take a mean of")
    assert layer(ones(0, 3), training=False).shape == (0, 3)
    assert all(np.isfinite(w.numpy()).all() for w in layer.weights)


def test_a_weight_may_begin_with_an_array_and_has_whole_sizes():
    layer = layers.Layer()
    weight = layer.add_weight((2,), initializer=np.array([1.0, 2.0]))
    assert weight.numpy().tolist() == [1, 2]
    assert layer.add_weight().shape == ()
    for wrong in ("x", 2.5, object(), (-1,), [[1], [2, 3]], [None]):
        refuses(lambda wrong=wrong: layer.add_weight(shape=[wrong]))
    assert len(layer.weights) == 2


def test_an_input_stands_before_the_layers():
    model = keras.Sequential([layers.Dense(2)])
    refuses(lambda: model.add(keras.Input((3,))), "already has a beginning")
    assert len(model.layers) == 1


@pytest.mark.parametrize(
    "layer", [layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.LayerNormalization()]
)
def test_layers_of_one_tensor_refuse_several(layer):
    refuses(lambda: layer((ones(2, 3), None), training=True))
    refuses(lambda: layer({"a": ones(2, 3), "b": ones(2, 3)}, training=True))
