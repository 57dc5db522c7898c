"""Sequences and the same sequences backward: the first task for models that write."""

from __future__ import annotations

import numpy as np

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.datasets.arguments import generator, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split


def load_data(
    samples: int = 5000,
    length: int = 8,
    symbols: int = 10,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
) -> Split:
    """Sequences (n, length), int64 from 1 to `symbols`; `y` holds each of them reversed.

    No two sequences are equal, so none of the test part was seen in training. The number 0 does not
    occur: it is free for the start of what a decoder writes, or for padding.

    Args:
        samples: How many sequences.
        length: How many numbers a sequence has.
        symbols: How many different numbers there are.
        test_split: The share of sequences in the test part.
        seed: Another seed gives other sequences.

    Raises:
        InvalidArgumentError: when an argument is out of its range, or there are fewer different
            sequences than `samples`.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.reversal.load_data(length=4)
        >>> x_train[0].tolist(), y_train[0].tolist()
        ([2, 1, 4, 4], [4, 4, 1, 2])
    """
    subject = "keras.datasets.reversal.load_data"
    samples = whole_number(subject, "samples", samples)
    length = whole_number(subject, "length", length)
    symbols = whole_number(subject, "symbols", symbols)
    rng = generator(subject, seed)
    if samples > symbols**length:
        raise InvalidArgumentError(
            message(subject, f"samples={samples}, length={length}, symbols={symbols}",
                    f"there are only {symbols**length} different sequences",
                    "no sequence occurs twice, so that the test part is new to the model",
                    f"write samples={symbols**length} or fewer, or a greater length")
        )  # fmt: skip
    x = _different_sequences(samples, length, symbols, rng)
    return split(subject, x, x[:, ::-1].copy(), test_split, rng)


def _different_sequences(
    samples: int, length: int, symbols: int, rng: np.random.RandomState
) -> np.ndarray:
    """Draw sequences, dropping each that was there before, until there are enough."""
    found = np.zeros((0, length), np.int64)
    while len(found) < samples:
        drawn = rng.randint(1, symbols + 1, (samples, length)).astype(np.int64)
        found = np.concatenate([found, drawn])
        _, first = np.unique(found, axis=0, return_index=True)
        found = found[np.sort(first)]
    return found[:samples]
