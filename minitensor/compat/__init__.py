"""Earlier versions of the API, over the same graphs."""

from minitensor.compat import v1 as v1

__all__ = ["v1"]
