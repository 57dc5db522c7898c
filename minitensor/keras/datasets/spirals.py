"""Spiral arms wound around each other: a border that needs a deeper network."""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets.arguments import generator, real_number, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split


def load_data(
    samples: int = 1000,
    arms: int = 2,
    turns: float = 1.0,
    noise: float = 0.02,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Split:
    """Points (n, 2), float32, within a circle of radius 1 (and the noise); labels (n,), int64.

    Args:
        samples: How many points in all, the same number on each arm, to one.
        arms: How many arms, each a class.
        turns: How often an arm goes around the middle.
        noise: The standard deviation of what is added to both coordinates.
        test_split: The share of points in the test part; all arms give the same share.
        seed: Another seed gives other points.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.spirals.load_data(600, arms=3)
        >>> x_train.shape, np.bincount(y_train).tolist()
        ((480, 2), [160, 160, 160])
    """
    subject = "keras.datasets.spirals.load_data"
    samples = whole_number(subject, "samples", samples)
    arms = whole_number(subject, "arms", arms)
    turns, noise = real_number(subject, "turns", turns), real_number(subject, "noise", noise)
    rng = generator(subject, seed)
    y = np.arange(samples) % arms
    radius = np.sqrt(rng.uniform(0.0, 1.0, samples))  # the root spreads points evenly on an arm
    angle = 2.0 * np.pi * (turns * radius + y / arms)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = x + rng.normal(0.0, noise, (samples, 2))
    return split(subject, x.astype(np.float32), y, test_split, rng, stratify=True)
