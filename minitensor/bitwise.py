"""Arithmetic on the bits of integers: `mt.bitwise`."""

from minitensor.ops.bitwise import bitwise_and as bitwise_and
from minitensor.ops.bitwise import bitwise_or as bitwise_or
from minitensor.ops.bitwise import bitwise_xor as bitwise_xor
from minitensor.ops.bitwise import invert as invert
from minitensor.ops.bitwise import left_shift as left_shift
from minitensor.ops.bitwise import right_shift as right_shift

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
