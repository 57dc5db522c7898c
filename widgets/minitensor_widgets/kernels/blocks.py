"""Launch a kernel on simulated blocks of threads, and see what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, prod
from typing import Any

from ..output import Output
from ..records import filled, of_kind, plain
from .block_figure import describe, figure, heading, problem_text, score_text
from .device import Dim3
from .memory import CODES, Memory
from .problems import Problem
from .simulator import COUNTS, MOST_KEPT, Machine
from .source import Kernel

MOST_THREADS, MOST_CELLS = 1024, 4096
_EMPTY = {
    "version": 1, "title": "kernel", "source": [], "cuda": "", "grid": [1, 1, 1],
    "block": [1, 1, 1], "arrays": [], "events": [], "values": [], "phases": [], "problems": [],
    "score": [], "lines": [], "note": "", "device": "simulator",
}  # fmt: skip
_PROBLEM = {
    "kind": "", "text": "", "fix": "", "line": 0, "block": 0, "thread": 0, "array": "",
    "cell": -1, "at": 0, "count": 1, "other": 0,
}  # fmt: skip

Size = int | Sequence[int]


def launch_record(view: Any) -> dict:
    """The complete record of a launch.

    Raises:
        TypeError: for what is no such record.
    """
    if not isinstance(view, Mapping):
        raise TypeError(
            f"Launch({type(view).__name__}): it shows a record that launch() made. Run your kernel "
            "with launch(kernel, grid=1, block=8, args=(...)), which gives a Launch."
        )
    record = of_kind(plain(view), "phases", _EMPTY)
    record["problems"] = [filled(item, _PROBLEM) for item in record["problems"]]
    return record


class Launch(Output):
    """What a kernel did: problems, score, and every access in order.

    Args:
        record: what `launch` recorded, as a dict.
        step: how many steps of the timeline have happened at first.
        selected: a thread whose accesses are the steps: "block:thread"; "" for all threads, where
            each step is a phase between barriers.
    """

    main = "kernels/launch"

    def __init__(self, record: Any, step: int = 0, selected: str = "") -> None:
        self.record = launch_record(record)
        self.step, self.selected = max(0, step), selected

    def __repr__(self) -> str:
        return f"Launch({heading(self.record)!r})"

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the kernel, in the order in which it happened."""
        return [Problem(**item) for item in self.record["problems"]]

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.record["problems"]

    @property
    def score(self) -> dict[str, int]:
        """What the busiest thread did: "global reads", "shared writes" and so on."""
        return {item["name"]: item["most"] for item in self.record["score"]}

    @property
    def totals(self) -> dict[str, int]:
        """What all threads did together, and what it cost the memory.

        "segments" are the pieces of 32 bytes that warps touched in global memory, "fewest" how many
        would do, and "bank conflicts" the turns lost in shared memory.
        """
        found = {item["name"]: item["total"] for item in self.record["score"]}
        names = {"segments": "segments", "fewest": "fewest", "bank conflicts": "conflicts"}
        lines = self.record["lines"]
        return found | {name: sum(item[key] for item in lines) for name, key in names.items()}

    @property
    def cuda(self) -> str:
        """The kernel as CUDA C, or why it has no counterpart there."""
        return self.record["cuda"]

    def check(self) -> None:
        """Raise AssertionError if any problem was found: for tests.

        Raises:
            AssertionError: names every problem, its line, and what to do.
        """
        if not self.ok:
            told = "\n".join(f"  {problem}" for problem in self.problems)
            raise AssertionError(f"{heading(self.record)}\n{told}")

    @property
    def title(self) -> str:
        """What stands above the picture."""
        return heading(self.record)

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        found = [problem_text(item) for item in self.record["problems"][:3]]
        return ". ".join([f"Launch of {self.title}", score_text(self.record), *found])

    def description(self) -> str:
        """The score, the kernel and its problems in words."""
        return describe(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return figure(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        return {"launch": self.record, "step": self.step, "selected": self.selected}


def launch(
    kernel: Kernel | Callable[..., Any],
    grid: Size,
    block: Size,
    args: Sequence[Any] = (),
    *,
    device: str = "simulator",
) -> Launch:
    """Run a kernel in every thread of a grid of blocks, and say what it did and what is wrong.

    The threads run in plain Python, so no GPU is needed. What the kernel writes to its arrays is in
    them afterwards. A mistake in the kernel never raises: see `.ok`, `.problems`, `.check()`.

    Args:
        kernel: a function under `@kernel`.
        grid: how many blocks: a number, or up to three numbers (x, y, z).
        block: how many threads each block has: a number, or up to three.
        args: the kernel's arguments: numpy arrays and numbers.
        device: "simulator"; or "gpu": if the simulator finds no problem, the same text runs as CUDA
            C through CuPy, and the numbers of the GPU are what is in the arrays afterwards.

    Raises:
        TypeError: when an argument is neither an array nor a number, or their number is wrong.
        ValueError: when no GPU could have such a grid or block.
        minitensor.errors.UnavailableError: for device="gpu" where there is no CuPy or no GPU.

    Example:
        >>> from minitensor_widgets import cuda, kernel
        >>> @kernel
        ... def add(a, b, out, n):
        ...     i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
        ...     if i < n:
        ...         out[i] = a[i] + b[i]
        >>> a, out = np.arange(6.0), np.zeros(6)
        >>> launch(add, grid=2, block=4, args=(a, a, out, 6))
        Launch('add: 2 blocks of 4 threads, no problems')
        >>> out
        array([ 0.,  2.,  4.,  6.,  8., 10.])
    """
    if device not in ("simulator", "gpu"):
        raise ValueError(f"launch(device={device!r}): a device is 'simulator' or 'gpu'.")
    kernel = kernel if isinstance(kernel, Kernel) else Kernel(kernel)
    sizes = _size("grid", grid), _size("block", block)
    given = _arguments(kernel, args)
    if device == "gpu":
        from .gpu import require_gpu

        require_gpu()
    return Launch(_launched(kernel, sizes, given, device))


def _launched(
    kernel: Kernel, sizes: tuple[Dim3, Dim3], given: dict[str, Any], device: str
) -> dict[str, Any]:
    """Run a kernel, leave its numbers in the arrays, and give the record."""
    machine, memories = _simulated(kernel, sizes, given)
    record = _record(machine, given, _cuda_text(kernel, list(given.values())), device)
    _check_writable(given, memories)
    ran = False
    if device == "gpu":
        from .gpu import refused, run_on_gpu

        if record["problems"]:
            record["note"] = refused(record["problems"])
        else:
            record["note"], ran = run_on_gpu(kernel, *sizes, given, memories)
    if not ran:
        _write_back(given, memories)
    return record


def _size(name: str, size: Size) -> Dim3:
    parts = (size,) if isinstance(size, int) else tuple(size)
    whole = all(hasattr(part, "__index__") for part in parts)
    if not whole or not 1 <= len(parts) <= 3:
        raise TypeError(
            f"launch({name}={size!r}): give one to three whole numbers, for example {name}=(4,)."
        )
    found = Dim3(*(int(part) for part in parts))
    if min(found) < 1 or (name == "block" and prod(found) > MOST_THREADS):
        raise ValueError(
            f"launch({name}={size!r}): every size is at least 1, and a block has at most "
            f"{MOST_THREADS} threads. For more threads take more blocks."
        )
    return found


def _arguments(kernel: Kernel, args: Sequence[Any]) -> dict[str, Any]:
    """Names and values: numbers as Python has them, arrays as numpy has them."""
    names = kernel.parameters
    if len(args) != len(names):
        raise TypeError(
            f"launch({kernel.__name__}, ...): the kernel takes {len(names)} arguments "
            f"({', '.join(names)}), and args has {len(args)}."
        )
    return {name: _argument(name, value) for name, value in zip(names, args, strict=True)}


def _argument(name: str, value: Any) -> Any:
    import numpy as np

    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple) or not hasattr(value, "__array__"):
        raise TypeError(
            f"The argument {name} is a {type(value).__name__}. A kernel takes numbers and numpy "
            f"arrays, which it can write to: give np.array({name})."
        )
    made = np.asarray(value)
    if made.dtype.name not in CODES:
        raise TypeError(
            f"The argument {name} has dtype {made.dtype}, which kernels have no numbers for. "
            "Convert it, for example with .astype(np.float32)."
        )
    return value


def _simulated(
    kernel: Kernel, sizes: tuple[Dim3, Dim3], given: dict[str, Any]
) -> tuple[Machine, dict[str, Memory]]:
    machine = Machine(kernel, *sizes)
    memories = {
        name: machine.place(_memory(name, value, machine))
        for name, value in given.items()
        if hasattr(value, "__array__")
    }
    machine.run([memories.get(name, value) for name, value in given.items()])
    return machine, memories


def _memory(name: str, value: Any, machine: Machine) -> Memory:
    import numpy as np

    made = np.ascontiguousarray(value)
    stored = made.astype(np.float32) if made.dtype == np.float16 else made
    return Memory(name, np.shape(value), made.dtype.name, "global", machine, stored.tobytes())


def _check_writable(given: dict[str, Any], memories: dict[str, Memory]) -> None:
    import numpy as np

    for name, memory in memories.items():
        target = given[name]
        if memory.written and not (isinstance(target, np.ndarray) and target.flags.writeable):
            raise TypeError(
                f"The kernel writes to {name}, and a {type(target).__name__} that cannot be "
                f"changed was given. Give a copy: np.array({name})."
            )


def _write_back(given: dict[str, Any], memories: dict[str, Memory]) -> None:
    import numpy as np

    for name, memory in memories.items():
        if memory.written:
            given[name][...] = np.array(memory.data).reshape(memory.shape)


def _cuda_text(kernel: Kernel, args: Sequence[Any]) -> str:
    from .c_types import UnsupportedError

    try:
        return kernel.cuda_source(*args)
    except UnsupportedError as error:
        return f"// {error}"


def _record(machine: Machine, given: dict[str, Any], cuda: str, device: str) -> dict:
    kernel = machine.kernel
    total = [sum(column) for column in zip(*machine.tallies.values(), strict=True)] or [0] * 6
    most = [max(column) for column in zip(*machine.tallies.values(), strict=True)] or [0] * 6
    events = [
        part
        for thread, cell, kind, site, _ in machine.events
        for part in (thread, cell, kind, machine.line(site))
    ]
    note = (
        f"These are {machine.accesses:,} accesses; the first {MOST_KEPT:,} can be stepped through."
        if machine.cut
        else ""
    )
    return {
        "version": 1, "title": kernel.__name__, "source": kernel.source, "cuda": cuda,
        "grid": list(machine.grid), "block": list(machine.block), "device": device, "note": note,
        "arrays": [_array(memory, given) for memory in machine.arrays], "events": events,
        "values": [_short(event[4]) for event in machine.events if event[2]],
        "phases": machine.phases, "problems": machine.problems.all(),
        "score": [{"name": name, "total": all_, "most": one}
                  for name, all_, one in zip(COUNTS, total, most, strict=True)],
        "lines": sorted(machine.traffic.values(), key=lambda item: (item.line, item.array)),
    }  # fmt: skip


def _short(value: float) -> float | int | str:
    """A number for the record; JSON has no NaN, and a cell nobody wrote holds None."""
    if isinstance(value, int):
        return value
    return float(f"{value:.6g}") if isfinite(value) else str(value)


def _array(memory: Memory, given: dict[str, Any]) -> dict:
    import numpy as np

    before: list[Any] = [None] * memory.size if memory.size <= MOST_CELLS else []
    if memory.space == "global" and before:
        before = [_short(value) for value in np.asarray(given[memory.name]).ravel().tolist()]
    return {
        "name": memory.name, "space": memory.space, "dtype": memory.dtype, "shape": memory.shape,
        "offset": memory.offset, "before": before,
    }  # fmt: skip
