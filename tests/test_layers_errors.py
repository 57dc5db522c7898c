"""What layers refuse, in Keras's words: see section 5.2 of TensorFlow's behaviour as measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitensor as mt
from minitensor.keras import layers as L  # noqa: N812 - one letter for a table of classes


def ones(*shape: int) -> mt.Tensor:
    return mt.ones(shape)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "units": (
        lambda: L.Dense(-1),
        "Received an invalid value for `units`, expected a positive integer. Received: units=-1"),
    "units as text": (lambda: L.Dense("3"), "Received: units='3'"),  # type: ignore[arg-type]
    "kernel size as text": (lambda: L.Conv2D(3, "3"),  # type: ignore[arg-type]
                            "Received kernel_size='3'"),
    "half units": (lambda: L.Dense(2.5), "Received: units=2.5"),  # type: ignore[arg-type]
    "keyword": (lambda: L.Dense(2, foo=1),
                "Unrecognized keyword arguments passed to Dense: {'foo': 1}"),
    "misspelled keyword": (lambda: L.Conv2D(2, 3, stride=2), "'strides'"),
    "activation": (lambda: L.Dense(2, activation="rleu"),
                   "Could not interpret activation function identifier: rleu"),
    "vector": (lambda: L.Dense(2)(ones(3)),
               "expected min_ndim=2, found ndim=1. Full shape received: (3,)"),
    "unknown features": (lambda: L.Dense(2).build((None, None)),
                         "The last dimension of the inputs to a Dense layer should be defined"),
    "dropout": (lambda: L.Dropout(1.5), "Invalid value received for argument `rate`. Expected a "
                "float value between 0 and 1. Received: rate=1.5"),
    "noise shape": (lambda: L.Dropout(0.5, noise_shape="a"),
                    "Invalid value received for argument `noise_shape`"),
    "noise shape of another rank": (
        lambda: L.Dropout(0.5, noise_shape=(2,))(ones(2, 3), training=True), "noise_shape"),
    "seed": (lambda: L.Dropout(0.5, seed="a"), "not a whole number"),  # type: ignore[arg-type]
    "noise": (lambda: L.GaussianNoise(-1), "Received: stddev=-1"),
    "spatial": (lambda: L.SpatialDropout1D(0.5)(ones(2, 3)), "expected ndim=3, found ndim=2"),
    "relu limit": (lambda: L.ReLU(max_value=-1),
                   "max_value of a ReLU layer cannot be a negative value. Received: max_value=-1"),
    "relu slope": (lambda: L.ReLU(negative_slope=None),
                   "negative_slope of a ReLU layer cannot be None or a negative value"),
    "leaky slope": (lambda: L.LeakyReLU(-1),
                    "The negative_slope value of a Leaky ReLU layer cannot be None or negative"),
    "reshape": (lambda: L.Reshape((3, 5))(ones(2, 4)), "The total size of the tensor must be "
                "unchanged. Received: input_shape=(4,), target_shape=(3, 5)"),
    "reshape with a rest": (lambda: L.Reshape((-1, 3))(ones(2, 4)),
                            "The total size of the tensor must be unchanged"),
    "two unknown sizes": (
        lambda: L.Reshape((-1, -1)),
        "There must be at most one unknown dimension (-1) in `target_shape`"),
    "permute": (lambda: L.Permute((0, 1)), "Invalid permutation argument `dims` for Permute Layer. "
                "The set of indices in `dims` must be consecutive and start from 1"),
    "permute rank": (lambda: L.Permute((2, 1))(ones(2, 3, 4, 5)), "expected ndim=3, found ndim=4"),
    "repeat": (lambda: L.RepeatVector(0), "Argument `n` should be a positive integer"),
    "repeat half": (lambda: L.RepeatVector(2.5),  # type: ignore[arg-type]
                    "Expected an integer value for `n`, got <class 'float'>"),
    "word": (lambda: L.Embedding(3, 2)(mt.constant([5])), "ndices[0] = 5 is not in [0, 3)"),
    "words": (lambda: L.Embedding(-1, 2), "`input_dim` must be a positive integer"),
    "vectors": (lambda: L.Embedding(3, 0), "`output_dim` must be a positive integer"),
    "merge one": (lambda: L.Add()(ones(2, 3)),
                  "A merge layer should be called on a list of inputs. Received: "
                  "input_shape=(2, 3) (not a list of shapes)"),
    "merge": (lambda: L.Add()([ones(2, 3), ones(2, 4)]),
              "Inputs have incompatible shapes. Received shapes (3,) and (4,)"),
    "merge batches": (lambda: L.Add()([ones(2, 3), ones(3, 3)]), "Cannot merge tensors with "
                      "different batch sizes. Received tensors with shapes [(2, 3), (3, 3)]"),
    "subtract": (lambda: L.Subtract()([ones(2, 3)] * 3),
                 "A `Subtract` layer should be called on exactly 2 inputs"),
    "concatenate": (lambda: L.Concatenate(axis=1)([ones(2, 3, 4), ones(2, 3, 3)]),
                    "A `Concatenate` layer requires inputs with matching shapes except for the "
                    "concatenation axis. Received: input_shape=[(2, 3, 4), (2, 3, 3)]"),
    "concatenate ranks": (lambda: L.Concatenate()([ones(2, 3, 4), ones(2, 3)]), "matching shapes"),
    "concatenate axis": (lambda: L.Concatenate(axis=5)([ones(2, 3), ones(2, 3)]), "axis"),
    "dot": (lambda: L.Dot(axes=1)([ones(2, 3), ones(2, 4)]),
            "Incompatible input shapes: axis values 3 (at axis 1) != 4 (at axis 1)"),
    "dot axes": (lambda: L.Dot(axes=(1, 2, 3)), "Invalid format for argument `axes`"),
    "dot word": (lambda: L.Dot(axes="a"), "Invalid type for argument `axes`"),
    "dot one": (lambda: L.Dot(axes=1)(ones(2, 3)),
                "A `Dot` layer should be called on a list of 2 inputs"),
    "padding": (lambda: L.ZeroPadding2D((1, 2, 3)),  # type: ignore[arg-type]
                "`padding` should have two elements. Received: padding=(1, 2, 3)"),
    "padding below 0": (lambda: L.ZeroPadding2D(-1), "none below 0"),
    "padding 1D": (lambda: L.ZeroPadding1D((1, 2, 3)),
                   "The `padding` argument must be a tuple of 2 integers"),
    "cropping": (lambda: L.Cropping1D((2, 2))(ones(2, 3, 1)),
                 "`cropping` parameter of `Cropping1D` layer must be smaller than the input "
                 "length. Received: inputs.shape=(2, 3, 1), cropping=(2, 2)"),
    "cropping images": (
        lambda: L.Cropping2D(((2, 2), (0, 0)))(ones(2, 3, 3, 1)),
        "Values in `cropping` argument should be smaller than the corresponding spatial dimension"),
    "upsampling": (lambda: L.UpSampling1D(0), "Argument `size` should be a positive integer"),
    "upsampling 2D": (lambda: L.UpSampling2D((1, 2, 3)),
                      "The `size` argument must be a tuple of 2 integers. Received size=(1, 2, 3)"),
    "interpolation": (lambda: L.UpSampling2D(2, interpolation="bilinaer"), "'bilinear'"),
    "mean": (lambda: L.Normalization(mean=1.0),
             "When setting values directly, both `mean` and `variance` must be set"),
    "mean axis": (lambda: L.Normalization(axis=3).build((2, 3)),
                  "All `axis` values must be in the range [-ndim, ndim)"),
    "mean size": (lambda: L.Normalization().build((None, None)),
                  "All `axis` values to be kept must have a known shape"),
    "adapt": (lambda: L.Normalization(mean=1.0, variance=2.0).adapt(np.ones((2, 3))),
              "Cannot `adapt` a Normalization layer that is initialized with static"),
    "categories": (lambda: L.CategoryEncoding(-1), "`num_tokens` must be >= 1"),
    "bins": (lambda: L.Discretization(), "You need to set either `num_bins` or `bin_boundaries`"),
    "bins twice": (lambda: L.Discretization([1.0], 4),
                   "Both `num_bins` and `bin_boundaries` should not be set"),
    "bins in disorder": (lambda: L.Discretization([1.0, 0.0]), "Expected sorted boundaries"),
    "alpha": (lambda: L.AlphaDropout(1.0), "Invalid value received for argument `rate`"),
    "small image": (lambda: L.Conv2D(4, 3)(ones(1, 2, 2, 1)),
                    "Computed output size would be zero or negative. Received `inputs shape="
                    "(1, 2, 2, 1)`, `kernel shape=(3, 3, 1, 4)`"),
    "short sequence": (lambda: L.Conv1D(4, 3, dilation_rate=2)(ones(1, 4, 2)),
                       "Computed output size would be zero or negative"),
    "filters": (lambda: L.Conv2D(0, 3), "`filters`"),
    "kernel size": (lambda: L.Conv2D(4, (1, 2, 3)),
                    "The `kernel_size` argument must be a tuple of 2 integers"),
    "strides": (lambda: L.Conv2D(4, 3, strides=0),
                "The `strides` argument must be a tuple of 2 integers. Received strides=0"),
    "strides and dilation": (
        lambda: L.Conv2D(4, 3, strides=2, dilation_rate=2),
        "`strides > 1` not supported in conjunction with `dilation_rate > 1`"),
    "conv padding": (lambda: L.Conv2D(4, 3, padding="causal"),
                     "The `padding` argument must be one of {valid, same}. Received: causal"),
    "filter groups": (lambda: L.Conv2D(4, 3, groups=3),
                      "The number of filters must be evenly divisible by the number of groups"),
    "channel groups": (
        lambda: L.Conv2D(4, 3, groups=2)(ones(1, 5, 5, 3)),
        "The number of input channels must be evenly divisible by the number of groups. Received "
        "groups=2, but the input has 3 channels (full input shape is (1, 5, 5, 3))"),
    "image rank": (lambda: L.Conv2D(4, 3)(ones(2, 5, 5)),
                   "expected min_ndim=4, found ndim=3. Full shape received: (2, 5, 5)"),
    "channels first": (lambda: L.Conv2D(4, 3, data_format="channels_first"),
                       "mt.transpose(x, [0, 2, 3, 1])"),
    "output padding": (lambda: L.Conv2DTranspose(3, 3, strides=2, output_padding=2),
                       "`output_padding` must be strictly less than `strides`"),
    "pool": (lambda: L.MaxPooling2D(0), "The `pool_size` argument must be a tuple of 2 integers"),
    "pool padding": (lambda: L.MaxPooling2D(padding="smae"), "'same'"),
    "pool rank": (lambda: L.MaxPooling2D()(ones(1, 2, 2)), "expected ndim=4, found ndim=3"),
    "pool room": (lambda: L.MaxPooling2D(3)(ones(1, 2, 2, 1)), "must fit inside the padded image"),
    "batch axis": (lambda: L.BatchNormalization(axis=5)(ones(2, 3)), "axis"),
    "batch renorm": (lambda: L.BatchNormalization.from_config({"renorm": True}), "renorm=True"),
    "layer axis": (lambda: L.LayerNormalization(axis="a"), "Expected an int or a list/tuple of "
                   "ints for the argument 'axis', but received: 'a'"),
    "unit axis": (lambda: L.UnitNormalization(axis="a"), "Invalid value for `axis` argument"),
    "groups": (lambda: L.GroupNormalization(3)(ones(2, 3, 4)),
               "Number of groups (3) must be a multiple of the number of channels (4)"),
    "many groups": (lambda: L.GroupNormalization(5)(ones(2, 3, 4)),
                    "Number of groups (5) cannot be more than the number of channels (4)"),
    "no groups": (lambda: L.GroupNormalization(0)(ones(2, 3, 4)), "Received: groups=0"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_refused_in_keras_words(case: str) -> None:
    fail, words = WRONG[case]
    with pytest.raises(mt.errors.OpError) as caught:
        fail()
    assert words in str(caught.value)
    assert "To fix it: " in str(caught.value)
    assert isinstance(caught.value, (ValueError, TypeError, RuntimeError))


def test_average_pooling_asks_for_a_size_as_in_keras() -> None:
    with pytest.raises(TypeError, match="pool_size"):
        L.AveragePooling2D()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("layer", "name"), [(L.Dense(2), "kernel"), (L.Conv2D(2, 3), "bias"),
                        (L.SeparableConv2D(2, 3), "depthwise_kernel"),
                        (L.Embedding(2, 3), "embeddings"), (L.LayerNormalization(), "gamma")],
)  # fmt: skip
def test_weights_of_a_layer_that_is_not_built_say_so(layer: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=f"You must build the layer before accessing `{name}`"):
        getattr(layer, name)
    assert not hasattr(layer, "kernels")


@pytest.mark.parametrize(
    ("layer", "first", "second"),
    [
        (L.Dense(2), (2, 3), (2, 4)),
        (L.Conv1D(2, 2), (1, 5, 3), (1, 5, 4)),
        (L.Conv2D(2, 2), (1, 5, 5, 3), (1, 5, 5, 4)),
        (L.Conv2DTranspose(2, 2), (1, 5, 5, 3), (1, 5, 5, 4)),
        (L.DepthwiseConv2D(2), (1, 5, 5, 3), (1, 5, 5, 4)),
        (L.BatchNormalization(), (2, 3), (2, 4)),
        (L.LayerNormalization(), (2, 3), (2, 4)),
        (L.PReLU(), (2, 3), (2, 4)),
    ],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_a_built_layer_refuses_inputs_of_another_size(
    layer: Any, first: tuple, second: tuple
) -> None:
    layer(mt.ones(first))
    with pytest.raises(ValueError, match="is incompatible with the layer: expected axis"):
        layer(mt.ones(second))
    with pytest.raises(ValueError, match="is incompatible with the layer: expected axis"):
        mt.function(lambda x: layer(x))(mt.ones(second))
    assert layer(mt.ones(first)).shape[0] == first[0]


AXES = {
    "image without channels": (
        lambda: L.Conv2D(3, 3)(np.ones((5, 28, 28))),
        ["Conv2D takes (batch, height, width, channels)", "x[..., None]", "x[None]"],
    ),
    "image without channels in a model": (
        lambda: mt.keras.Sequential([mt.keras.Input((28, 28)), L.Conv2D(3, 3)]),
        ["Conv2D takes (batch, height, width, channels)", "keras.Input((28, 28, 1))"],
    ),
    "series": (lambda: L.Conv1D(3, 3)(ones(5, 28)), ["Conv1D takes (batch, steps, channels)"]),
    "transposed": (lambda: L.Conv2DTranspose(3, 3)(ones(5, 28, 3)), ["(batch, height, width, "]),
    "pooling": (
        lambda: L.MaxPooling2D()(ones(5, 28, 28)),
        ["MaxPooling2D takes (batch, height, width, channels)", "x[..., None]"],
    ),
    "global pooling": (
        lambda: L.GlobalAveragePooling1D()(ones(5, 28)),
        ["GlobalAveragePooling1D takes (batch, steps, channels)"],
    ),
    "lstm": (
        lambda: L.LSTM(4)(np.ones((2, 4))),
        ["LSTM takes (batch, steps, features)", "x[..., None]", "return_sequences=True"],
    ),
    "stacked": (
        lambda: mt.keras.Sequential([L.GRU(4), L.GRU(4)])(ones(2, 3, 4)),
        ["GRU takes (batch, steps, features)", "return_sequences=True"],
    ),
    "simple": (lambda: L.SimpleRNN(4)(ones(2)), ["(batch, steps, features)", "mt.reshape"]),
    "both ways": (lambda: L.Bidirectional(L.LSTM(4))(ones(2, 4)), ["(batch, steps, features)"]),
    "dense": (lambda: L.Dense(2)(ones(3)), ["Dense takes (batch, …, features)", "x[None]"]),
    "padding": (lambda: L.ZeroPadding2D()(ones(5, 28, 28)), ["(batch, height, width, channels)"]),
}


@pytest.mark.parametrize("name", AXES)
def test_a_wrong_number_of_axes_is_answered_with_the_axes_that_a_layer_takes(name):
    call, words = AXES[name]
    with pytest.raises(ValueError, match="ndim=") as caught:
        call()
    for part in words:
        assert part in str(caught.value)
    assert "first one" not in str(caught.value)


def test_other_faults_of_an_input_name_what_the_layer_was_made_for():
    dense = L.Dense(2)
    dense(ones(1, 3))
    with pytest.raises(ValueError, match="weights fit inputs like the first one"):
        dense(ones(1, 4))
    flat = mt.keras.Sequential([mt.keras.Input((3,)), L.Dense(2)])
    with pytest.raises(ValueError, match=r"give it inputs of shape \(None, 3\)"):
        flat(ones(1, 4))

    class Own(L.Layer):
        input_spec = L.InputSpec(ndim=2, axes={-1: 3})

        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(ValueError, match=r"says in its `input_spec`"):
        Own()(ones(1, 4))
    with pytest.raises(ValueError, match="Own counts the axes of its input"):
        Own()(ones(3))


@pytest.mark.parametrize(
    "layer",
    [L.Embedding(5, 2), L.Masking(), L.Reshape((3, 1)),
     L.TimeDistributed(L.Dense(2))],
)  # fmt: skip
@pytest.mark.parametrize("wrap", [lambda x: [x, x], lambda x: [x], lambda x: {"a": x}])
def test_layers_of_one_tensor_refuse_lists_and_dicts_of_them(layer, wrap):
    with pytest.raises(ValueError, match=r"expected 1 input|expected the tensor itself"):
        layer(wrap(np.ones((2, 3, 1), "float32")))


def test_a_lambda_needs_a_function():
    with pytest.raises(ValueError, match="cannot be called"):
        L.Lambda(None)
