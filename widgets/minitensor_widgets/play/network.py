"""The neurons of a model made of Dense layers: their weights, their gradients, what each sees."""

from __future__ import annotations

from typing import Any

import numpy as np

SHOWN = 8  # neurons of a layer that are drawn
SIGNIFICANT = 4


def rounded(values: Any) -> Any:
    """Nested lists of numbers with few digits; None for what is no number."""
    array = np.asarray(values, float)
    if array.ndim:
        return [rounded(part) for part in array]
    return float(f"{array:.{SIGNIFICANT}g}") if np.isfinite(array) else None


class Network:
    """The Dense layers of a `Sequential`, each with what follows it up to the next one.

    Raises:
        ValueError: when the model is not made of such layers.
    """

    def __init__(self, model: Any) -> None:
        self.before: list[Any] = []
        self.groups: list[list[Any]] = []
        for layer in model.layers:
            dense = len(getattr(getattr(layer, "kernel", None), "shape", ())) == 2
            if dense:
                self.groups.append([layer])
            elif type(layer).__name__ != "InputLayer":
                (self.groups[-1] if self.groups else self.before).append(layer)
        widths = [group[0].kernel.shape[1] for group in self.groups]
        ends = [part.shape[1:] for part in self.outputs(np.zeros((2, 2), "float32"))]
        if not widths or ends != [(width,) for width in widths]:
            raise ValueError("not a chain of Dense layers")
        self.widths: list[int] = [int(width) for width in widths]

    def outputs(self, x: np.ndarray) -> list[np.ndarray]:
        """What the neurons of each layer give for these points: (count, width) for each."""
        import minitensor as mt

        now: Any = mt.constant(x)
        for layer in self.before:
            now = layer(now)
        found = []
        for group in self.groups:
            for layer in group:
                now = layer(now)
            found.append(np.asarray(now))
        return found

    def weights(self) -> list[dict[str, Any]]:
        """For each layer `w`, rows of what goes out of a neuron, and `b`, the biases."""
        found = []
        for group in self.groups:
            kernel, bias = group[0].kernel, group[0].bias
            found.append({
                "w": rounded(kernel.numpy()[:SHOWN, :SHOWN]),
                "b": rounded(bias.numpy()[:SHOWN]) if bias is not None else [],
            })  # fmt: skip
        return found

    def gradients(self, gradient_of: Any) -> list[dict[str, Any]]:
        """The same for gradients; `gradient_of` gives that of a variable."""
        found = []
        for group in self.groups:
            kernel, bias = gradient_of(group[0].kernel), gradient_of(group[0].bias)
            found.append({
                "w": [] if kernel is None else rounded(np.asarray(kernel)[:SHOWN, :SHOWN]),
                "b": [] if bias is None else rounded(np.asarray(bias)[:SHOWN]),
            })  # fmt: skip
        return found

    def edit(self, layer: int, row: int, column: int, value: float) -> None:
        """Set a weight, or with row −1 a bias, to a number."""
        dense = self.groups[layer][0]
        variable = dense.bias if row < 0 else dense.kernel
        if variable is None:
            return
        new = variable.numpy().copy()
        new[column if row < 0 else (row, column)] = value
        variable.assign(new)


def network_of(model: Any) -> Network | None:
    """The neurons of a model, or None where it is not a chain of Dense layers."""
    import minitensor as mt

    if not isinstance(model, mt.keras.Sequential):
        return None
    try:
        return Network(model)
    except ValueError:
        return None
