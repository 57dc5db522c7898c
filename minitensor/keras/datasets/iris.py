"""Iris flowers: 150 rows of 4 lengths in centimetres, three species, from scikit-learn."""

from __future__ import annotations

from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split
from minitensor.keras.datasets.tables import split_table

CLASS_NAMES = ("setosa", "versicolor", "virginica")
FEATURE_NAMES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


def load_data(test_split: float = TEST_SPLIT, seed: int = SEED) -> Split:
    """Lengths (n, 4), float32, not scaled; labels (n,), int64: 0, 1, 2 as in CLASS_NAMES.

    With the default arguments 120 rows are for training and 30 for testing, 10 of each species.

    Args:
        test_split: The share of rows in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.iris.load_data()
        >>> x_train.shape, np.bincount(y_test).tolist()
        ((120, 4), [10, 10, 10])

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936.
    """
    return split_table("iris", test_split, seed)
