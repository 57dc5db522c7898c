"""The renderer's source: read, joined and packed. No build step, no network, no Node.

The files of `static/` are ordinary ES modules. Joined in the order of their imports they make one
module per widget class; deflated they are a third of that, so each output can carry its own copy
and survive being moved, exported or opened without a kernel.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from functools import cache
from pathlib import Path

_STATIC = Path(__file__).parent / "static"
_WORDS = ("layering", "layout", "scene", "replay", "dom")
_PICTURE = (*_WORDS, "draw", "viewport", "pane")
_MAIN = {
    "graph": (*_PICTURE, "search", "graph"),
    "stepper": (*_PICTURE, "controls", "cards", "stepper"),
    "traces": (*_WORDS, "controls", "units", "cache"),
    "passes": (*_PICTURE, "controls", "units", "slider"),
}


@cache
def source(name: str) -> str:
    """One module of `static/` without comments, indentation, imports and exports."""
    text = (_STATIC / f"{name}.js").read_text(encoding="utf-8")
    text = re.sub(r"^import [^;]*;", "", text, flags=re.MULTILINE)
    kept = []
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith(("//", "export default")):
            kept.append(re.sub(r"^export (?=const|class|function|async)", "", line))
    return "\n".join(kept)


@cache
def css() -> str:
    """The style sheet without its indentation."""
    text = (_STATIC / "widget.css").read_text(encoding="utf-8")
    text = "\n".join(line.strip() for line in text.splitlines())
    return re.sub(r"(?<=[{;,])\n", "", text)


@cache
def bundle(main: str, island: bool = True) -> str:
    """All code of one viewer ("graph", "stepper", …) as one module that exports render.

    An island also needs the style sheet, which a widget hands over by itself, and `upgrade`.
    """
    parts = [source(name) for name in _MAIN[main]]
    if not island:
        return "\n".join([*parts, "export { render };"])
    parts += [f"const CSS_TEXT = {json.dumps(css())};", source("island")]
    return "\n".join([*parts, "export { render, upgrade };"])


def pack(text: str) -> str:
    """Deflate a text and write it in base64: it can then stand in a script and mean nothing there.

    Example:
        >>> zlib.decompress(base64.b64decode(pack("</script>"))).decode()
        '</script>'
    """
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


@cache
def loading(main: str, island: bool = True) -> str:
    """JavaScript that unpacks a bundle: an expression for the promise of its exports."""
    code = bundle(main, island)
    name = hashlib.sha256(code.encode()).hexdigest()[:12]
    return f'load("{name}", "{pack(code)}")'


@cache
def esm(main: str) -> str:
    """The `_esm` of a widget class."""
    return (
        f"{source('loader')}\nconst {{ render }} = await {loading(main, island=False)};\n"
        "export default { render };\n"
    )
