"""Wines: 178 rows of 13 chemical measurements, three growers, from scikit-learn."""

from __future__ import annotations

from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split
from minitensor.keras.datasets.tables import split_table

CLASS_NAMES = ("class_0", "class_1", "class_2")
FEATURE_NAMES = (
    *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols"),
    *("flavanoids", "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue"),
    *("od280/od315_of_diluted_wines", "proline"),
)


def load_data(test_split: float = TEST_SPLIT, seed: int = SEED) -> Split:
    """Measurements (n, 13), float32, **not scaled**; labels (n,), int64 from 0 to 2.

    The columns differ a thousandfold in size (hue is about 1, proline about 750), so put a
    `Normalization` layer in front, or see what happens without. With the default arguments 142 rows
    are for training and 36 for testing; each grower gives the same share.

    Args:
        test_split: The share of rows in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.wine.load_data()
        >>> x_train.shape, np.bincount(y_train).tolist()
        ((142, 13), [47, 57, 38])

    Source: UCI machine learning repository, "Wine".
    """
    return split_table("wine", test_split, seed)
