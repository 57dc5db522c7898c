"""Layers beside PyTorch's, live where it is installed: a second source, independent of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minitensor import GradientTape, constant, reduce_sum
from minitensor.keras import layers

torch = pytest.importorskip("torch")

IMAGES = (2, 7, 6, 4)


def kernels(kernel: np.ndarray) -> np.ndarray:
    """(height, width, in, out) as (out, in, height, width); also for transposed convolutions."""
    return kernel.transpose(3, 2, 0, 1)


CASES: dict[str, tuple[Any, Callable[[], Any], tuple, dict[str, tuple]]] = {
    "dense": (layers.Dense(3), lambda: torch.nn.Linear(4, 3), (5, 4),
              {"weight": ("kernel", np.transpose), "bias": ("bias", np.copy)}),
    "conv": (layers.Conv2D(6, 3), lambda: torch.nn.Conv2d(4, 6, 3), IMAGES,
             {"weight": ("kernel", kernels), "bias": ("bias", np.copy)}),
    "conv dilated": (layers.Conv2D(6, 2, dilation_rate=2),
                     lambda: torch.nn.Conv2d(4, 6, 2, dilation=2), IMAGES,
                     {"weight": ("kernel", kernels), "bias": ("bias", np.copy)}),
    "conv in groups": (layers.Conv2D(6, 3, strides=2, groups=2),
                       lambda: torch.nn.Conv2d(4, 6, 3, stride=2, groups=2), IMAGES,
                       {"weight": ("kernel", kernels), "bias": ("bias", np.copy)}),
    "conv transposed": (layers.Conv2DTranspose(3, 3, strides=2),
                        lambda: torch.nn.ConvTranspose2d(4, 3, 3, stride=2), IMAGES,
                        {"weight": ("kernel", kernels), "bias": ("bias", np.copy)}),
    "max pool": (layers.MaxPooling2D(3, strides=2), lambda: torch.nn.MaxPool2d(3, 2), IMAGES, {}),
    "mean pool": (layers.AveragePooling2D(2), lambda: torch.nn.AvgPool2d(2), IMAGES, {}),
    "batch norm": (layers.BatchNormalization(epsilon=1e-5), lambda: torch.nn.BatchNorm2d(4),
                   IMAGES, {"weight": ("gamma", np.copy), "bias": ("beta", np.copy)}),
    "group norm": (layers.GroupNormalization(2, epsilon=1e-5), lambda: torch.nn.GroupNorm(2, 4),
                   IMAGES, {"weight": ("gamma", np.copy), "bias": ("beta", np.copy)}),
    "layer norm": (layers.LayerNormalization(epsilon=1e-5), lambda: torch.nn.LayerNorm(4), (5, 4),
                   {"weight": ("gamma", np.copy), "bias": ("beta", np.copy)}),
    "rms norm": (layers.RMSNormalization(), lambda: torch.nn.RMSNorm(4, eps=1e-6), (5, 4),
                 {"weight": ("scale", np.copy)}),
    "prelu": (layers.PReLU(shared_axes=[1, 2]), lambda: torch.nn.PReLU(4), IMAGES,
              {"weight": ("alpha", np.ravel)}),
    "upsampling": (layers.UpSampling2D(2, interpolation="bilinear"),
                   lambda: torch.nn.Upsample(scale_factor=2, mode="bilinear"), IMAGES, {}),
}  # fmt: skip


def first(x: np.ndarray) -> np.ndarray:
    """Images with their channels first."""
    return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x


def last(x: np.ndarray) -> np.ndarray:
    """Images with their channels last."""
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


@pytest.mark.parametrize("case", CASES)
def test_a_layer_and_its_gradients_are_those_of_torch(case: str) -> None:
    layer, make, shape, names = CASES[case]
    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype(np.float32)
    layer.build(shape)
    layer.set_weights(
        [w if "moving" in v.name else random.normal(size=w.shape)
         for v, w in zip(layer.weights, layer.get_weights(), strict=True)]
    )  # fmt: skip
    peer = make()
    for name, (own, turned) in names.items():
        getattr(peer, name).data = torch.tensor(turned(getattr(layer, own).numpy()).copy())
    with GradientTape() as tape:
        inputs = constant(x)
        tape.watch(inputs)
        out = layer(inputs, training=True) if "batch" in case else layer(inputs)
        weights = random.normal(size=out.shape).astype(np.float32)
        total = reduce_sum(out * weights)
    owns = [getattr(layer, own) for own, _ in names.values()]
    to_x, *to_weights = tape.gradient(total, [inputs, *owns])
    there = torch.tensor(first(x).copy(), requires_grad=True)
    answer = peer(there)
    (answer * torch.tensor(first(weights).copy())).sum().backward()
    close: dict[str, Any] = {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(out, last(answer.detach().numpy()), **close)
    np.testing.assert_allclose(to_x, last(there.grad.numpy()), **close)
    for found, (name, (_, turned)) in zip(to_weights, names.items(), strict=True):
        np.testing.assert_allclose(turned(found.numpy()), getattr(peer, name).grad.numpy(), **close)
