"""What programs of TensorFlow 1 had around the graph: settings, logging, a main function."""

from __future__ import annotations

import logging as plain
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from minitensor.scopes import get_logger

__all__ = ["ConfigProto", "GPUOptions", "GraphOptions", "OptimizerOptions", "app", "logging"]


class _Settings:
    """Settings that are TensorFlow's: they are kept, and have no effect."""

    def __init__(self, **settings: Any):
        self.__dict__.update(settings)

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.__dict__.items())
        return f"{type(self).__name__}({given})"


class GPUOptions(_Settings):
    """How a session would use GPUs. Kept, without effect: see `mt.config`."""


class OptimizerOptions(_Settings):
    """How graphs would be optimised. Kept, without effect: every graph is."""

    L1, L0 = 0, -1
    OFF, ON_1, ON_2 = -1, 1, 2


class GraphOptions(_Settings):
    """How a graph would be run. Kept, without effect."""

    def __init__(self, **settings: Any):
        settings.setdefault("optimizer_options", OptimizerOptions())
        super().__init__(**settings)


class ConfigProto(_Settings):
    """The settings of a session. Kept, without effect: `mt.config` has what can be set."""

    def __init__(self, **settings: Any):
        settings.setdefault("gpu_options", GPUOptions())
        settings.setdefault("graph_options", GraphOptions())
        super().__init__(**settings)


def run(main: Callable | None = None, argv: list | None = None) -> None:
    """Call `main(argv)`, by default that of the program, and exit with what it returns."""
    chosen: Any = main or vars(sys.modules["__main__"])["main"]
    sys.exit(chosen(argv or sys.argv))


app = SimpleNamespace(run=run)
"""`tf.app.run()` at the end of a program calls its `main`."""


def _level() -> int:
    return get_logger().getEffectiveLevel()


logging = SimpleNamespace(
    DEBUG=plain.DEBUG, INFO=plain.INFO, WARN=plain.WARNING, ERROR=plain.ERROR,
    FATAL=plain.CRITICAL,
    set_verbosity=lambda level: get_logger().setLevel(level),
    get_verbosity=_level,
    debug=lambda text, *args: get_logger().debug(text, *args),
    info=lambda text, *args: get_logger().info(text, *args),
    warn=lambda text, *args: get_logger().warning(text, *args),
    warning=lambda text, *args: get_logger().warning(text, *args),
    error=lambda text, *args: get_logger().error(text, *args),
    fatal=lambda text, *args: get_logger().critical(text, *args),
)  # fmt: skip
"""`tf.logging`: the logger that minitensor's warnings go to."""
