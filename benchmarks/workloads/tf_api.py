"""The workloads in TensorFlow 2's API: one text, run by TensorFlow and by minitensor.

`tf` is either of the two modules. Each function returns name → a factory of something to call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import problems
from benchmarks.problems import BETA_1, BETA_2, EPSILON, HEADS, LAYER_NORM_EPSILON, RATE

Work = Callable[[], Any]
Factories = dict[str, Callable[[], Work]]


def eager(tf: Any) -> Factories:
    """What runs op by op."""
    return {
        "multiply x1000": lambda: multiply(tf),
        "multiply taped x1000": lambda: multiply_taped(tf),
        "chain of 100 ops": lambda: chain(tf, lambda f: f),
        "conv forward": lambda: conv(tf),
        "conv forward + backward": lambda: conv_gradient(tf),
    }


def training(tf: Any, function: Callable[..., Any]) -> Factories:
    """The training steps; `function` traces a step, or leaves it as it is."""

    def factory(loss: str, problem: Callable[[], Any]) -> Callable[[], Work]:
        return lambda: train(tf, function, LOSSES[loss], problem())

    return {name: factory(*how) for name, how in problems.NETWORKS.items()}


def traced(tf: Any, function: Callable[..., Any]) -> Factories:
    """What runs as a graph."""
    return {
        problems.CHAIN: lambda: chain(tf, function),
        problems.CURVES: lambda: curves(tf, function),
        problems.CALLS: lambda: calls(tf, function),
        problems.LOOP: lambda: loop(tf, function),
        **training(tf, function),
    }


def multiply(tf: Any) -> Work:
    """Operators alone."""
    small, other = tf.fill((2, 3), 1.5), tf.fill((2, 3), 0.5)

    def work() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    return work


def multiply_taped(tf: Any) -> Work:
    """Operators while a tape watches."""
    small, other = tf.fill((2, 3), 1.5), tf.fill((2, 3), 0.5)

    def work() -> None:
        a, b = small, other
        with tf.GradientTape() as tape:
            tape.watch(a)
            for _ in range(1000):
                a * b

    return work


def chain(tf: Any, function: Callable[..., Any]) -> Work:
    """A long product and its gradient."""
    vector = tf.ones(4)

    @function
    def value_and_gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(50):
                y = y * 1.01
                y = y + 0.01
        return y, tape.gradient(y, x)

    return lambda: value_and_gradient(vector)


def conv(tf: Any) -> Work:
    """One convolution."""
    images, filters = tf.constant(problems.images()), tf.constant(problems.filters())
    return lambda: tf.nn.conv2d(images, filters, 1, "VALID")


def conv_gradient(tf: Any) -> Work:
    """One convolution and both its gradients."""
    images, filters = tf.constant(problems.images()), tf.constant(problems.filters())

    def work() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([images, filters])
            y = tf.nn.conv2d(images, filters, 1, "VALID")
        return tape.gradient(y, [images, filters])

    return work


def curves(tf: Any, function: Callable[..., Any]) -> Work:
    """A sum over elementwise functions, and its gradient."""
    many = tf.constant(problems.many())

    @function
    def value_and_gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(tf.tanh(x) * tf.sigmoid(x) + tf.exp(x))
        return total, tape.gradient(total, x)

    return lambda: value_and_gradient(many)


def calls(tf: Any, function: Callable[..., Any]) -> Work:
    """What a call of a traced function costs."""
    vector = tf.ones(4)

    @function
    def double(x: Any) -> Any:
        return x + x

    def work() -> Any:
        x = vector
        for _ in range(1000):
            y = double(x)
        return y

    return work


def loop(tf: Any, function: Callable[..., Any]) -> Work:
    """A loop whose condition is a tensor."""
    start = tf.constant(0.0)

    @function
    def settle(x: Any) -> Any:
        def turn(i: Any, x: Any) -> Any:
            return i + 1, x * 0.999 + 0.001

        return tf.while_loop(lambda i, x: i < 1000, turn, (tf.constant(0), x))[1]

    return lambda: settle(start)


def train(tf: Any, function: Callable[..., Any], loss: Callable[..., Any], problem: Any) -> Work:
    """A step of Adam: forward, gradient, update. Weights and moments are variables."""
    weights = {name: tf.Variable(value) for name, value in problem.parameters.items()}
    parameters = list(weights.values())
    firsts = [tf.Variable(tf.zeros_like(w)) for w in parameters]
    seconds = [tf.Variable(tf.zeros_like(w)) for w in parameters]
    count = tf.Variable(0.0)
    inputs, targets = tf.constant(problem.inputs), tf.constant(problem.targets)

    @function
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(tf, weights, x, y)
        gradients = tape.gradient(value, parameters)
        count.assign_add(1.0)
        root = tf.sqrt(1.0 - BETA_2**count)
        rate, epsilon = RATE * root / (1.0 - BETA_1**count), EPSILON * root
        for w, m, v, g in zip(parameters, firsts, seconds, gradients, strict=True):
            m.assign_add((1.0 - BETA_1) * (g - m))
            v.assign_add((1.0 - BETA_2) * (tf.square(g) - v))
            w.assign_sub(rate * m / (tf.sqrt(v) + epsilon))
        return value

    return lambda: step(inputs, targets)


def _cross_entropy(tf: Any, labels: Any, logits: Any) -> Any:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


def mlp(tf: Any, w: dict[str, Any], x: Any, y: Any) -> Any:
    """Dense layers with relu between them."""
    depth = len(w) // 2
    for i in range(depth):
        x = x @ w[f"w{i}"] + w[f"b{i}"]
        if i < depth - 1:
            x = tf.nn.relu(x)
    return _cross_entropy(tf, y, x)


def convnet(tf: Any, w: dict[str, Any], x: Any, y: Any) -> Any:
    """Two convolutions, a pool, a dense layer."""
    for i in range(2):
        x = tf.nn.relu(tf.nn.conv2d(x, w[f"k{i}"], 1, "VALID") + w[f"b{i}"])
    x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    x = tf.reshape(x, [x.shape[0], -1])
    return _cross_entropy(tf, y, x @ w["w"] + w["b"])


def _normalize(tf: Any, w: dict[str, Any], name: str, x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    x = (x - mean) * tf.math.rsqrt(variance + LAYER_NORM_EPSILON)
    return x * w[f"scale_{name}"] + w[f"shift_{name}"]


def transformer(tf: Any, w: dict[str, Any], x: Any, target: Any) -> Any:
    """A pre-norm block: attention, then a feed-forward layer, each added to what came in."""
    batch, tokens, width = x.shape

    def split(x: Any, name: str) -> Any:
        x = x @ w[f"w{name}"] + w[f"b{name}"]
        return tf.transpose(tf.reshape(x, [batch, tokens, HEADS, -1]), [0, 2, 1, 3])

    normal = _normalize(tf, w, "n0", x)
    q, k, v = (split(normal, name) for name in "qkv")
    scores = tf.matmul(q, k, transpose_b=True) * (width // HEADS) ** -0.5
    mixed = tf.transpose(tf.nn.softmax(scores) @ v, [0, 2, 1, 3])
    x = x + tf.reshape(mixed, [batch, tokens, width]) @ w["wo"] + w["bo"]
    hidden = tf.nn.gelu(_normalize(tf, w, "n1", x) @ w["w0"] + w["b0"], approximate=True)
    x = x + hidden @ w["w1"] + w["b1"]
    return tf.reduce_mean(tf.square(x - target))


LOSSES = {"mlp": mlp, "convnet": convnet, "transformer": transformer}
