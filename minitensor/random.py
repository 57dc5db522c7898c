"""Random tensors, `mt.random`: functions that draw, and generators that remember where they are."""

from minitensor.ops.draws import set_seed as set_seed
from minitensor.ops.random import normal as normal
from minitensor.ops.random import stateless_normal as stateless_normal
from minitensor.ops.random import stateless_uniform as stateless_uniform
from minitensor.ops.random import uniform as uniform

__all__ = ["normal", "set_seed", "stateless_normal", "stateless_uniform", "uniform"]
