"""Values and gradients that PyTorch computed, recorded by recorded/record_torch.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minitensor as mt
from minitensor import linalg, nn

NUMBERS = np.load(Path(__file__).with_name("recorded") / "torch.npz")


def definite(h: mt.Tensor) -> mt.Tensor:
    return mt.matmul(h, h, adjoint_b=True) + mt.eye(3, dtype=h.dtype)


def log_by_eigh(h: mt.Tensor) -> list:
    values, vectors = linalg.eigh(definite(h))
    logs = linalg.diag(mt.cast(mt.math.log(values), vectors.dtype))
    return [values, mt.matmul(vectors @ logs, vectors, adjoint_b=True)]


def log_by_svd(x: mt.Tensor) -> list:
    s, u, v = linalg.svd(x)
    return [s, mt.matmul(u @ linalg.diag(mt.math.log(s)), v, transpose_b=True)]


def around(down: int, right: int) -> list:
    return [[0, 0], [down, down], [right, right], [0, 0]]


CASES: dict[str, Callable] = {
    "conv2d plain": lambda x, w: nn.conv2d(x, w, 1, "VALID"),
    "conv2d strided": lambda x, w: nn.conv2d(x, w, 2, around(1, 1)),
    "conv2d uneven": lambda x, w: nn.conv2d(x, w, [2, 1], around(0, 2), dilations=[1, 2]),
    "conv2d dilated": lambda x, w: nn.conv2d(x, w, [1, 3, 3, 1], around(2, 2), dilations=2),
    "conv2d_transpose": lambda x, w: nn.conv2d_transpose(x, w, [2, 8, 10, 2], 2, around(1, 1)),
    "depthwise_conv2d": lambda x, w: nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "VALID"),
    "conv1d": lambda x, w: nn.conv1d(x, w, 2, "VALID"),
    "max_pool2d": lambda x: nn.max_pool2d(x, 3, 2, "VALID"),
    "avg_pool2d": lambda x: nn.avg_pool2d(x, 3, 2, "SAME"),
    "layer_norm": lambda *x: nn.layer_normalization(*x, epsilon=1e-3),
    "batch_norm": lambda *x: nn.fused_batch_norm(*x, epsilon=1e-3)[0],
    "attention": nn.scaled_dot_product_attention,
    "attention causal": lambda *x: nn.scaled_dot_product_attention(*x, is_causal=True),
    "attention masked": lambda *x: nn.scaled_dot_product_attention(*x, mask=NUMBERS["mask"]),
    "sparse": lambda x: nn.sparse_softmax_cross_entropy_with_logits(NUMBERS["classes"], x),
    "softmax": lambda x: nn.softmax_cross_entropy_with_logits(NUMBERS["shares"], x),
    "sigmoid": lambda x: nn.sigmoid_cross_entropy_with_logits(NUMBERS["truth"], x),
    "weighted": lambda x: nn.weighted_cross_entropy_with_logits(NUMBERS["truth"], x, 2.5),
    "qr": linalg.qr,
    "qr wide": linalg.qr,
    "svd": log_by_svd,
    "svd wide": log_by_svd,
    "slogdet": lambda x: linalg.slogdet(x)[1],
    "inv": linalg.inv,
    "det": linalg.det,
    "solve": linalg.solve,
    "matmul": mt.matmul,
    "matmul adjoint": lambda a, b: mt.matmul(a, b, adjoint_a=True),
    "matmul transposed": lambda a, b: mt.matmul(a, b, transpose_a=True),
    "triangular_solve": linalg.triangular_solve,
    "cholesky": lambda h: linalg.cholesky(definite(h)),
    "eigvalsh": lambda h: linalg.eigvalsh(definite(h)),
    "eigh": log_by_eigh,
    "einsum": lambda *x: mt.einsum("ij,jk,k->ik", *x),
}
RECORDED = sorted({name.split("/")[0] for name in NUMBERS.files if "/" in name})


def recorded(case: str, letter: str) -> list[np.ndarray]:
    names = sorted(name for name in NUMBERS.files if name.startswith(f"{case}/{letter}"))
    return [NUMBERS[name] for name in names]


@pytest.mark.parametrize("case", RECORDED)
def test_pytorch_gives_the_same_numbers(case: str) -> None:
    function = CASES[case.removesuffix(" complex")]
    inputs = [mt.constant(x) for x in recorded(case, "i")]
    with mt.GradientTape() as tape:
        tape.watch(inputs)
        results = function(*inputs)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    weights = [mt.constant(w) for w in recorded(case, "w")]
    gradients = tape.gradient(results, inputs, output_gradients=weights)
    for found, expected in zip(results, recorded(case, "o"), strict=True):
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-10)
    for found, expected in zip(gradients, recorded(case, "g"), strict=True):
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-8, atol=1e-9)
