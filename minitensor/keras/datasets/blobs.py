"""Clouds of points around centres on a circle: what straight lines can solve."""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets.arguments import generator, real_number, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split

RADIUS = 4.0  # of the circle on which the centres lie


def load_data(
    samples: int = 1000,
    classes: int = 3,
    spread: float = 1.0,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Split:
    """Points (n, 2), float32; labels (n,), int64: which cloud.

    Args:
        samples: How many points in all, the same number in each cloud, to one.
        classes: How many clouds; their centres lie evenly on a circle of radius 4.
        spread: The standard deviation of a cloud.
        test_split: The share of points in the test part; all clouds give the same share.
        seed: Another seed gives other points.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.blobs.load_data(spread=0.0, classes=4)
        >>> np.unique(x_train.round(3) + 0.0, axis=0).tolist()
        [[-4.0, 0.0], [0.0, -4.0], [0.0, 4.0], [4.0, 0.0]]
    """
    subject = "keras.datasets.blobs.load_data"
    samples = whole_number(subject, "samples", samples)
    classes = whole_number(subject, "classes", classes)
    spread = real_number(subject, "spread", spread)
    rng = generator(subject, seed)
    y = np.arange(samples) % classes
    angle = 2.0 * np.pi * y / classes
    centre = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = centre + rng.normal(0.0, spread, (samples, 2))
    return split(subject, x.astype(np.float32), y, test_split, rng, stratify=True)
