"""Record what PyTorch computes, values and gradients, in torch.npz beside this file.

Run it with a Python that has torch (2.13 made the file): `python tests/recorded/record_torch.py`.
Each case holds its inputs i0…, its outputs o0…, the weights w0… of a weighted sum of the outputs,
and the gradients g0… of that sum. Images are transposed to channels last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

FILE = Path(__file__).with_name("torch.npz")


class Recorder:
    """Draws inputs, and keeps what cases give."""

    def __init__(self) -> None:
        self.random, self.arrays = np.random.default_rng(7), {}

    def draw(self, *shape: int, complex_: bool = False) -> torch.Tensor:
        imaginary = 1j * self.random.normal(size=shape) if complex_ else 0
        return torch.tensor(self.random.normal(size=shape) + imaginary, requires_grad=True)

    def keep(self, name: str, array: Any) -> None:
        self.arrays[name] = np.asarray(array)

    def case(self, name: str, inputs: list, outputs: Any) -> None:
        outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
        weights = [self.draw(*o.shape, complex_=o.is_complex()).detach() for o in outputs]
        total = sum((o * w.conj()).real.sum() for o, w in zip(outputs, weights, strict=True))
        gradients = torch.autograd.grad(total, inputs)
        groups = {"i": inputs, "o": outputs, "w": weights, "g": gradients}
        for letter, tensors in groups.items():
            for i, tensor in enumerate(tensors):
                self.keep(f"{name}/{letter}{i}", tensor.detach().resolve_conj().numpy())


def first(x: torch.Tensor) -> torch.Tensor:
    """Channels last to channels first."""
    return x.permute(0, 3, 1, 2)


def last(x: torch.Tensor) -> torch.Tensor:
    """Channels first to channels last."""
    return x.permute(0, 2, 3, 1)


def images(r: Recorder) -> None:
    settings = {"plain": (1, 0, 1), "strided": (2, 1, 1), "uneven": ((2, 1), (0, 2), (1, 2)),
                "dilated": (3, 2, 2)}  # fmt: skip
    for name, (stride, padding, dilation) in settings.items():
        x, w = r.draw(2, 9, 8, 3), r.draw(3, 2, 3, 4)
        out = functional.conv2d(first(x), w.permute(3, 2, 0, 1), None, stride, padding, dilation)
        r.case(f"conv2d {name}", [x, w], last(out))
    x, w = r.draw(2, 4, 5, 3), r.draw(3, 3, 2, 3)
    out = functional.conv_transpose2d(first(x), w.permute(3, 2, 0, 1), None, 2, 1, 1)
    r.case("conv2d_transpose", [x, w], last(out))
    x, w = r.draw(2, 6, 5, 3), r.draw(3, 3, 3, 2)
    out = functional.conv2d(first(x), w.permute(2, 3, 0, 1).reshape(6, 1, 3, 3), stride=2, groups=3)
    r.case("depthwise_conv2d", [x, w], last(out))
    x, w = r.draw(2, 9, 3), r.draw(4, 3, 5)
    out = functional.conv1d(x.permute(0, 2, 1), w.permute(2, 1, 0), stride=2)
    r.case("conv1d", [x, w], out.permute(0, 2, 1))
    x = r.draw(2, 6, 6, 3)
    r.case("max_pool2d", [x], last(functional.max_pool2d(first(x), 3, 2)))
    x = r.draw(2, 5, 5, 2)
    out = functional.avg_pool2d(first(x), 3, 2, padding=1, count_include_pad=False)
    r.case("avg_pool2d", [x], last(out))


def networks(r: Recorder) -> None:
    x, scale, offset = r.draw(3, 4), r.draw(4), r.draw(4)
    r.case("layer_norm", [x, scale, offset], functional.layer_norm(x, (4,), scale, offset, 1e-3))
    x, scale, offset = r.draw(2, 3, 3, 4), r.draw(4), r.draw(4)
    out = functional.batch_norm(first(x), None, None, scale, offset, True, eps=1e-3)
    r.case("batch_norm", [x, scale, offset], last(out))
    q, k, v = r.draw(2, 3, 5, 4), r.draw(2, 3, 5, 4), r.draw(2, 3, 5, 2)
    attention = functional.scaled_dot_product_attention
    mask = torch.tensor(r.random.random((5, 5)) < 0.7) | torch.eye(5, dtype=torch.bool)
    r.keep("mask", mask)
    r.case("attention", [q, k, v], attention(q, k, v))
    r.case("attention causal", [q, k, v], attention(q, k, v, is_causal=True))
    r.case("attention masked", [q, k, v], attention(q, k, v, attn_mask=mask))
    logits, classes = r.draw(3, 4), torch.tensor([1, 0, 3])
    shares, truth = r.random.dirichlet(np.ones(4), 3), r.random.random((3, 4))
    for name, labels in (("classes", classes), ("shares", shares), ("truth", truth)):
        r.keep(name, labels)
    shares, truth = torch.tensor(shares), torch.tensor(truth)
    r.case("sparse", [logits], functional.cross_entropy(logits, classes, reduction="none"))
    r.case("softmax", [logits], functional.cross_entropy(logits, shares, reduction="none"))
    binary = functional.binary_cross_entropy_with_logits
    r.case("sigmoid", [logits], binary(logits, truth, reduction="none"))
    weight = torch.tensor(2.5)
    r.case("weighted", [logits], binary(logits, truth, pos_weight=weight, reduction="none"))


def definite(h: torch.Tensor) -> torch.Tensor:
    """A symmetric (or Hermitian) positive definite matrix."""
    return h @ h.mH + torch.eye(len(h))


def matrices(r: Recorder, complex_: bool) -> None:
    end = " complex" if complex_ else ""
    a, b = r.draw(3, 3, complex_=complex_), r.draw(3, 2, complex_=complex_)
    r.case("inv" + end, [a], torch.linalg.inv(a))
    r.case("det" + end, [a], torch.linalg.det(a))
    r.case("solve" + end, [a, b], torch.linalg.solve(a, b))
    r.case("matmul" + end, [a, b], a @ b)
    r.case("matmul adjoint" + end, [a, b], a.mH @ b)
    r.case("matmul transposed" + end, [a, b], a.mT @ b)
    r.case("triangular_solve" + end, [a, b], torch.linalg.solve_triangular(a, b, upper=False))
    h = r.draw(3, 3, complex_=complex_)
    r.case("cholesky" + end, [h], torch.linalg.cholesky(definite(h)))
    r.case("eigvalsh" + end, [h], torch.linalg.eigvalsh(definite(h)))
    values, vectors = torch.linalg.eigh(definite(h))
    scaled = vectors @ torch.diag(values.log().to(vectors.dtype)) @ vectors.mH
    r.case("eigh" + end, [h], [values, scaled])
    x, y = r.draw(2, 3, complex_=complex_), r.draw(3, complex_=complex_)
    r.case("einsum" + end, [x, a, y], torch.einsum("ij,jk,k->ik", x, a, y))


def factors(r: Recorder) -> None:
    tall, wide, square = r.draw(4, 3), r.draw(3, 5), r.draw(3, 3)
    r.case("qr", [tall], torch.linalg.qr(tall))
    r.case("qr wide", [wide], torch.linalg.qr(wide))
    for name, x in (("svd", tall), ("svd wide", wide)):
        u, s, vh = torch.linalg.svd(x, full_matrices=False)
        r.case(name, [x], [s, u @ torch.diag(s.log()) @ vh])
    r.case("slogdet", [square], torch.linalg.slogdet(square)[1])


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    recorder = Recorder()
    images(recorder)
    networks(recorder)
    matrices(recorder, False)
    matrices(recorder, True)
    factors(recorder)
    np.savez_compressed(FILE, **recorder.arrays)
    print(f"{len(recorder.arrays)} arrays, torch {torch.__version__}")
