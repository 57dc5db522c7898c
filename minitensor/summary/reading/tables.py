"""Curves as tables: one row for each point."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import InvalidArgumentError, UnavailableError, message
from minitensor.summary.series import Scalars

__all__ = ["data_frame", "write_csv"]

COLUMNS = ("run", "tag", "step", "time", "value")


def data_frame(curves: Sequence[Scalars]) -> Any:
    """A pandas DataFrame.

    Raises:
        UnavailableError: (also an ImportError) without pandas.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise UnavailableError(
            message("to_dataframe", "", "the package pandas is not installed",
                    "a DataFrame is pandas's table",
                    "install it with `pip install pandas`, or write a file with log.to_csv(path)")
        ) from None  # fmt: skip
    sizes = [len(curve) for curve in curves]
    names: dict[str, Any] = {
        name: np.repeat(np.array([getattr(curve, name) for curve in curves], object), sizes)
        for name in ("run", "tag")
    }
    empty = {"step": np.int64, "time": np.float64, "value": np.float32}
    columns = {
        name: np.concatenate([np.zeros(0, dtype), *(getattr(curve, name) for curve in curves)])
        for name, dtype in empty.items()
    }
    return pandas.DataFrame({**names, **columns})


def write_csv(curves: Sequence[Scalars], path: Path) -> None:
    """A file of comma-separated values with a header; times and values in full precision.

    Raises:
        InvalidArgumentError: (also a ValueError) where it cannot be written.
    """
    try:
        opened = path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise InvalidArgumentError(
            message("to_csv", f"path={str(path)!r}", f"it cannot be written: {error.strerror}",
                    "a file is made in a directory that is there",
                    'write log.to_csv("curves.csv")')
        ) from error  # fmt: skip
    with opened as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for curve in curves:
            points = zip(curve.step.tolist(), curve.time.tolist(), curve.value, strict=True)
            writer.writerows((curve.run, curve.tag, *point) for point in points)
