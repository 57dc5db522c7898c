"""`device_lib.list_local_devices()`: the devices of this machine, as TensorFlow 1 lists them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from minitensor.backend import cupy
from minitensor.device import list_logical_devices

__all__ = ["DeviceAttributes", "list_local_devices"]

CPU_MEMORY_LIMIT = 268435456
"""What TensorFlow reports for every CPU: the size of a buffer, not of the memory."""


@dataclass(frozen=True)
class DeviceAttributes:
    """What is known of a device; its text is that of TensorFlow's protocol buffer."""

    name: str
    device_type: str
    memory_limit: int
    incarnation: int
    physical_device_desc: str = ""
    xla_global_id: int = -1

    def __str__(self) -> str:
        lines = [f'name: "{self.name}"', f'device_type: "{self.device_type}"']
        lines += [f"memory_limit: {self.memory_limit}", "locality {\n}"]
        lines += [f"incarnation: {self.incarnation}"]
        if self.physical_device_desc:
            lines += [f'physical_device_desc: "{self.physical_device_desc}"']
        return "\n".join([*lines, f"xla_global_id: {self.xla_global_id}", ""])

    __repr__ = __str__


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The CPU and every GPU, with names, memory and a number that is new in each process.

    `session_config` is TensorFlow 1's and has no effect.

    Example:
        >>> from minitensor.python.client import device_lib
        >>> device_lib.list_local_devices()[0].name
        '/device:CPU:0'
    """
    return [_described(device.name, device.device_type) for device in list_logical_devices()]


def _described(name: str, device_type: str) -> DeviceAttributes:
    incarnation = _INCARNATION ^ hash(name) & 2**62 - 1
    if device_type == "CPU":
        return DeviceAttributes(name, device_type, CPU_MEMORY_LIMIT, incarnation)
    index = int(name.rpartition(":")[2])
    runtime = cupy().cuda.runtime
    found = runtime.getDeviceProperties(index)
    capability = f"{found['major']}.{found['minor']}"
    text = f"device: {index}, name: {found['name'].decode()}, compute capability: {capability}"
    return DeviceAttributes(name, device_type, int(found["totalGlobalMem"]), incarnation, text)


_INCARNATION = int.from_bytes(os.urandom(8), "little") >> 2
