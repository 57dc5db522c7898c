"""String tensors, `mt.strings`: join, cut, replace, and convert to and from numbers."""

from __future__ import annotations

from typing import Any

from minitensor import nest
from minitensor.ops.text import as_string as as_string
from minitensor.ops.text import regex_full_match as regex_full_match
from minitensor.ops.text import regex_replace as regex_replace
from minitensor.ops.text import string_format, string_join
from minitensor.ops.text import string_length as length
from minitensor.ops.text import string_lower as lower
from minitensor.ops.text import string_reduce_join as reduce_join
from minitensor.ops.text import string_strip as strip
from minitensor.ops.text import string_to_number as to_number
from minitensor.ops.text import string_upper as upper
from minitensor.ops.text import substr as substr

__all__ = [
    "as_string",
    "format",
    "join",
    "length",
    "lower",
    "reduce_join",
    "regex_full_match",
    "regex_replace",
    "strip",
    "substr",
    "to_number",
    "upper",
]


def join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Matching strings of a list of tensors put together.

    Shape: broadcast of all.

    Example:
        >>> import minitensor as mt
        >>> mt.strings.join(["a", ["b", "c"]], separator="-").numpy().tolist()
        [b'a-b', b'a-c']
    """
    return string_join(list(inputs), separator=separator, name=name)


def format(
    template: str,
    inputs: Any,
    placeholder: str = "{}",
    summarize: int = 3,
    name: str | None = None,
) -> Any:
    """The template with the text of one tensor, as `mt.print` writes it, for each placeholder.

    Shape: any… → () string.

    Example:
        >>> import minitensor as mt
        >>> mt.strings.format("x = {}", mt.constant([0.5, 2.0])).numpy()
        b'x = [0.5 2]'
    """
    tensors = nest.flatten(inputs)
    return string_format(
        tensors, template=template, placeholder=placeholder, summarize=summarize, name=name
    )
