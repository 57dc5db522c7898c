"""TensorFlow 1 over the same graphs: write a graph first, then run parts of it in a session.

`import minitensor.compat.v1 as tf` runs ordinary TensorFlow 1 code, once
`tf.disable_eager_execution()` was called, or within `with tf.Graph().as_default():`. Everything
public of minitensor is here too; what TensorFlow 1 had otherwise comes first.
"""

from __future__ import annotations

from typing import Any

import minitensor
from minitensor.compat.v1.building import *  # noqa: F403
from minitensor.compat.v1.fetching import IndexedSlicesValue as IndexedSlicesValue
from minitensor.compat.v1.graphs import *  # noqa: F403
from minitensor.compat.v1.keys import *  # noqa: F403
from minitensor.compat.v1.session import *  # noqa: F403
from minitensor.compat.v1.tracer import control_dependencies as control_dependencies
from minitensor.compat.v1.variables import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return getattr(minitensor, name)
