"""What a program asks about its machine before it uses a GPU, `mt.test`."""

from __future__ import annotations

from minitensor.backend import gpu_count
from minitensor.config import list_logical_devices
from minitensor.testing import compute_gradient as compute_gradient

__all__ = [
    "compute_gradient",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_gpu_available",
]


def gpu_device_name() -> str:
    """The name of the first GPU; an empty string without one."""
    return next((device.name for device in list_logical_devices("GPU")), "")


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple | None = None
) -> bool:
    """Whether ops can run on a GPU. The arguments are TensorFlow's and have no effect."""
    return bool(list_logical_devices("GPU"))


def is_built_with_cuda() -> bool:
    """Whether cupy is installed and finds a CUDA device."""
    return gpu_count() > 0


def is_built_with_gpu_support() -> bool:
    """The same as `is_built_with_cuda`: there is no other kind of GPU support."""
    return is_built_with_cuda()
