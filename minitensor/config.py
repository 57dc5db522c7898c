"""What this machine has and how it is used, `mt.config`: devices, and where ops may run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from minitensor.backend import cupy
from minitensor.device import LogicalDevice as LogicalDevice
from minitensor.device import LogicalDeviceConfiguration as LogicalDeviceConfiguration
from minitensor.device import PhysicalDevice as PhysicalDevice
from minitensor.device import get_logical_device_configuration as get_logical_device_configuration
from minitensor.device import get_visible_devices as get_visible_devices
from minitensor.device import list_logical_devices as list_logical_devices
from minitensor.device import list_physical_devices as list_physical_devices
from minitensor.device import parse, settings
from minitensor.device import set_logical_device_configuration as set_logical_device_configuration
from minitensor.device import set_visible_devices as set_visible_devices
from minitensor.errors import InvalidArgumentError, message
from minitensor.threads import count, set_count

__all__ = [
    "LogicalDevice",
    "LogicalDeviceConfiguration",
    "PhysicalDevice",
    "experimental",
    "experimental_run_functions_eagerly",
    "functions_run_eagerly",
    "get_logical_device_configuration",
    "get_soft_device_placement",
    "get_visible_devices",
    "list_logical_devices",
    "list_physical_devices",
    "run_functions_eagerly",
    "set_logical_device_configuration",
    "set_soft_device_placement",
    "set_visible_devices",
    "threading",
]


functions = SimpleNamespace(eagerly=False)
"""Whether functions under `mt.function` are called as they are."""


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Call functions under `mt.function` as they are, without graphs, to debug them; or no more.

    Example:
        >>> import minitensor as mt
        >>> mt.config.run_functions_eagerly(True)
        >>> mt.function(mt.executing_eagerly)()
        True
        >>> mt.config.run_functions_eagerly(False)
    """
    functions.eagerly = bool(run_eagerly)


experimental_run_functions_eagerly = run_functions_eagerly


def functions_run_eagerly() -> bool:
    """Whether functions under `mt.function` are called as they are."""
    return functions.eagerly


def get_soft_device_placement() -> bool:
    """Whether ops for a device that is missing run on CPU 0 instead."""
    return settings.soft_placement


def set_soft_device_placement(enabled: bool) -> None:
    """Let ops for a missing device run on CPU 0 (the default), or raise."""
    settings.soft_placement = bool(enabled)


def _get_memory_info(device: str) -> dict[str, int]:
    """Bytes in use on a GPU now, and at most so far."""
    parsed = parse(device)
    if parsed is None or parsed[0] != "GPU":
        raise InvalidArgumentError(
            message("config.experimental.get_memory_info", repr(device),
                    "there is no memory information for this device",
                    "only a GPU keeps account of its memory", "pass 'GPU:0'")
        )  # fmt: skip
    with cupy().cuda.Device(parsed[1]):
        pool = cupy().get_default_memory_pool()
        return {"current": pool.used_bytes(), "peak": pool.total_bytes()}


def _get_memory_growth(device: Any) -> bool:
    """True: GPU memory is always taken as it is needed."""
    return True


def _set_memory_growth(device: Any, enable: bool) -> None:
    """Nothing: GPU memory is always taken as it is needed."""


def _get_device_details(device: Any) -> dict[str, Any]:
    """What is known of a GPU: its name and compute capability; nothing of a CPU."""
    if parse(device) == ("CPU", 0):
        return {}
    found = cupy().cuda.runtime.getDeviceProperties(parse(device)[1])  # type: ignore[index]
    capability = (found["major"], found["minor"])
    return {"device_name": found["name"].decode(), "compute_capability": capability}


experimental = SimpleNamespace(
    VirtualDeviceConfiguration=LogicalDeviceConfiguration,
    get_device_details=_get_device_details,
    get_memory_growth=_get_memory_growth,
    get_memory_info=_get_memory_info,
    get_virtual_device_configuration=get_logical_device_configuration,
    get_visible_devices=get_visible_devices,
    list_logical_devices=list_logical_devices,
    list_physical_devices=list_physical_devices,
    set_memory_growth=_set_memory_growth,
    set_virtual_device_configuration=set_logical_device_configuration,
    set_visible_devices=set_visible_devices,
)
"""The same under the names they had before they became stable, and what is known of a GPU."""

threading = SimpleNamespace(
    get_intra_op_parallelism_threads=count,
    set_intra_op_parallelism_threads=set_count,
    get_inter_op_parallelism_threads=lambda: 1,
)
"""Threads that share the work on large arrays inside traced functions.

`set_intra_op_parallelism_threads(n)` holds for functions traced from then on; 0 means one thread
per core. Ops of a graph run one after the other: between ops there is no parallelism.
"""
