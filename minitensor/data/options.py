"""Options of a dataset. They are kept and merged as TensorFlow does; none changes an element."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from minitensor.errors import suggest

__all__ = ["Options"]

_GROUPS = {
    "autotune": ("enabled", "cpu_budget", "ram_budget", "autotune_algorithm", "initial_parallelism",
                 "min_parallelism"),
    "distribute": ("auto_shard_policy", "num_devices"),
    "experimental_optimization": (
        "apply_default_optimizations", "filter_fusion", "filter_parallelization", "inject_prefetch",
        "map_and_batch_fusion", "map_and_filter_fusion", "map_fusion", "map_parallelization",
        "noop_elimination", "parallel_batch", "seq_interleave_prefetch",
        "shuffle_and_repeat_fusion"),
    "threading": ("max_intra_op_parallelism", "private_threadpool_size"),
}  # fmt: skip
_PLAIN = ("dataset_name", "deterministic", "experimental_deterministic", "experimental_external_"
          "state_policy", "experimental_slack", "experimental_symbolic_checkpoint",
          "experimental_threading", "experimental_warm_start", "framework_type")  # fmt: skip


class _Group(SimpleNamespace):
    """Some options that belong together, all None at first."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dict__:
            hint = suggest(name, self.__dict__)
            raise AttributeError(f"there is no such dataset option: {name!r}; {hint}")
        super().__setattr__(name, value)


class Options(_Group):
    """TensorFlow's options of a dataset.

    All of its names can be set, and `dataset.options()` gives them back. They tune TensorFlow's
    runtime, or permit another order of elements; here they have no effect: the order is always
    the same, and nothing is rewritten behind your back.

    Example:
        >>> import minitensor as mt
        >>> options = mt.data.Options()
        >>> options.deterministic = False
        >>> mt.data.Dataset.range(3).with_options(options).options().deterministic
        False
    """

    def __init__(self) -> None:
        parts: dict[str, Any] = dict.fromkeys(_PLAIN)
        parts |= {name: _Group(**dict.fromkeys(names)) for name, names in _GROUPS.items()}
        self.__dict__.update(parts)

    def merge(self, options: Options) -> Options:
        """These options, with those of `options` that are set in their place."""
        found = Options()
        for source in (self, options):
            for name, value in source.__dict__.items():
                if isinstance(value, _Group):
                    given = {k: v for k, v in value.__dict__.items() if v is not None}
                    found.__dict__[name].__dict__.update(given)
                elif value is not None:
                    found.__dict__[name] = value
        return found
