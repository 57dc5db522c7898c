"""Handwritten digits at random places on a larger canvas: where convolutions pay.

A model that looks at each pixel for itself must learn a digit at every place anew; one that moves a
small window over the image need not.
"""

from __future__ import annotations

import numpy as np

from minitensor.keras.datasets import digits
from minitensor.keras.datasets.arguments import generator, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, test_rows

CLASS_NAMES = digits.CLASS_NAMES


def load_data(
    size: int = 14, test_split: float = TEST_SPLIT, seed: int = SEED, copies: int = 1
) -> Split:
    """Images (n, size, size, 1), float32 from 0 to 1; labels (n,), int64 from 0 to 9.

    The split is that of `digits`, made first: no digit, wherever it lies, is in both parts.

    Args:
        size: Height and width of the canvas, at least 8.
        test_split: The share of images in the test part.
        seed: Another seed gives another split and other places.
        copies: How often each *training* image is placed, each time somewhere else.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.shifted_digits.load_data()
        >>> x_train.shape, x_test.shape
        ((1438, 14, 14, 1), (359, 14, 14, 1))
    """
    subject = "keras.datasets.shifted_digits.load_data"
    size = whole_number(subject, "size", size, least=8)
    copies = whole_number(subject, "copies", copies)
    test_rows(subject, test_split, len(CLASS_NAMES))  # a wrong share is reported in this name
    rng = generator(subject, seed)
    (x_train, y_train), (x_test, y_test) = digits.load_data(test_split, seed)
    x_train, y_train = np.concatenate([x_train] * copies), np.concatenate([y_train] * copies)
    return (_placed(x_train, size, rng), y_train), (_placed(x_test, size, rng), y_test)


def _placed(images: np.ndarray, size: int, rng: np.random.RandomState) -> np.ndarray:
    """Each image somewhere on an empty canvas."""
    count, height, width, channels = images.shape
    canvas = np.zeros((count, size, size, channels), np.float32)
    tops, lefts = rng.randint(0, size - height + 1, (2, count))
    for place, (image, top, left) in enumerate(zip(images, tops, lefts, strict=True)):
        canvas[place, top : top + height, left : left + width] = image
    return canvas
