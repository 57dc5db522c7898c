"""Getting data into shape, and runs repeatable: what Keras calls `keras.utils`."""

from __future__ import annotations

import random as python_random
from collections import abc
from typing import Any

import numpy as np

from minitensor import random
from minitensor.errors import InvalidArgumentError, UnavailableError, message, public_names
from minitensor.keras.callbacks.progress_bar import Progbar as Progbar
from minitensor.keras.configuration import custom_object_scope as CustomObjectScope  # noqa: N812
from minitensor.keras.configuration import custom_object_scope as custom_object_scope
from minitensor.keras.configuration import deserialize as deserialize_keras_object
from minitensor.keras.configuration import get_custom_objects as get_custom_objects
from minitensor.keras.configuration import get_registered_name as get_registered_name
from minitensor.keras.configuration import get_registered_object as get_registered_object
from minitensor.keras.configuration import (
    register_keras_serializable as register_keras_serializable,
)
from minitensor.keras.configuration import serialize as serialize_keras_object
from minitensor.keras.session import clear_session as clear_session
from minitensor.keras.splitting import split_dataset as split_dataset
from minitensor.keras.symbolic import is_symbolic as is_keras_tensor
from minitensor.keras.timeseries import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from minitensor.keras.training.py_dataset import PyDataset as PyDataset
from minitensor.keras.training.py_dataset import PyDataset as Sequence  # its older name
from minitensor.keras.training.unpacking import pack_x_y_sample_weight as pack_x_y_sample_weight
from minitensor.keras.training.unpacking import unpack_x_y_sample_weight as unpack_x_y_sample_weight

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "clear_session",
    "custom_object_scope", "deserialize_keras_object", "get_custom_objects", "get_file",
    "get_registered_name", "get_registered_object", "is_keras_tensor", "normalize",
    "pack_x_y_sample_weight", "pad_sequences", "register_keras_serializable",
    "serialize_keras_object", "set_random_seed", "split_dataset", "timeseries_dataset_from_array",
    "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip

__getattr__, __dir__ = public_names("minitensor.keras.utils", __all__)


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as rows with a single 1.

    Args:
        x: class numbers, whole and not negative, of any shape; a last axis of size 1 is dropped.
        num_classes: the number of classes; by default the largest number plus one.

    Shape: (…,) → (…, num_classes), float32.

    Raises:
        InvalidArgumentError: (also a ValueError) for a number that is no class.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """
    labels = np.asarray(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else num_classes
    wrong = labels[(labels < 0) | (labels >= count)]
    if wrong.size:
        raise InvalidArgumentError(
            message("to_categorical", f"num_classes={count}", f"{int(wrong[0])} is no class",
                    f"classes are 0 to {count - 1}", "check the labels, or raise num_classes")
        )  # fmt: skip
    return np.eye(count, dtype=np.float32)[labels]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Vectors of length 1 along an axis; vectors of zeros stay zeros.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.normalize(np.array([[3.0, 4.0]]))
        array([[0.6, 0.8]])
    """
    array = np.asarray(x)
    length = np.atleast_1d(np.linalg.norm(array, order, axis))
    return array / np.expand_dims(np.where(length == 0, 1, length), axis)


def pad_sequences(
    sequences: abc.Sequence,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array.

    Args:
        sequences: lists of numbers.
        maxlen: the length that they get; by default that of the longest.
        dtype: the dtype of the array.
        padding: whether short ones are filled in front ("pre") or behind ("post").
        truncating: whether long ones are cut in front ("pre") or behind ("post").
        value: what they are filled with.

    Shape: (number of sequences, maxlen).

    Raises:
        InvalidArgumentError: (also a ValueError) for another way of padding or truncating.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.pad_sequences([[1, 2, 3], [4]], padding="post")
        array([[1, 2, 3],
               [4, 0, 0]], dtype=int32)
    """
    for name, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise InvalidArgumentError(
                message("pad_sequences", f"{name}={given!r}", f"{name} type {given!r} not "
                        "understood", "sequences are changed in front or behind",
                        "write 'pre' or 'post'")
            )  # fmt: skip
    rows = [np.asarray(sequence) for sequence in sequences]
    length = max(map(len, rows), default=0) if maxlen is None else maxlen
    inner = next((row.shape[1:] for row in rows if len(row)), ())
    out = np.full((len(rows), length, *inner), value, dtype=dtype)
    for target, row in zip(out, rows, strict=True):
        kept = (row[-length:] if truncating == "pre" else row[:length]) if length else row[:0]
        if len(kept):
            start = length - len(kept) if padding == "pre" else 0
            target[start : start + len(kept)] = kept
    return out


def set_random_seed(seed: int) -> None:
    """Make what follows repeatable: seeds of Python, numpy and minitensor.

    Example:
        >>> import minitensor as mt
        >>> mt.keras.utils.set_random_seed(1)
        >>> a = mt.random.normal(())
        >>> mt.keras.utils.set_random_seed(1)
        >>> bool(a == mt.random.normal(()))
        True
    """
    python_random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - a learner's code may draw from it
    random.set_seed(seed)


def get_file(fname: str | None = None, origin: str | None = None, **kwargs: Any) -> str:
    """Keras's download; here an error that says what there is instead.

    Raises:
        UnavailableError: (also an ImportError) always.
    """
    raise UnavailableError(
        message("get_file", f"origin={origin!r}", "minitensor downloads nothing",
                "lessons run without a network", "use a data set of mt.keras.datasets, or open a "
                "file that you have")
    )  # fmt: skip
