"""Optimisers that add a training step to the graph, and learning rates that change: `tf.train`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitensor.compat.v1.building import group
from minitensor.compat.v1.gradients import gradients
from minitensor.compat.v1.graphs import home
from minitensor.compat.v1.keys import GraphKeys, trainable_variables
from minitensor.compat.v1.rates import (
    cosine_decay as cosine_decay,
)
from minitensor.compat.v1.rates import (
    exponential_decay as exponential_decay,
)
from minitensor.compat.v1.rates import (
    inverse_time_decay as inverse_time_decay,
)
from minitensor.compat.v1.rates import (
    natural_exp_decay as natural_exp_decay,
)
from minitensor.compat.v1.rates import (
    piecewise_constant as piecewise_constant,
)
from minitensor.compat.v1.rates import (
    piecewise_constant_decay as piecewise_constant_decay,
)
from minitensor.compat.v1.rates import (
    polynomial_decay as polynomial_decay,
)
from minitensor.compat.v1.session import Session
from minitensor.compat.v1.tracer import control_dependencies, open_tracer
from minitensor.compat.v1.variables import GraphVariable
from minitensor.dtypes import int64
from minitensor.errors import ArgumentError, FailedPreconditionError, InvalidArgumentError
from minitensor.op import convert
from minitensor.ops import cast, ones, sqrt, zeros
from minitensor.scopes import name_scope
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices
from minitensor.variable import Variable

__all__ = [
    "AdagradOptimizer",
    "AdamOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "RMSPropOptimizer",
    "cosine_decay",
    "create_global_step",
    "exponential_decay",
    "get_global_step",
    "get_or_create_global_step",
    "global_step",
    "inverse_time_decay",
    "natural_exp_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


class Optimizer:
    """What optimisers share: `minimize` adds a training step. Subclasses say `_update`."""

    GATE_NONE, GATE_OP, GATE_GRAPH = range(3)

    def __init__(self, use_locking: bool, name: str):
        if not name:
            raise InvalidArgumentError("Must specify the optimizer name")
        self._name = name
        self._slots: dict[str, dict[int, tuple[Any, Any]]] = {}
        self._others: dict[str, Any] = {}

    def get_name(self) -> str:
        """Its name."""
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """An op that takes one step down: the gradients, and the updates of the variables.

        `gate_gradients`, `aggregation_method` and `colocate_gradients_with_ops` are TensorFlow's
        and have no effect.

        Raises:
            InvalidArgumentError: (also a ValueError) where there is no variable, or none that the
                loss depends on.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        if all(g is None for g, _ in pairs):
            raise InvalidArgumentError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}."
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Pairs of gradient and variable, for `apply_gradients`; None where there is no way.

        Where ops compute at once, `loss` is a function without arguments.
        """
        if callable(loss):
            with GradientTape() as tape:
                loss = loss()
            chosen = list(tape.watched_variables()) if var_list is None else list(var_list)
            return list(zip(tape.gradient(loss, chosen, grad_loss), chosen, strict=True))
        if open_tracer() is None:
            raise FailedPreconditionError(
                "`loss` passed to Optimizer.compute_gradients should be a function when eager "
                "execution is enabled.\nTo fix it: pass lambda: loss(…), or build a graph: "
                "tf.disable_eager_execution()."
            )
        chosen = trainable_variables() if var_list is None else list(var_list)
        if not chosen:
            raise InvalidArgumentError(
                "No variables to optimize.\nTo fix it: make variables with tf.Variable or "
                "tf.get_variable before the optimiser is asked to minimise."
            )
        for v in chosen:
            if not isinstance(v, Variable):
                raise ArgumentError(f"Argument is not a variable: {v}")
        return list(zip(gradients(loss, chosen, grad_loss), chosen, strict=True))

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """An op that updates variables by gradients, and then counts a step in `global_step`."""
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise InvalidArgumentError(
                f"No gradients provided for any variable: {[str(v) for _, v in grads_and_vars]}."
            )
        self._make_slots([v for _, v in pairs])
        with name_scope(name or self._name) as scope:
            self._prepare()
            updates = []
            for g, v in pairs:
                with name_scope(f"update_{v._name.replace('/', '_')}"):
                    g = g.to_dense() if isinstance(g, IndexedSlices) else convert(g)
                    updates.append(self._constrained(v, self._update(g, v)))
            with control_dependencies(updates):
                updates += self._finish()
            if global_step is None:
                step = group(*updates, name=scope)
            else:
                with control_dependencies([group(*updates, name="update")]
                                          if open_tracer() else []):  # fmt: skip
                    step = global_step.assign_add(1, read_value=False, name=scope)
        home().add_to_collection(GraphKeys.TRAIN_OP, step)
        return step

    # Slots: what an optimiser remembers of each variable.

    def get_slot(self, var: Any, name: str) -> Any:
        """What is remembered of a variable under a name; None if nothing is."""
        return self._slots.get(name, {}).get(id(var), (None, None))[1]

    def get_slot_names(self) -> list[str]:
        """The names of what is remembered of each variable."""
        return sorted(self._slots)

    def variables(self) -> list:
        """Everything that is remembered, as variables."""
        slots = [slot for kept in self._slots.values() for _, slot in kept.values()]
        return [*self._others.values(), *slots]

    def _slot(self, v: Any, name: str, start: Callable = zeros) -> None:
        kept = self._slots.setdefault(name, {})
        if id(v) not in kept:
            whole = f"{v._name}/{self._name}"
            kept[id(v)] = v, _made(whole, lambda: start(v.shape, dtype=v.dtype))

    def _other(self, name: str, value: Any) -> Any:
        if name not in self._others:
            self._others[name] = _made(name, value)
        return self._others[name]

    def _constrained(self, v: Any, update: Any) -> Any:
        if v.constraint is None:
            return update
        with control_dependencies([update] if open_tracer() else []):
            return v.assign(v.constraint(v.value()), read_value=False)

    # What subclasses say.

    def _make_slots(self, variables: Sequence) -> None:
        """Make what is remembered of each variable."""

    def _prepare(self) -> None:
        """Make tensors of the settings."""

    def _update(self, g: Any, v: Any) -> Any:
        """An op that updates one variable."""
        raise TypeError(f"{type(self).__name__} does not say how it updates a variable")

    def _finish(self) -> list:
        """Ops that run after all updates."""
        return []


def _made(name: str, value: Any) -> Any:
    tracer = open_tracer()
    if tracer is None:
        return Variable(value, trainable=False, name=name)
    return GraphVariable(value, trainable=False, whole_name=tracer.unique(name))


def _setting(value: Any, like: Any) -> Any:
    """A setting in the dtype of a variable: a number, a tensor, or a function that gives one."""
    value = value() if callable(value) else value
    if isinstance(value, (int, float)):
        return convert(value, like.dtype)
    return cast(value, dtype=like.dtype)


class GradientDescentOptimizer(Optimizer):
    """Steps down the gradient: v ← v − rate · g.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     w = tf.Variable(1.0)
        ...     step = tf.train.GradientDescentOptimizer(0.1).minimize((w - 3.0) ** 2)
        ...     session.run(tf.global_variables_initializer())
        ...     for _ in range(100):
        ...         session.run(step)
        ...     print(round(float(session.run(w)), 3))
        3.0
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False,
                 name: str = "GradientDescent"):  # fmt: skip
        super().__init__(use_locking, name)
        self._rate = learning_rate

    def _update(self, g: Any, v: Any) -> Any:
        return v.assign_sub(_setting(self._rate, v) * g, read_value=False)


class MomentumOptimizer(Optimizer):
    """Steps that keep going: m ← momentum · m + g, v ← v − rate · m.

    With `use_nesterov`, v ← v − rate · (g + momentum · m).
    """

    def __init__(self, learning_rate: Any, momentum: Any, use_locking: bool = False,
                 name: str = "Momentum", use_nesterov: bool = False):  # fmt: skip
        super().__init__(use_locking, name)
        self._rate, self._momentum, self._nesterov = learning_rate, momentum, use_nesterov

    def _make_slots(self, variables: Sequence) -> None:
        for v in variables:
            self._slot(v, "momentum")

    def _update(self, g: Any, v: Any) -> Any:
        rate, momentum = _setting(self._rate, v), _setting(self._momentum, v)
        kept = self.get_slot(v, "momentum")
        m = momentum * kept.value() + g
        return group(
            kept.assign(m, read_value=False),
            v.assign_sub(rate * (g + momentum * m if self._nesterov else m), read_value=False),
        )


class AdamOptimizer(Optimizer):
    """Steps of a size of their own for each element: first moment over root of the second.

    m ← β₁ m + (1 − β₁) g, u ← β₂ u + (1 − β₂) g²,
    v ← v − rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√u + ε).

    Source: Kingma & Ba, Adam (2015), with ε as in the text before section 2.1.
    """

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
                 epsilon: Any = 1e-8, use_locking: bool = False, name: str = "Adam"):  # fmt: skip
        super().__init__(use_locking, name)
        self._settings = learning_rate, beta1, beta2, epsilon

    def _make_slots(self, variables: Sequence) -> None:
        _, beta1, beta2, _ = self._settings
        self._other("beta1_power", beta1)
        self._other("beta2_power", beta2)
        for v in variables:
            self._slot(v, "m")
            self._slot(v, "v")

    def _update(self, g: Any, v: Any) -> Any:
        rate, beta1, beta2, epsilon = (_setting(x, v) for x in self._settings)
        first, second = self.get_slot(v, "m"), self.get_slot(v, "v")
        power1, power2 = (_setting(x.value(), v) for x in self._others.values())
        m = beta1 * first.value() + (1 - beta1) * g
        u = beta2 * second.value() + (1 - beta2) * g * g
        rate = rate * sqrt(1 - power2) / (1 - power1)
        return group(
            first.assign(m, read_value=False),
            second.assign(u, read_value=False),
            v.assign_sub(rate * m / (sqrt(u) + epsilon), read_value=False),
        )

    def _finish(self) -> list:
        _, beta1, beta2, _ = self._settings
        return [
            power.assign(power.value() * _setting(beta, power), read_value=False)
            for power, beta in zip(self._others.values(), (beta1, beta2), strict=True)
        ]


class RMSPropOptimizer(Optimizer):
    """Steps over the root of a running mean of squares, with momentum.

    s ← decay · s + (1 − decay) g², m ← momentum · m + rate · g / √(s + ε), v ← v − m; with
    `centered`, the square of the running mean of g is taken off s under the root.
    """

    def __init__(self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0,
                 epsilon: Any = 1e-10, use_locking: bool = False, centered: bool = False,
                 name: str = "RMSProp"):  # fmt: skip
        super().__init__(use_locking, name)
        self._settings, self._centered = (learning_rate, decay, momentum, epsilon), centered

    def _make_slots(self, variables: Sequence) -> None:
        for v in variables:
            self._slot(v, "rms", ones)
            if self._centered:
                self._slot(v, "mg")
            self._slot(v, "momentum")

    def _update(self, g: Any, v: Any) -> Any:
        rate, decay, momentum, epsilon = (_setting(x, v) for x in self._settings)
        squares, kept = self.get_slot(v, "rms"), self.get_slot(v, "momentum")
        s = decay * squares.value() + (1 - decay) * g * g
        updates, under = [squares.assign(s, read_value=False)], s + epsilon
        if self._centered:
            mean = self.get_slot(v, "mg")
            average = decay * mean.value() + (1 - decay) * g
            updates.append(mean.assign(average, read_value=False))
            under = under - average * average
        m = momentum * kept.value() + rate * g / sqrt(under)
        updates.append(kept.assign(m, read_value=False))
        return group(*updates, v.assign_sub(m, read_value=False))


class AdagradOptimizer(Optimizer):
    """Steps over the root of the sum of all squares so far: s ← s + g², v ← v − rate · g / √s."""

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1,
                 use_locking: bool = False, name: str = "Adagrad"):  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise InvalidArgumentError(
                f"initial_accumulator_value must be positive: {initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._rate, self._start = learning_rate, initial_accumulator_value

    def _make_slots(self, variables: Sequence) -> None:
        for v in variables:
            self._slot(v, "accumulator", self._begin)

    def _begin(self, shape: Any, dtype: Any) -> Any:
        return ones(shape, dtype=dtype) * self._start

    def _update(self, g: Any, v: Any) -> Any:
        kept = self.get_slot(v, "accumulator")
        s = kept.value() + g * g
        return group(
            kept.assign(s, read_value=False),
            v.assign_sub(_setting(self._rate, v) * g / sqrt(s), read_value=False),
        )


# Steps.


def get_global_step(graph: Any = None) -> Any:
    """The variable that counts training steps; None if there is none."""
    found = (graph or home()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def create_global_step(graph: Any = None) -> Any:
    """The variable that counts training steps, made now.

    Raises:
        InvalidArgumentError: (also a ValueError) when there is one already.
    """
    if get_global_step(graph) is not None:
        raise InvalidArgumentError('"global_step" already exists.')
    made = _made("global_step", lambda: zeros([], dtype=int64))
    (graph or home()).add_to_collection(GraphKeys.GLOBAL_STEP, made)
    return made


def get_or_create_global_step(graph: Any = None) -> Any:
    """The variable that counts training steps."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def global_step(sess: Session, global_step_tensor: Any) -> int:
    """How many steps a session has counted."""
    return int(sess.run(global_step_tensor))
