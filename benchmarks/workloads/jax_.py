"""The workloads in JAX: without jit, what a learner's eager line costs, and with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks import problems
from benchmarks.problems import BETA_1, BETA_2, EPSILON, HEADS, LAYER_NORM_EPSILON, RATE

Work = Callable[[], Any]
Factories = dict[str, Callable[[], Work]]


def workloads() -> dict[str, Factories]:
    """Column → name → a factory of something to call."""

    def factory(loss: str, problem: Callable[[], Any]) -> Callable[[], Work]:
        return lambda: train(LOSSES[loss], problem())

    return {
        "JAX": {
            "multiply x1000": multiply,
            "chain of 100 ops": lambda: chain(lambda f: f),
            "conv forward": conv,
            "conv forward + backward": conv_gradient,
        },
        "JAX jit": {
            problems.CHAIN: lambda: chain(jax.jit),
            problems.CURVES: curves,
            problems.CALLS: calls,
            problems.LOOP: loop,
            **{name: factory(*how) for name, how in problems.NETWORKS.items()},
        },
    }


def multiply() -> Work:
    """Operators alone."""
    small, other = jnp.full((2, 3), 1.5), jnp.full((2, 3), 0.5)

    def work() -> None:
        a, b = small, other
        for _ in range(1000):
            c = a * b
        c.block_until_ready()

    return work


def chain(function: Callable[..., Any]) -> Work:
    """A long product and its gradient."""
    vector = jnp.ones(4)

    def long_product(x: Any) -> Any:
        for _ in range(50):
            x = x * 1.01
            x = x + 0.01
        return x

    @function
    def value_and_gradient(x: Any) -> Any:
        y, pull = jax.vjp(long_product, x)
        return y, *pull(jnp.ones_like(y))

    return lambda: jax.block_until_ready(value_and_gradient(vector))


def _convolve(x: Any, w: Any) -> Any:
    return jax.lax.conv_general_dilated(
        x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def conv() -> Work:
    """One convolution."""
    images, filters = jnp.asarray(problems.images()), jnp.asarray(problems.filters())
    return lambda: _convolve(images, filters).block_until_ready()


def conv_gradient() -> Work:
    """One convolution and both its gradients."""
    images, filters = jnp.asarray(problems.images()), jnp.asarray(problems.filters())
    gradient = jax.grad(lambda x, w: _convolve(x, w).sum(), argnums=(0, 1))
    return lambda: jax.block_until_ready(gradient(images, filters))


def curves() -> Work:
    """A sum over elementwise functions, and its gradient."""
    many = jnp.asarray(problems.many())
    work = jax.jit(
        jax.value_and_grad(lambda x: (jnp.tanh(x) * jax.nn.sigmoid(x) + jnp.exp(x)).sum())
    )
    return lambda: jax.block_until_ready(work(many))


def calls() -> Work:
    """What a call of a compiled function costs."""
    vector = jnp.ones(4)
    double = jax.jit(lambda x: x + x)

    def work() -> Any:
        x = vector
        for _ in range(1000):
            y = double(x)
        return y.block_until_ready()

    return work


def loop() -> Work:
    """A loop whose condition is a tensor."""
    start = jnp.asarray(0.0)

    @jax.jit
    def settle(x: Any) -> Any:
        def turn(state: Any) -> Any:
            i, x = state
            return i + 1, x * 0.999 + 0.001

        return jax.lax.while_loop(lambda state: state[0] < 1000, turn, (jnp.asarray(0), x))[1]

    return lambda: settle(start).block_until_ready()


def train(loss: Callable[..., Any], problem: Any) -> Work:
    """A step of Adam as one compiled function, whose state is donated to it."""
    zeros = {name: jnp.zeros_like(w) for name, w in problem.parameters.items()}
    weights = {name: jnp.array(w) for name, w in problem.parameters.items()}
    state = (weights, zeros, jax.tree.map(jnp.copy, zeros), jnp.asarray(0.0))
    inputs, targets = jnp.asarray(problem.inputs), jnp.asarray(problem.targets)

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: Any, y: Any) -> Any:
        weights, firsts, seconds, count = state
        value, gradients = jax.value_and_grad(loss)(weights, x, y)
        count = count + 1.0
        root = jnp.sqrt(1.0 - BETA_2**count)
        rate, epsilon = RATE * root / (1.0 - BETA_1**count), EPSILON * root
        firsts = jax.tree.map(lambda m, g: m + (1.0 - BETA_1) * (g - m), firsts, gradients)
        seconds = jax.tree.map(
            lambda v, g: v + (1.0 - BETA_2) * (jnp.square(g) - v), seconds, gradients
        )
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + epsilon), weights, firsts, seconds
        )
        return (weights, firsts, seconds, count), value

    def work() -> Any:
        nonlocal state
        state, value = step(state, inputs, targets)
        return value.block_until_ready()

    return work


def _cross_entropy(labels: Any, logits: Any) -> Any:
    logs = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()


def mlp(w: dict[str, Any], x: Any, y: Any) -> Any:
    """Dense layers with relu between them."""
    depth = len(w) // 2
    for i in range(depth):
        x = x @ w[f"w{i}"] + w[f"b{i}"]
        if i < depth - 1:
            x = jax.nn.relu(x)
    return _cross_entropy(y, x)


def convnet(w: dict[str, Any], x: Any, y: Any) -> Any:
    """Two convolutions, a pool, a dense layer."""
    for i in range(2):
        x = jax.nn.relu(_convolve(x, w[f"k{i}"]) + w[f"b{i}"])
    window = (1, 2, 2, 1)
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
    return _cross_entropy(y, x.reshape(len(x), -1) @ w["w"] + w["b"])


def _normalize(w: dict[str, Any], name: str, x: Any) -> Any:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    x = (x - mean) * jax.lax.rsqrt(variance + LAYER_NORM_EPSILON)
    return x * w[f"scale_{name}"] + w[f"shift_{name}"]


def transformer(w: dict[str, Any], x: Any, target: Any) -> Any:
    """A pre-norm block: attention, then a feed-forward layer, each added to what came in."""
    normal = _normalize(w, "n0", x)
    q, k, v = (
        (normal @ w[f"w{name}"] + w[f"b{name}"]).reshape(*x.shape[:2], HEADS, -1) for name in "qkv"
    )
    mixed = jax.nn.dot_product_attention(q, k, v).reshape(x.shape)
    x = x + mixed @ w["wo"] + w["bo"]
    hidden = jax.nn.gelu(_normalize(w, "n1", x) @ w["w0"] + w["b0"], approximate=True)
    x = x + hidden @ w["w1"] + w["b1"]
    return jnp.square(x - target).mean()


LOSSES = {"mlp": mlp, "convnet": convnet, "transformer": transformer}
