"""A ring within a ring: solved by the distance from the middle, and by no straight line."""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets.arguments import generator, real_number, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split


def load_data(
    samples: int = 1000,
    noise: float = 0.1,
    factor: float = 0.5,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Split:
    """Points (n, 2), float32; labels (n,), int64: 0 the outer ring, 1 the inner one.

    Args:
        samples: How many points in all, half of them on each ring.
        noise: The standard deviation of what is added to both coordinates.
        factor: The radius of the inner ring; that of the outer one is 1.
        test_split: The share of points in the test part; both rings give the same share.
        seed: Another seed gives other points.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.circles.load_data(noise=0.0)
        >>> np.unique(np.linalg.norm(x_train, axis=1).round(3)).tolist()
        [0.5, 1.0]
    """
    subject = "keras.datasets.circles.load_data"
    samples = whole_number(subject, "samples", samples)
    noise, factor = real_number(subject, "noise", noise), real_number(subject, "factor", factor)
    rng = generator(subject, seed)
    y = np.arange(samples) % 2
    angle = rng.uniform(0.0, 2.0 * np.pi, samples)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = ring * np.where(y == 0, 1.0, factor)[:, None] + rng.normal(0.0, noise, (samples, 2))
    return split(subject, x.astype(np.float32), y, test_split, rng, stratify=True)
