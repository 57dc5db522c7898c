"""Attention: every query takes the mean of the values whose keys resemble it."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from minitensor.dtypes import kind_of
from minitensor.op import convert
from minitensor.ops.comparison import greater_equal
from minitensor.ops.creation import range as numbers
from minitensor.ops.linalg import matmul
from minitensor.ops.neural import dropout, softmax
from minitensor.ops.selection import where
from minitensor.ops.sizes import shape

__all__ = ["attention_weights", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, mask: Any = None, is_causal: bool = False,
    scale: float | None = None, dropout_rate: float = 0.0, seed: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """softmax(query · keyᵀ · scale) · value: the values, weighted by how well their keys match.

    The names are those of PyTorch's function; `mask` is its attn_mask and `dropout_rate` its
    dropout_p.

    Args:
        query: (…, t, d). Axes before the last two, often batch and heads, broadcast.
        key: (…, s, d).
        value: (…, s, v).
        mask: which keys each query may attend to, broadcasting to (…, t, s): True where it may; or
            numbers that are added to the scores.
        is_causal: query i may attend to keys 0 to i only.
        scale: what scores are multiplied by; 1 / √d by default.
        dropout_rate: the share of weights that is dropped.
        seed: makes the dropout repeatable.
        name: a name for the result.

    Shape: (…, t, d), (…, s, d), (…, s, v) → (…, t, v). A query that may attend to nothing attends
    to all keys alike.

    Source: Vaswani et al., Attention is all you need (2017), equation 1.
    """
    query = convert(query)
    scale = 1 / sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(query * scale, key, transpose_b=True)
    weights = attention_weights(scores, mask, is_causal)
    if dropout_rate:
        weights = dropout(weights, dropout_rate, seed=seed)
    return matmul(weights, value, name=name)


def attention_weights(scores: Any, mask: Any = None, is_causal: bool = False) -> Any:
    """How much each query takes of each value: the softmax of its scores, where it may attend.

    Args:
        scores: how well each query and key match.
        mask: which keys each query may attend to, broadcasting to the scores: True where it may;
            or numbers that are added to the scores.
        is_causal: query i may attend to keys 0 to i only.

    Shape: (…, t, s) → same.
    """
    if is_causal:
        scores = _masked(scores, _causal(scores))
    if mask is not None:
        mask = convert(mask)
        scores = _masked(scores, mask) if kind_of(mask.dtype) == "b" else scores + mask
    return softmax(scores)


def _masked(scores: Any, mask: Any) -> Any:
    """The scores, and where the mask is False a number so low that its exponential is 0.

    Not -inf: a row of -inf has no softmax.
    """
    low = -3e4 if scores.dtype.as_numpy_dtype == np.float16 else -1e9
    return where(mask, scores, low)


def _causal(scores: Any) -> Any:
    t, s = scores.shape[-2:]
    if t is None or s is None:
        sizes = shape(scores)
        t, s = sizes[-2], sizes[-1]
    return greater_equal(numbers(t)[:, None], numbers(s))
