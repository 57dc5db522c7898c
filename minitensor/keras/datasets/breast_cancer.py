"""Tumours: 569 rows of 30 measurements of cells, malignant or benign, from scikit-learn."""

from __future__ import annotations

from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split
from minitensor.keras.datasets.tables import split_table

CLASS_NAMES = ("malignant", "benign")
_MEASURES = (
    *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"),
    *("concave points", "symmetry", "fractal dimension"),
)
FEATURE_NAMES = (
    *(f"mean {name}" for name in _MEASURES),
    *(f"{name} error" for name in _MEASURES),
    *(f"worst {name}" for name in _MEASURES),
)


def load_data(test_split: float = TEST_SPLIT, seed: int = SEED) -> Split:
    """Measurements (n, 30), float32, **not scaled**; labels (n,), int64: 0 malignant, 1 benign.

    With the default arguments 455 rows are for training and 114 for testing; both classes give the
    same share.

    Args:
        test_split: The share of rows in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when scikit-learn is not installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = mt.keras.datasets.breast_cancer.load_data()
        >>> x_train.shape, np.bincount(y_test).tolist()
        ((455, 30), [42, 72])

    Source: UCI machine learning repository, "Breast cancer Wisconsin (diagnostic)".
    """
    return split_table("breast_cancer", test_split, seed)
