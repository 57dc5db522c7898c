"""Which array namespace computes: numpy on the CPU, cupy on a GPU.

cupy is never imported before it is needed: its arrays are recognised by their class, and it is
looked for once, when the first tensor has to be placed. This floor knows arrays, not tensors.
"""

from __future__ import annotations

import contextvars
import importlib.util
import sys
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np

from minitensor.errors import UnavailableError, message

Array = Any
"""A numpy or cupy array. Shapes are given in docstrings."""


class _Namespaces(dict):
    """Array class → namespace; a cupy array is recognised when the first one is seen."""

    def __missing__(self, kind: type) -> ModuleType:
        cupy = sys.modules.get("cupy")
        if cupy is not None and issubclass(kind, cupy.ndarray):
            self[kind] = cupy
            return cupy
        strict = sys.modules.get("array_api_strict")
        if strict is not None and kind.__module__.startswith("array_api_strict"):
            return strict
        raise TypeError(f"cannot compute on {kind.__name__}: expected a numpy or cupy array")


NAMESPACE = _Namespaces({np.ndarray: np})


@cache
def gpu_count() -> int:
    """How many GPUs cupy can use; 0 without cupy, without a driver or without a device."""
    if importlib.util.find_spec("cupy") is None:
        return 0
    import cupy  # pyright: ignore[reportMissingImports]

    return cupy.cuda.runtime.getDeviceCount() if cupy.cuda.is_available() else 0


def cupy() -> ModuleType:
    """The cupy module.

    Raises:
        UnavailableError: (also an ImportError) naming the extra to install.
    """
    return optional("cupy", "gpu13", "running on a GPU")


def optional(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Raises:
        UnavailableError: (also an ImportError) when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UnavailableError(
            message(purpose, "", f"the package {module!r} is not installed",
                    "minitensor loads optional packages where they are first used",
                    f'pip install "minitensor[{extra}]"')
        ) from None  # fmt: skip


def to_numpy(array: Array) -> np.ndarray:
    """The elements as a numpy array: itself on the CPU, a copy from a GPU."""
    return array if isinstance(array, np.ndarray) else array.get()


def _find_error_state() -> tuple[contextvars.ContextVar | None, Any]:
    """Numpy's floating-point error state is a context variable; find it and its silent value.

    Setting the variable takes a tenth of the time of entering `np.errstate`, which matters when
    it happens around each operation.
    """
    context = contextvars.Context()
    context.run(np.seterr, all="ignore")
    found = list(context.items())
    return found[0] if len(found) == 1 else (None, None)


_ERROR_STATE, _SILENT = _find_error_state()


class Quiet:
    """Within it, numpy computes inf and NaN without warnings, as TensorFlow does.

    Example:
        >>> with Quiet():
        ...     np.log(np.zeros(1))
        array([-inf])
    """

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = silence()

    def __exit__(self, *_: object) -> None:
        restore(self._token)


def _by_name() -> Any:
    """The same through numpy's own function, should it keep its state elsewhere one day."""
    return np.seterr(all="ignore")


def _back_by_name(token: Any) -> None:
    np.seterr(**token)


silence: Callable[[], Any]
"""Stop numpy's floating-point warnings; returns the token for `restore`."""
restore: Callable[[Any], None]
"""Bring back the state that `silence` replaced."""
if _ERROR_STATE is not None:
    silence, restore = partial(_ERROR_STATE.set, _SILENT), _ERROR_STATE.reset
else:
    silence, restore = _by_name, _back_by_name
