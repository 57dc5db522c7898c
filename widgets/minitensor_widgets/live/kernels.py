"""The kernel lab as widgets: a loop nest, and a launch of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from .. import assets
from ..kernels.blocks import Launch, Size, launch, launch_record
from ..kernels.cache import LINE_SIZES
from ..kernels.loops import LoopNest, loops, loops_record
from ..kernels.source import Kernel
from ..output import Output
from .viewer import Viewer


class LoopsWidget(Viewer):
    """A loop nest as a widget: `step` is the number of accesses that have happened.

    Args:
        nest: what `loops` takes: "matmul", "conv2d", a function, or the record of a LoopNest.
        *arrays: the arguments of a function.
        **options: `shape`, `order`, `tile`, `cache`, and the traits `step`, `line`, `lines`,
            `layout` and others of ipywidgets.

    Example:
        >>> LoopsWidget("matmul", shape=(2, 2, 2), step=3).step
        3
    """

    _esm, _css = assets.esm("kernels/loops"), assets.css("kernels/loops")
    loops = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    line = traitlets.Int(4).tag(sync=True)
    lines = traitlets.Int(8).tag(sync=True)

    def __init__(self, nest: str | Callable[..., Any] | dict, *arrays: Any, **options: Any) -> None:
        given = {name: options.pop(name) for name in _CHOICES if name in options}
        record = nest if isinstance(nest, dict) else loops(nest, *arrays, **given).record
        cache = loops_record(record)["cache"]
        super().__init__(
            loops=record, **{"line": cache["line"], "lines": cache["lines"], **options}
        )

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return LoopNest(self.loops, self.step, (self.line, self.lines))

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        return max(0, min(int(proposal["value"]), len(self.loops.get("events", []))))

    @traitlets.validate("line")
    def _a_size(self, proposal: Any) -> int:
        return min(LINE_SIZES, key=lambda size: abs(size - int(proposal["value"])))

    @traitlets.validate("lines")
    def _some(self, proposal: Any) -> int:
        ways = self.loops.get("cache", {}).get("ways") or 1
        return max(ways, min(int(proposal["value"]), 4096) // ways * ways)

    @traitlets.validate("loops")
    def _complete(self, proposal: Any) -> dict:
        return loops_record(proposal["value"])


_CHOICES = ("shape", "order", "tile", "cache")


class LaunchWidget(Viewer):
    """A launch as a widget; `selected` is the thread that is followed, "block:thread", or "".

    Args:
        kernel: what `launch` takes, a Launch, or the record of one.
        grid: how many blocks.
        block: how many threads each has.
        args: the arguments of the kernel.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> from minitensor_widgets import cuda, kernel
        >>> @kernel
        ... def fill(a):
        ...     a[cuda.threadIdx.x] = 1.0
        >>> LaunchWidget(fill, 1, 4, (np.zeros(4),), selected="0:2").selected
        '0:2'
    """

    _esm, _css = assets.esm("kernels/launch"), assets.css("kernels/launch")
    launch = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        kernel: Kernel | Callable[..., Any] | Launch | dict,
        grid: Size = 1,
        block: Size = 1,
        args: Sequence[Any] = (),
        **traits: Any,
    ) -> None:
        if isinstance(kernel, Launch):
            record = kernel.record
        else:
            made = kernel if isinstance(kernel, dict) else launch(kernel, grid, block, args).record
            record = launch_record(made)
        super().__init__(launch=record, **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Launch(self.launch, self.step, self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        most = max(len(self.launch.get("phases", [])), len(self.launch.get("events", [])) // 4)
        return max(0, min(int(proposal["value"]), most))

    @traitlets.validate("launch")
    def _complete(self, proposal: Any) -> dict:
        return launch_record(proposal["value"])
