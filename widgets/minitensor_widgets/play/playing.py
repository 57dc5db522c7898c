"""`playground`: a model learns points in the plane, and one watches."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..output import Output, is_static
from ..records import check_version, filled, plain
from ..values import clip
from .figure import description, moment, to_svg

_RECORD = {
    "title": "Playground", "window": [-1.5, 1.5, -1.5, 1.5], "points": [], "widths": [],
    "measure": "loss", "curve": [], "field": "", "reading": "", "problem": None, "program": "",
}  # fmt: skip


class Play(Output):
    """A run of a playground as it was left: its pictures, its curves, its weights.

    Args:
        record: what a playground wrote down (a dict).
        step: which of the pictures is looked at first; None for the last.
        selected: the neuron looked at first, as "layer:number".

    Example:
        >>> from minitensor_widgets.play.session import Session
        >>> from minitensor_widgets.play.settings import Settings
        >>> Play(Session(Settings(data="gauss")).record())
        Play('Playground: gauss, 200 points, network 2-4-2-1 tanh', step 0)
    """

    main = "play/frozen"

    def __init__(self, record: Mapping, step: int | None = None, selected: str = "") -> None:
        made = filled(plain(record), _RECORD)
        check_version(made)
        self.record, self.step, self.selected = made, step, selected

    def __repr__(self) -> str:
        return f"Play({self.record['title']!r}, step {self.record['frames'][-1]['step']})"

    @property
    def title(self) -> str:
        """What was learnt, and by what."""
        return self.record["title"]

    @property
    def alt(self) -> str:
        """What the figure shows, in a sentence or two."""
        words = f"{self.title}. {moment(self.record['frames'][-1])}. {self.record['reading']}"
        if self.record["problem"]:
            words = f"{words} It stopped: {self.record['problem']['text']}"
        return clip(words, 600)

    def description(self) -> str:
        """The run in lines of text."""
        return description(self.record)

    def to_svg(self) -> str:
        """The static figure: the last picture, the network, the curves."""
        return to_svg(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        last = len(self.record["frames"]) - 1
        step = last if self.step is None else max(0, min(self.step, last))
        return {"play": self.record, "step": step, "selected": self.selected}


def playground(
    model: Any = None,
    data: str | tuple[Any, Any] | None = None,
    step: Callable[..., Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    optimizer: Any = None,
    variables: Sequence[Any] | None = None,
    probability: bool | None = None,
    steps: int = 200,
    **settings: Any,
) -> Any:
    """Watch a model learn two classes of points in the plane: yours, with your own step.

    In a notebook it is a live widget. With `MINITENSOR_DISPLAY=static`, or without anywidget,
    `steps` steps are made and shown.

    Args:
        model: a function of points (batch, 2) that gives a number for each, large for class 1, or
            two, one for each class. None takes a network whose shape can be set.
        data: "circle", "xor", "gauss", "spiral", "moons", "own" (points placed by hand), or your
            arrays `(x, y)`: x is (count, 2), y holds two different classes.
        step: a function of a batch `(x, y)` that makes one training step and returns the loss.
            y is as you gave it, or (batch, 1) with 0.0 and 1.0.
        loss: a function of `(y, output)`; None is the cross-entropy. With it the test loss, the
            gradients and the loss surface of your own step can be shown.
        optimizer: a name or an optimizer of yours, also one that only your step uses: it is reset.
        variables: what is trained and reset, if your model has no `trainable_variables`.
        probability: whether it gives probabilities, not logits; None asks its last layer.
        steps: how many steps are made where there is no live view.
        **settings: `noise`, `points`, `train`, `batch`, `learning_rate`, `activation`, `hidden`,
            `l1`, `l2`, `seed`.

    Raises:
        TypeError: for a model that is no function, or a setting that does not exist.
        ValueError: for data that are not two classes of points.

    Example:
        >>> playground(data="gauss", hidden=[3])  # to be shown by a notebook
        Play...('Playground: gauss, 200 points, network 2-3-1 tanh', step ...)
    """
    given = {
        "model": model, "step": step, "loss": loss, "optimizer": optimizer,
        "variables": variables, "probability": probability,
    }  # fmt: skip
    if not is_static() and importlib.util.find_spec("anywidget") is not None:
        from ..live.playground import Playground

        return Playground(data=data, **given, **settings)
    return recorded(session(data, given, settings), steps)


def recorded(made: Any, steps: int) -> Play:
    """The figure of a session after some steps, taken in ten parts so that there are curves."""
    for part in range(10):
        made.look()
        if made.problem:
            break
        made.advance(steps * (part + 1) // 10 - steps * part // 10)
    made.look()
    return Play(made.record())


def session(data: Any, given: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """The session that the arguments of `playground` ask for.

    Raises:
        TypeError, ValueError: as `playground`.
    """
    import minitensor as mt

    from .session import Session
    from .settings import GIVEN, OPTIMIZERS, OWN, SETS, checked

    optimizer = given.get("optimizer")
    if optimizer in OPTIMIZERS:
        given, settings = {**given, "optimizer": None}, {**settings, "optimizer": optimizer}
    else:
        given = {**given, "optimizer": mt.keras.optimizers.get(optimizer)}
    if isinstance(data, tuple | list):
        if len(data) != 2:
            raise ValueError(
                f"playground(data=...) got {len(data)} things; data are two arrays, (x, y)."
            )
        return Session(checked({**settings, "data": GIVEN}), data=tuple(data), **given)
    if data not in (None, OWN, *SETS):
        raise ValueError(
            f"playground(data={data!r}): there are {', '.join(SETS)} and {OWN!r} (points placed by "
            "hand). For your own arrays pass a tuple, data=(x, y)."
        )
    chosen = {"data": data} if data is not None else {}
    return Session(checked({**settings, **chosen}), **given)
