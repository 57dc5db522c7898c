"""Short sounds: steady, rising and falling tones under noise."""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets.arguments import generator, real_number, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split

CLASS_NAMES = ("steady", "rising", "falling")
LOWEST, HIGHEST = 0.03, 0.18  # pitch, in turns of the wave from one value to the next
SMALLEST_STEP = 0.06  # between the pitch at the start and at the end of a rising or falling tone


def load_data(
    samples: int = 900,
    length: int = 128,
    noise: float = 0.1,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Split:
    """Waves (n, length, 1), float32, from -1 to 1 and the noise; labels (n,), int64, 0 to 2.

    A steady tone is a sine. The pitch of a rising or falling one (a chirp) goes evenly from one end
    to the other. Where in its turn a wave begins is drawn for each. At 8000 values a second the
    pitches are from 240 to 1440 Hz.

    Args:
        samples: How many sounds, the same number of each class, to one.
        length: How many values a sound has.
        noise: The standard deviation of what is added to each value.
        test_split: The share of sounds in the test part; all classes give the same share.
        seed: Another seed gives other sounds.

    Raises:
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.tones.load_data()
        >>> x_train.shape, np.bincount(y_train).tolist()
        ((720, 128, 1), [240, 240, 240])
    """
    subject = "keras.datasets.tones.load_data"
    samples = whole_number(subject, "samples", samples)
    length = whole_number(subject, "length", length, least=2)
    noise = real_number(subject, "noise", noise)
    rng = generator(subject, seed)
    y = np.arange(samples) % len(CLASS_NAMES)
    low = rng.uniform(LOWEST, HIGHEST - SMALLEST_STEP, samples)
    high = rng.uniform(low + SMALLEST_STEP, HIGHEST)
    steady = rng.uniform(LOWEST, HIGHEST, samples)
    first = np.choose(y, [steady, low, high])[:, None]
    last = np.choose(y, [steady, high, low])[:, None]
    time = np.arange(length)
    # The turns made up to a time are the integral of the pitch, which is a straight line in time.
    turns = first * time + (last - first) * time**2 / (2.0 * (length - 1))
    x = np.sin(2.0 * np.pi * (turns + rng.uniform(0.0, 1.0, (samples, 1))))
    x = x + rng.normal(0.0, noise, x.shape)
    return split(subject, x[..., None].astype(np.float32), y, test_split, rng, stratify=True)
