"""The tables that come with scikit-learn, in the types that models take."""

from __future__ import annotations

import numpy as np

from minitensor.backend import optional
from minitensor.keras.datasets.arguments import generator
from minitensor.keras.datasets.splitting import Split, split


def load_table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of scikit-learn: rows as float32, classes as int64 or values as float32.

    Raises:
        UnavailableError: when scikit-learn is not installed (the extra `lab` brings it).
    """
    datasets = optional("sklearn.datasets", "lab", f"keras.datasets.{name}")
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return x.astype(np.float32), y.astype(np.int64 if y.dtype.kind in "iu" else np.float32)


def split_table(name: str, test_split: float, seed: int) -> Split:
    """A table, shuffled and divided; each class gives its share when there are classes."""
    subject = f"keras.datasets.{name}.load_data"
    rng = generator(subject, seed)
    x, y = load_table(name)
    return split(subject, x, y, test_split, rng, stratify=y.dtype.kind == "i")
