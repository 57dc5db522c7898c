"""What may be wrong with the data, where a model refuses its first batch."""

from __future__ import annotations

from typing import Any

from minitensor import nest
from minitensor.errors import DTypeError, OpError
from minitensor.keras.training.for_people import advise
from minitensor.tensor import TensorSpec

__all__ = ["hint"]


def hint(error: OpError, specs: Any, model: Any) -> None:
    """Say it in the error, with what to do, where something is suspicious.

    Args:
        error: what the first step raised.
        specs: those of the elements of a dataset, or of the batches of arrays.
        model: what refused them.
    """
    parts = specs if isinstance(specs, tuple) else (specs,)
    every = [x for x in nest.flatten(parts) if isinstance(x, TensorSpec) and x.shape.rank]
    inputs = [x for x in nest.flatten(parts[0]) if isinstance(x, TensorSpec) and x.shape.rank]
    if any(x.dtype.name == "string" for x in inputs):
        refused = isinstance(error, DTypeError) or "incompatible with the layer" in error.message
        if refused:
            advise(error, *STRINGS)
    elif _look_unbatched(every, inputs, model):
        shapes = " and ".join(str(tuple(x.shape)) for x in every)
        fact = f"The dataset's elements, of shape {shapes}, look like samples without a batch axis."
        advise(error, fact, "make batches of single samples: dataset.batch(32)")


STRINGS = (
    "x holds strings, which only text layers take.",
    "let the model begin with a TextVectorization or a StringLookup, or make numbers of them",
)


def _look_unbatched(every: list, inputs: list, model: Any) -> bool:
    """Whether no first axis counts samples: it is fixed, and there is one too few of them."""
    sizes = {x.shape[0] for x in every}
    if not inputs or None in sizes:
        return False
    taken = [len(x.shape) for x in getattr(model, "inputs", None) or ()]
    ranks = [len(x.shape) for x in inputs]
    one_less = taken == [rank + 1 for rank in ranks]
    return one_less or len(sizes) > 1 or max(ranks) == 1
