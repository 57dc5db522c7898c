"""Record what Keras's layers give, values and gradients, in layers.npz and layers.json.

Run it with a Python that has TensorFlow (2.21 with Keras 3.15 made the files):
`python tests/recorded/layers.py`. Inputs and weights are not kept: `drawn` draws them again.

A case of CASES is a class, its arguments, the shapes of its inputs, and how it is called. For each,
one vector is kept: the output, the gradients of `weighed(output)` with respect to the inputs and to
the weights that are trained, and the weights that are not after the call. What is kept of a case of
FUNCTIONS is the output and the gradient.

Keras's `sparsemax` is left out: unless only one element is above 0, its results do not sum to 1.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS, NAMES = (Path(__file__).with_name(f"layers.{kind}") for kind in ("npz", "json"))
IMAGES, STEPS, ROWS = (2, 6, 5, 4), (2, 7, 4), (3, 5)
TRAINING: dict = {"training": True}
MASK: dict = {"mask": True}

CASES: dict[str, tuple] = {
    "Dense": ("Dense", {"units": 3}, [ROWS]),
    "Dense of sequences": ("Dense", {"units": 3, "activation": "tanh"}, [STEPS]),
    "Dense without bias": ("Dense", {"units": 2, "use_bias": False, "activation": "relu"}, [ROWS]),
    "Dense regularised": (
        "Dense",
        {"units": 2, "kernel_regularizer": "l2", "bias_constraint": "non_neg",
         "activity_regularizer": "l1", "kernel_initializer": "he_normal"},
        [ROWS],
    ),
    "Activation": ("Activation", {"activation": "softmax"}, [ROWS]),
    "ReLU": ("ReLU", {}, [ROWS]),
    "ReLU with limits": (
        "ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, [ROWS]),
    "LeakyReLU": ("LeakyReLU", {}, [ROWS]),
    "LeakyReLU 0.1": ("LeakyReLU", {"negative_slope": 0.1}, [ROWS]),
    "PReLU": ("PReLU", {}, [ROWS]),
    "PReLU shared": ("PReLU", {"shared_axes": [1, 2]}, [IMAGES]),
    "ELU": ("ELU", {}, [ROWS]),
    "ELU 0.5": ("ELU", {"alpha": 0.5}, [ROWS]),
    "Softmax": ("Softmax", {}, [ROWS]),
    "Softmax of two axes": ("Softmax", {"axis": [1, 2]}, [STEPS]),
    "Softmax masked": ("Softmax", {}, [ROWS], MASK),
    "Flatten": ("Flatten", {}, [STEPS]),
    "Flatten of numbers": ("Flatten", {}, [(4,)]),
    "Reshape": ("Reshape", {"target_shape": (2, -1)}, [(3, 4, 3)]),
    "Permute": ("Permute", {"dims": (3, 1, 2)}, [IMAGES]),
    "RepeatVector": ("RepeatVector", {"n": 3}, [ROWS]),
    "Identity": ("Identity", {}, [ROWS]),
    "Masking": ("Masking", {"mask_value": 0.5}, [STEPS]),
    "ActivityRegularization": ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, [ROWS]),
    "Dropout at rest": ("Dropout", {"rate": 0.5}, [ROWS]),
    "SpatialDropout1D at rest": ("SpatialDropout1D", {"rate": 0.5}, [STEPS]),
    "SpatialDropout2D at rest": ("SpatialDropout2D", {"rate": 0.5}, [IMAGES]),
    "GaussianNoise at rest": ("GaussianNoise", {"stddev": 0.5}, [ROWS]),
    "GaussianDropout at rest": ("GaussianDropout", {"rate": 0.5}, [ROWS]),
    "Dropout of everything": ("Dropout", {"rate": 1.0}, [ROWS], TRAINING),
    "Add": ("Add", {}, [ROWS, ROWS, ROWS]),
    "Add of two ranks": ("Add", {}, [(2, 4), (2, 7, 4)]),
    "Subtract": ("Subtract", {}, [ROWS, ROWS]),
    "Multiply": ("Multiply", {}, [STEPS, (2, 1, 4)]),
    "Average": ("Average", {}, [ROWS, ROWS, ROWS]),
    "Maximum": ("Maximum", {}, [ROWS, ROWS]),
    "Minimum": ("Minimum", {}, [ROWS, ROWS, ROWS]),
    "Concatenate": ("Concatenate", {}, [STEPS, (2, 7, 2)]),
    "Concatenate of steps": ("Concatenate", {"axis": 1}, [STEPS, (2, 3, 4)]),
    "Dot": ("Dot", {"axes": 1}, [ROWS, ROWS]),
    "Dot of matrices": ("Dot", {"axes": (2, 1)}, [(2, 3, 4), (2, 4, 5)]),
    "Dot of cosines": ("Dot", {"axes": -1, "normalize": True}, [(2, 3, 4), (2, 5, 4)]),
    "ZeroPadding1D": ("ZeroPadding1D", {"padding": (1, 2)}, [STEPS]),
    "ZeroPadding2D": ("ZeroPadding2D", {"padding": ((1, 0), (2, 1))}, [IMAGES]),
    "Cropping1D": ("Cropping1D", {"cropping": (0, 2)}, [STEPS]),
    "Cropping2D": ("Cropping2D", {"cropping": ((1, 0), (2, 1))}, [IMAGES]),
    "UpSampling1D": ("UpSampling1D", {"size": 2}, [STEPS]),
    "UpSampling2D": ("UpSampling2D", {"size": (2, 3)}, [(1, 2, 3, 2)]),
    "UpSampling2D bilinear": (
        "UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, [(1, 3, 2, 2)]),
    "Rescaling": ("Rescaling", {"scale": 2.0, "offset": -1.0}, [ROWS]),
    "Normalization": ("Normalization", {"mean": 0.5, "variance": 2.0}, [ROWS]),
    "Normalization by columns": (
        "Normalization", {"mean": [0, 1, 2, 3, 4.0], "variance": [1, 2, 3, 4, 5.0]}, [ROWS]),
    "Normalization inverted": (
        "Normalization", {"mean": 0.5, "variance": 2.0, "invert": True, "axis": None}, [ROWS]),
    "AlphaDropout at rest": ("AlphaDropout", {"rate": 0.5}, [ROWS]),
    "Discretization one_hot": (
        "Discretization", {"bin_boundaries": [-0.5, 0.0, 0.7], "output_mode": "one_hot"}, [ROWS]),
    "Discretization count": (
        "Discretization", {"bin_boundaries": [-0.5, 0.0, 0.7], "output_mode": "count"}, [ROWS]),
    "Conv1D": ("Conv1D", {"filters": 3, "kernel_size": 3}, [STEPS]),
    "Conv1D causal": (
        "Conv1D", {"filters": 3, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        [STEPS]),
    "Conv1D strided": (
        "Conv1D", {"filters": 3, "kernel_size": 2, "padding": "same", "strides": 2,
                   "activation": "relu"}, [STEPS]),
    "Conv2D": ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "tanh"}, [IMAGES]),
    "Conv2D same": ("Conv2D", {"filters": 2, "kernel_size": (2, 3), "padding": "same"}, [IMAGES]),
    "Conv2D strided": (
        "Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same", "strides": (2, 1),
                   "use_bias": False}, [IMAGES]),
    "Conv2D dilated": ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2}, [IMAGES]),
    "Conv2D in groups": ("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 2}, [IMAGES]),
    "Conv1DTranspose": (
        "Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, [(2, 3, 2)]),
    "Conv2DTranspose": ("Conv2DTranspose", {"filters": 2, "kernel_size": 3}, [(1, 3, 2, 3)]),
    "Conv2DTranspose same": (
        "Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        [(1, 3, 2, 3)]),
    "Conv2DTranspose strided": (
        "Conv2DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3}, [(1, 3, 2, 3)]),
    "Conv2DTranspose padded": (
        "Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 3, "output_padding": 1},
        [(1, 2, 2, 3)]),
    "Conv2DTranspose dilated": (
        "Conv2DTranspose", {"filters": 2, "kernel_size": 2, "dilation_rate": 2}, [(1, 3, 2, 3)]),
    "DepthwiseConv1D": ("DepthwiseConv1D", {"kernel_size": 3}, [STEPS]),
    "DepthwiseConv2D": (
        "DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same",
                            "strides": 2}, [IMAGES]),
    "DepthwiseConv2D dilated": (
        "DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": 2}, [IMAGES]),
    "SeparableConv1D": ("SeparableConv1D", {"filters": 3, "kernel_size": 3}, [STEPS]),
    "SeparableConv2D": (
        "SeparableConv2D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2,
                            "activation": "relu"}, [IMAGES]),
    "MaxPooling1D": ("MaxPooling1D", {"pool_size": 2}, [STEPS]),
    "MaxPooling2D": ("MaxPooling2D", {}, [IMAGES]),
    "MaxPooling2D same": (
        "MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, [IMAGES]),
    "AveragePooling1D": (
        "AveragePooling1D", {"pool_size": 3, "strides": 1, "padding": "same"}, [STEPS]),
    "AveragePooling2D": ("AveragePooling2D", {"pool_size": 2}, [IMAGES]),
    "AveragePooling2D same": (
        "AveragePooling2D", {"pool_size": 2, "padding": "same"}, [IMAGES]),
    "GlobalAveragePooling1D": ("GlobalAveragePooling1D", {}, [STEPS]),
    "GlobalAveragePooling1D masked": ("GlobalAveragePooling1D", {}, [STEPS], MASK),
    "GlobalAveragePooling2D": ("GlobalAveragePooling2D", {}, [IMAGES]),
    "GlobalMaxPooling1D": ("GlobalMaxPooling1D", {}, [STEPS]),
    "GlobalMaxPooling2D": ("GlobalMaxPooling2D", {"keepdims": True}, [IMAGES]),
    "BatchNormalization": ("BatchNormalization", {}, [ROWS], TRAINING),
    "BatchNormalization of images": ("BatchNormalization", {"momentum": 0.9}, [IMAGES], TRAINING),
    "BatchNormalization of axis 1": ("BatchNormalization", {"axis": 1}, [STEPS], TRAINING),
    "BatchNormalization at rest": ("BatchNormalization", {"epsilon": 0.1}, [IMAGES]),
    "BatchNormalization alone": (
        "BatchNormalization", {"center": False, "scale": False}, [ROWS], TRAINING),
    "BatchNormalization masked": ("BatchNormalization", {}, [STEPS], TRAINING | MASK),
    "LayerNormalization": ("LayerNormalization", {}, [STEPS]),
    "LayerNormalization of axis 1": ("LayerNormalization", {"axis": 1}, [STEPS]),
    "LayerNormalization of two axes": (
        "LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, [IMAGES]),
    "LayerNormalization alone": (
        "LayerNormalization", {"center": False, "scale": False}, [ROWS]),
    "GroupNormalization": ("GroupNormalization", {"groups": 2}, [IMAGES]),
    "GroupNormalization of instances": ("GroupNormalization", {"groups": -1}, [STEPS]),
    "GroupNormalization of axis 1": ("GroupNormalization", {"groups": 3, "axis": 1}, [IMAGES]),
    "UnitNormalization": ("UnitNormalization", {}, [STEPS]),
    "UnitNormalization of two axes": ("UnitNormalization", {"axis": [1, 2]}, [STEPS]),
    "RMSNormalization": ("RMSNormalization", {}, [STEPS]),
}  # fmt: skip

FUNCTIONS: dict[str, tuple] = {
    **{f"activations {name}": ("activations", name, {}) for name in (
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
        "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6",
        "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
        "sparse_sigmoid", "squareplus", "tanh", "tanh_shrink",
    )},
    "activations celu 0.5": ("activations", "celu", {"alpha": 0.5}),
    "activations elu 0.5": ("activations", "elu", {"alpha": 0.5}),
    "activations gelu by tanh": ("activations", "gelu", {"approximate": True}),
    "activations relu with limits": (
        "activations", "relu", {"negative_slope": 0.2, "max_value": 1.5, "threshold": 0.5}),
    "activations threshold": ("activations", "threshold", {"threshold": 0.3, "default_value": -1}),
    "regularizers L1": ("regularizers", "L1", {"l1": 0.1}),
    "regularizers L2": ("regularizers", "L2", {"l2": 0.1}),
    "regularizers L1L2": ("regularizers", "L1L2", {"l1": 0.1, "l2": 0.2}),
    "regularizers rows": ("regularizers", "OrthogonalRegularizer", {}),
    "regularizers columns": ("regularizers", "OrthogonalRegularizer", {"mode": "columns"}),
    "constraints MaxNorm": ("constraints", "MaxNorm", {"max_value": 2.5}),
    "constraints MaxNorm of rows": ("constraints", "MaxNorm", {"max_value": 2.5, "axis": 1}),
    "constraints NonNeg": ("constraints", "NonNeg", {}),
    "constraints UnitNorm": ("constraints", "UnitNorm", {}),
    "constraints MinMaxNorm": (
        "constraints", "MinMaxNorm", {"min_value": 2.2, "max_value": 2.5, "rate": 0.3}),
}  # fmt: skip


def drawn(name: str, shape: tuple) -> np.ndarray:
    """Numbers that belong to a name."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return random.normal(size=shape).astype(np.float32)


def inputs_of(case: str) -> list[np.ndarray]:
    """What the layer of a case is called on."""
    return [drawn(f"{case} input {i}", shape) for i, shape in enumerate(CASES[case][2])]


def call_of(case: str) -> dict[str, Any]:
    """How the layer of a case is called; a mask leaves out every third step."""
    found = dict(*CASES[case][3:])
    if found.pop("mask", False):
        shape = CASES[case][2][0]
        shape = shape[:2] if len(shape) == 3 else shape
        found["mask"] = (np.arange(np.prod(shape)) % 3 != 1).reshape(shape)
    return found


def weight_of(case: str, name: str, shape: tuple) -> np.ndarray:
    """What a weight of a case begins with."""
    value = drawn(f"{case} {name}", shape)
    return np.abs(value) + np.float32(0.5) if "variance" in name else value


def weighed(output: Any) -> Any:
    """What an output is multiplied by before everything is summed."""
    count = int(np.prod(output.shape))
    return np.cos(np.arange(count, dtype=np.float32)).reshape(tuple(output.shape))


def points(name: str) -> np.ndarray:
    """What a function of FUNCTIONS is called on."""
    return drawn(name, (4, 6)) * 2


def computed() -> tuple[dict, dict]:
    """Run all cases in Keras: the vectors, and what is known of layers by name."""
    import keras
    import tensorflow as tf

    def vector(parts: list) -> np.ndarray:
        return np.concatenate([np.ravel(np.asarray(part)) for part in parts])

    arrays, names = {}, {}
    for case, (kind, arguments, shapes, *_) in CASES.items():
        layer = getattr(keras.layers, kind)(**arguments)
        inputs = [tf.constant(x) for x in inputs_of(case)]
        layer.build(shapes if len(shapes) > 1 else shapes[0])
        layer.set_weights([weight_of(case, w.name, tuple(w.shape)) for w in layer.weights])
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = layer(inputs if len(inputs) > 1 else inputs[0], **call_of(case))
            total = tf.reduce_sum(output * weighed(output))
            total += sum(layer.losses) if layer.losses else 0.0
        trained = [w.value for w in layer.trainable_weights]
        gradients = tape.gradient(total, [*inputs, *trained], unconnected_gradients="zero")
        kept = [w.numpy() for w in layer.non_trainable_weights]
        arrays[case] = vector([output, *gradients, *kept])
        config = layer.get_config()
        names[case] = {
            "weights": [[w.name, list(w.shape), w.trainable] for w in layer.weights],
            "output": list(output.shape),
            "config": {k: v for k, v in config.items() if k not in ("name", "dtype", "trainable")},
        }
    for case, (module, name, arguments) in FUNCTIONS.items():
        function = getattr(getattr(keras, module), name)
        x = tf.constant(points(case))
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = function(**arguments) if module != "activations" else None
            output = function(x, **arguments) if made is None else made(x)
            total = tf.reduce_sum(output * weighed(output))
        arrays[case] = vector([output, tape.gradient(total, x)])
    return {k: v.astype(np.float32) for k, v in arrays.items()}, names


def record() -> None:
    """Write what Keras computes."""
    arrays, names = computed()
    np.savez_compressed(NUMBERS, **arrays)
    NAMES.write_text(json.dumps(names, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
