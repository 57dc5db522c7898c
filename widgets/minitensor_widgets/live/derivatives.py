"""The Jacobian and the gradient check as widgets."""

from __future__ import annotations

from typing import Any

import traitlets

from .. import assets
from ..derivatives.gradient_check import GradientCheck
from ..derivatives.jacobian import Jacobian
from ..derivatives.records import check_record, jacobian_record
from ..output import Output
from .viewer import Viewer


class JacobianWidget(Viewer):
    """The map of a Jacobian as a widget; `selected` is the cell looked at, "row,column".

    Args:
        what: a function, a tape, a Jacobian, a JacobianView or the dict of one: see `jacobian`.
        *given: the function's arguments; or the target and the source of a tape.
        argument: which of the function's arguments to differentiate by.
        **traits: `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> JacobianWidget([[1.0, 0.0], [2.0, 1.0]], selected="1,0").selected
        '1,0'
    """

    _esm, _css = assets.esm("derivatives/jacobian"), assets.css("derivatives/jacobian")
    jacobian = traitlets.Dict().tag(sync=True)

    def __init__(self, what: Any, *given: Any, argument: int = 0, **traits: Any) -> None:
        super().__init__(jacobian=jacobian_record(what, *given, argument=argument), **traits)

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return Jacobian(self.jacobian, selected=self.selected)

    @traitlets.validate("jacobian")
    def _complete(self, proposal: Any) -> dict:
        return jacobian_record(proposal["value"])


class GradientCheckWidget(Viewer):
    """A gradient check as a widget.

    `step` is the number of the step size looked at, `selected` the name of the argument.

    Args:
        what: a function, a tape, a GradientCheckView or the dict of one: see `gradient_check`.
        *given: the function's arguments; or the target and the sources of a tape.
        **traits: `step`, `selected`, `layout` and other traits of ipywidgets.

    Example:
        >>> import minitensor as mt
        >>> GradientCheckWidget(mt.exp, mt.constant(1.0), step=3).step
        3
    """

    _esm, _css = assets.esm("derivatives/check"), assets.css("derivatives/check")
    check = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, what: Any, *given: Any, **traits: Any) -> None:
        first = GradientCheck(what, *given)
        super().__init__(check=first.record, **{"step": first.best(), **traits})

    def island(self) -> Output:
        """The present state without Python: what stays in a saved notebook."""
        return GradientCheck(self.check, step=self.step, selected=self.selected)

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        last = max(0, len(self.check.get("steps", [])) - 1)
        return max(0, min(int(proposal["value"]), last))

    @traitlets.validate("check")
    def _is_complete(self, proposal: Any) -> dict:
        return check_record(proposal["value"])
