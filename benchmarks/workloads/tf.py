"""The workloads in TensorFlow, eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def workloads() -> dict[str, Callable[[], Any]]:
    """Name → a call that does the work once."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    small, other = tf.fill((2, 3), 1.5), tf.fill((2, 3), 0.5)
    vector = tf.ones(4)
    images = tf.random.normal((64, 26, 26, 32), seed=0)
    filters = tf.random.normal((3, 3, 32, 64), seed=0) / 17

    def multiply() -> None:
        a, b = small, other
        for _ in range(1000):
            a * b

    def multiply_taped() -> None:
        a, b = small, other
        with tf.GradientTape() as tape:
            tape.watch(a)
            for _ in range(1000):
                a * b

    def chain() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(vector)
            y = vector
            for _ in range(50):
                y = y * 1.01
                y = y + 0.01
        return tape.gradient(y, vector)

    def conv() -> Any:
        return tf.nn.conv2d(images, filters, 1, "VALID")

    def conv_gradient() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([images, filters])
            y = tf.nn.conv2d(images, filters, 1, "VALID")
        return tape.gradient(y, [images, filters])

    return {
        "multiply x1000": multiply,
        "multiply taped x1000": multiply_taped,
        "chain of 100 ops": chain,
        "conv forward": conv,
        "conv forward + backward": conv_gradient,
    }
