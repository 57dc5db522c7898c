"""`from minitensor.python.client import device_lib`, as TensorFlow programs write it."""

from minitensor.device_lib import DeviceAttributes as DeviceAttributes
from minitensor.device_lib import list_local_devices as list_local_devices
