"""Short programs in the manner of the TensorFlow and Keras guides, which run here unchanged.

What they show beside that they run (orders, names, numbers) was read off TensorFlow 2.21 and Keras
3.15 for the same programs.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import minitensor as tf
from minitensor import keras
from minitensor.keras import layers


@pytest.fixture(autouse=True)
def fresh_names():
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("utils", "to_categorical"),
        ("utils", "register_keras_serializable"),
        ("utils", "custom_object_scope"),
        ("backend", "clear_session"),
        ("preprocessing.sequence", "pad_sequences"),
        ("models", "Sequential"),
        ("layers", "Dense"),
        ("losses", "BinaryCrossentropy"),
        ("optimizers.schedules", "ExponentialDecay"),
        ("callbacks", "EarlyStopping"),
    ],
)
def test_modules_are_found_where_keras_has_them(module, name):
    found = importlib.import_module(f"minitensor.keras.{module}")
    inside = keras
    for part in module.split("."):
        inside = getattr(inside, part)
    assert inside is found
    assert callable(getattr(found, name))


def test_several_inputs_and_outputs_have_shapes_names_and_places():
    words = keras.Input((None,), name="words")
    tags = keras.Input((12,), name="tags")
    x = layers.LSTM(4)(layers.Embedding(100, 8)(words))
    x = layers.concatenate([x, tags])
    urgent, office = layers.Dense(1, name="urgent")(x), layers.Dense(4, name="office")(x)
    model = keras.Model([words, tags], [urgent, office])
    assert model.input_shape == [(None, None), (None, 12)]
    assert model.output_shape == [(None, 1), (None, 4)]
    assert model.output_names == ["urgent", "office"]
    names = [layer.name for layer in model.layers]
    assert names == ["words", "embedding", "lstm", "tags", "concatenate", "urgent", "office"]


def test_a_summary_counts_what_the_optimizer_keeps(capsys):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 3)), verbose=0)
    model.summary()
    shown = capsys.readouterr().out
    assert " Total params: 29 (" in shown
    assert " Trainable params: 9 (36.00 B)" in shown
    assert " Optimizer params: 20 (" in shown


def test_basic_regression_on_one_normalized_feature():
    power = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    normalizer = layers.Normalization(input_shape=[1], axis=None)
    normalizer.adapt(power)
    model = keras.Sequential([normalizer, layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mean_absolute_error")
    history = model.fit(power, 2 * power, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_allclose(history.history["loss"], [6.0, 5.9], rtol=1e-6)
    assert model.metrics_names == ["loss"]


def test_the_two_steps_of_an_adversarial_pair_are_one_graph():
    inside = keras.Sequential([keras.Input((3,)), layers.Dense(4)], name="generator")
    judge = keras.Sequential([keras.Input((4,)), layers.Dense(1)], name="discriminator")
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True)
    first, second = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)

    @tf.function
    def step(real):
        count = tf.shape(real)[0]
        noise = tf.random.normal((count, 3))
        with tf.GradientTape() as making, tf.GradientTape() as judging:
            said, fooled = judge(real), judge(inside(noise))
            fake_loss = loss_of(tf.ones((count, 1)), fooled)
            real_loss = loss_of(tf.ones_like(said), said) + loss_of(tf.zeros((count, 1)), fooled)
        gradients = making.gradient(fake_loss, inside.trainable_variables)
        first.apply_gradients(zip(gradients, inside.trainable_variables, strict=True))
        gradients = judging.gradient(real_loss, judge.trainable_variables)
        second.apply_gradients(zip(gradients, judge.trainable_variables, strict=True))
        return fake_loss, real_loss

    before = [w.numpy() for w in (*inside.weights, *judge.weights)]
    for batch in tf.data.Dataset.from_tensor_slices(np.ones((20, 4), np.float32)).batch(8):
        assert [x.shape for x in step(batch)] == [(), ()]
    after = [w.numpy() for w in (*inside.weights, *judge.weights)]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert int(first.iterations) == int(second.iterations) == 3


def test_cells_of_ones_own_stack_in_a_list():
    class Summing(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = self.state_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], self.units), "ones", name="kernel")

        def call(self, inputs, states):
            total = states[0] + tf.matmul(inputs, self.kernel)
            return total, [total]

    rnn = layers.RNN([Summing(4), Summing(3)], return_state=True)
    output, first, second = rnn(np.ones((2, 3, 5), np.float32))
    np.testing.assert_array_equal(first, np.full((2, 4), 15))
    np.testing.assert_array_equal(second, np.full((2, 3), 4 * (5 + 10 + 15)))
    np.testing.assert_array_equal(output, second)


def test_a_mask_reaches_layers_of_ones_own_in_functional_models():
    class TemporalSoftmax(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            assert mask is not None
            counted = tf.cast(mask, "float32")[..., tf.newaxis]
            shares = tf.exp(inputs) * counted
            return shares / tf.reduce_sum(shares, axis=1, keepdims=True)

    words = keras.Input((None,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=True, embeddings_initializer="ones")(words)
    x = layers.Dropout(0.5)(layers.Dense(1)(x))
    model = keras.Model(words, TemporalSoftmax()(x))
    shares = model(tf.constant([[3, 1, 0, 0], [5, 6, 7, 8]]))[..., 0]
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0, 0], [0.25] * 4], atol=1e-6)


def test_tensors_are_put_into_text_as_their_elements():
    mean = keras.metrics.Mean()
    mean.update_state([1.0, 2.0])
    assert f"Loss: {mean.result()}, {mean.result():.3f}, {mean.result():.1%}" == (
        "Loss: 1.5, 1.500, 150.0%"
    )
    assert "Prediction: {} of {}".format(tf.constant([2, 0]), tf.constant("rose")) == (
        "Prediction: [2 0] of b'rose'"
    )


def test_a_model_for_export_begins_at_raw_text():
    texts = tf.constant([["the sun"], ["the moon"], ["sun"]])
    vectorize = layers.TextVectorization(output_mode="int", output_sequence_length=3)
    vectorize.adapt(texts)
    assert vectorize.get_vocabulary() == ["", "[UNK]", "the", "sun", "moon"]
    embed = layers.Embedding(5, 2, embeddings_initializer="ones", mask_zero=True)
    inside = keras.Sequential([embed, layers.GlobalAveragePooling1D(), layers.Dense(1)])
    export = keras.Sequential([vectorize, inside, layers.Activation("sigmoid")])
    export.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    lines = tf.data.Dataset.from_tensor_slices((texts, [[1], [0], [1]])).batch(2)
    assert set(export.evaluate(lines, verbose=0, return_dict=True)) == {"loss", "accuracy"}
    assert export.predict(tf.constant(["the sun", "moon"]), verbose=0).shape == (2, 1)


def test_losses_written_with_the_backend_s_short_names():
    from minitensor.keras import backend as K  # noqa: N812 - as everybody calls it

    def dice(truth, guess, smooth=1.0):
        both = K.sum(K.flatten(truth) * K.flatten(guess))
        return 1 - (2.0 * both + smooth) / (K.sum(truth) + K.sum(guess) + smooth)

    assert float(dice(tf.constant([[1.0, 0.0]]), tf.constant([[0.5, 0.5]]))) == pytest.approx(1 / 3)
    assert K.argmax(tf.constant([[1.0, 3.0, 2.0]])).numpy().tolist() == [1]
    assert K.concatenate([tf.ones((2, 1)), tf.zeros((2, 3))]).shape == (2, 4)
    assert K.int_shape(K.expand_dims(keras.Input((3,)))) == (None, 3, 1)
    assert float(K.std(tf.constant([1.0, 3.0]))) == float(K.mean(tf.constant([True, True]))) == 1
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", loss=dice)
    assert list(model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0).history) == ["loss"]
