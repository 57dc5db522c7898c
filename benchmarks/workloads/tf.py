"""The workloads in TensorFlow: eager, as a graph, and as a graph that XLA compiles."""

from __future__ import annotations

from functools import partial

import tensorflow as tf

from benchmarks.workloads import tf_api


def workloads() -> dict[str, tf_api.Factories]:
    """Column → name → a factory of something to call."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return {
        "TensorFlow": tf_api.eager(tf),
        "TF graph": tf_api.traced(tf, tf.function),
        "TF XLA": tf_api.traced(tf, partial(tf.function, jit_compile=True)),
    }
