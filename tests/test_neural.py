"""Softmax, cross-entropies, dropout, embeddings, normalisation, attention: special cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import minitensor as mt
from minitensor import nn


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def test_softmax_is_scipys_and_does_not_overflow() -> None:
    x = random(3, 4)
    for axis in (0, -1):
        np.testing.assert_allclose(nn.softmax(x, axis=axis).numpy(), special.softmax(x, axis))
        np.testing.assert_allclose(nn.log_softmax(x, axis).numpy(), special.log_softmax(x, axis))
    assert nn.softmax([1e4, 1e4]).numpy().tolist() == [0.5, 0.5]
    assert nn.log_softmax([0.0, -1e4]).numpy().tolist() == [0, -1e4]
    assert nn.softmax(mt.zeros([2, 0])).shape == (2, 0)
    with pytest.raises(mt.errors.InvalidArgumentError, match="Axis 2 does not exist"):
        nn.softmax(x, axis=2)


def test_cross_entropies_agree_with_one_another() -> None:
    logits, classes = random(4, 3), np.array([0, 2, 1, 1])
    one_hot = np.eye(3)[classes]
    sparse = nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
    dense = nn.softmax_cross_entropy_with_logits(one_hot, logits)
    turned = nn.softmax_cross_entropy_with_logits(one_hot.T, logits.T, axis=0)
    np.testing.assert_allclose(sparse.numpy(), dense.numpy())
    np.testing.assert_allclose(turned.numpy(), dense.numpy())
    expected = special.logsumexp(logits, 1) - (logits * one_hot).sum(1)
    np.testing.assert_allclose(sparse.numpy(), expected)


def test_labels_get_gradients_too() -> None:
    labels, logits = mt.constant([[0.0, 1.0]]), mt.constant([[0.0, 0.0]])
    for loss in (nn.softmax_cross_entropy_with_logits, nn.sigmoid_cross_entropy_with_logits):
        with mt.GradientTape() as tape:
            tape.watch(labels)
            y = loss(labels, logits)
        assert tape.gradient(y, labels) is not None


def test_sigmoid_cross_entropy_at_special_points() -> None:
    x = mt.constant([0.0, 1000.0, -1000.0])
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = nn.sigmoid_cross_entropy_with_logits(mt.ones([3]), x)
    np.testing.assert_allclose(y.numpy(), [np.log(2), 0, 1000], rtol=1e-6)
    assert tape.gradient(y, x).numpy().tolist() == [-0.5, 0, -1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: nn.sparse_softmax_cross_entropy_with_logits([0, 3], mt.zeros([2, 3])),
         r"label value of 3 which is outside the valid range of \[0, 3\)"),
        (lambda: nn.sparse_softmax_cross_entropy_with_logits([0, -1], mt.zeros([2, 3])), "-1"),
        (lambda: nn.sparse_softmax_cross_entropy_with_logits([[0]], mt.zeros([1, 3])),
         r"labels have shape \(1, 1\), logits \(1, 3\)"),
        (lambda: nn.softmax_cross_entropy_with_logits(mt.zeros([2]), mt.zeros([2, 3])),
         "logits and labels must have the same shape"),
        (lambda: nn.sigmoid_cross_entropy_with_logits(mt.zeros([1, 3]), mt.zeros([2, 3])),
         "logits and labels must have the same shape"),
        (lambda: nn.weighted_cross_entropy_with_logits(mt.zeros([1]), mt.zeros([2]), 1.0),
         "weighted_cross_entropy_with_logits:.*same shape"),
        (lambda: nn.dropout(mt.ones([2]), 1.0), r"rate=1.0.*\[0, 1\)"),
        (lambda: nn.dropout(mt.ones([2], mt.int32), 0.5), "floating point tensor"),
        (lambda: nn.bias_add(mt.ones([2, 3]), [1.0, 2.0]), r"\(2, 3\) and \(2,\).*axis 1"),
        (lambda: nn.embedding_lookup(mt.ones([3, 2]), [3]), "3"),
        (lambda: nn.layer_normalization(mt.ones([2, 3]), mt.ones([2]), mt.ones([3])),
         "sizes 3 and 2"),
        (lambda: nn.dropout(mt.ones([2, 3]), 0.5, noise_shape=[2, 2]), "noise_shape|sizes 3 and 2"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call: object, said: str) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match=f"(?is){said}"):
        call()  # type: ignore[operator]


def test_weighted_cross_entropy_weighs_what_is_missed() -> None:
    plain = nn.sigmoid_cross_entropy_with_logits([1.0, 0.0], [-2.0, -2.0]).numpy()
    weighted = nn.weighted_cross_entropy_with_logits([1.0, 0.0], [-2.0, -2.0], 3.0).numpy()
    np.testing.assert_allclose(weighted, plain * [3, 1], rtol=1e-6)
    large = nn.weighted_cross_entropy_with_logits([1.0, 0.0], [-1e4, 1e4], 3.0).numpy()
    assert large.tolist() == [3e4, 1e4]


def test_dropout_keeps_the_mean_and_scales_gradients() -> None:
    x = mt.ones([200, 500])
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = nn.dropout(x, 0.2, seed=1)
    values = y.numpy()
    assert set(np.unique(values).tolist()) == {0.0, 1.25}
    assert abs(values.mean() - 1) < 0.01
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), values)


def test_dropout_of_whole_columns_and_of_nothing() -> None:
    x = mt.ones([50, 40])
    values = nn.dropout(x, 0.5, noise_shape=[1, None], seed=3).numpy()
    assert (values == values[0]).all()
    assert 0 < values[0].sum() < 80
    assert nn.dropout(x, 0.0) is x
    assert not nn.dropout(mt.constant([np.nan] * 100), 0.9, seed=0).numpy().tolist().count(np.inf)


def test_embedding_lookup_sends_rows_back() -> None:
    table = mt.Variable([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    with mt.GradientTape() as tape:
        y = nn.embedding_lookup(table, [[1, 1], [0, 2]])
    found = tape.gradient(y, table)
    assert y.shape == (2, 2, 2)
    assert isinstance(found, mt.IndexedSlices)
    assert mt.convert_to_tensor(found).numpy().tolist() == [[1, 1], [2, 2], [1, 1]]
    short = nn.embedding_lookup(table, [0, 1], max_norm=1.0)
    np.testing.assert_allclose(short.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


def test_in_top_k_as_tensorflow_counts() -> None:
    predictions = [[0.1, 0.9, 0.5], [0.5, 0.5, 0.5], [np.nan, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert nn.in_top_k([2, 0, 0, 3], predictions, 1).numpy().tolist() == [False, True, False, False]
    assert nn.in_top_k([2, 0, 1, -1], predictions, 2).numpy().tolist() == [True, True, True, False]


def test_bias_add_knows_where_channels_are() -> None:
    x = mt.zeros([1, 2, 2, 2])
    last = nn.bias_add(x, [1.0, 2.0])
    first = nn.bias_add(x, [1.0, 2.0], data_format="NCHW")
    np.testing.assert_array_equal(first.numpy(), last.numpy().transpose(0, 3, 1, 2))


def test_l2_loss_is_half_the_sum_of_squares() -> None:
    assert nn.l2_loss([3.0, 4.0]).numpy() == 12.5


def test_normalisation_in_training_and_afterwards_agree() -> None:
    x, scale, offset = (mt.constant(a) for a in (random(6, 5, 3), random(3), random(4)[:3]))
    out, mean, variance = nn.fused_batch_norm(x, scale, offset)
    np.testing.assert_allclose(mean.numpy(), x.numpy().mean((0, 1)))
    np.testing.assert_allclose(variance.numpy(), x.numpy().var((0, 1)))
    later = nn.batch_normalization(x, mean, variance, offset, scale, 1e-3)
    np.testing.assert_allclose(later.numpy(), out.numpy())
    bare = nn.batch_normalization(x, mean, variance, None, None, 1e-3)
    np.testing.assert_allclose((bare * scale + offset).numpy(), out.numpy())


def test_normalisation_of_a_constant_is_the_offset() -> None:
    found = nn.layer_normalization(mt.ones([2, 4]) * 7, mt.ones([4]), mt.ones([4]) * 3)
    np.testing.assert_array_equal(found.numpy(), np.full((2, 4), 3))


def test_gradients_of_mean_and_variance_flow() -> None:
    x = mt.constant(random(4, 3))
    with mt.GradientTape() as tape:
        tape.watch(x)
        _, mean, variance = nn.fused_batch_norm(x, mt.ones([3], x.dtype), mt.zeros([3], x.dtype))
        y = mt.reduce_sum(mean) + mt.reduce_sum(variance)
    centred = x.numpy() - x.numpy().mean(0)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 0.25 + 0.5 * centred)


def test_attention_to_nothing_is_attention_to_all() -> None:
    q, k, v = (mt.constant(random(1, 2, n)) for n in (3, 3, 2))
    found = nn.scaled_dot_product_attention(q, k, v, mask=[[False, False], [True, False]])
    np.testing.assert_allclose(found.numpy()[0], [v.numpy()[0].mean(0), v.numpy()[0, 0]])


def test_attention_adds_a_mask_of_numbers_and_takes_a_scale() -> None:
    q, k, v = (mt.constant(random(2, 3, n)) for n in (4, 4, 2))
    bias = random(3, 3)
    found = nn.scaled_dot_product_attention(q, k, v, mask=mt.constant(bias), scale=0.3)
    weights = special.softmax(q.numpy() @ k.numpy().swapaxes(1, 2) * 0.3 + bias, -1)
    np.testing.assert_allclose(found.numpy(), weights @ v.numpy())
    assert nn.scaled_dot_product_attention(q, k, v, dropout_rate=0.5, seed=1).shape == (2, 3, 2)
