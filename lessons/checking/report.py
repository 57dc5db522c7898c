"""What the learner sees: a status word with its icon, then one step of help after another.

A report is text first; the HTML says the same words with structure around them, every piece of
which is escaped, because a learner's repr is data and never markup.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How far an exercise is: an icon and a word, never a colour alone."""

    NOT_ATTEMPTED = ("○", "Not attempted", "#6b7280")
    NOT_YET = ("✗", "Not yet", "#b45309")
    PASSED = ("✓", "Passed", "#15803d")
    INFO = ("ℹ", "", "#3b82f6")

    @property
    def label(self) -> str:
        """Icon and word."""
        icon, word, _ = self.value
        return f"{icon} {word}".strip()


@dataclass(frozen=True)
class Block:
    """A paragraph of a report; `code` keeps line breaks and uses a fixed-width face."""

    text: str
    code: bool = False


@dataclass(frozen=True)
class Report:
    """The answer to a check, a prediction, a hint: shown by Jupyter, printed anywhere else."""

    status: Status
    title: str
    blocks: tuple[Block, ...] = ()

    def __repr__(self) -> str:
        """The whole report as plain text; nothing in it changes from run to run."""
        lines = [f"{self.status.label}  {self.title}"]
        for block in self.blocks:
            indent = "    " if block.code else ""
            lines += [indent + line for line in block.text.splitlines()]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}

    def html(self) -> str:
        """The same words as HTML. Text takes the page's colour, so light and dark both work."""
        colour = self.status.value[2]
        frame = f"border-left:0.3em solid {colour};padding:0.3em 0.8em;margin:0.3em 0"
        head = f"<strong>{escape(self.status.label)}</strong> {escape(self.title)}"
        body = "".join(_block_html(block) for block in self.blocks)
        return f'<div role="status" style="{frame}"><div>{head}</div>{body}</div>'


def _block_html(block: Block) -> str:
    if block.code:
        style = (
            "margin:0.3em 0 0.3em 1em;white-space:pre-wrap;word-break:normal; "
            "overflow-wrap:anywhere;background:none"
        )
        return f'<pre style="{style}">{escape(block.text)}</pre>'
    return f'<p style="margin:0.3em 0;white-space:pre-line">{escape(block.text)}</p>'


def escape(text: str) -> str:
    """Text as HTML that shows exactly this text, and in which no front end finds markup or TeX."""
    return html.escape(text, quote=True).replace("$", "&#36;")
