"""Convolution and pooling: exact small cases, every way to write arguments, errors, workspaces."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from scipy import signal

import minitensor as mt
from minitensor import nn
from minitensor.ops import windows


def image(*rows: list[float]) -> mt.Tensor:
    return mt.constant(np.array(rows, "float32")[None, :, :, None])


def plain(x: mt.Tensor) -> list:
    return x.numpy()[0, :, :, 0].tolist()


def random(*shape: int) -> mt.Tensor:
    return mt.constant(np.random.default_rng(sum(shape)).normal(size=shape))


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_conv2d_is_scipys_correlation(padding: str) -> None:
    x, w = random(2, 7, 8, 3), random(3, 3, 3, 4)
    mode = {"VALID": "valid", "SAME": "same"}[padding]
    expected = np.zeros(nn.conv2d(x, w, 1, padding).shape)
    for b, c, o in np.ndindex(2, 3, 4):
        expected[b, :, :, o] += signal.correlate2d(x[b, :, :, c], w[:, :, c, o], mode)
    np.testing.assert_allclose(nn.conv2d(x, w, 1, padding).numpy(), expected)


def test_same_padding_puts_the_odd_zero_below_and_on_the_right() -> None:
    ones = mt.ones([2, 2, 1, 1])
    found = nn.conv2d(image([1, 2, 3], [4, 5, 6], [7, 8, 9]), ones, 1, "SAME")
    assert plain(found) == [[12, 16, 9], [24, 28, 15], [15, 17, 9]]
    found = nn.conv2d(image([1, 2, 3], [4, 5, 6], [7, 8, 9]), ones, 2, "SAME")
    assert plain(found) == [[12, 9], [15, 9]]


@pytest.mark.parametrize("strides", [2, [2], [2, 2], [1, 2, 2, 1], mt.constant([2, 2])])
def test_strides_may_be_written_in_each_way(strides: object) -> None:
    x, w = random(1, 6, 6, 2), random(2, 2, 2, 3)
    expected = nn.conv2d(x, w, (2, 2), "VALID")
    np.testing.assert_array_equal(nn.conv2d(x, w, strides, "VALID"), expected)


def test_conv2d_transpose_makes_images_larger() -> None:
    found = nn.conv2d_transpose(image([1, 2]), mt.ones([2, 2, 1, 1]), [1, 2, 4, 1], 2)
    assert plain(found) == [[1, 1, 2, 2], [1, 1, 2, 2]]
    found = nn.conv1d_transpose([[[1.0], [2.0]]], mt.ones([2, 1, 1]), [1, 4, 1], 2)
    assert found.numpy()[0, :, 0].tolist() == [1, 1, 2, 2]


def test_separable_conv2d_is_depthwise_then_pointwise() -> None:
    x, apart, mix = random(2, 5, 5, 2), random(3, 3, 2, 3), random(1, 1, 6, 4)
    filters = mt.einsum("ijcm,cmo->ijco", apart, mt.reshape(mix, [2, 3, 4]))
    expected = nn.conv2d(x, filters, 1, "SAME")
    found = nn.separable_conv2d(x, apart, mix, [1, 1, 1, 1], "SAME")
    np.testing.assert_allclose(found.numpy(), expected.numpy())


def test_max_pool_sends_the_gradient_to_the_first_of_equals() -> None:
    x = mt.constant(np.ones((1, 2, 2, 1), "float32"))
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = nn.max_pool2d(x, 2, 2, "VALID")
    assert plain(tape.gradient(y, x)) == [[1, 0], [0, 0]]


def test_max_pool_ignores_padding_and_passes_nan() -> None:
    assert plain(nn.max_pool2d(image([-1, -2, -3]), [1, 2], 2, "SAME")) == [[-1, -3]]
    x = image([1, float("nan")])
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = nn.max_pool2d(x, [1, 2], 1, "VALID")
    assert np.isnan(plain(y)[0][0])
    assert sum(plain(tape.gradient(y, x))[0]) == 1


def test_max_pool_of_integers() -> None:
    x = mt.constant(np.arange(-8, 8).reshape(1, 4, 4, 1), mt.int32)
    assert plain(nn.max_pool2d(x, 2, 2, "SAME")) == [[-3, -1], [5, 7]]


def test_avg_pool_does_not_count_padding() -> None:
    assert plain(nn.avg_pool2d(image([1, 2, 3]), [1, 2], [1, 2], "SAME")) == [[1.5, 3]]


def test_pools_of_sequences() -> None:
    x = mt.constant([[[1.0], [3.0], [2.0], [4.0]]])
    assert nn.max_pool1d(x, 2, 2, "VALID").numpy().ravel().tolist() == [3, 4]
    assert nn.avg_pool1d(x, 2, 2, "VALID").numpy().ravel().tolist() == [2, 3]
    assert nn.max_pool(x, [2], [1], "VALID").numpy().ravel().tolist() == [3, 3, 4]
    assert nn.avg_pool(x[:, None], [1, 1, 2, 1], 1, "SAME").shape == (1, 1, 4, 1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: nn.conv2d(mt.ones([1, 5, 5, 3]), mt.ones([3, 3, 4, 1]), 1, "VALID"),
         r"conv2d: got shapes \(1, 5, 5, 3\) float32 and \(3, 3, 4, 1\) float32.* The input has 3 "
         r"channels .* take 4"),
        (lambda: nn.conv2d(mt.ones([5, 5, 3]), mt.ones([3, 3, 3, 1]), 1, "VALID"), "rank 3"),
        (lambda: nn.conv2d(mt.ones([1, 2, 2, 1]), mt.ones([3, 3, 1, 1]), 1, "VALID"),
         r"spans 3×3 elements and the image has 2×2.*SAME"),
        (lambda: nn.conv2d(mt.ones([1, 2, 2, 1]), mt.ones([1, 1, 1, 1]), 1, "VALID", "NCHW"),
         r"NCHW.*transpose"),
        (lambda: nn.conv2d(mt.ones([1, 2, 2, 1]), mt.ones([1, 1, 1, 1]), 1, "FULL"),
         r"padding='FULL' is not understood"),
        (lambda: nn.conv2d(mt.ones([1, 2, 2, 1]), mt.ones([1, 1, 1, 1]), [2, 1, 1, 1], "SAME"),
         r"do not move over images or channels"),
        (lambda: nn.conv1d(mt.ones([1, 4, 1]), mt.ones([2, 1, 1]), 1, "SAME", "NCW"), "NCHW"),
        (lambda: nn.conv2d_transpose(mt.ones([1, 3, 3, 1]), mt.ones([2, 2, 1, 1]), [1, 5, 9, 1], 2),
         r"axis 2 has size 3, but .* have 5"),
        (lambda: nn.conv2d_transpose(mt.ones([1, 3, 3, 1]), mt.ones([2, 2, 1, 1]), [2, 6, 6, 1], 2),
         r"batch is 1, and 2"),
        (lambda: nn.depthwise_conv2d(mt.ones([1, 4, 4, 2]), mt.ones([2, 2, 3, 1]), 1, "SAME"),
         r"2 channels, the filters 3"),
        (lambda: nn.max_pool2d(mt.ones([4, 4, 2]), 2, 2, "SAME"), "rank 3"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call: object, said: str) -> None:
    with pytest.raises(mt.errors.InvalidArgumentError, match=f"(?i){said}"):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_float_keeps_its_dtype(dtype: str) -> None:
    x, w = mt.cast(random(1, 4, 4, 2), dtype), mt.cast(random(2, 2, 2, 3), dtype)
    with mt.GradientTape() as tape:
        tape.watch([x, w])
        y = nn.conv2d(x, w, 1, "SAME")
    assert {t.dtype.name for t in (y, *tape.gradient(y, [x, w]))} == {dtype}


@pytest.mark.parametrize("cached", [1, 100, 10**9])
def test_the_size_of_the_parts_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, cached: int
) -> None:
    x, w = random(3, 6, 7, 2), random(3, 2, 2, 3)
    narrow, few = random(3, 6, 7, 3), random(3, 2, 3, 3)

    def everything() -> list:
        found = []
        for a, b in ((x, w), (narrow, few)):
            with mt.GradientTape() as tape:
                tape.watch([a, b])
                y = nn.conv2d(a, b, (1, 2), "SAME")
                pooled = nn.max_pool2d(y, 2, 1, "SAME") + nn.avg_pool2d(y, 2, 1, "SAME")
            found += [pooled, *tape.gradient(pooled, [a, b])]
        return [t.numpy() for t in found]

    expected = everything()
    monkeypatch.setattr(windows, "CACHED", cached)
    for a, b in zip(everything(), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_results_share_no_memory_with_the_workspace() -> None:
    x, w = random(2, 5, 5, 3), random(3, 3, 3, 2)
    kept = nn.conv2d(x, w, 1, "SAME")
    before = kept.numpy()
    nn.conv2d(x + 1, w, 1, "SAME")
    np.testing.assert_array_equal(kept.numpy(), before)


def test_two_threads_convolve_at_once() -> None:
    x, w = random(8, 20, 20, 8), random(3, 3, 8, 8)
    expected = [nn.conv2d(x + i, w, 1, "SAME").numpy() for i in range(2)]
    found: dict[int, list] = {0: [], 1: []}

    def work(i: int) -> None:
        for _ in range(10):
            found[i].append(nn.conv2d(x + i, w, 1, "SAME").numpy())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(2):
        for result in found[i]:
            np.testing.assert_array_equal(result, expected[i])


def test_nan_and_inf_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.conv2d(image([float("inf"), float("nan")]), mt.zeros([1, 1, 1, 1]), 1, "VALID")
