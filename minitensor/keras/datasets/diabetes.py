"""Diabetes: 442 patients, 10 measurements each, and how the illness went on; from scikit-learn."""

from __future__ import annotations

from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split
from minitensor.keras.datasets.tables import split_table

FEATURE_NAMES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def load_data(test_split: float = TEST_SPLIT, seed: int = SEED) -> Split:
    """Measurements (n, 10), float32; progress after one year (n,), float32 from 25 to 346.

    The columns are scaled already, to mean 0 and a sum of squares of 1 over all patients, so their
    values are about 0.05. With the default arguments 354 rows are for training and 88 for testing.

    Args:
        test_split: The share of rows in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.diabetes.load_data()
        >>> x_train.shape, y_train.shape, y_train.dtype
        ((354, 10), (354,), dtype('float32'))

    Source: B. Efron et al., "Least angle regression", Annals of Statistics, 2004.
    """
    return split_table("diabetes", test_split, seed)
