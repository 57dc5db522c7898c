"""The kernel lab as widgets: a loop nest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from .. import assets
from ..kernels.cache import LINE_SIZES
from ..kernels.loops import LoopNest, loops, loops_record
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
