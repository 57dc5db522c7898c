"""`Optimizer`: how gradients change variables, whatever the formula.

Read `apply`: gradients are checked, clipped and handed to `update_step`, which is all that a
subclass has to write. Slots (moments and the like) are variables too, made when the variables to
train are seen first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minitensor.errors import InvalidArgumentError, UnimplementedError, message
from minitensor.keras.calling import scope_of
from minitensor.keras.optimizers.gradients import checked, dense, existing, mapped, pairs, summed
from minitensor.keras.optimizers.known import Undecayed
from minitensor.keras.optimizers.state import OptimizerState
from minitensor.ops.array import cast
from minitensor.ops.branching import cond
from minitensor.ops.creation import zeros_like
from minitensor.ops.norms import clip_by_global_norm, clip_by_norm
from minitensor.ops.selection import clip_by_value, where
from minitensor.scopes import name_scope
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices

__all__ = ["Optimizer"]


class Optimizer(OptimizerState):
    """The base of all optimisers: subclass it, and write `update_step`.

    Args:
        learning_rate: a float, a schedule, or a function without arguments.
        weight_decay: before each update, variables lose this share of themselves times the
            learning rate.
        clipnorm: the largest norm of the gradient of each variable; 0 does not clip.
        clipvalue: the largest size of each number in a gradient; 0 does not clip.
        global_clipnorm: the largest norm of all gradients together; 0 does not clip.
        use_ema: keep an exponential moving average of each variable.
        ema_momentum: how much of the average stays in each step.
        ema_overwrite_frequency: after how many steps the variables are set to their averages; None
            for only when `finalize_variable_values` is called, as `fit` does at its end.
        loss_scale_factor: what the loss was multiplied by; gradients are divided by it.
        gradient_accumulation_steps: how many steps to average gradients over before each update.
        name: what the paths of its variables begin with; that of the class by default.

    Raises:
        InvalidArgumentError: (also a ValueError) for unknown arguments and numbers out of range.

    Example:
        >>> import minitensor as mt
        >>> class Signs(mt.keras.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * mt.sign(gradient))
        >>> v = mt.Variable([1.0, 2.0])
        >>> step = Signs(learning_rate=0.5).apply_gradients([(mt.constant([3.0, -4.0]), v)])
        >>> v.numpy(), int(step)
        (array([0.5, 2.5], dtype=float32), 1)
    """

    updates_rows = False
    """Whether `update_step` takes IndexedSlices, each row once; otherwise they become dense."""

    def apply_gradients(self, grads_and_vars: Iterable) -> Any:
        """Update variables: `apply_gradients(zip(gradients, variables))`.

        A gradient has the shape of its variable, or is IndexedSlices: rows of one. Returns the
        number of steps, a variable.

        Raises:
            InvalidArgumentError: (also a ValueError) when no variable has a gradient, for a
                variable that the optimiser was not built for, and for a gradient of another shape.
            ArgumentError: (a TypeError) for anything but pairs.
        """
        gradients, variables = pairs(grads_and_vars)
        if not variables:
            existing(gradients, variables)
        self.apply(gradients, variables)
        return self._iterations

    def apply(self, grads: Sequence, trainable_variables: Sequence | None = None) -> None:
        """Update variables, given in a list of their own; by default those that it was built for.

        Raises:
            InvalidArgumentError: (also a ValueError) as `apply_gradients`.
        """
        if len(grads) == 0:
            return
        everything = self._known.variables if trainable_variables is None else trainable_variables
        self._check_lengths(grads, everything)
        gradients, variables = existing(grads, everything)
        gradients = [checked(g, v) for g, v in zip(gradients, variables, strict=True)]
        if not self.built:
            self.build(list(everything))
        for variable in variables:
            self._known.place(variable)
        with name_scope(f"{scope_of(self.name)}/"):
            self._update(gradients, variables)

    def _update(self, gradients: list, variables: list) -> None:
        """One step: its ops stand in a scope of the optimiser's name."""
        if self.loss_scale_factor is not None:
            gradients = [mapped(lambda x: x / self.loss_scale_factor, g) for g in gradients]
        if self.gradient_accumulation_steps:
            self._accumulate(gradients, variables, self.gradient_accumulation_steps)
        else:
            self._train(gradients, variables)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.assign_add(1)

    def _check_lengths(self, gradients: Sequence, variables: Sequence) -> None:
        if len(gradients) != len(variables):
            raise InvalidArgumentError(
                message("apply", f"{len(gradients)} gradients and {len(variables)} variables",
                        "The gradients must match the variables one-to-one" if self.built else
                        "When passing `grads` without `variables`, the optimizer must already be "
                        "built on a list of variables", "each gradient is for one variable",
                        "Call `optimizer.build(trainable_variables)` first, or pass the variables")
            )  # fmt: skip

    def _train(self, gradients: list, variables: list) -> None:
        """Change the variables by the gradients of this step."""
        gradients = [summed(g) if self.updates_rows else dense(g) for g in gradients]
        gradients = self._clipped(gradients)
        rate = self.learning_rate
        self._decay(variables, rate)
        self.update(gradients, variables, rate)

    def _clipped(self, gradients: list) -> list:
        if self.clipvalue:
            low, high = -self.clipvalue, self.clipvalue
            return [mapped(lambda x: clip_by_value(x, low, high), g) for g in gradients]
        if self.clipnorm:
            return [clip_by_norm(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm:
            return clip_by_global_norm(gradients, self.global_clipnorm)[0]
        return gradients

    def _decay(self, variables: list, learning_rate: Any) -> None:
        if self.weight_decay:
            for variable in variables:
                if variable not in self._undecayed:
                    share = cast(learning_rate, variable.dtype) * self.weight_decay
                    variable.assign_sub(variable * share)

    def update(self, gradients: list, variables: list, learning_rate: Any) -> None:
        """Update each variable; what is the same for all of them is computed once."""
        sizes: dict[Any, Any] = {}
        for gradient, variable in zip(gradients, variables, strict=True):
            dtype = variable.dtype
            if dtype not in sizes:
                step = cast(self.iterations + 1, dtype)
                sizes[dtype] = self.step_size(cast(learning_rate, dtype), step)
            self.update_step(gradient, variable, sizes[dtype])

    def step_size(self, learning_rate: Any, step: Any) -> Any:
        """The learning rate that `update_step` gets in a step, counted from 1.

        A formula that corrects it for all variables alike does so here.
        """
        return learning_rate

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change a variable, and its slots, by its gradient. For subclasses to define.

        Raises:
            UnimplementedError: (also a NotImplementedError) where a subclass does not.
        """
        raise UnimplementedError(
            message(f"{type(self).__name__}.update_step", "", "it is not defined",
                    "an optimiser says how a gradient changes a variable",
                    "define `def update_step(self, gradient, variable, learning_rate)`")
        )  # fmt: skip

    def assign(self, variable: Any, value: Any) -> None:
        """Replace a variable's value; of IndexedSlices, the rows."""
        if isinstance(value, IndexedSlices):
            variable.scatter_update(value)
        else:
            variable.assign(value, read_value=False)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add to a variable; of IndexedSlices, to the rows."""
        if isinstance(value, IndexedSlices):
            variable.scatter_add(value)
        else:
            variable.assign_add(value, read_value=False)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtract from a variable; of IndexedSlices, from the rows."""
        if isinstance(value, IndexedSlices):
            variable.scatter_sub(value)
        else:
            variable.assign_sub(value, read_value=False)

    def minimize(self, loss: Any, var_list: Sequence, tape: GradientTape | None = None) -> Any:
        """Compute gradients and apply them: one step.

        Args:
            loss: a function without arguments, or a scalar that `tape` saw being computed.
            var_list: the variables to change.
            tape: the tape of the loss; a function gets one of its own.

        Raises:
            InvalidArgumentError: (also a ValueError) for a tensor without a tape.

        Example:
            >>> import minitensor as mt
            >>> x = mt.Variable(3.0)
            >>> step = mt.keras.optimizers.SGD(0.1).minimize(lambda: x**2, [x])
            >>> x.numpy()
            np.float32(2.4)
        """
        if callable(loss):
            with tape or GradientTape() as tape:
                tape.watch(var_list)
                loss = loss()
        elif tape is None:
            raise InvalidArgumentError(
                message("minimize", "a tensor as loss", "`tape` is required when a `Tensor` loss "
                        "is passed", "how a tensor was computed is known to the tape alone",
                        "pass tape=tape, or a function that computes the loss")
            )  # fmt: skip
        return self.apply_gradients(zip(tape.gradient(loss, var_list), var_list, strict=True))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, to be differentiated in its place."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def exclude_from_weight_decay(self, var_list: Iterable | None = None,
                                  var_names: Iterable[str] | None = None) -> None:  # fmt: skip
        """Leave variables as they are where others decay: given ones, or by what their paths hold.

        Raises:
            InvalidArgumentError: (also a ValueError) after the first step.
        """
        if self.built:
            raise InvalidArgumentError(
                message("exclude_from_weight_decay", "", "`exclude_from_weight_decay()` can only "
                        "be configured before the optimizer is built",
                        "all steps treat a variable alike", "call it before the first step")
            )  # fmt: skip
        self._undecayed = Undecayed(var_list or (), var_names or ())

    def finalize_variable_values(self, var_list: Sequence) -> None:
        """With `use_ema`, set variables to their averages, as after training."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(self._averages[self._known.place(variable)])

    def _average(self) -> None:
        """Let the averages follow the variables; the first values are taken as they are."""
        often, done = self.ema_overwrite_frequency, self.iterations
        share = where(done == 0, 0.0, self.ema_momentum)
        for variable, average in zip(self._known.variables, self._averages, strict=True):
            kept = cast(share, variable.dtype)
            average.assign(kept * average + (1.0 - kept) * variable)
            if often:
                variable.assign(where((done + 1) % often == 0, average, variable))

    def _accumulate(self, gradients: list, variables: list, count: int) -> None:
        """Add up gradients; in every so manieth step, train with their mean."""
        sums = [self._accumulated_gradients[self._known.place(v)] for v in variables]

        def train() -> None:
            means = [(dense(g) + s) / count for g, s in zip(gradients, sums, strict=True)]
            self._train(means, variables)
            for total in self._accumulated_gradients:
                total.assign(zeros_like(total))

        def wait() -> None:
            for gradient, total in zip(gradients, sums, strict=True):
                self.assign_add(total, gradient)

        cond((self._iterations + 1) % count == 0, train, wait)
