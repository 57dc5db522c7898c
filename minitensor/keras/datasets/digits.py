"""Handwritten digits: 1797 grey images of 8 × 8 pixels, from scikit-learn."""

from __future__ import annotations

from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split
from minitensor.keras.datasets.tables import split_table

CLASS_NAMES = tuple("0123456789")


def load_data(test_split: float = TEST_SPLIT, seed: int = SEED) -> Split:
    """Images (n, 8, 8, 1), float32 from 0 (paper) to 1 (ink); labels (n,), int64 from 0 to 9.

    With the default arguments 1438 images are for training and 359 for testing. Each digit gives
    the same share.

    Args:
        test_split: The share of images in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.digits.load_data()
        >>> x_train.shape, x_test.shape, y_train.shape
        ((1438, 8, 8, 1), (359, 8, 8, 1), (1438,))

    Source: UCI machine learning repository, "Optical recognition of handwritten digits", test set.
    """
    (x_train, y_train), (x_test, y_test) = split_table("digits", test_split, seed)
    ink = 16.0  # each pixel counts the black dots in a square of 4 × 4
    return (
        ((x_train / ink).reshape(-1, 8, 8, 1), y_train),
        ((x_test / ink).reshape(-1, 8, 8, 1), y_test),
    )
