"""Record what Keras's attention layers compute in attention.npz beside this file.

Run it with a Python that has TensorFlow (2.21, with Keras 3.15, made the file) and torch (2.13):
`python tests/recorded/attention.py`. Each case holds how the layer was made and called as JSON, its
weights w0…, its inputs x0…, masks m0… where it has any, its outputs o0…, what the first of these is
weighted with in a sum, c0, and the gradients of the sum: gx0… of the inputs, g0… of the weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch

FILE = Path(__file__).with_name("attention.npz")
BATCH, QUERIES, KEYS, WIDTH = 2, 4, 3, 5


def cases() -> dict[str, tuple]:
    """Name → (class, arguments, shapes of the inputs, arguments of the call, masks by name)."""
    two = [(BATCH, QUERIES, WIDTH), (BATCH, KEYS, WIDTH)]
    three = [(BATCH, QUERIES, WIDTH), (BATCH, KEYS, 6), (BATCH, KEYS, WIDTH)]
    heads: dict[str, Any] = {"num_heads": 2, "key_dim": 4}
    grid = [(BATCH, 2, 3, WIDTH), (BATCH, 3, 2, WIDTH)]
    rows = [(BATCH, 2, 3, WIDTH), (BATCH, 2, 4, WIDTH)]
    both = {"query_mask": (BATCH, QUERIES), "value_mask": (BATCH, KEYS)}
    scores, causal = {"return_attention_scores": True}, {"use_causal_mask": True}
    multi = {
        "plain": (heads, two, {}, {}),
        "key": ({**heads, "value_dim": 3}, three, scores, {}),
        "output": ({**heads, "output_shape": 7}, two, {}, {}),
        "no bias": ({**heads, "use_bias": False}, two, {}, {}),
        "causal": (heads, two, causal | scores, {}),
        "mask": (heads, two, scores, {"attention_mask": (BATCH, QUERIES, KEYS)}),
        "masks": (heads, two, causal, both),
        "key mask": (heads, [two[0], two[1], two[1]], {}, {"key_mask": (BATCH, KEYS)}),
        "grid": (heads, grid, scores, {}),
        "rows": ({**heads, "attention_axes": 2}, rows, scores, {}),
        "columns": ({**heads, "attention_axes": [1]}, [grid[0], (BATCH, 4, 3, WIDTH)], {}, {}),
        "grid mask": (heads, grid, scores, {"attention_mask": (BATCH, 2, 3, 3, 2)}),
        "window": ({**heads, "sliding_window": 2}, [two[0], two[0]], scores, {}),
        "gate": ({**heads, "use_gate": True, "value_dim": 3}, two, {}, {}),
    }
    found = {f"MultiHeadAttention {k}": ("MultiHeadAttention", *v) for k, v in multi.items()}
    masks = {"0": (BATCH, QUERIES), "1": (BATCH, KEYS)}
    plain = {
        "dot": ({}, two, {}, {}),
        "key": ({}, three, scores, {}),
        "scale": ({"use_scale": True}, two, {}, {}),
        "concat": ({"score_mode": "concat"}, two, {}, {}),
        "concat scale": ({"score_mode": "concat", "use_scale": True}, two, {}, {}),
        "causal": ({}, two, scores | causal, {}),
        "masks": ({}, two, scores, masks),
        "causal masks": ({}, two, causal, masks),
    }
    found |= {f"Attention {k}": ("Attention", *v) for k, v in plain.items()}
    for name in ("key", "masks", "causal"):
        found[f"AdditiveAttention {name}"] = (
            "AdditiveAttention", {}, two, *plain[name][2:])  # fmt: skip
    found["AdditiveAttention no scale"] = ("AdditiveAttention", {"use_scale": False}, two, {}, {})
    return found


def mask_of(shape: tuple, rng: np.random.Generator) -> np.ndarray:
    """About two thirds are True, and at least the first of each row."""
    mask = rng.random(shape) < 0.65
    mask[..., 0] = True
    return mask


def record(arrays: dict, name: str, case: tuple, rng: np.random.Generator) -> None:
    kind, arguments, shapes, call, masks = case
    layer, keep = getattr(keras.layers, kind)(**arguments), arrays.__setitem__
    inputs = [tf.constant(rng.normal(size=s).astype("f")) for s in shapes]
    given = {k: tf.constant(mask_of(s, rng)) for k, s in masks.items()}
    listed = kind != "MultiHeadAttention"
    extra = dict(call)
    if given:
        extra |= {"mask": list(given.values())} if listed else given

    def called() -> Any:
        if "query_mask" in given:  # Keras takes it from the query, whatever the argument says
            inputs[0]._keras_mask = given["query_mask"]
        return tf.nest.flatten(layer(inputs, **extra) if listed else layer(*inputs, **extra))

    called()
    layer.set_weights([rng.normal(size=w.shape).astype("f") * 0.7 for w in layer.weights])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = called()
        scale = rng.normal(size=outputs[0].shape).astype("f")
        total = tf.reduce_sum(outputs[0] * scale)
    to_inputs, to_weights = tape.gradient(total, [inputs, [w.value for w in layer.weights]])
    about = {"kind": kind, "arguments": arguments, "call": call, "masks": list(masks),
             "paths": [w.path.partition("/")[2] for w in layer.weights]}  # fmt: skip
    keep(f"{name}/json", np.array(json.dumps(about)))
    groups = {"w": layer.get_weights(), "x": inputs, "m": list(given.values()), "o": outputs,
              "c": [scale], "gx": to_inputs, "g": to_weights}  # fmt: skip
    for letter, values in groups.items():
        for i, value in enumerate(values):
            keep(f"{name}/{letter}{i}", np.asarray(value))


def record_torch(arrays: dict, rng: np.random.Generator) -> None:
    torch.manual_seed(3)
    layer = torch.nn.MultiheadAttention(6, 2, batch_first=True)
    torch.nn.init.normal_(layer.in_proj_bias)
    x, y = (torch.tensor(rng.normal(size=(2, n, 6)).astype("f")) for n in (4, 3))
    output, weights = layer(x, y, y, average_attn_weights=False)
    parts = {"x": x, "y": y, "output": output, "weights": weights,
             "in_weight": layer.in_proj_weight, "in_bias": layer.in_proj_bias,
             "out_weight": layer.out_proj.weight, "out_bias": layer.out_proj.bias}  # fmt: skip
    for key, value in parts.items():
        arrays[f"torch/{key}"] = value.detach().numpy()


def computed() -> dict[str, np.ndarray]:
    """All numbers, by case and letter."""
    arrays: dict[str, np.ndarray] = {}
    rng = np.random.default_rng(12)
    for name, case in cases().items():
        record(arrays, name, case, rng)
    record_torch(arrays, rng)
    return arrays


if __name__ == "__main__":
    np.savez_compressed(FILE, **computed())
