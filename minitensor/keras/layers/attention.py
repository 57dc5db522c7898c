"""`Attention` and `AdditiveAttention`: queries look up values by their keys, without weights."""

from __future__ import annotations

from typing import Any

from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layers.arguments import one_of, rate_of
from minitensor.keras.layers.drawing import Drawing
from minitensor.ops import cast, expand_dims, matmul, reduce_sum, tanh
from minitensor.ops.attention import attention_weights
from minitensor.ops.neural import dropout_

__all__ = ["AdditiveAttention", "Attention"]


class Attention(Drawing):
    """softmax(query · keyᵀ) · value: every query takes the mean of values whose keys are like it.

    Called on a list [query, value] or [query, value, key]; the masks are a list, too.

    Args:
        use_scale: multiply scores by a weight, which begins with 1.
        score_mode: "dot", or "concat" for Σ tanh(query + key).
        dropout: the share of weights that is dropped in training.
        seed: makes the draws of dropout repeatable.
        **kwargs: those of all layers.

    Shape: [(batch, t, d), (batch, s, v), (batch, s, d)] → (batch, t, v); with
    `return_attention_scores` also weights (batch, t, s).

    Raises:
        InvalidArgumentError: (also a ValueError) for anything but two or three inputs in a list.

    Source: Luong, Pham & Manning, Effective approaches to attention-based neural machine
    translation (2015).

    Example:
        >>> import minitensor as mt
        >>> query, keys = mt.constant([[[9.0, 0.0]]]), mt.constant([[[9.0, 0.0], [0.0, 9.0]]])
        >>> values = mt.constant([[[1.0], [2.0]]])
        >>> mt.keras.layers.Attention()([query, values, keys]).numpy()
        array([[[1.]]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0,
                 seed: int | None = None, **kwargs: Any):  # fmt: skip
        super().__init__(seed=seed, **kwargs)
        self.use_scale = use_scale
        self.score_mode = one_of(self, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = rate_of(self, "dropout", dropout)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the scores."""
        self._check(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def call(self, inputs: list, mask: Any = None, training: Any = False,
             return_attention_scores: bool = False,
             use_causal_mask: bool = False) -> Any:  # fmt: skip
        """What each query found; queries that do not count find zeros."""
        self._check(inputs)
        query, value, key = (*inputs, inputs[1])[:3]
        masks = [None if m is None else cast(m, "bool") for m in (mask or (None, None))]
        scores = self.scores(query, key)
        wide = None if masks[1] is None else expand_dims(masks[1], axis=-2)
        weights = attention_weights(scores, wide, use_causal_mask)
        kept = weights
        if self.dropout and training:
            kept = dropout_(weights, self.dropout, self._next_seed())[0]
        found = matmul(kept, value)
        if masks[0] is not None:
            found = found * cast(expand_dims(masks[0], axis=-1), found.dtype)
        return (found, weights) if return_attention_scores else found

    def scores(self, query: Any, key: Any) -> Any:
        """How well each query and each key match.

        Shape: (batch, t, d), (batch, s, d) → (batch, t, s).
        """
        if self.score_mode == "dot":
            scores = matmul(query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        pairs = expand_dims(query, axis=-2) + expand_dims(key, axis=-3)
        pairs = pairs if self.scale is None else pairs * self.scale
        return self.concat_score_weight * reduce_sum(tanh(pairs), axis=-1)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """That of the queries."""
        return previous_mask[0] if previous_mask else None

    def _check(self, inputs: Any) -> None:
        if isinstance(inputs, (list, tuple)) and len(inputs) in (2, 3):
            return
        cls = type(self).__name__
        raise InvalidArgumentError(
            message(f"layer '{self.name}'", "", f"{cls} layer must be called on a list of inputs, "
                    "namely [query, value] or [query, value, key]",
                    "queries look up values by their keys", "layer([query, value])")
        )  # fmt: skip


class AdditiveAttention(Attention):
    """Attention whose scores are Σ scale · tanh(query + key).

    Args:
        use_scale: multiply by weights, one for each number of a query.
        dropout: the share of weights that is dropped in training.
        **kwargs: `seed`, and those of all layers.

    Shape: [(batch, t, d), (batch, s, v), (batch, s, d)] → (batch, t, v).

    Source: Bahdanau, Cho & Bengio, Neural machine translation by jointly learning to align and
    translate (2015).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.AdditiveAttention()
        >>> layer([mt.ones((2, 3, 4)), mt.ones((2, 5, 4))]).shape, layer.scale.shape
        (TensorShape([2, 3, 4]), TensorShape([4]))
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the scores."""
        self._check(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(input_shape[0][-1:], "glorot_uniform", name="scale")

    def scores(self, query: Any, key: Any) -> Any:
        """How well each query and each key match."""
        pairs = tanh(expand_dims(query, axis=-2) + expand_dims(key, axis=-3))
        return reduce_sum(pairs if self.scale is None else self.scale * pairs, axis=-1)
