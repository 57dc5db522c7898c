"""Devices: their names, which exist, and the `device` context that says where ops run.

A logical CPU is a label: all of them share the processor. A GPU is a real one, reached through
cupy. This floor knows arrays, not tensors; `op.state.device` holds the active choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minitensor.backend import Array, cupy, gpu_count
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message

__all__ = [
    "Device",
    "LogicalDevice",
    "LogicalDeviceConfiguration",
    "PhysicalDevice",
]

FULL = "/job:localhost/replica:0/task:0"


class PhysicalDevice(NamedTuple):
    """A piece of hardware."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device that ops can be placed on."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """One logical device of a physical one; limits are labels for learning, not enforced."""

    memory_limit: float | None = None
    experimental_priority: int | None = None


@dataclass(frozen=True)
class Device:
    """Where an op runs: a type ("CPU" or "GPU") and an index."""

    type: str
    index: int

    @property
    def name(self) -> str:
        """The full name that tensors report."""
        return f"{FULL}/device:{self.type}:{self.index}"

    @property
    def short_name(self) -> str:
        """The name without job and task."""
        return f"/device:{self.type}:{self.index}"

    @property
    def namespace(self) -> Any:
        """The array namespace that computes on this device."""
        return np if self.type == "CPU" else cupy()

    def place(self, array: Array) -> Array:
        """The array on this device; the same object when it is there already."""
        if self.type == "CPU":
            return array if isinstance(array, np.ndarray) else array.get()
        xp = cupy()
        if isinstance(array, xp.ndarray) and array.device.id == self.index:
            return array
        if array.dtype.kind in "OV":
            return array
        with xp.cuda.Device(self.index):
            return xp.asarray(array)


CPU = Device("CPU", 0)

_SPEC = re.compile(
    r"^(/?job:\w+)?(/?replica:\d+)?(/?task:\d+)?/?(device:)?(?P<type>[A-Za-z_]+)(:(?P<index>\d+|\*))?$"
)
_KNOWN = ("CPU", "GPU", "TPU", "XLA_CPU", "XLA_GPU")


class _Settings:
    """What `mt.config` has chosen for the whole program."""

    soft_placement = True
    logical_cpus: Sequence[LogicalDeviceConfiguration] = (LogicalDeviceConfiguration(),)
    split = False
    hidden: frozenset[PhysicalDevice] = frozenset()
    used = False


settings = _Settings()


def parse(spec: Any) -> tuple[str, int] | None:
    """Type and index named by a device string; None when it names no type.

    Raises:
        InvalidArgumentError: (also a ValueError) for a type that no machine has.
    """
    if spec is None or spec == "":
        return None
    if isinstance(spec, Device):
        return spec.type, spec.index
    text = spec.name if isinstance(spec, (LogicalDevice, PhysicalDevice)) else str(spec)
    found = _SPEC.match(text.removeprefix("/physical_device:"))
    kind = found["type"].upper() if found else ""
    if found is None or kind not in _KNOWN:
        unknown = text.strip("/").split(":")[0]
        raise InvalidArgumentError(
            message("device", repr(text),
                    f"unknown attribute {unknown!r} is encountered while parsing the device spec",
                    "a device is written '/CPU:0', '/GPU:1' or '/device:GPU:0'",
                    "mt.config.list_logical_devices() lists what this machine has")
        )  # fmt: skip
    index = found["index"]
    return kind, 0 if index in (None, "*") else int(index)


def resolve(spec: Any) -> Device | None:
    """The device that ops run on when `spec` is asked for; None for the default.

    With soft placement (the default) a device that is missing becomes CPU 0.

    Raises:
        InvalidArgumentError: (also a ValueError) for a missing device without soft placement.
    """
    wanted = parse(spec)
    if wanted is None:
        return None
    kind, index = wanted
    if f"/device:{kind}:{index}" in (device.name for device in list_logical_devices()):
        return Device(kind, index)
    if settings.soft_placement:
        return CPU
    names = ", ".join(device.name for device in list_logical_devices())
    raise InvalidArgumentError(
        message("device", repr(str(spec)), f"could not satisfy device specification {kind}:{index}",
                f"soft placement is off, so the device must exist; there is {names}",
                "choose one of those, or mt.config.set_soft_device_placement(True)")
    )  # fmt: skip


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The hardware that can compute: one CPU and every GPU that cupy can use."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    found += [PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i in range(gpu_count())]
    return [d for d in found if device_type in (None, d.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices that ops can be placed on. A GPU keeps its number when others are hidden."""
    found = [LogicalDevice(f"/device:CPU:{i}", "CPU") for i in range(len(settings.logical_cpus))]
    found += [
        LogicalDevice(device.name.replace("physical_device", "device"), "GPU")
        for device in get_visible_devices("GPU")
    ]
    return [d for d in found if device_type in (None, d.device_type)]


def set_logical_device_configuration(
    device: PhysicalDevice, logical_devices: Sequence[LogicalDeviceConfiguration]
) -> None:
    """Split the CPU into several logical devices, so that placement can be practised on one.

    Raises:
        FailedPreconditionError: (also a RuntimeError) once tensors have been made.
        InvalidArgumentError: (also a ValueError) for a device other than the CPU, or none at all.
    """
    if device not in list_physical_devices("CPU"):
        raise InvalidArgumentError(
            message("set_logical_device_configuration", repr(device),
                    "it is no CPU of this machine",
                    "only the CPU can be split into logical devices",
                    "pass mt.config.list_physical_devices('CPU')[0]")
        )  # fmt: skip
    if not logical_devices:
        raise InvalidArgumentError(
            message("set_logical_device_configuration", "an empty list",
                    "no logical device would be left", "a physical device needs at least one",
                    "pass one LogicalDeviceConfiguration() per device")
        )  # fmt: skip
    if settings.used and len(logical_devices) != len(settings.logical_cpus):
        raise FailedPreconditionError(
            message("set_logical_device_configuration", f"{len(logical_devices)} devices",
                    "virtual devices cannot be modified after being initialized",
                    "the configuration is fixed when the first tensor is made",
                    "restart the kernel and configure devices in the first cell")
        )  # fmt: skip
    settings.logical_cpus, settings.split = tuple(logical_devices), True


def get_logical_device_configuration(
    device: PhysicalDevice,
) -> list[LogicalDeviceConfiguration] | None:
    """How a device was split; None for one that was not.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is not in `list_physical_devices()`.
    """
    if not isinstance(device, PhysicalDevice):
        raise InvalidArgumentError(
            message("get_logical_device_configuration", repr(device), "it is no physical device",
                    "hardware is named by the objects that stand for it",
                    "pass mt.config.list_physical_devices('CPU')[0]")
        )  # fmt: skip
    if device.device_type != "CPU" or not settings.split:
        return None
    return list(settings.logical_cpus)


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The hardware that the program may use: all, unless some was hidden."""
    return [d for d in list_physical_devices(device_type) if d not in settings.hidden]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Let the program use only `devices` (of one type, if given); `[]` and "GPU" hide all GPUs.

    Raises:
        FailedPreconditionError: (also a RuntimeError) once tensors have been made.
        InvalidArgumentError: (also a ValueError) for hardware that is not there, and for no CPU.
    """
    wanted = [devices] if isinstance(devices, PhysicalDevice) else list(devices)
    known = list_physical_devices(device_type)
    hidden = {d for d in settings.hidden if d not in known}
    hidden |= {d for d in known if d not in wanted}
    if any(d not in known for d in wanted) or all(
        d in hidden for d in list_physical_devices("CPU")
    ):
        raise InvalidArgumentError(
            message("set_visible_devices", repr(wanted), "a device is missing, or the CPU",
                    "visible devices are among list_physical_devices(), and the CPU always is",
                    "mt.config.set_visible_devices([], 'GPU') hides GPUs")
        )  # fmt: skip
    if settings.used and hidden != settings.hidden:
        raise FailedPreconditionError(
            message("set_visible_devices", repr(wanted),
                    "visible devices cannot be modified after being initialized",
                    "the configuration is fixed when the first tensor is made",
                    "restart the kernel and configure devices in the first cell")
        )  # fmt: skip
    settings.hidden = frozenset(hidden)


def default_device() -> Device:
    """Where new tensors go: GPU 0 when there is one, else CPU 0."""
    settings.used = True
    if not gpu_count():
        return CPU
    visible = get_visible_devices("GPU")
    return Device("GPU", int(visible[0].name.rpartition(":")[2])) if visible else CPU


@contextmanager
def placed(state: Any, spec: Any) -> Iterator[None]:
    """Set `state.device` to what `spec` means, and bring the earlier choice back."""
    before = state.device
    state.device = resolve(spec)
    settings.used = settings.used or state.device is not None
    try:
        yield
    finally:
        state.device = before
