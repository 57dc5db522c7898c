"""Checks for gradients and ops: those minitensor's own tests run, and a learner's too.

`check_gradients(fn, inputs)` is for any function of tensors; `check_op(my_op)` runs on one op all
that can be checked from its declaration. Read gradients, then ops.
"""

from minitensor.testing.gradients import GradientError as GradientError
from minitensor.testing.gradients import check_gradients as check_gradients
from minitensor.testing.gradients import compute_gradient as compute_gradient
from minitensor.testing.gradients import numeric_gradient as numeric_gradient
from minitensor.testing.ops import CHECKS as CHECKS
from minitensor.testing.ops import GPU as GPU
from minitensor.testing.ops import Case as Case
from minitensor.testing.ops import Check as Check
from minitensor.testing.ops import cases as cases
from minitensor.testing.ops import check_op as check_op

__all__ = [
    "CHECKS",
    "GPU",
    "Case",
    "Check",
    "GradientError",
    "cases",
    "check_gradients",
    "check_op",
    "compute_gradient",
    "numeric_gradient",
]
