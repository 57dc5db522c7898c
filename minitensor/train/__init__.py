"""Checkpoints: the values of a program's variables in files, and back into the program.

Read `objects.py` first (what is saved, and what it is called), then `checkpoint.py`, `writing.py`,
`reading.py` and `restoring.py`.
"""

from minitensor.train.checkpoint import Checkpoint as Checkpoint
from minitensor.train.manager import CheckpointManager as CheckpointManager
from minitensor.train.random_state import RandomState as RandomState
from minitensor.train.reader import list_variables as list_variables
from minitensor.train.reader import load_checkpoint as load_checkpoint
from minitensor.train.reader import load_variable as load_variable
from minitensor.train.state_file import CheckpointState as CheckpointState
from minitensor.train.state_file import get_checkpoint_state as get_checkpoint_state
from minitensor.train.state_file import latest_checkpoint as latest_checkpoint

__all__ = ["Checkpoint", "CheckpointManager", "CheckpointState", "RandomState",
           "get_checkpoint_state", "latest_checkpoint", "list_variables", "load_checkpoint",
           "load_variable"]  # fmt: skip
