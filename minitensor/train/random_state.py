"""`RandomState`: where the program is in its random numbers, as a part of a checkpoint."""

from __future__ import annotations

from typing import Any

from minitensor.ops.draws import program_streams

__all__ = ["RandomState"]


class RandomState:
    """The program's streams of random numbers, those that `mt.random.set_seed` starts.

    In a checkpoint, it lets training with dropout and other draws go on as if it had never been
    interrupted. Build the model before restoring, since weights that are made later draw their
    first values. Generators and layers with seeds of their own need no such object: they are saved
    with the objects that hold them. TensorFlow has nothing like it.

    Example:
        >>> import minitensor as mt, tempfile
        >>> mt.random.set_seed(1)
        >>> checkpoint = mt.train.Checkpoint(random=mt.train.RandomState())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = checkpoint.write(f"{folder}/ck")
        ...     first = mt.random.uniform([3])
        ...     _ = checkpoint.read(path)
        >>> bool(mt.reduce_all(mt.random.uniform([3]) == first))
        True
    """

    def save_state(self) -> dict[str, Any]:
        """Where the streams are now."""
        return program_streams().save_state()

    def restore_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `save_state` gave."""
        program_streams().restore_state(state)
