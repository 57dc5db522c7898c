"""States of iterators as JSON: dicts, lists, numbers, text, and numpy arrays among these."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, message, shorten
from minitensor.saved_model.values import Broken, array_from_json, array_to_json

__all__ = ["state_from_json", "state_to_json"]


def state_to_json(state: Any, key: str, tensors: dict[str, np.ndarray]) -> Any:
    """A state as JSON; its arrays go to `tensors` under names that begin with `key`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a state that holds anything else.
    """
    if state is None or isinstance(state, (bool, int, str)):
        return state
    if isinstance(state, float):
        return state if math.isfinite(state) else {"float": str(state)}
    if isinstance(state, bytes):
        return {"bytes": state.hex()}
    if isinstance(state, (np.ndarray, np.generic)):
        return {"array": array_to_json(np.asarray(state), f"{key}/{len(tensors)}", tensors, -1)}
    if isinstance(state, (list, tuple)):
        return [state_to_json(item, key, tensors) for item in state]
    if isinstance(state, dict) and all(isinstance(name, str) for name in state):
        return {"dict": {name: state_to_json(item, key, tensors) for name, item in state.items()}}
    raise InvalidArgumentError(
        message(f"saving the state of {key}", shorten(state),
                f"an object of class {type(state).__name__} is neither data nor an array",
                "a state is made of dicts with names as keys, lists, numbers, text and numpy "
                "arrays", "give such a state in `save_state`")
    )  # fmt: skip


def state_from_json(given: Any, tensors: dict[str, np.ndarray]) -> Any:
    """The state again.

    Raises:
        Broken: for what `state_to_json` does not write.
    """
    if isinstance(given, list):
        return [state_from_json(item, tensors) for item in given]
    if not isinstance(given, dict):
        return given
    if len(given) != 1:
        raise Broken(f"a state has the keys {sorted(given)}")
    ((kind, inner),) = given.items()
    if kind == "dict" and isinstance(inner, dict):
        return {name: state_from_json(item, tensors) for name, item in inner.items()}
    if kind == "array" and isinstance(inner, dict):
        return array_from_json(inner, tensors)
    if kind == "bytes" and isinstance(inner, str):
        return bytes.fromhex(inner)
    if kind == "float" and inner in ("nan", "inf", "-inf"):
        return float(inner)
    raise Broken(f"there is no kind of state called {kind!r}")
