"""`TextVectorization`: texts as numbers, word by word or letter by letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import punctuation
from typing import Any

import numpy as np

from minitensor.dtypes import int64
from minitensor.eager import convert_to_tensor
from minitensor.errors import InvalidArgumentError, message
from minitensor.keras.layer import Layer
from minitensor.keras.layers.arguments import one_of, refused
from minitensor.keras.layers.text_lookup import (
    NEW_NAMES,
    ONLY_KERAS,
    StringLookup,
    batches_of,
    on_array,
)
from minitensor.ops import squeeze

__all__ = ["TextVectorization"]

TEXT_MODES = ("int", "multi_hot", "count", "tf_idf")
STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")


class TextVectorization(Layer):
    """Texts brought into one form, split into tokens, and these looked up in a vocabulary.

    Args:
        max_tokens: the most tokens in the vocabulary, with "" and "[UNK]".
        standardize: "lower_and_strip_punctuation", "lower" or "strip_punctuation", a function of
            the tensor of texts, or None.
        split: "whitespace", "character", None for texts that are tokens, or a function of the
            tensor (n,) that gives tokens (n, k), with "" where a text has fewer.
        ngrams: neighbours that count as tokens of their own, put together: up to that many, or
            the numbers in a tuple.
        output_mode: "int" for the numbers of the tokens; "multi_hot", "count" or "tf_idf" for
            what a text holds of each token of the vocabulary.
        output_sequence_length: cut or fill up the numbers to so many; with "int" only.
        pad_to_max_tokens: let rows of the other modes have `max_tokens` places.
        vocabulary: the tokens, or the name of a file with one in each line; else call `adapt`.
        idf_weights: with "tf_idf", what each token of the vocabulary weighs.
        encoding: "utf-8", the only one here.
        **kwargs: those of all layers.

    Shape: (n,) or (n, 1) texts → (n, longest, or output_sequence_length) int64, filled up with 0;
    (n, size of the vocabulary) in other modes.

    Raises:
        InvalidArgumentError: (also a ValueError) for arguments that do not go together, and for
            several texts in a row.
        FailedPreconditionError: (also a RuntimeError) when called without a vocabulary.

    Example:
        >>> import minitensor as mt
        >>> layer = mt.keras.layers.TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["The cat sat.", "The dog sat!"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
        >>> layer(["a cat sat"]).numpy()
        array([[1, 5, 3, 0]])
    """

    input_dtype = "string"

    def __init__(self, max_tokens: int | None = None,
                 standardize: str | Callable | None = "lower_and_strip_punctuation",
                 split: str | Callable | None = "whitespace", ngrams: Any = None,
                 output_mode: str = "int", output_sequence_length: int | None = None,
                 pad_to_max_tokens: bool = False, vocabulary: Any = None,
                 idf_weights: Any = None, encoding: str = "utf-8", **kwargs: Any):  # fmt: skip
        super().__init__(**kwargs)
        if standardize is not None and not callable(standardize):
            one_of(self, "standardize", standardize, STANDARDS)
        if split is not None and not callable(split):
            one_of(self, "split", split, ("whitespace", "character"))
        self.standardize, self.split = standardize, split
        self._widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
        mode = one_of(self, "output_mode", NEW_NAMES.get(output_mode, output_mode), TEXT_MODES)
        if mode != "int" and output_sequence_length is not None:
            raise refused(
                self, "`output_sequence_length` must not be set if `output_mode` is not 'int'. "
                f"Received output_sequence_length={output_sequence_length!r}",
                "other modes give rows of the vocabulary's size", "leave it out",
            )  # fmt: skip
        self.output_mode, self.output_sequence_length = mode, output_sequence_length
        self.lookup = StringLookup(
            max_tokens, mask_token="", vocabulary=vocabulary, idf_weights=idf_weights,
            output_mode=mode, encoding=encoding, pad_to_max_tokens=pad_to_max_tokens,
            dtype=self.dtype,
        )  # fmt: skip

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens; each has the number of its place, counted with "" and "[UNK]"."""
        return self.lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, with "" and "[UNK]"."""
        return self.lookup.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take other tokens."""
        self.lookup.set_vocabulary(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the tokens of texts as the vocabulary, those that occur most often first.

        Args:
            data: an array or list of texts, or a Dataset of batches of them.
            batch_size: Keras's; it has no effect.
            steps: how many batches to look at; by default all.
        """
        self.lookup.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.lookup.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        self.lookup.count(self._tokens(np.asarray(self._split_by_caller(convert_to_tensor(data)))))

    def _tensors(self, value: Any) -> Any:
        return convert_to_tensor(value) if isinstance(value, (list, tuple, str)) else (
            super()._tensors(value)
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The texts as numbers."""
        texts = self._split_by_caller(inputs)
        sizes = texts.shape[:-1] if callable(self.split) else texts.shape
        if self.output_mode != "int":
            return on_array(self._rows, texts, self.compute_dtype, [*sizes, self.lookup.row_size])
        if self.split is not None or self._widths is not None:
            sizes = [*sizes, self.output_sequence_length]
        return on_array(self._numbers, texts, int64, sizes)

    def _split_by_caller(self, texts: Any) -> Any:
        """The texts after what functions of the caller make of them."""
        texts = self.standardize(texts) if callable(self.standardize) else texts
        if self.split is not None and len(texts.shape) > 1:
            if texts.shape[-1] != 1:
                raise InvalidArgumentError(
                    message(f"layer '{self.name}'", f"shape {tuple(texts.shape)}",
                            "When using `TextVectorization` to tokenize strings, the input rank "
                            "must be 1 or the last shape dimension must be 1",
                            "each text becomes a row of tokens", "pass one text for each sample")
                )  # fmt: skip
            texts = squeeze(texts, axis=[-1])
        return self.split(texts) if callable(self.split) else texts

    # On arrays.

    def _numbers(self, texts: np.ndarray) -> np.ndarray:
        rows = [[self.lookup.number(token) for token in row] for row in self._tokens(texts)]
        if self.split is None and self._widths is None:
            return np.array([row[0] for row in rows], np.int64).reshape(texts.shape)
        length = self.output_sequence_length
        if length is None:
            length = max(map(len, rows), default=0)
        out = np.zeros((len(rows), length), np.int64)
        for place, row in zip(out, rows, strict=True):
            place[: len(row)] = row[:length]
        return out.reshape(*self._sizes(texts), length)

    def _rows(self, texts: np.ndarray) -> np.ndarray:
        found = self.lookup.rows(self._tokens(texts))
        return found.reshape(*self._sizes(texts), self.lookup.row_size)

    def _sizes(self, texts: np.ndarray) -> tuple:
        return texts.shape[:-1] if callable(self.split) else texts.shape

    def _tokens(self, texts: np.ndarray) -> list[list[bytes]]:
        """The tokens of each text."""
        if callable(self.split):
            rows = texts.reshape(-1, texts.shape[-1]).tolist()
            found = [[token for token in row if token] for row in rows]
        else:
            found = [self._tokens_of(text) for text in texts.reshape(-1).tolist()]
        if self._widths is None:
            return found
        return [[gram for n in self._widths for gram in _neighbours(row, n)] for row in found]

    def _tokens_of(self, text: bytes) -> list[bytes]:
        how = "" if callable(self.standardize) else self.standardize or ""
        text = text.lower() if "lower" in how else text
        text = text.translate(None, punctuation.encode()) if "strip" in how else text
        if self.split is None:
            return [text]
        if self.split == "character":
            return [letter.encode() for letter in text.decode(errors="replace")]
        return text.split()

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the tokens that were learned."""
        own = self.lookup.get_config()
        learned = {key: own[key] for key in ("vocabulary", "idf_weights")}
        widths = self._given.arguments.get("ngrams")
        widths = list(widths) if isinstance(widths, tuple) else widths
        return super().get_config() | learned | {"ngrams": widths}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """A layer made with what a configuration says."""
        return super().from_config({k: v for k, v in config.items() if k not in ONLY_KERAS})


def _neighbours(tokens: Sequence[bytes], count: int) -> list[bytes]:
    return [b" ".join(tokens[i : i + count]) for i in range(len(tokens) - count + 1)]
