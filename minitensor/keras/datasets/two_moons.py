"""Two half moons that reach into each other: the smallest task no straight line solves."""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets.arguments import generator, real_number, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split


def load_data(
    samples: int = 1000, noise: float = 0.1, test_split: float = TEST_SPLIT, seed: int = SEED
) -> Split:
    """Points (n, 2), float32; labels (n,), int64: 0 the upper moon, 1 the lower one.

    Args:
        samples: How many points in all, half of them in each moon.
        noise: The standard deviation of what is added to both coordinates.
        test_split: The share of points in the test part; both moons give the same share.
        seed: Another seed gives other points.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.two_moons.load_data()
        >>> x_train.shape, np.bincount(y_test).tolist()
        ((800, 2), [100, 100])
    """
    subject = "keras.datasets.two_moons.load_data"
    samples = whole_number(subject, "samples", samples)
    noise = real_number(subject, "noise", noise)
    rng = generator(subject, seed)
    y = np.arange(samples) % 2
    angle = rng.uniform(0.0, np.pi, samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.array([1.0, 0.5]) - upper
    x = np.where(y[:, None] == 0, upper, lower) + rng.normal(0.0, noise, (samples, 2))
    return split(subject, x.astype(np.float32), y, test_split, rng, stratify=True)
