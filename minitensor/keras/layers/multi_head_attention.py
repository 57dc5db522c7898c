"""`MultiHeadAttention`: several attentions side by side, each on a projection of its own."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layers.arguments import is_size, rate_of, refused, size
from minitensor.keras.layers.drawing import Drawing
from minitensor.keras.layers.head_projection import HeadProjection
from minitensor.keras.layers.parametric import Parametric
from minitensor.ops import (
    abs,
    broadcast_to,
    cast,
    expand_dims,
    greater_equal,
    matmul,
    reshape,
    shape,
    transpose,
)
from minitensor.ops import range as numbers
from minitensor.ops.attention import attention_weights
from minitensor.ops.neural import dropout_

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Drawing, Parametric):
    """Attention in several heads: softmax(query · keyᵀ / √key_dim) · value in each.

    Args:
        num_heads: how many heads there are.
        key_dim: how many numbers each head has of a query and of a key.
        value_dim: how many it has of a value; key_dim by default.
        dropout: the share of attention weights that is dropped in training.
        use_bias: whether projections have a bias.
        output_shape: the sizes of the output's last axes; that of the query by default.
        attention_axes: over which axes attention goes; by default all but the first and the last.
        sliding_window: attend only to keys less than so many places away.
        flash_attention: Keras's; it has no effect.
        kernel_initializer, bias_initializer: what weights begin with.
        kernel_regularizer, bias_regularizer, activity_regularizer: what is added to the loss.
        kernel_constraint, bias_constraint: what holds after each step.
        use_gate: multiply what each head found by a sigmoid of the query.
        seed: makes the draws of dropout repeatable.
        **kwargs: those of all layers.

    Shape: query (batch, t, d), value and key (batch, s, …) → (batch, t, d). Weights: query/kernel,
    key/kernel, value/kernel (d, num_heads, key_dim or value_dim), attention_output/kernel
    (num_heads, value_dim, d), and biases.

    Raises:
        InvalidArgumentError: (also a ValueError) for sizes that are no positive numbers, or a key
            and a value of different lengths.

    Source: Vaswani et al., Attention is all you need (2017), section 3.2.2.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = mt.ones((3, 6, 5))
        >>> y, weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
        >>> y.shape, weights.shape, layer.weights[0].path.partition("/")[2]
        (TensorShape([3, 6, 5]), TensorShape([3, 2, 6, 6]), 'query/kernel')
        >>> weights[0, 0, 1].numpy()
        array([0.5, 0.5, 0. , 0. , 0. , 0. ], dtype=float32)
    """

    supports_masking = True

    def __init__(self, num_heads: int, key_dim: int, value_dim: int | None = None,
                 dropout: float = 0.0, use_bias: bool = True, output_shape: Any = None,
                 attention_axes: Any = None, sliding_window: int | None = None,
                 flash_attention: bool | None = None, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
                 bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None,
                 use_gate: bool = False, seed: int | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = size(self, "num_heads", num_heads)
        self.key_dim = size(self, "key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else size(self, "value_dim", value_dim)
        self.dropout, self.use_bias = rate_of(self, "dropout", dropout), use_bias
        self.use_gate = use_gate
        self.out_sizes = (output_shape,) if isinstance(output_shape, int) else output_shape
        self._axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        if sliding_window is not None and not is_size(sliding_window):
            raise refused(
                self, "`sliding_window` must be `None` or a positive integer. Received: "
                f"sliding_window={sliding_window}", "it is a distance between places",
                "pass for example 128",
            )  # fmt: skip
        self.sliding_window = sliding_window
        self._told("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._told("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"value_shape={tuple(value_shape)} and "
                        f"key_shape={tuple(key_shape)}", "All dimensions of `value` and `key`, "
                        "except the last one, must be equal", "each key has a value",
                        "pass as many values as keys")
            )  # fmt: skip
        heads, joined = (self.num_heads, self.key_dim), (self.num_heads, self.value_dim)
        self.query_dense = self._projection("query", 1, heads, query_shape)
        self.key_dense = self._projection("key", 1, heads, key_shape)
        if self.use_gate:
            self.gate_dense = self._projection("gate", 1, joined, query_shape, "sigmoid")
        self.value_dense = self._projection("value", 1, joined, value_shape)
        sizes = self.out_sizes or query_shape[-1:]
        self.output_dense = self._projection("attention_output", 2, sizes, (None, *joined))

    def _projection(self, name: str, joined: int, sizes: Any, input_shape: Any,
                    activation: Any = None) -> HeadProjection:  # fmt: skip
        wishes = {part: tuple(self._wishes[part]) for part in ("kernel", "bias")}
        layer = HeadProjection(joined, tuple(sizes), self.use_bias, activation=activation,
                               name=name, dtype=self.dtype, **wishes)  # fmt: skip
        layer.build(input_shape)
        return layer

    def call(self, query: Any, value: Any, key: Any = None, query_mask: Any = None,
             value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
             return_attention_scores: bool = False, training: Any = None,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        """What each query found; with `return_attention_scores`, also how it attended.

        Args:
            query: (batch, t, d).
            value: (batch, s, d).
            key: (batch, s, d); the values by default.
            query_mask: (batch, t), which queries count; the mask of `query` by default.
            value_mask: (batch, s), which values count; that of `value` by default.
            key_mask: (batch, s), the same for keys.
            attention_mask: which keys each query may attend to, (batch, t, s), True where it may.
            return_attention_scores: whether weights (batch, heads, t, s) are returned, too.
            training: whether weights are dropped.
            use_causal_mask: query i may attend to keys 0 to i only.
        """
        axes = self._attended(len(query.shape))
        mask = self._mask(query, value, query_mask, value_mask, key_mask, attention_mask)
        heads = [
            _heads_first(dense(x), axes)
            for dense, x in (
                (self.query_dense, query),
                (self.key_dense, value if key is None else key),
                (self.value_dense, value),
            )
        ]
        places = [_sizes(x, axes) for x in (query, value)]
        found, weights = self._attend(heads, mask, places, training, use_causal_mask)
        found = _heads_last(found, axes, places[0])
        if self.use_gate:
            found = found * self.gate_dense(query)
        output = self.output_dense(found)
        if not return_attention_scores:
            return output
        if len(axes) > 1:
            leading = _sizes(weights, range(len(weights.shape) - 2))
            weights = reshape(weights, [*leading, *places[0], *places[1]])
        return output, weights

    def _attend(self, heads: list, mask: Any, places: list, training: Any,
                causal: bool) -> tuple[Any, Any]:  # fmt: skip
        """What each query found, and the weights; axes are batch, heads, places, numbers."""
        query, key, value = heads
        scores = matmul(query * (1 / sqrt(self.key_dim)), key, transpose_b=True)
        if mask is not None:
            mask = _for_scores(mask, len(scores.shape), places)
        weights = attention_weights(scores, mask, causal)
        kept = weights
        if self.dropout and training:
            kept = dropout_(weights, self.dropout, self._next_seed())[0]
        return matmul(kept, value), weights

    def _attended(self, rank: int) -> tuple[int, ...]:
        """The axes that attention goes over, counted from the front."""
        if self._axes is None:
            return tuple(range(1, rank - 1))
        return tuple(axis % rank for axis in self._axes)

    def _mask(self, query: Any, value: Any, query_mask: Any, value_mask: Any, key_mask: Any,
              attention_mask: Any) -> Any:  # fmt: skip
        """All masks as one, of shape (batch, t, s); None where there is none."""
        masks = [None if attention_mask is None else cast(attention_mask, "bool")]
        for one, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2)):
            if one is not None:
                masks.append(expand_dims(cast(one, "bool"), axis=axis))
        if self.sliding_window is not None:
            rows, columns = (numbers(shape(x)[1]) for x in (query, value))
            masks.append(greater_equal(self.sliding_window - 1, abs(rows[:, None] - columns)))
        found = None
        for mask in masks:
            if mask is not None:
                found = mask if found is None else found & mask
        return found


def _sizes(x: Any, axes: Any) -> list:
    """Sizes of some axes: numbers where they are known, tensors where not."""
    return [x.shape[i] if x.shape[i] is not None else shape(x)[i] for i in axes]


def _order(rank: int, axes: tuple) -> list[int]:
    """Batch axes, heads, attended axes, numbers: where each stands in (…, heads, numbers)."""
    batch = [i for i in range(rank - 2) if i not in axes]
    return [*batch, rank - 2, *axes, rank - 1]


def _heads_first(x: Any, axes: tuple) -> Any:
    """(batch, …, heads, numbers) → (batch, heads, all places, numbers)."""
    rank = len(x.shape)
    turned = transpose(x, perm=_order(rank, axes))
    if len(axes) == 1:
        return turned
    leading = _sizes(turned, range(rank - 1 - len(axes)))
    return reshape(turned, [*leading, -1, x.shape[-1]])


def _heads_last(x: Any, axes: tuple, places: list) -> Any:
    """(batch, heads, all places, numbers) → (batch, …, heads, numbers)."""
    if len(axes) > 1:
        x = reshape(x, [*_sizes(x, range(len(x.shape) - 2)), *places, x.shape[-1]])
    order = _order(len(x.shape), axes)
    return transpose(x, perm=[order.index(i) for i in range(len(order))])


def _for_scores(mask: Any, rank: int, places: list) -> Any:
    """A mask (batch, t, s) as one for scores (batch, heads, t, s)."""
    count = len(places[0])
    if count > 1:
        leading = _sizes(mask, range(len(mask.shape) - 2 * count))
        mask = broadcast_to(mask, [*leading, *places[0], *places[1]])
        together = [prod(some) for some in places]
        mask = reshape(mask, [*leading, *together])
    while len(mask.shape) < rank:
        mask = expand_dims(mask, axis=-3)
    return mask
