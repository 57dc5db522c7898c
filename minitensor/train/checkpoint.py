"""`Checkpoint`: saves the variables of a program, and brings them back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message, shorten
from minitensor.graph.asking import inside_function
from minitensor.module import Trackable
from minitensor.train import state_file
from minitensor.train.objects import is_trackable, part, parts
from minitensor.train.reading import prefix_of, read
from minitensor.train.restoring import Restoration
from minitensor.train.status import CheckpointLoadStatus, InitializationOnlyStatus
from minitensor.train.writing import write
from minitensor.variable import Variable

__all__ = ["Checkpoint"]


class Checkpoint(Trackable):
    """Saves the values of variables, by the names of the attributes that hold them.

    What is saved: variables, in modules, lists, tuples, dicts and further checkpoints; iterators
    over datasets; random generators. Two files hold it: `prefix.json` says what belongs to what,
    and a safetensors file holds the arrays. No code is saved: the program makes its objects, and
    `restore` fills them. Variables that are made later, like those of layers before their first
    call, get their values when they are made.

    Args:
        root: an object whose parts become parts of the checkpoint itself.
        **kwargs: objects by name.

    Raises:
        InvalidArgumentError: (also a ValueError) for what has nothing to save, like a number.

    Example:
        >>> import minitensor as mt, tempfile
        >>> x = mt.Variable(1.0)
        >>> checkpoint = mt.train.Checkpoint(x=x)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = checkpoint.save(f"{folder}/ck")
        ...     _ = x.assign(5.0)
        ...     _ = checkpoint.restore(path).assert_consumed()
        >>> x.numpy()
        np.float32(1.0)
    """

    def __init__(self, root: Any = None, **kwargs: Any):
        self._root = root
        self._save_counter: Variable | None = None
        for name, value in {**({} if root is None else {"root": root}), **kwargs}.items():
            if not is_trackable(value):
                raise InvalidArgumentError(
                    message("Checkpoint", "",
                            f"`Checkpoint` was expecting {name} to be a trackable object (an "
                            f"object derived from `Trackable`), got {shorten(value)}",
                            "variables, modules, lists and dicts of these, iterators and random "
                            "generators have something to save",
                            f"put it into a variable: {name}=mt.Variable(…)")
                )  # fmt: skip
        for name, value in sorted(kwargs.items()):
            self._check_free(name, value)
            setattr(self, name, value)

    @property
    def save_counter(self) -> Variable:
        """How often `save` was called: an int64 variable, saved with the rest."""
        counter = self._save_counter
        if counter is None:
            counter = Variable(np.int64(0), trainable=False, name="save_counter")
            self._save_counter = counter
        return counter

    def save(self, file_prefix: str | os.PathLike, options: Any = None) -> str:
        """Save under a numbered name, and note it as the latest of its folder.

        Args:
            file_prefix: the beginning of the path; `-1`, `-2`… is added.
            options: TensorFlow's; no effect.

        Returns:
            The path for `restore`.

        Raises:
            NotFoundError: when nothing can be written there; `save_counter` stays then.
        """
        prefix = prefix_of(file_prefix, "Checkpoint.save")
        path = self._numbered(prefix)
        state_file.record(str(Path(path).parent), path, [path])
        return path

    def write(self, file_prefix: str | os.PathLike, options: Any = None) -> str:
        """Save under exactly this name, without number and note.

        Args:
            file_prefix: the path, without an ending.
            options: TensorFlow's; no effect.

        Raises:
            NotFoundError: when nothing can be written there.
        """
        _check_eager()
        prefix = prefix_of(file_prefix, "Checkpoint.write")
        write(prefix, self)
        return prefix

    def restore(self, save_path: str | os.PathLike | None, options: Any = None) -> Any:
        """Bring back what `save` wrote, now and for variables that will be made later.

        Args:
            save_path: what `save` returned, or `mt.train.latest_checkpoint(folder)`. With None,
                nothing happens.
            options: TensorFlow's; no effect.

        Returns:
            A status, to ask whether everything found its place: `assert_consumed()`.

        Raises:
            NotFoundError: when there is no such checkpoint.
            DataLossError: (also a ValueError) when its files are damaged.
            InvalidArgumentError: (also a ValueError) when it is that of another model: a value
                does not fit its variable. No variable is changed in any of these cases.
        """
        if save_path is None:
            return InitializationOnlyStatus()
        prefix = prefix_of(save_path, "Checkpoint.restore")
        why = f"Error when restoring from checkpoint or SavedModel at {prefix}: "
        entries, _ = read(prefix, "Checkpoint.restore", why)
        counter = self._save_counter
        try:
            _ = self.save_counter
            return self._filled(entries)
        except BaseException:
            self._save_counter = counter
            raise

    def read(self, save_path: str | os.PathLike, options: Any = None) -> CheckpointLoadStatus:
        """Bring back what `write` wrote: `restore` without a save counter.

        Args:
            save_path: what `write` returned.
            options: TensorFlow's; no effect.

        Returns:
            A status, as from `restore`.

        Raises:
            NotFoundError, DataLossError, InvalidArgumentError: as for `restore`.
        """
        prefix = prefix_of(save_path, "Checkpoint.read")
        entries, _ = read(prefix, "Checkpoint.read")
        return self._filled(entries)

    def __repr__(self) -> str:
        names = ", ".join(name for name, _ in self._checkpoint_parts())
        return f"<minitensor.train.Checkpoint of {names or 'nothing'}>"

    def _filled(self, entries: list) -> CheckpointLoadStatus:
        return CheckpointLoadStatus(Restoration(entries, self), self)

    def _numbered(self, prefix: str, number: Any = None) -> str:
        """Write under the next number, or another; the counter counts only when it worked."""
        _check_eager()
        counter = self.save_counter
        counter.assign_add(1)
        path = f"{prefix}-{int(counter if number is None else number)}"
        try:
            return self.write(path)
        except BaseException:
            counter.assign_sub(1)
            raise

    def _checkpoint_parts(self) -> Iterator[tuple[str, Any]]:
        """Its parts: those of the root, its attributes, and the counter."""
        taken = set()
        if self._root is not None:
            for name, value in parts(self._root):
                taken.add(name)
                yield name, value
        for name, value in list(vars(self).items()):
            if not name.startswith("_") and name not in taken:
                yield name, value
        if self._save_counter is not None and "save_counter" not in taken:
            yield "save_counter", self._save_counter

    def _check_free(self, name: str, value: Any) -> None:
        known = None if self._root is None else part(self._root, name)
        if hasattr(type(self), name) or (known is not None and known is not value):
            what = f"root.{name}" if known is not None else f"Checkpoint.{name}"
            raise InvalidArgumentError(
                message("Checkpoint", "",
                        f"Cannot create a Checkpoint with keyword argument {name} if {what} "
                        "already exists", "each name stands for one object",
                        f"give it another name: my_{name}=…")
            )  # fmt: skip


def _check_eager() -> None:
    if inside_function():
        raise FailedPreconditionError(
            message("Checkpoint.save", "", "it was called while a function is being traced",
                    "a graph computes; saving is for Python, around the calls of the function",
                    "move the call out of the function")
        )  # fmt: skip
