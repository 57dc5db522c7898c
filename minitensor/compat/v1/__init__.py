"""TensorFlow 1 over the same graphs: write a graph first, then run parts of it in a session.

`import minitensor.compat.v1 as tf` runs ordinary TensorFlow 1 code, once
`tf.disable_eager_execution()` was called, or within `with tf.Graph().as_default():`. Everything
public of minitensor is here too; what TensorFlow 1 had otherwise comes first.

What differs from TensorFlow 1: nodes run in the order in which they were made, so that a reading
made after an assignment sees what was assigned when both run; a variable that is fed is fed to all
its readings; and `tf.disable_eager_execution()` is about the thread that calls it.

As in TensorFlow, `==` between tensors of such graphs is about identity; `tf.equal` compares
elements.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import minitensor
from minitensor.compat.v1 import initializers as initializers
from minitensor.compat.v1 import losses as losses
from minitensor.compat.v1 import nn as nn
from minitensor.compat.v1 import random as random
from minitensor.compat.v1 import summary as summary
from minitensor.compat.v1 import train as train
from minitensor.compat.v1.building import *  # noqa: F403
from minitensor.compat.v1.endpoints import *  # noqa: F403
from minitensor.compat.v1.endpoints import ELSEWHERE
from minitensor.compat.v1.fetching import IndexedSlicesValue as IndexedSlicesValue
from minitensor.compat.v1.gradients import gradients as gradients
from minitensor.compat.v1.graphs import *  # noqa: F403
from minitensor.compat.v1.graphs import disable_eager_execution, enable_eager_execution
from minitensor.compat.v1.keys import *  # noqa: F403
from minitensor.compat.v1.program import *  # noqa: F403
from minitensor.compat.v1.scopes import *  # noqa: F403
from minitensor.compat.v1.session import *  # noqa: F403
from minitensor.compat.v1.summary.messages import Event as Event
from minitensor.compat.v1.summary.messages import HistogramProto as HistogramProto
from minitensor.compat.v1.summary.messages import MetaGraphDef as MetaGraphDef
from minitensor.compat.v1.summary.messages import SessionLog as SessionLog
from minitensor.compat.v1.summary.messages import Summary as Summary
from minitensor.compat.v1.summary.messages import SummaryMetadata as SummaryMetadata
from minitensor.compat.v1.tracer import control_dependencies as control_dependencies
from minitensor.compat.v1.variables import *  # noqa: F403
from minitensor.graph.operations import Operation as Operation

disable_v2_behavior = disable_eager_execution
enable_v2_behavior = enable_eager_execution
constant_initializer = initializers.constant
glorot_normal_initializer = initializers.glorot_normal
glorot_uniform_initializer = initializers.glorot_uniform
ones_initializer = initializers.ones
orthogonal_initializer = initializers.orthogonal
random_normal_initializer = initializers.random_normal
random_uniform_initializer = initializers.random_uniform
truncated_normal_initializer = initializers.truncated_normal
variance_scaling_initializer = initializers.variance_scaling
zeros_initializer = initializers.zeros


def __getattr__(name: str) -> Any:
    """What is here under TensorFlow 1's name, or is minitensor's own."""
    found = reduce(getattr, ELSEWHERE.get(name, name).split("."), minitensor)
    if name in ELSEWHERE:
        globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *ELSEWHERE, *minitensor.__all__})
