"""What every static figure is made of: text, its font, and the card it stands on.

A figure is shown as an image, so it cannot see the page's theme: it stands on its own white card
and sets its own sizes. Every string passes through `html.escape`.
"""

from __future__ import annotations

from html import escape

FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
STYLE = (
    f"text{{font:12px {FONT};fill:#1a1a1a}}text.s{{font-size:10px;fill:#454545}}"
    "text.h{font:600 13px system-ui,sans-serif}text.m{text-anchor:middle}text.e{text-anchor:end}"
)


def text(x: float, y: float, words: str, style: str = "") -> str:
    """A line of text; the styles are s (small), h (heading), m (middle) and e (ends at x)."""
    css = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{css}>{escape(words)}</text>'


def card(width: float, height: float, alt: str, content: str, style: str = "") -> str:
    """A whole figure: a white card of this size with `content` on it.

    Example:
        >>> card(20, 10, "a dot", "").startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        True
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(alt, quote=True)}">'
        f'<style>{STYLE}{style}</style><rect width="100%" height="100%" rx="6" fill="#fff"/>'
        f"{content}</svg>"
    )
