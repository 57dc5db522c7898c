"""Markdown as a tree of plain data: no HTML is ever made, so none can be smuggled in.

A node is a string or a dict: `is` names the element, `of` lists what is inside, a link says
where `to`, a cell of a table how to `align`. `static/summaries/text.js` makes elements of it, by
name and from the same list.

Of CommonMark, pictures and raw HTML are left out: both stay the text that they are. Tables and
~~strike-through~~ are added, as TensorBoard has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ..records import plain

Node = str | dict[str, Any]

TAGS = frozenset({
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li",
    "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
})  # fmt: skip
"""Every element there can be."""
DEEPEST = 24
"""Text that nests deeper is shown as it was written."""
LONGEST = 20_000
"""Characters of one text; the rest is left out, and said to be."""


@lru_cache(maxsize=1024)  # a dashboard that is kept up to date asks for the same ones each time
def markdown(text: str) -> tuple[Node, ...]:
    """The tree of a text.

    Without the package markdown-it-py, and for text nested too deep to be meant, this is the text
    itself as one node `plain`.

    Example:
        >>> markdown("**loss** fell")
        ({'is': 'p', 'of': [{'is': 'strong', 'of': ['loss']}, ' fell']},)
        >>> markdown("<script>alert(1)</script>")
        ({'is': 'p', 'of': ['<script>alert(1)</script>']},)
    """
    cut = len(text) - LONGEST
    text = plain(text[:LONGEST])
    made = _tree(text) if find_spec("markdown_it") else None
    nodes: list[Node] = [{"is": "plain", "of": [text]}] if made is None else made
    if cut > 0:
        nodes.append({"is": "plain", "of": [f"… {cut} more characters are left out."]})
    return tuple(nodes)


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": 2 * DEEPEST}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def _tree(text: str) -> list[Node] | None:
    """The tree of a text; None when it nests too deep."""
    try:
        tokens = _parser().parse(text)
    except RecursionError:
        return None
    inline = [inner for token in tokens for inner in token.children or ()]
    if max((token.level for token in (*tokens, *inline)), default=0) > DEEPEST:
        return None
    return _nested(tokens)


def _nested(tokens: Sequence[Any]) -> list[Node]:
    """A list of tokens, in which elements are opened and closed, as a tree."""
    top: list[Node] = []
    open_ones = [(top, "")]
    for token in tokens:
        into = open_ones[-1][0]
        if token.type == "inline":
            into += _joined(_nested(token.children or []))
        elif token.nesting < 0:
            inside, tail = open_ones.pop()
            inside += [tail] if tail else []
        elif token.nesting > 0:
            node = _element(token)
            # What must not be an element is none: its content stands where it would stand.
            open_ones.append((into, _tail(token)) if node is None else (node["of"], ""))
            into += [] if node is None else [node]
        else:
            into += _leaf(token)
    return top


def _tail(token: Any) -> str:
    """What is written after the words of a link that is none: where it would have led."""
    return f" ({token.attrs.get('href', '')})" if token.tag == "a" else ""


def _element(token: Any) -> dict[str, Any] | None:
    """The node that a token opens; None when it is left out: hidden, or not in the list."""
    tag = "del" if token.tag == "s" else token.tag
    if token.hidden or tag not in TAGS:
        return None
    node: dict[str, Any] = {"is": tag, "of": []}
    if tag == "a":
        address = str(token.attrs.get("href", ""))
        if not safe(address):
            return None
        node["to"] = address
    aligned = str(token.attrs.get("style", "")).removeprefix("text-align:")
    if aligned in ("center", "right"):
        node["align"] = aligned
    if tag == "ol" and isinstance(start := token.attrs.get("start"), int):
        node["start"] = start
    return node


def _leaf(token: Any) -> list[Node]:
    """A token that opens nothing: text, code, a line break, a rule, a picture."""
    if token.type in ("fence", "code_block"):
        return [{"is": "pre", "of": [token.content]}]
    if token.type == "code_inline":
        return [{"is": "code", "of": [token.content]}]
    if token.type == "softbreak":
        return ["\n"]
    if token.type in ("hardbreak", "hr"):
        return [{"is": token.tag, "of": []}]
    if token.type == "image":
        return [f"{token.content} (a picture, not loaded: {token.attrs.get('src', '')})"]
    return [token.content] if token.content else []


def _joined(nodes: list[Node]) -> list[Node]:
    """Neighbouring strings as one."""
    made: list[Node] = []
    for node in nodes:
        if isinstance(node, str) and made and isinstance(made[-1], str):
            made[-1] += node
        else:
            made.append(node)
    return made


def safe(address: str) -> bool:
    """Whether a link may lead there: to a host, by http or https.

    Example:
        >>> safe("https://example.org/a"), safe("javascript:alert(1)"), safe("data:text/html,x")
        (True, False, False)
    """
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return False


def words(nodes: Sequence[Node]) -> str:
    """What a tree says, without its form.

    Example:
        >>> words(markdown("# Run *3*"))
        'Run 3'
    """
    parts = [node if isinstance(node, str) else words(node["of"]) for node in nodes]
    gap = " " if any(not isinstance(n, str) and n["is"] in _BLOCKS for n in nodes) else ""
    return gap.join(part for part in parts if part)


_BLOCKS = TAGS - {"a", "br", "code", "del", "em", "strong"} | {"plain"}
