"""What layers do beyond numbers: noise, masks, statistics, sparse gradients, configurations."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor import keras
from minitensor.keras import layers


@pytest.fixture(autouse=True)
def _seeded() -> None:
    mt.random.set_seed(5)


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


# Noise.


def test_dropout_drops_the_share_and_keeps_the_mean() -> None:
    found = layers.Dropout(0.3)(mt.ones((200, 500)), training=True).numpy()
    assert abs((found == 0).mean() - 0.3) < 0.01
    np.testing.assert_allclose(found[found > 0], 1 / 0.7, rtol=1e-6)
    assert abs(found.mean() - 1) < 0.01


@pytest.mark.parametrize(
    "layer", [layers.Dropout(0.5), layers.GaussianNoise(0.5), layers.GaussianDropout(0.5)]
)
def test_noise_is_only_for_training(layer: Any) -> None:
    x = numbers(4, 5)
    for quiet in (layer(x), layer(x, training=False)):
        np.testing.assert_array_equal(quiet, x)
    assert not np.array_equal(layer(x, training=True), x)


def test_gaussian_noise_has_the_deviations_that_it_says() -> None:
    x = mt.ones((300, 300))
    added = layers.GaussianNoise(0.2)(x, training=True).numpy() - 1
    np.testing.assert_allclose([added.mean(), added.std()], [0, 0.2], atol=0.005)
    scaled = layers.GaussianDropout(0.2)(x, training=True).numpy()
    np.testing.assert_allclose([scaled.mean(), scaled.std()], [1, 0.5], atol=0.01)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    found = layers.AlphaDropout(0.3)(x, training=True).numpy()
    np.testing.assert_allclose([found.mean(), found.std()], [0, 1], atol=0.01)
    # of nothing but zeros, in Keras: what is kept becomes 0.45409206, what is dropped -1.0595481
    zeros, counts = np.unique(layers.AlphaDropout(0.3)(mt.zeros((300, 300)), training=True),
                              return_counts=True)  # fmt: skip
    np.testing.assert_allclose(zeros, [-1.0595481, 0.45409206], rtol=1e-6)
    np.testing.assert_allclose(counts / 90000, [0.3, 0.7], atol=0.01)


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.SpatialDropout1D(0.5), (4, 6, 8), (1,)),
        (layers.SpatialDropout2D(0.5), (4, 6, 5, 8), (1, 2)),
        (layers.Dropout(0.5, noise_shape=(None, 1, None)), (4, 6, 8), (1,)),
    ],
)
def test_whole_channels_are_dropped_together(layer: Any, shape: tuple, axes: tuple) -> None:
    found = layer(mt.ones(shape), training=True).numpy()
    assert set(np.unique(found)) == {0, 2}
    np.testing.assert_array_equal(found, np.broadcast_to(found.max(axes, keepdims=True), shape))


def test_a_layer_with_a_seed_repeats_itself_when_it_is_made_anew() -> None:
    x = mt.ones((4, 50))

    def draws() -> list:
        layer = layers.Dropout(0.5, seed=1)
        traced = mt.function(lambda x: layer(x, training=True))
        return [layer(x, training=True).numpy(), traced(x).numpy(), traced(x).numpy()]

    first, second = draws(), draws()
    np.testing.assert_array_equal(first, second)
    assert len({found.tobytes() for found in first}) == 3
    other = layers.Dropout(0.5, seed=2)(x, training=True).numpy()
    assert not np.array_equal(other, first[0])


def test_a_layer_without_a_seed_follows_the_global_one() -> None:
    layer, x = layers.Dropout(0.5), mt.ones((4, 50))
    first = layer(x, training=True).numpy()
    mt.random.set_seed(5)
    np.testing.assert_array_equal(layer(x, training=True), first)


def test_noise_fits_batches_of_any_size_in_a_traced_function() -> None:
    spec = mt.TensorSpec([None, 3], mt.float32)
    for layer in (layers.Dropout(0.5), layers.GaussianNoise(0.1), layers.GaussianDropout(0.1)):
        traced = mt.function(lambda x, layer=layer: layer(x, training=True), input_signature=[spec])
        assert [traced(mt.ones((n, 3))).shape[0] for n in (2, 5)] == [2, 5]
        assert not np.array_equal(traced(mt.ones((2, 3))), traced(mt.ones((2, 3))))


# Statistics.


def test_batch_normalization_at_rest_uses_and_keeps_the_averages() -> None:
    layer = layers.BatchNormalization(momentum=0.5)
    x = numbers(8, 3) * 3 + 1
    layer(x, training=True)
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    np.testing.assert_allclose(mean, x.mean(0) / 2, rtol=1e-5)
    np.testing.assert_allclose(variance, 0.5 + x.var(0) / 2, rtol=1e-5)
    found = layer(x)
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean, mean)


def test_frozen_batch_normalization_does_not_train() -> None:
    layer = layers.BatchNormalization()
    x = numbers(8, 3) + 5
    layer.build((None, 3))
    layer.trainable = False
    np.testing.assert_allclose(layer(x, training=True), layer(x), rtol=1e-6)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0]
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 4


def test_averages_move_in_a_traced_step_as_they_do_eagerly() -> None:
    x = numbers(8, 3)
    eager, traced = layers.BatchNormalization(), layers.BatchNormalization()
    step = mt.function(lambda x: traced(x, training=True))
    for _ in range(3):
        np.testing.assert_allclose(eager(x, training=True), step(mt.constant(x)), rtol=1e-5)
    np.testing.assert_allclose(eager.moving_mean, traced.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(eager.moving_variance, traced.moving_variance, rtol=1e-5)


@pytest.mark.parametrize("batches", [1, 3], ids=["one array", "batches"])
def test_normalization_learns_the_mean_and_variance_of_data(batches: int) -> None:
    x = numbers(12, 4) * [1, 2, 3, 4] + [4, 3, 2, 1]
    layer = layers.Normalization()
    layer.adapt(x if batches == 1 else iter(np.split(x, batches)))
    np.testing.assert_allclose(layer.mean.numpy().ravel(), x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.variance.numpy().ravel(), x.var(0), rtol=1e-5)
    found = layer(x).numpy()
    np.testing.assert_allclose([found.mean(0), found.std(0)], [[0] * 4, [1] * 4], atol=1e-5)
    layer.adapt(x + 1)
    np.testing.assert_allclose(layer.mean.numpy().ravel(), x.mean(0) + 1, rtol=1e-5)


def test_normalization_learns_from_a_dataset_and_keeps_what_it_learned_as_weights() -> None:
    x = numbers(12, 4)
    layer = layers.Normalization(axis=None)
    layer.adapt(mt.data.Dataset.from_tensor_slices(x).batch(5))
    assert [w.name for w in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []
    np.testing.assert_allclose(float(layer.mean.numpy().item()), x.mean(), atol=1e-6)
    other = layers.Normalization(axis=None)
    other.build((None, 4))
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(other(x), layer(x))
    back = layers.Normalization(axis=None, mean=x.mean(), variance=x.var(), invert=True)
    np.testing.assert_allclose(back(layer(x)), x, rtol=1e-5, atol=1e-5)


def test_categories_become_vectors_as_in_keras() -> None:
    x = np.array([[0, 1], [2, 2]])
    encode = layers.CategoryEncoding
    assert encode(4)(x).numpy().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
    assert encode(4, output_mode="count")(x).numpy().tolist() == [[1, 1, 0, 0], [0, 0, 2, 0]]
    assert encode(4, output_mode="one_hot")(x).shape == (2, 2, 4)
    assert encode(4, output_mode="one_hot")(x[:, :1]).numpy().tolist() == np.eye(4)[[0, 2]].tolist()
    weighed = encode(4, output_mode="count")(x, count_weights=np.array([[0.5, 2], [1, 3]]))
    assert weighed.numpy().tolist() == [[0.5, 2, 0, 0], [0, 0, 4, 0]]
    assert encode(4)(np.array([0, 7])).numpy().tolist() == [1, 0, 0, 0]


def test_numbers_fall_into_bins_that_are_given_or_learned() -> None:
    given = layers.Discretization([0.0, 1.0, 2.0])(np.array([[-1.0, 0, 0.5], [1, 2, 3]]))
    assert given.numpy().tolist() == [[0, 1, 1], [2, 3, 3]]
    assert given.dtype == mt.int32
    learned = layers.Discretization(num_bins=4)
    with pytest.raises(mt.errors.FailedPreconditionError, match="call `adapt"):
        learned(np.ones(2))
    x = numbers(1000)
    learned.adapt(mt.data.Dataset.from_tensor_slices(x).batch(300))
    assert np.bincount(learned(x).numpy()).tolist() == [250] * 4
    again = layers.Discretization.from_config(learned.get_config())
    np.testing.assert_array_equal(again(x), learned(x))


# Masks.


def test_an_embedding_hides_zeros_from_the_layers_that_follow() -> None:
    words = mt.constant([[3, 1, 0], [2, 0, 0]])
    vectors = layers.Embedding(5, 2, mask_zero=True)(words)
    wanted = [[True, True, False], [True, False, False]]
    for x in (vectors, layers.Dense(3)(vectors), layers.Dropout(0.5)(vectors)):
        np.testing.assert_array_equal(x._keras_mask, wanted)
    mean = layers.GlobalAveragePooling1D()(vectors)
    np.testing.assert_allclose(mean[0], vectors.numpy()[0, :2].mean(0), rtol=1e-5)
    assert getattr(mean, "_keras_mask", None) is None


def test_masks_of_several_inputs_are_brought_together() -> None:
    first = layers.Masking()(mt.constant([[[1.0], [2.0], [0.0]]]))
    second = layers.Masking()(mt.constant([[[1.0], [0.0], [3.0]]]))
    plain = mt.ones((1, 3, 1))
    both = [[True, False, False]]
    for layer in (layers.Add(), layers.Multiply(), layers.Concatenate()):
        np.testing.assert_array_equal(layer([first, second])._keras_mask, both)
    np.testing.assert_array_equal(layers.Add()([first, plain])._keras_mask, [[True, True, False]])
    joined = layers.Concatenate(axis=1)([first, plain])
    np.testing.assert_array_equal(joined._keras_mask, [[True, True, False, True, True, True]])
    assert getattr(layers.Add()([plain, plain]), "_keras_mask", None) is None


def test_masks_go_through_models() -> None:
    words = np.array([[3, 1, 0], [2, 0, 0]])
    table = layers.Embedding(5, 2, mask_zero=True)
    model = keras.Sequential([table, layers.Dropout(0.5), layers.GlobalAveragePooling1D()])
    vectors = table(words).numpy()
    wanted = [vectors[0, :2].mean(0), vectors[1, 0]]
    np.testing.assert_allclose(model(words), wanted, rtol=1e-5)
    np.testing.assert_allclose(mt.function(model)(mt.constant(words)), wanted, rtol=1e-5)


# Gradients, functions, losses.


def test_layers_emit_the_ops_that_one_would_write_by_hand() -> None:
    stack = [
        layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dropout(0.5), layers.Dense(10, activation="tanh"), layers.Dense(2),
    ]  # fmt: skip

    def model(x: Any) -> Any:
        for layer in stack:
            x = layer(x)
        return x

    concrete = mt.function(model).get_concrete_function(mt.TensorSpec([None, 8, 8, 1]))
    found = [node.op.name for node in concrete.graph.nodes]
    assert [name for name in found if name != "read_variable"] == [
        "conv2d", "add", "relu", "max_pool2d", "reshape", "matmul", "add", "tanh", "matmul", "add",
    ]  # fmt: skip


def test_the_gradient_of_an_embedding_holds_only_the_rows_that_were_used() -> None:
    layer = layers.Embedding(1000, 2)
    with mt.GradientTape() as tape:
        total = mt.reduce_sum(layer(mt.constant([[7, 3], [7, 7]])))
    gradient = tape.gradient(total, layer.embeddings)
    assert isinstance(gradient, mt.IndexedSlices)
    assert gradient.values.shape == (4, 2)
    whole = mt.convert_to_tensor(gradient).numpy()
    assert whole[7].tolist() == [3, 3]
    assert whole.sum() == 8


def test_an_embedding_takes_floats_a_table_and_keras_2s_length() -> None:
    table = numbers(3, 2)
    layer = layers.Embedding(3, 2, weights=[table], input_length=4)
    np.testing.assert_array_equal(layer(np.array([[2.0, 0.0]])), [table[[2, 0]]])
    assert "weights" not in layer.get_config()


def test_lambda_passes_on_what_its_function_takes() -> None:
    def function(x: Any, factor: float, training: Any = None) -> Any:
        return x * factor if training else x

    layer = layers.Lambda(function, arguments={"factor": 3.0})
    assert layer(mt.constant([1.0])).numpy().tolist() == [1]
    assert layer(mt.constant([1.0]), training=True).numpy().tolist() == [3]


def test_lambda_cannot_be_written_down_and_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="register_keras_serializable"):
        layers.Lambda(lambda x: x).get_config()


def test_a_registered_function_can_be_written_down() -> None:
    @keras.saving.register_keras_serializable(package="test_layers_core")
    def thrice(x: Any) -> Any:
        return 3 * x

    again = layers.Lambda.from_config(layers.Lambda(thrice).get_config())
    assert again(mt.constant([2.0])).numpy().tolist() == [6]


def test_regularizers_of_weights_and_outputs_are_losses() -> None:
    x = numbers(4, 3)
    layer = layers.Conv1D(2, 2, kernel_regularizer="l2", activity_regularizer="l1")
    y = layer(x[None])
    wanted = [0.01 * np.abs(y).sum(), 0.01 * np.square(layer.kernel).sum()]
    np.testing.assert_allclose([float(loss) for loss in layer.losses], wanted, rtol=1e-5)
    assert layer.get_config()["kernel_regularizer"] == "l2"


def test_constraints_stay_with_their_weights() -> None:
    layer = layers.Dense(2, kernel_constraint=keras.constraints.MaxNorm(1.0))
    layer.build((None, 3))
    assert layer.kernel.constraint is layer.kernel_constraint
    assert layer.bias.constraint is None


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_layers_compute_in_the_dtype_that_they_are_told(dtype: str) -> None:
    x = numbers(2, 6, 6, 2)
    for layer in (
        layers.Conv2D(2, 3, dtype=dtype), layers.Dense(3, dtype=dtype), layers.ReLU(dtype=dtype),
        layers.BatchNormalization(dtype=dtype), layers.LayerNormalization(dtype=dtype),
        layers.Rescaling(2.0, dtype=dtype), layers.MaxPooling2D(dtype=dtype),
    ):  # fmt: skip
        assert layer(x).dtype.name == dtype
        assert {w.dtype.name for w in layer.weights} <= {dtype}


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_integers_become_floats_where_layers_compute_with_them(dtype: str) -> None:
    x = (np.arange(2 * 6 * 6 * 2) % 5).reshape(2, 6, 6, 2).astype(dtype)
    for layer in (
        layers.Dense(3), layers.Conv2D(3, 2), layers.Conv2DTranspose(3, 2),
        layers.DepthwiseConv2D(2), layers.SeparableConv2D(2, 2), layers.AveragePooling2D(2),
        layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.LayerNormalization(),
        layers.GroupNormalization(2), layers.UnitNormalization(), layers.RMSNormalization(),
        layers.LeakyReLU(), layers.ELU(), layers.PReLU(), layers.Softmax(), layers.Dropout(0.5),
        layers.GaussianNoise(0.1), layers.Rescaling(0.5), layers.Normalization(mean=1, variance=4),
    ):  # fmt: skip
        found = layer(x)
        assert found.dtype == mt.float32
        np.testing.assert_allclose(found, layer(x.astype(np.float32)), rtol=1e-5, atol=1e-6)


def test_layers_can_be_copied_and_work_on_alone() -> None:
    layer = layers.Dense(2)
    layer(numbers(1, 3))
    other = copy.deepcopy(layer)
    other.kernel.assign_add(mt.ones((3, 2)))
    np.testing.assert_allclose(other.kernel.numpy() - 1, layer.kernel, rtol=1e-5)


def test_any_layer_can_be_written_down_and_read_with_its_class() -> None:
    layer = layers.Conv2D(2, 3, kernel_regularizer=keras.regularizers.L2(0.1), name="edges")
    again = layers.deserialize(layers.serialize(layer))
    assert type(again) is layers.Conv2D
    assert again.name == "edges"
    assert again.kernel_regularizer.l2 == 0.1


def test_functions_of_several_tensors_are_layers_without_a_name() -> None:
    x, y = mt.constant([[1.0, 5.0]]), mt.constant([[3.0, 2.0]])
    for function, wanted in (
        (layers.add, [[4, 7]]), (layers.subtract, [[-2, 3]]), (layers.multiply, [[3, 10]]),
        (layers.average, [[2, 3.5]]), (layers.maximum, [[3, 5]]), (layers.minimum, [[1, 2]]),
        (layers.concatenate, [[1, 5, 3, 2]]), (layers.dot, [[13]]),
    ):  # fmt: skip
        assert function([x, y]).numpy().tolist() == wanted
    a, b = keras.Input((2,)), keras.Input((2,))
    assert keras.Model([a, b], layers.concatenate([a, b]))([x, y]).numpy().tolist() == [
        [1, 5, 3, 2]
    ]


def test_flatten_and_reshape_follow_sizes_that_only_data_tells() -> None:
    spec = mt.TensorSpec([None, None, 3], mt.float32)
    flat = mt.function(layers.Flatten(), input_signature=[spec])
    assert flat(mt.ones((2, 4, 3))).shape == (2, 12)
    pairs = mt.function(layers.Reshape((-1, 6)), input_signature=[spec])
    assert pairs(mt.ones((2, 4, 3))).shape == (2, 2, 6)
    groups = layers.GroupNormalization(3)
    groups.build((None, None, 3))
    assert mt.function(groups, input_signature=[spec])(mt.ones((2, 4, 3))).shape == (2, 4, 3)


def test_convolutions_take_images_of_any_size_in_a_traced_function() -> None:
    spec = mt.TensorSpec([None, None, None, 2], mt.float32)
    for layer in (layers.Conv2D(3, 2), layers.MaxPooling2D(), layers.GlobalAveragePooling2D(),
                  layers.DepthwiseConv2D(2), layers.UpSampling2D(), layers.ZeroPadding2D(),
                  layers.Cropping2D(1), layers.SeparableConv2D(3, 2)):  # fmt: skip
        layer.build((None, None, None, 2))
        traced = mt.function(lambda x, layer=layer: layer(x), input_signature=[spec])
        for size in (4, 6):
            x = numbers(2, size, size, 2)
            np.testing.assert_allclose(traced(mt.constant(x)), layer(x), rtol=1e-5, atol=1e-6)
