"""Record what optimisers and schedules of Keras compute, and some of PyTorch, in optimizers.json.

Run it with a Python that has TensorFlow 2.21, Keras 3.15 and torch 2.13, which made the file:
`python tests/recorded/optimizers.py`. Each case names a class and its arguments, and holds the
values of all variables, one after the other, after each of `STEPS` updates. Gradients come from
`gradient`, which both sides compute in float32 from the variables themselves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("optimizers.json")
STEPS = 6
START = {
    "scalar": np.float32(1.5),
    "matrix": np.array([[0.5, -1.0, 2.0], [1.0, -0.25, -3.0]], np.float32),
    "table": np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2),
}
ROWS = [[4, 0, 1], [1, 0, 4], [2, 3, 1]]
"""Which rows of the table have gradients, in turn."""
TWICE = [[4, 0, 4], [1, 1, 1], [2, 4, 1]]
"""The same, with rows that are named more than once."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"learning_rate": 0.1}),
    "SGD momentum": ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    "SGD nesterov": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    "RMSprop": ("RMSprop", {"learning_rate": 0.01}),
    "RMSprop momentum": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.5, "rho": 0.8}),
    "RMSprop centered": ("RMSprop", {"learning_rate": 0.01, "centered": True, "epsilon": 1e-3}),
    "Adam": ("Adam", {"learning_rate": 0.01}),
    "Adam betas": ("Adam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 0.1}),
    "Adam amsgrad": ("Adam", {"learning_rate": 0.01, "amsgrad": True, "beta_2": 0.5}),
    "AdamW": ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
    "Adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "Adagrad from 1": ("Adagrad", {"initial_accumulator_value": 1.0, "epsilon": 0.01}),
    "Adadelta": ("Adadelta", {"learning_rate": 1.0, "epsilon": 1e-3}),
    "Adamax": ("Adamax", {"learning_rate": 0.01, "beta_2": 0.9}),
    "Nadam": ("Nadam", {"learning_rate": 0.01}),
    "Lion": ("Lion", {"learning_rate": 0.01, "weight_decay": 0.01}),
    "Ftrl": ("Ftrl", {"learning_rate": 0.1}),
    "Ftrl l1 l2": ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.3,
                            "l2_regularization_strength": 0.2, "beta": 0.1,
                            "l2_shrinkage_regularization_strength": 0.05}),
    "weight decay": ("SGD", {"learning_rate": 0.1, "weight_decay": 0.2}),
    "clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    "clipvalue": ("SGD", {"learning_rate": 0.1, "clipvalue": 0.4, "momentum": 0.5}),
    "global clipnorm": ("Adam", {"learning_rate": 0.01, "global_clipnorm": 0.7}),
    "scaled loss": ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 4.0}),
    "average": ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}),
    "average, overwriting": ("Adam", {"learning_rate": 0.01, "use_ema": True, "ema_momentum": 0.7,
                                      "ema_overwrite_frequency": 3}),
    "accumulated": ("Adam", {"learning_rate": 0.01, "gradient_accumulation_steps": 2}),
    "accumulated, clipped, averaged": (
        "SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 3, "clipnorm": 0.5,
                "use_ema": True, "weight_decay": 0.01, "momentum": 0.9}),
}  # fmt: skip

SCHEDULES: dict[str, tuple[str, list, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", [0.1, 7, 0.9], {}),
    "exponential stairs": ("ExponentialDecay", [0.1, 7, 0.9], {"staircase": True}),
    "piecewise": ("PiecewiseConstantDecay", [[3, 8, 20], [1.0, 0.5, 0.25, 0.1]], {}),
    "polynomial": ("PolynomialDecay", [0.1, 12], {}),
    "polynomial root": ("PolynomialDecay", [0.1, 12, 0.01], {"power": 0.5}),
    "polynomial cycle": ("PolynomialDecay", [0.1, 5, 0.01], {"power": 2.0, "cycle": True}),
    "inverse": ("InverseTimeDecay", [0.1, 3, 0.5], {}),
    "inverse stairs": ("InverseTimeDecay", [0.1, 3, 0.5], {"staircase": True}),
    "cosine": ("CosineDecay", [0.1, 12], {"alpha": 0.1}),
    "cosine warm": ("CosineDecay", [0.01, 12], {"warmup_target": 0.2, "warmup_steps": 5}),
    "restarts": ("CosineDecayRestarts", [0.1, 5], {"m_mul": 0.8, "alpha": 0.05}),
    "restarts alike": ("CosineDecayRestarts", [0.1, 6], {"t_mul": 1.0}),
    "restarts longer": ("CosineDecayRestarts", [0.1, 4], {"t_mul": 1.5, "m_mul": 0.5}),
}
COUNT = 30


def gradient(name: str, value: np.ndarray, step: int) -> np.ndarray:
    """The gradient in a step: that of a bowl, its middle moving."""
    size = np.arange(1, value.size + 1, dtype=np.float32).reshape(value.shape)
    target = np.cos(size * np.float32(step + 1)).astype(np.float32)
    return ((value - target) * (np.float32(0.3) + np.float32(0.1) * size)).astype(np.float32)


def rows(step: int, value: np.ndarray, named: list) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of some rows of the table: values and indices."""
    indices = np.array(named[step % len(named)], np.int32)
    return gradient("table", value[indices], step), indices


def trajectory(framework: Any, optimizer: Any, table: Any, variables: dict) -> list[list[float]]:
    """Updates by gradients: the values of all variables after each.

    `table(step, value)` makes the gradient of the table, where it is not that of all its rows.
    """
    values = []
    for step in range(STEPS):
        pairs = []
        for name, variable in variables.items():
            if name == "table" and table is not None:
                g = table(step, variable.numpy())
            else:
                g = framework.constant(gradient(name, variable.numpy(), step))
            pairs.append((g, variable))
        optimizer.apply_gradients(pairs)
        values.append([float(x) for v in variables.values() for x in np.ravel(v.numpy())])
    return values


def record_keras() -> dict[str, Any]:
    """All trajectories, names of variables, and values of schedules."""
    import keras
    import tensorflow as tf

    def slices(step: int, value: np.ndarray) -> Any:
        values, indices = rows(step, value, ROWS)
        return tf.IndexedSlices(tf.constant(values), tf.constant(indices), value.shape)

    def totals(step: int, value: np.ndarray) -> Any:
        values, indices = rows(step, value, TWICE)
        total = np.zeros_like(value)
        np.add.at(total, indices, values)
        return tf.constant(total)

    found: dict[str, Any] = {"optimizers": {}, "sparse": {}, "twice": {}, "paths": {}}
    for case, (cls, arguments) in CASES.items():
        for kind, table in (("optimizers", None), ("sparse", slices), ("twice", totals)):
            if table is slices and "loss_scale_factor" in arguments:
                continue  # Keras cannot divide rows
            optimizer = getattr(keras.optimizers, cls)(**arguments, name=cls.lower())
            variables = {n: keras.Variable(v, name=n) for n, v in START.items()}
            found[kind][case] = trajectory(tf, optimizer, table, variables)
        found["paths"][case] = [v.path for v in optimizer.variables]
    found["schedules"] = {}
    for case, (cls, positional, arguments) in SCHEDULES.items():
        schedule = getattr(keras.optimizers.schedules, cls)(*positional, **arguments)
        steps = (tf.constant(step, tf.int64) for step in range(COUNT))
        found["schedules"][case] = [float(schedule(step)) for step in steps]
    return found


TORCH: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True},
            "SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    "RMSprop": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 0.0, "momentum": 0.5},
                "RMSprop", {"learning_rate": 0.01, "epsilon": 0.0, "momentum": 0.5}),
    "Adam": ("Adam", {"lr": 0.01, "eps": 0.0}, "Adam", {"learning_rate": 0.01, "epsilon": 0.0}),
    "AdamW": ("AdamW", {"lr": 0.01, "eps": 0.0, "weight_decay": 0.1},
              "AdamW", {"learning_rate": 0.01, "epsilon": 0.0, "weight_decay": 0.1}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "eps": 0.0, "initial_accumulator_value": 0.1},
                "Adagrad", {"learning_rate": 0.1, "epsilon": 0.0}),
    "Adadelta": ("Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-3},
                 "Adadelta", {"learning_rate": 1.0, "epsilon": 1e-3}),
    "Adamax": ("Adamax", {"lr": 0.01, "eps": 0.0},
               "Adamax", {"learning_rate": 0.01, "epsilon": 0.0}),
    "NAdam": ("NAdam", {"lr": 0.01, "eps": 0.0, "momentum_decay": 1.0},
              "Nadam", {"learning_rate": 0.01, "epsilon": 0.0}),
}  # fmt: skip
"""PyTorch's class and arguments, and ours, where the formulas agree (mostly: without epsilon)."""


def record_torch() -> dict[str, Any]:
    """The trajectories of PyTorch, in float64."""
    import torch

    class Applied:
        def __init__(self, optimizer: Any):
            self.optimizer = optimizer

        def apply_gradients(self, pairs: list) -> None:
            for g, variable in pairs:
                variable.grad = g.double().reshape(variable.shape)
            self.optimizer.step()

    class Framework:
        @staticmethod
        def constant(value: Any) -> Any:
            return torch.tensor(value)

    found = {}
    for case, (cls, arguments, _, _) in TORCH.items():
        variables = {n: torch.tensor(v, dtype=torch.float64) for n, v in START.items()}
        optimizer = getattr(torch.optim, cls)(list(variables.values()), **arguments)
        found[case] = trajectory(Framework, Applied(optimizer), None, variables)
    return {"torch": found}


def rounded(value: Any) -> Any:
    """Floats as the shortest text that gives the same float32."""
    if isinstance(value, float):
        return float(str(np.float32(value)))
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def compact(found: dict[str, Any]) -> str:
    """JSON with a line for each case."""
    groups = []
    for group, cases in found.items():
        lines = (f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
        groups.append(f" {json.dumps(group)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(groups) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(compact(rounded(record_keras() | record_torch())), encoding="utf-8")
