"""Record what Keras's recurrent layers compute in recurrent.npz beside this file.

Run it with a Python that has TensorFlow (2.21, with Keras 3.15, made the file) and torch (2.13):
`python tests/recorded/recurrent.py`. Each case holds how the layer was made as JSON, its
weights w0…, its input x, a mask or initial states i0… where it has any, its outputs o0…, what these
are weighted with in a sum, c0…, and the gradients of the sum: gx, g0… of the weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch

FILE = Path(__file__).with_name("recurrent.npz")
SHAPE = (3, 5, 4)
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]], bool)
UNITS = 2


def cases() -> dict[str, tuple]:
    """Name → (class, arguments, what the call gets besides the sequence)."""
    found: dict[str, tuple] = {}
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        count = 2 if kind == "LSTM" else 1
        plain: dict[str, Any] = {"units": UNITS}
        whole = {**plain, "return_sequences": True}
        found |= {
            f"{kind} last": (kind, plain, ()),
            f"{kind} sequences": (kind, whole, ()),
            f"{kind} state": (kind, {**whole, "return_state": True}, ()),
            f"{kind} initial": (kind, {**whole, "return_state": True}, ("initial", count)),
            f"{kind} backwards": (kind, {**whole, "go_backwards": True}, ()),
            f"{kind} mask": (kind, {**whole, "return_state": True}, ("mask",)),
            f"{kind} mask last": (kind, plain, ("mask",)),
            f"{kind} mask backwards": (kind, {**plain, "go_backwards": True}, ("mask",)),
            f"{kind} mask zero": (kind, {**whole, "zero_output_for_mask": True}, ("mask",)),
            f"{kind} unroll": (kind, {**whole, "unroll": True}, ()),
            f"{kind} no bias": (kind, {**plain, "use_bias": False}, ()),
            f"{kind} relu": (kind, {**plain, "activation": "relu"}, ()),
        }
    found["GRU before"] = ("GRU", {"units": UNITS, "reset_after": False}, ())
    found["GRU before mask"] = ("GRU", {"units": UNITS, "reset_after": False}, ("mask",))
    found["LSTM hard"] = ("LSTM", {"units": UNITS, "recurrent_activation": "hard_sigmoid"}, ())
    for mode in ("concat", "sum", "mul", "ave", None):
        for layer in ("LSTM", "GRU"):
            inner = {"units": UNITS, "return_sequences": mode != "sum"}
            found[f"Bidirectional {mode} {layer}"] = (
                "Bidirectional", {"layer": [layer, inner], "merge_mode": mode}, ())  # fmt: skip
    states = {"units": UNITS, "return_sequences": True, "return_state": True}
    found["Bidirectional states"] = ("Bidirectional", {"layer": ["LSTM", states]}, ("initial", 4))
    found["Bidirectional mask"] = ("Bidirectional", {"layer": ["GRU", states]}, ("mask",))
    pair = {"layer": ["LSTM", {"units": UNITS}],
            "backward_layer": ["LSTM", {"units": 3, "go_backwards": True}]}  # fmt: skip
    found["Bidirectional pair"] = ("Bidirectional", pair, ())
    cells = [["LSTMCell", {"units": 3}], ["GRUCell", {"units": UNITS}],
             ["SimpleRNNCell", {"units": 4}]]  # fmt: skip
    found["RNN stacked"] = ("RNN", {"cell": cells, "return_sequences": True}, ())
    found["RNN stacked mask"] = ("RNN", {"cell": cells}, ("mask",))
    found["RNN cell"] = ("RNN", {"cell": ["LSTMCell", {"units": 3}], "return_state": True}, ())
    dense = {"layer": ["Dense", {"units": 3, "activation": "tanh"}]}
    found["TimeDistributed"] = ("TimeDistributed", dense, ())
    return found


def made(value: Any) -> Any:
    """A layer, or an argument, from [class, arguments]."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [made(one) for one in value]
    if isinstance(value, list):
        kind, arguments = value
        return getattr(keras.layers, kind)(**{k: made(v) for k, v in arguments.items()})
    return value


def record(arrays: dict, name: str, case: tuple, rng: np.random.Generator) -> None:
    kind, arguments, extra = case
    layer, keep = made([kind, arguments]), arrays.__setitem__
    x = tf.constant(rng.normal(size=SHAPE).astype("f"))
    layer.build(SHAPE)
    layer.set_weights([rng.normal(size=w.shape).astype("f") * 0.7 for w in layer.weights])
    given: dict[str, Any] = {}
    if extra[:1] == ("mask",):
        given["mask"] = tf.constant(MASK)
    if extra[:1] == ("initial",):
        states = [rng.normal(size=(SHAPE[0], UNITS)).astype("f") for _ in range(extra[1])]
        given["initial_state"] = [tf.constant(s) for s in states]
        for i, s in enumerate(states):
            keep(f"{name}/i{i}", s)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = tf.nest.flatten(layer(x, **given))
        scales = [rng.normal(size=o.shape).astype("f") for o in outputs]
        total = sum(tf.reduce_sum(o * c) for o, c in zip(outputs, scales, strict=True))
    variables = [w.value for w in layer.weights]
    gradients = tape.gradient(total, [x, *variables])
    keep(f"{name}/json", np.array(json.dumps([kind, arguments, "mask" in given])))
    keep(f"{name}/paths", np.array(json.dumps([w.path.partition("/")[2] for w in layer.weights])))
    keep(f"{name}/x", x.numpy())
    keep(f"{name}/gx", gradients[0].numpy())
    groups = {"w": layer.get_weights(), "o": outputs, "c": scales, "g": gradients[1:]}
    for letter, values in groups.items():
        for i, value in enumerate(values):
            keep(f"{name}/{letter}{i}", np.asarray(value))


def record_torch(arrays: dict, kind: str, rng: np.random.Generator) -> None:
    """PyTorch's own layers: gates of LSTM are i, f, g, o as here, those of GRU r, z, n."""
    torch.manual_seed(int(rng.integers(1000)))
    layer = getattr(torch.nn, kind)(4, 3, batch_first=True)
    x = torch.tensor(rng.normal(size=SHAPE).astype("f"), requires_grad=True)
    output = layer(x)[0]
    scale = torch.tensor(rng.normal(size=output.shape).astype("f"))
    gradients = torch.autograd.grad((output * scale).sum(), [x, *layer.parameters()])
    values = {"x": x, "o0": output, "c0": scale, "gx": gradients[0]}
    values |= {f"w{i}": w for i, w in enumerate(layer.parameters())}
    values |= {f"g{i}": g for i, g in enumerate(gradients[1:])}
    for key, value in values.items():
        arrays[f"torch {kind}/{key}"] = value.detach().numpy()


def computed() -> dict[str, np.ndarray]:
    """All numbers, by case and letter."""
    arrays: dict[str, np.ndarray] = {}
    rng = np.random.default_rng(11)
    for name, case in cases().items():
        record(arrays, name, case, rng)
    for kind in ("LSTM", "GRU"):
        record_torch(arrays, kind, rng)
    return arrays


if __name__ == "__main__":
    np.savez_compressed(FILE, **computed())
