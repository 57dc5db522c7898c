"""Input pipelines: `mt.data.Dataset`.

Sources, transformations, and loops over them, as in tf.data. Start reading in `dataset`.
"""

from minitensor.data import experimental as experimental
from minitensor.data.dataset import Dataset as Dataset
from minitensor.data.elements import DatasetSpec as DatasetSpec
from minitensor.data.iterators import Iterator as Iterator
from minitensor.data.iterators import NumpyIterator as NumpyIterator
from minitensor.data.options import Options as Options
from minitensor.data.stage import AUTOTUNE as AUTOTUNE
from minitensor.data.stage import INFINITE as INFINITE_CARDINALITY
from minitensor.data.stage import UNKNOWN as UNKNOWN_CARDINALITY
from minitensor.data.text import TextLineDataset as TextLineDataset
from minitensor.errors import public_names

__all__ = [
    "AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "DatasetSpec", "Iterator",
    "NumpyIterator", "Options", "TextLineDataset", "experimental",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)
