"""The workloads in PyTorch: eager, and through `torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as fn
from torch import nn

from benchmarks import problems
from benchmarks.problems import BETA_1, BETA_2, EPSILON, HEADS, LAYER_NORM_EPSILON, RATE

Work = Callable[[], Any]
Factories = dict[str, Callable[[], Work]]


def workloads() -> dict[str, Factories]:
    """Column → name → a factory of something to call."""
    torch.set_num_threads(1)
    compiled = ("mlp", "transformer")

    def training(function: Callable[..., Any], kinds: tuple[str, ...]) -> Factories:
        def factory(kind: str, problem: Callable[[], Any]) -> Callable[[], Work]:
            return lambda: train(function, kind, problem())

        networks = problems.NETWORKS | problems.LAYERED
        return {name: factory(*how) for name, how in networks.items() if how[0] in kinds}

    return {
        "PyTorch": {
            "multiply x1000": multiply,
            "multiply taped x1000": multiply_taped,
            "chain of 100 ops": chain,
            "conv forward": conv,
            "conv forward + backward": conv_gradient,
            problems.CURVES: lambda: curves(lambda f: f),
            problems.LOOP: loop,
            **training(lambda f: f, (*compiled, "convnet", "recurrent")),
        },
        "PyTorch compiled": {
            problems.CURVES: lambda: curves(torch.compile),
            problems.CALLS: calls,
            **training(torch.compile, compiled),
        },
    }


def multiply() -> Work:
    """Operators alone."""
    small, other = torch.full((2, 3), 1.5), torch.full((2, 3), 0.5)

    def work() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    return work


def multiply_taped() -> Work:
    """Operators while autograd watches."""
    small, other = torch.full((2, 3), 1.5).requires_grad_(), torch.full((2, 3), 0.5)

    def work() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    return work


def chain() -> Work:
    """A long product and its gradient."""
    vector = torch.ones(4, requires_grad=True)

    def work() -> Any:
        y = vector
        for _ in range(50):
            y = y * 1.01
            y = y + 0.01
        return y, *torch.autograd.grad(y, vector, torch.ones_like(y))

    return work


def _images() -> list[torch.Tensor]:
    images = torch.from_numpy(problems.images()).permute(0, 3, 1, 2).contiguous()
    return [images, torch.from_numpy(problems.filters()).permute(3, 2, 0, 1).contiguous()]


def conv() -> Work:
    """One convolution."""
    images, filters = _images()

    def work() -> Any:
        with torch.no_grad():
            return fn.conv2d(images, filters)

    return work


def conv_gradient() -> Work:
    """One convolution and both its gradients."""
    images, filters = (x.requires_grad_() for x in _images())

    def work() -> Any:
        y = fn.conv2d(images, filters)
        return torch.autograd.grad(y, [images, filters], torch.ones_like(y))

    return work


def curves(function: Callable[..., Any]) -> Work:
    """A sum over elementwise functions, and its gradient."""
    many = torch.from_numpy(problems.many()).requires_grad_()
    value = function(lambda x: (torch.tanh(x) * torch.sigmoid(x) + torch.exp(x)).sum())

    def work() -> Any:
        total = value(many)
        return total, *torch.autograd.grad(total, many)

    return work


def calls() -> Work:
    """What a call of a compiled function costs."""
    vector = torch.ones(4)
    double = torch.compile(lambda x: x + x)

    def work() -> Any:
        x = vector
        for _ in range(1000):
            y = double(x)
        return y

    return work


def loop() -> Work:
    """A loop whose condition is a tensor."""

    def work() -> Any:
        i, x = torch.tensor(0), torch.tensor(0.0)
        while i < 1000:
            i = i + 1
            x = x * 0.999 + 0.001
        return x

    return work


def train(function: Callable[..., Any], kind: str, problem: Any) -> Work:
    """A step of PyTorch's own fused Adam on a module."""
    module = MODULES[kind](problem)
    forward = function(module)
    optimizer = torch.optim.Adam(
        module.parameters(), RATE, (BETA_1, BETA_2), eps=EPSILON, fused=True
    )
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)
    if kind == "convnet":
        inputs = inputs.permute(0, 3, 1, 2).contiguous()
    if targets.dtype == torch.int32:
        targets = targets.long()

    def work() -> Any:
        optimizer.zero_grad()
        loss = forward(inputs, targets)
        loss.backward()
        optimizer.step()
        return loss

    return work


def _linear(w: Any, b: Any) -> nn.Linear:
    """PyTorch's layer, whose matrix lies the other way round."""
    layer = nn.Linear(*w.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(w.T.copy()))
        layer.bias.copy_(torch.from_numpy(b))
    return layer


class MLP(nn.Module):
    """Dense layers with relu between them."""

    def __init__(self, problem: Any):
        super().__init__()
        w = problem.parameters
        layers = [_linear(w[f"w{i}"], w[f"b{i}"]) for i in range(len(w) // 2)]
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Any, y: Any) -> Any:
        """The loss."""
        *hidden, last = self.layers
        for layer in hidden:
            x = fn.relu(layer(x))
        return fn.cross_entropy(last(x), y)


class Convnet(nn.Module):
    """Two convolutions, a pool, a dense layer."""

    def __init__(self, problem: Any):
        super().__init__()
        w = problem.parameters
        self.convolutions = nn.ModuleList()
        for i in range(2):
            filters = torch.from_numpy(w[f"k{i}"]).permute(3, 2, 0, 1)
            layer = nn.Conv2d(filters.shape[1], filters.shape[0], 3)
            with torch.no_grad():
                layer.weight.copy_(filters)
                layer.bias.zero_()  # type: ignore[union-attr]
            self.convolutions.append(layer)
        side = int((len(w["w"]) / 64) ** 0.5)
        dense = w["w"].reshape(side, side, 64, 10).transpose(2, 0, 1, 3).reshape(-1, 10)
        self.dense = _linear(dense, w["b"])

    def forward(self, x: Any, y: Any) -> Any:
        """The loss."""
        for layer in self.convolutions:
            x = fn.relu(layer(x))
        return fn.cross_entropy(self.dense(fn.max_pool2d(x, 2).flatten(1)), y)


class Transformer(nn.Module):
    """A pre-norm block: attention, then a feed-forward layer, each added to what came in."""

    def __init__(self, problem: Any):
        super().__init__()
        w = problem.parameters
        self.q, self.k, self.v, self.o, self.wide, self.narrow = (
            _linear(w[f"w{name}"], w[f"b{name}"]) for name in "qkvo01"
        )
        width = problem.inputs.shape[-1]
        self.norms = nn.ModuleList(nn.LayerNorm(width, LAYER_NORM_EPSILON) for _ in range(2))

    def forward(self, x: Any, target: Any) -> Any:
        """The loss."""
        normal = self.norms[0](x)
        q, k, v = (
            layer(normal).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        mixed = fn.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.o(mixed)
        x = x + self.narrow(fn.gelu(self.wide(self.norms[1](x)), approximate="tanh"))
        return fn.mse_loss(x, target)


class Recurrent(nn.Module):
    """An LSTM whose last output goes through a dense layer. One of its two biases stays zero."""

    def __init__(self, problem: Any):
        super().__init__()
        w = problem.parameters
        units = len(w["recurrent"])
        self.lstm = nn.LSTM(problem.inputs.shape[-1], units, batch_first=True)
        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(torch.from_numpy(w["kernel"].T.copy()))
            self.lstm.weight_hh_l0.copy_(torch.from_numpy(w["recurrent"].T.copy()))
            self.lstm.bias_ih_l0.zero_()
            self.lstm.bias_hh_l0.zero_()
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.dense = _linear(w["w"], w["b"])

    def forward(self, x: Any, y: Any) -> Any:
        """The loss."""
        outputs, _ = self.lstm(x)
        return fn.cross_entropy(self.dense(outputs[:, -1]), y)


MODULES = {"mlp": MLP, "convnet": Convnet, "transformer": Transformer, "recurrent": Recurrent}
