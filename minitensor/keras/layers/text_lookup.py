"""Vocabularies: terms as numbers. `StringLookup` and `IntegerLookup`, and what they share.

Terms are looked up in a Python dict, while a traced function runs, too.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log
from typing import Any

import numpy as np

from minitensor.dtypes import int64, string
from minitensor.eager import convert_to_tensor
from minitensor.errors import FailedPreconditionError, InvalidArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import one_of, refused
from minitensor.keras.symbolic import is_symbolic
from minitensor.python_function import numpy_function
from minitensor.tensor import Operand

__all__ = [
    "NEW_NAMES",
    "ONLY_KERAS",
    "IntegerLookup",
    "StringLookup",
    "VocabularyLookup",
    "batches_of",
    "on_array",
]

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
NEW_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
ONLY_KERAS = ("vocabulary_size", "has_input_vocabulary", "oov_method", "salt")
"""What Keras writes into configurations, and nothing here needs."""


class VocabularyLookup(Layer):
    """The base: a list of terms, of which the first stand for "masked" and "unknown".

    Args:
        max_tokens: the most terms, with those for "masked" and "unknown".
        num_oov_indices: how many numbers unknown terms share.
        mask_token: the term that stands for nothing: 0; None for no such term.
        oov_token: what unknown terms are called.
        vocabulary: the terms, or the name of a file with one in each line; else call `adapt`.
        idf_weights: with output_mode="tf_idf", what each term of the vocabulary weighs.
        invert: give the terms for numbers.
        output_mode: "int" for numbers; "one_hot" for a row of the vocabulary's size for each term;
            "multi_hot", "count" or "tf_idf" for one for all terms along the last axis.
        pad_to_max_tokens: let rows have `max_tokens` places.
        **kwargs: those of all layers.

    Raises:
        InvalidArgumentError: (also a ValueError) for terms that stand twice.
        FailedPreconditionError: (also a RuntimeError) when called without a vocabulary.
    """

    term_dtype: Any
    kind: type

    def __init__(self, max_tokens: int | None, num_oov_indices: int, mask_token: Any,
                 oov_token: Any, vocabulary: Any, idf_weights: Any, invert: bool,
                 output_mode: str, pad_to_max_tokens: bool, **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        if max_tokens is not None and max_tokens <= 1:
            raise refused(self, "If `max_tokens` is set, it must be greater than 1. Received: "
                          f"max_tokens={max_tokens}", "unknown terms take one place",
                          "pass a larger number, or None")  # fmt: skip
        self.output_mode = one_of(
            self, "output_mode", NEW_NAMES.get(output_mode, output_mode), MODES
        )
        if invert and self.output_mode != "int":
            raise refused(self, "`output_mode` must be 'int' when `invert` is true",
                          "numbers are turned into terms", "leave output_mode out")  # fmt: skip
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token, self.invert = mask_token, oov_token, invert
        self.pad_to_max_tokens = pad_to_max_tokens
        self._terms: list | None = None
        self._weights: list | None = None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    @property
    def _special(self) -> list:
        """What stands before the terms: "masked", where that has a number, and "unknown"."""
        masked = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masked + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The terms; each has the number of its place, counted with the special ones."""
        return [*(self._special if include_special_tokens else []), *(self._terms or [])]

    def vocabulary_size(self) -> int:
        """The number of terms, the special ones included."""
        return len(self._special) + len(self._terms or [])

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take other terms, with or without the special ones before them."""
        if isinstance(vocabulary, str):
            with open(vocabulary, encoding="utf-8") as file:  # noqa: PTH123 - as it was given
                vocabulary = file.read().splitlines()
        terms = [self._term(x) for x in np.asarray(vocabulary).tolist()]
        special = self._special
        if special and terms[: len(special)] == special:
            terms = terms[len(special) :]
        twice = [term for term, count in Counter(terms).items() if count > 1]
        if twice:
            raise refused(self, "The passed vocabulary has at least one repeated term: "
                          f"{twice[:3]}", "each term has one number",
                          "leave out what stands twice")  # fmt: skip
        if (idf_weights is None) != (self.output_mode != "tf_idf"):
            raise refused(self, "`idf_weights` should be set if and only if `output_mode` is "
                          f"'tf_idf'. Received: output_mode={self.output_mode!r}",
                          "in this mode each term has a weight", "pass one for each")  # fmt: skip
        weights = None if idf_weights is None else np.asarray(idf_weights, float).tolist()
        if weights is not None:
            weights = weights[len(weights) - len(terms) :]
        self._terms, self._weights = terms, weights
        first = len(special)
        self._numbers = {self._key(term): first + i for i, term in enumerate(terms)}

    def _term(self, value: Any) -> Any:
        return value.decode(errors="replace") if isinstance(value, bytes) else self.kind(value)

    def _key(self, term: Any) -> Any:
        return term.encode() if isinstance(term, str) else term

    # Learning the terms.

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the terms of data, those that occur most often first.

        Args:
            data: an array or list, or a Dataset of batches.
            batch_size: Keras's; it has no effect.
            steps: how many batches to look at; by default all.
        """
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._counts: Counter = Counter()
        self._documents: Counter = Counter()
        self._document_count = 0

    def update_state(self, data: Any) -> None:
        """Count the terms of a batch: the last axis is a document, or each term alone."""
        array = np.asarray(convert_to_tensor(data))
        self.count(array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1).tolist())

    def count(self, documents: Iterable[Sequence]) -> None:
        """Count the terms of documents."""
        for terms in documents:
            self._counts.update(terms)
            self._documents.update(set(terms))
            self._document_count += 1

    def finalize_state(self) -> None:
        """Take the terms that were counted: by their counts, then from the last one backwards."""
        left_out = {self._key(x) for x in (self.mask_token, self.oov_token)}
        ranked = sorted(self._counts, key=lambda term: (self._counts[term], term), reverse=True)
        ranked = [term for term in ranked if term not in left_out]
        room = None if self.max_tokens is None else self.max_tokens - len(self._special)
        ranked = ranked[:room]
        weights = None
        if self.output_mode == "tf_idf":
            n = self._document_count
            weights = [log(1 + n / (1 + self._documents[term])) for term in ranked]
        self.set_vocabulary([self._term(term) for term in ranked], weights)

    # Looking them up.

    def _tensors(self, value: Any) -> Any:
        return convert_to_tensor(value) if isinstance(value, (list, tuple)) else (
            super()._tensors(value)
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """Terms as numbers, or what `output_mode` says.

        Shape: any → same; with (…, k) terms → (…, size of the vocabulary) in other modes.
        """
        if self.invert:
            return on_array(self._terms_of, inputs, self.term_dtype, inputs.shape)
        if self.output_mode == "int":
            return on_array(self._numbers_of, inputs, int64, inputs.shape)
        kept = inputs.shape if self.output_mode == "one_hot" else inputs.shape[:-1]
        return on_array(self._rows_of, inputs, self.compute_dtype, [*kept, self.row_size])

    @property
    def row_size(self) -> int:
        """How long the rows of `output_mode` "multi_hot" are."""
        if self.pad_to_max_tokens and self.max_tokens is not None:
            return self.max_tokens
        return self.vocabulary_size()

    def _rows_of(self, array: np.ndarray) -> np.ndarray:
        documents = array[..., None] if self.output_mode == "one_hot" or not array.ndim else array
        flat = documents.reshape(-1, documents.shape[-1]).tolist()
        return self.rows(flat).reshape(*documents.shape[:-1], self.row_size)

    def rows(self, documents: Sequence[Sequence]) -> np.ndarray:
        """What each document holds of each term: (documents, size of the vocabulary)."""
        out = np.zeros((len(documents), self.row_size), self.compute_dtype)
        for row, terms in zip(out, documents, strict=True):
            numbers = [n for n in map(self.number, terms) if n >= 0]
            np.add.at(row, numbers, 1)
        if self.output_mode in ("multi_hot", "one_hot"):
            np.minimum(out, 1, out=out)
        if self._weights is not None:
            unknown = [sum(self._weights) / max(len(self._weights), 1)] * self.num_oov_indices
            weights = [*unknown, *self._weights]
            out[:, : len(weights)] *= np.asarray(weights, out.dtype)
        return out

    def _numbers_of(self, array: np.ndarray) -> np.ndarray:
        numbers = np.fromiter(map(self.number, array.reshape(-1).tolist()), np.int64, array.size)
        return numbers.reshape(array.shape)

    def number(self, key: Any) -> int:
        """The number of a term; -1 for the mask token where it has none."""
        if self._terms is None:
            raise FailedPreconditionError(
                message(f"layer '{self.name}'", "", "You must set the layer's vocabulary before "
                        "calling it", "numbers are places in a vocabulary", "pass a `vocabulary` "
                        "argument to the layer, or call `adapt(data)`")
            )  # fmt: skip
        found = self._numbers.get(key)
        if found is not None:
            return found
        if self.mask_token is not None and key == self._key(self.mask_token):
            return 0 if self.output_mode == "int" else -1
        first = len(self._special) - self.num_oov_indices
        if not self.num_oov_indices:
            raise InvalidArgumentError(
                message(f"layer '{self.name}'", f"the term {self._term(key)!r}",
                        "When `num_oov_indices=0` all inputs should be in vocabulary",
                        "unknown terms have no number", "set num_oov_indices=1, or add the term")
            )  # fmt: skip
        return first + (self._hashed(key) % self.num_oov_indices)

    def _hashed(self, key: Any) -> int:
        return zlib.crc32(key) if isinstance(key, bytes) else int(key)

    def _terms_of(self, array: np.ndarray) -> np.ndarray:
        terms = [self._key(term) for term in self.get_vocabulary()]
        unknown = self._key(self.oov_token)
        found = [terms[i] if 0 <= i < len(terms) else unknown for i in array.reshape(-1).tolist()]
        out = np.empty(len(found), self.term_dtype.numpy)
        out[:] = found
        return out.reshape(array.shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the terms that were learned."""
        config = super().get_config()
        return config | {"vocabulary": self._terms, "idf_weights": self._weights}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made with what a configuration says."""
        return super().from_config({k: v for k, v in config.items() if k not in ONLY_KERAS})


class StringLookup(VocabularyLookup):
    """Words as numbers: 0 for an unknown one, then in the order of a vocabulary.

    Its arguments are those of all vocabularies: see `VocabularyLookup`.

    Args:
        max_tokens: the most terms, with those for "masked" and "unknown".
        num_oov_indices: how many numbers unknown terms share.
        mask_token: the term that stands for nothing: 0; None for no such term.
        oov_token: what unknown terms are called.
        vocabulary: the terms, or the name of a file with one in each line; else call `adapt`.
        idf_weights: with output_mode="tf_idf", what each term of the vocabulary weighs.
        invert: give the terms for numbers.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: let rows have `max_tokens` places.
        encoding: "utf-8", the only one here.
        **kwargs: those of all layers.

    Shape: any → same, int64; in other modes (…, k) → (…, size of the vocabulary).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.StringLookup(vocabulary=["cat", "dog"])
        >>> layer(["dog", "emu"]).numpy()
        array([2, 0])
    """

    term_dtype, kind = string, str

    @property
    def input_dtype(self) -> str:  # type: ignore[override]
        """Words, or their numbers on the way back."""
        return "int64" if self.invert else "string"

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1,
                 mask_token: str | None = None, oov_token: str = "[UNK]", vocabulary: Any = None,
                 idf_weights: Any = None, invert: bool = False, output_mode: str = "int",
                 pad_to_max_tokens: bool = False, encoding: str = "utf-8",
                 **kwargs: Any):  # fmt: skip
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary,
                         idf_weights, invert, output_mode, pad_to_max_tokens, **kwargs)  # fmt: skip
        one_of(self, "encoding", encoding, ("utf-8",))


class IntegerLookup(VocabularyLookup):
    """Any integers as numbers from 0 on: 0 for an unknown one, then in a vocabulary's order.

    Its arguments are those of all vocabularies: see `VocabularyLookup`.

    Args:
        max_tokens: the most terms, with those for "masked" and "unknown".
        num_oov_indices: how many numbers unknown terms share.
        mask_token: the term that stands for nothing: 0; None for no such term.
        oov_token: what unknown terms are called.
        vocabulary: the terms, or the name of a file with one in each line; else call `adapt`.
        vocabulary_dtype: "int64", the only one here.
        idf_weights: with output_mode="tf_idf", what each term of the vocabulary weighs.
        invert: give the terms for numbers.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: let rows have `max_tokens` places.
        **kwargs: those of all layers.

    Shape: any → same, int64; in other modes (…, k) → (…, size of the vocabulary).

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.IntegerLookup()
        >>> layer.adapt([1001, 7, 1001])
        >>> layer([7, 1001, 5]).numpy()
        array([2, 1, 0])
    """

    term_dtype, kind = int64, int

    def __init__(self, max_tokens: int | None = None, num_oov_indices: int = 1,
                 mask_token: int | None = None, oov_token: int = -1, vocabulary: Any = None,
                 vocabulary_dtype: str = "int64", idf_weights: Any = None, invert: bool = False,
                 output_mode: str = "int", pad_to_max_tokens: bool = False,
                 **kwargs: Any):  # fmt: skip
        super().__init__(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary,
                         idf_weights, invert, output_mode, pad_to_max_tokens, **kwargs)  # fmt: skip
        one_of(self, "vocabulary_dtype", vocabulary_dtype, ("int64",))


def batches_of(data: Any, steps: int | None) -> Iterator:
    """An array as one batch; a Dataset, or anything else that can be gone through, as its batches.

    Raises:
        InvalidArgumentError: (also a ValueError) for a KerasTensor, which has no elements.
    """
    if is_symbolic(data) or isinstance(data, (np.ndarray, list, tuple, Operand)):
        yield data
        return
    for i, batch in enumerate(data):
        if steps is not None and i >= steps:
            return
        yield batch


def on_array(function: Callable, x: Any, dtype: Any, shape: Any) -> Any:
    """What a function of a numpy array gives, now or when a traced function runs."""

    def on_element_too(array: Any) -> Any:
        return function(np.asarray(array, object if isinstance(array, bytes) else None))

    found = numpy_function(on_element_too, [x], dtype)
    found.set_shape(shape)
    return found
