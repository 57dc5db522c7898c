"""Training one step at a time: the learner's model and step function, or ours.

Nothing here knows of pages or messages. What goes wrong in the learner's code comes out as
`LearnerError`, which says the message and the line.
"""

from __future__ import annotations

import contextlib
import dataclasses
import linecache
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import data as sets
from .network import network_of
from .settings import GIVEN, OWN, Settings

RESTARTING = {"data", "points", "noise", "train", "optimizer", "activation", "hidden", "seed"}


class LearnerError(Exception):
    """Something raised while training or asking the model; `problem` says what and where."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.problem = problem_of(error)


def problem_of(error: BaseException) -> dict[str, Any]:
    """An error as plain data: its text, and the last line of it that the learner wrote."""
    import minitensor as mt

    ours = (str(Path(mt.__file__).parent), str(Path(__file__).parent.parent), "<__array_function__")
    found, trace = ("", 0), error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(ours) and "site-packages" not in file:
            found = (file, trace.tb_lineno)
        trace = trace.tb_next
    file, line = found
    cell = "ipykernel" in file or file.startswith("<")
    return {
        "text": f"{type(error).__name__}: {error}",
        "file": "a cell of the notebook" if cell else Path(file).name,
        "line": line,
        "source": linecache.getline(file, line).strip() if file else "",
    }


@contextlib.contextmanager
def learners_code() -> Iterator[None]:
    """What raises in here is the learner's to mend."""
    try:
        yield
    except LearnerError:
        raise
    except Exception as error:
        raise LearnerError(error) from error


def build(settings: Settings) -> Any:
    """The network of the settings: hidden layers, and one number that is large for class 1."""
    import minitensor as mt

    layers, glorot = mt.keras.layers, mt.keras.initializers.GlorotUniform
    made: list[Any] = [mt.keras.Input((2,))]
    for i, width in enumerate(settings.hidden):
        first = glorot(seed=settings.seed + i)
        made.append(layers.Dense(width, settings.activation, kernel_initializer=first))
    last = glorot(seed=settings.seed + len(settings.hidden))
    return mt.keras.Sequential([*made, layers.Dense(1, kernel_initializer=last)])


def optimizer_of(settings: Settings) -> Any:
    """The optimiser of the settings."""
    import minitensor as mt

    known, rate = mt.keras.optimizers, settings.learning_rate
    if settings.optimizer == "momentum":
        return known.SGD(rate, momentum=0.9)
    return {"adam": known.Adam, "sgd": known.SGD, "rmsprop": known.RMSprop}[settings.optimizer](
        rate
    )


def _rate_of(optimizer: Any) -> float | None:
    """The learning rate of the learner's optimiser; None where it is a schedule."""
    rate = optimizer.get_config().get("learning_rate") if optimizer is not None else None
    return float(rate) if isinstance(rate, int | float | np.number) else None


def gives_probabilities(model: Any) -> bool:
    """Whether the last layer of a model ends in a sigmoid or a softmax."""
    last = (getattr(model, "layers", None) or [None])[-1]
    return getattr(getattr(last, "activation", None), "__name__", "") in ("sigmoid", "softmax")


class Training:
    """A model that learns points, one step after another.

    Args:
        settings: what is set; see `Settings`.
        model: the learner's; None for the network of the settings.
        data: the learner's arrays `(x, y)`, or None.
        step: the learner's function of a batch that makes one step and returns the loss.
        loss: a function of `(y, output)`; None for the cross-entropy of two classes.
        optimizer: the learner's; None for that of the settings.
        variables: what is trained; None for the `trainable_variables` of the model.
        probability: whether the model gives probabilities (the boundary is at 0.5) and no logits
            (at 0); None looks at the activation of its last layer.

    Raises:
        TypeError: for a model that is no function, or one without variables and without a step.
    """

    def __init__(
        self,
        settings: Settings,
        model: Any = None,
        data: tuple[Any, Any] | None = None,
        step: Callable[..., Any] | None = None,
        loss: Callable[..., Any] | None = None,
        optimizer: Any = None,
        variables: Sequence[Any] | None = None,
        probability: bool | None = None,
    ) -> None:
        self._given = (model, data, step, loss, optimizer, variables, probability)
        rate = _rate_of(optimizer)
        self.settings = dataclasses.replace(settings, learning_rate=rate) if rate else settings
        self.placed: list[list[float]] = []
        self.first: list[np.ndarray] | None = None
        self._starts_of_optimizer: list[np.ndarray] | None = None
        self._check()
        self.reset()

    def _check(self) -> None:
        model, _, step, _, _, variables, _ = self._given
        if model is not None and not callable(model):
            raise TypeError(
                f"playground(model={type(model).__name__}): a model is a function of points "
                "(batch, 2), for example a keras model. Pass model=lambda x: ..."
            )
        if step is not None and not callable(step):
            raise TypeError(
                f"playground(step={type(step).__name__}): a step is a function of a batch x, y "
                "that makes one training step and returns the loss."
            )
        known = variables is not None or hasattr(model, "trainable_variables")
        if model is not None and step is None and not known:
            raise TypeError(
                "playground(model) got a plain function, so it cannot know what to train. Pass "
                "step=, a function of x, y that makes one step, or variables=[w, b]."
            )
        if model is None and step is not None:
            raise TypeError(
                "playground(step=...) got a step but no model: the step trains your model, and the "
                "picture is drawn by calling it. Pass model= as well."
            )

    # ---- what may be set

    @property
    def acts(self) -> list[str]:
        """The settings that can act on this model and step."""
        model, _, step, _, optimizer, _, _ = self._given
        names = ["data", "batch", "seed"]
        if self.settings.data != OWN:
            names.append("train")
        if self.settings.data not in (GIVEN, OWN):
            names += ["points", "noise"]
        if model is None:
            names += ["hidden", "activation"]
        if step is None:
            names += ["l1", "l2", *([] if optimizer is not None else ["optimizer"])]
        if _rate_of(optimizer) if optimizer is not None else step is None:
            names.append("learning_rate")
        return names

    @property
    def sets(self) -> list[str]:
        """The sets of points that can be chosen."""
        return [*sets.MAKERS, *([GIVEN] if self._given[1] is not None else []), OWN]

    @property
    def gives_step(self) -> bool:
        """Whether the learner gave the step."""
        return self.learners_step is not None

    @property
    def gives_model(self) -> bool:
        """Whether the learner gave the model."""
        return self._given[0] is not None

    @property
    def gives_loss(self) -> bool:
        """Whether the learner gave the loss."""
        return self._given[3] is not None

    @property
    def learners_step(self) -> Any:
        """The learner's step, or None."""
        return self._given[2]

    def apply(self, settings: Settings) -> None:
        """Take other settings; some make it begin again."""
        if settings.data == GIVEN and self._given[1] is None:
            settings = dataclasses.replace(settings, data=self.settings.data)
        now = dataclasses.asdict(self.settings)
        differs = {name for name, value in dataclasses.asdict(settings).items()
                   if value != now[name]}  # fmt: skip
        self.settings = settings
        if differs & RESTARTING:
            self.reset()
        elif differs:
            self._set_rate()
            self._one = self._given[2] or self._made_step()

    def place(self, x: float, y: float, label: float) -> None:
        """Put one of the learner's own points; training goes on with it."""
        self.placed.append([x, y, label])
        self._take_points()

    def remove(self, x: float, y: float) -> None:
        """Take away the own point nearest to a place."""
        if self.placed:
            far = [(px - x) ** 2 + (py - y) ** 2 for px, py, _ in self.placed]
            del self.placed[int(np.argmin(far))]
            self._take_points()

    # ---- beginning

    def reset(self) -> None:
        """Begin again: the first weights, the first batch, step 0."""
        model, _, step, loss, optimizer, variables, probability = self._given
        self.steps, self.recent, self.silent = 0, [], False
        self._take_points()
        self.model = model if model is not None else build(self.settings)
        with learners_code():
            self.model(self._constant(np.zeros((2, 2), "float32")))  # a model may be built by this
        found = variables if variables is not None else getattr(
            self.model, "trainable_variables", [])  # fmt: skip
        self.variables: list[Any] = list(found)
        self.probability = gives_probabilities(self.model) if probability is None else probability
        self._restore(optimizer)
        self._set_rate()
        self.loss_of = loss or (None if step is not None else self._cross_entropy())
        self._one = step or self._made_step()
        self.network = network_of(self.model)

    def _take_points(self) -> None:
        name, data = self.settings.data, self._given[1]
        if name == OWN:
            self.points = sets.placed(self.placed)
        elif name == GIVEN and data is not None:
            self.points = sets.given(*data, self.settings)
        else:
            self.points = sets.make(self.settings)
        plain = self._given[2] is None and self._given[3] is None
        self.y = self.points.label[:, None].astype("float32") if plain else self.points.y
        self._batches = self._walk()

    def _restore(self, optimizer: Any) -> None:
        """The weights of the learner's own model as they were at first."""
        self.optimizer = optimizer if optimizer is not None else optimizer_of(self.settings)
        if self.first is None or not self.gives_model:
            self.first = [np.array(variable) for variable in self.variables]
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        if optimizer is None:
            return
        if self.variables:
            optimizer.build(self.variables)
        if self._starts_of_optimizer is None:
            self._starts_of_optimizer = [np.array(v) for v in optimizer.variables]
        for variable, value in zip(optimizer.variables, self._starts_of_optimizer, strict=False):
            variable.assign(value)

    def _set_rate(self) -> None:
        if "learning_rate" in self.acts:
            self.optimizer.learning_rate = self.settings.learning_rate

    # ---- one step

    @staticmethod
    def _constant(array: np.ndarray) -> Any:
        import minitensor as mt

        return mt.constant(array)

    def _cross_entropy(self) -> Callable[..., Any]:
        import minitensor as mt

        shape = np.shape(self.model(self._constant(np.zeros((2, 2), "float32"))))
        logits = not self.probability
        if len(shape) == 2 and shape[1] == 2:
            return mt.keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
        of = mt.keras.losses.BinaryCrossentropy(from_logits=logits)
        return lambda y, out: of(y, mt.reshape(out, (-1, 1)))

    def loss(self, x: Any, y: Any) -> Any:
        """The loss that a step makes smaller, with what L1 and L2 add."""
        import minitensor as mt

        assert self.loss_of is not None
        found = self.loss_of(y, self.model(x))
        kernels = [w for w in self.variables if len(w.shape) > 1]
        if self.settings.l1:
            found = found + self.settings.l1 * sum(mt.reduce_sum(mt.abs(w)) for w in kernels)
        if self.settings.l2:
            found = found + self.settings.l2 * sum(mt.reduce_sum(w * w) for w in kernels)
        return found

    def _made_step(self) -> Callable[..., Any]:
        import minitensor as mt

        variables, optimizer = self.variables, self.optimizer

        @mt.function
        def step(x: Any, y: Any) -> Any:
            with mt.GradientTape() as tape:
                loss = self.loss(x, y)
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss

        return step

    def _walk(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.settings.seed + 1)
        while True:
            order, size = rng.permutation(self.points.train), self.settings.batch
            for start in range(0, len(order), size):
                yield order[start : start + size]

    @property
    def ready(self) -> bool:
        """Whether there is something to learn: a point of each class."""
        return len(np.unique(self.points.label[: self.points.train])) == 2

    def advance(self, steps: int, seconds: float = float("inf")) -> None:
        """Make steps until there are enough of them or time is over, but at least one.

        Raises:
            LearnerError: when the learner's code does; the step is not counted.
        """
        end = time.perf_counter() + seconds
        for _ in range(steps):
            rows = next(self._batches)
            with learners_code():
                x, y = self._constant(self.points.x[rows]), self._constant(self.y[rows])
                loss = self._one(x, y)
                self.silent = loss is None
                self.recent.append(0.0 if loss is None else float(np.mean(np.array(loss))))
            self.steps += 1
            if time.perf_counter() >= end:
                return

    def gradients(self) -> dict[int, Any]:
        """The gradient of the loss on all points learnt from, by the id of the variable."""
        import minitensor as mt

        train = self.points.train
        x, y = self._constant(self.points.x[:train]), self._constant(self.y[:train])
        with learners_code(), mt.GradientTape() as tape:
            loss = self.loss(x, y)
        found = tape.gradient(loss, self.variables)
        return {id(v): g for v, g in zip(self.variables, found, strict=True)}
