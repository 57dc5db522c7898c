"""What every `load_data` returns: one fixed part for training, and one for testing."""

from __future__ import annotations

import numpy as np

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.datasets.arguments import REAL

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
TEST_SPLIT, SEED = 0.2, 113  # Keras's defaults, where its datasets have these arguments


def split(
    subject: str,
    x: np.ndarray,
    y: np.ndarray,
    test_split: float,
    rng: np.random.RandomState,
    *,
    stratify: bool = False,
) -> Split:
    """Shuffle rows and divide them: `(x_train, y_train), (x_test, y_test)`.

    The test part has `round(test_split * len(x))` rows, none of which is in the training part.

    Args:
        subject: The dataset, for error messages.
        x: Inputs, one row each.
        y: Labels, as many.
        test_split: The share of rows that goes to the test part, from 0 up to, not including, 1.
        rng: Where the shuffled order comes from.
        stratify: Whether each class of `y` gives the same share of its rows, to one row.

    Raises:
        InvalidArgumentError: when `test_split` is no such share.

    Example:
        >>> x, y = np.arange(10), np.arange(10) % 2
        >>> rng = np.random.RandomState(0)
        >>> train, test = split("ten", x, y, 0.4, rng, stratify=True)
        >>> len(train[0]), test[1].tolist()
        (6, [0, 0, 1, 1])
    """
    count = test_rows(subject, test_split, len(x))
    order = rng.permutation(len(x))
    is_test = np.arange(len(x)) < count
    if stratify:
        is_test = _share_of_each_class(y[order], count)
    train, test = order[~is_test], order[is_test]
    return (x[train], y[train]), (x[test], y[test])


def test_rows(subject: str, test_split: float, rows: int) -> int:
    """How many of `rows` go to the test part.

    Raises:
        InvalidArgumentError: when `test_split` is not from 0 up to, not including, 1.
    """
    if isinstance(test_split, REAL) and 0.0 <= test_split < 1.0:
        return round(float(test_split) * rows)
    raise InvalidArgumentError(
        message(subject, f"test_split={test_split!r}", "this is no share of the rows",
                "test_split is from 0 (no test part) up to, not including, 1",
                "write test_split=0.2 for a fifth")
    )  # fmt: skip


def _share_of_each_class(y: np.ndarray, count: int) -> np.ndarray:
    """Mark `count` rows of `y`, from each class its share: the first rows of the class."""
    classes, members = np.unique(y, return_inverse=True)
    sizes = np.bincount(members)
    exact = sizes * (count / max(len(y), 1))
    shares = np.floor(exact).astype(int)
    missing = count - shares.sum()
    shares[np.argsort(shares - exact, kind="stable")[:missing]] += 1
    marked = np.zeros(len(y), bool)
    for place in range(len(classes)):
        marked[np.flatnonzero(members == place)[: shares[place]]] = True
    return marked
