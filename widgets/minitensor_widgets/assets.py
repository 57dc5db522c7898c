"""The renderer's source: modules joined in the order of their imports, made small, and packed.

The files of `static/` are ordinary ES modules, each with its style sheet beside it. A viewer is one
of them and all it imports. `static/small/` holds the same, minified by `python widgets/shrink.py`;
a viewer whose sources have changed since is joined as it stands, so that editing needs no build.
Deflated and in base64 a viewer is small enough for each output to carry its own copy, and survive
being moved, exported or opened without a kernel.

A viewer may have parts (the panes of a dashboard), of which an output takes those it needs: "a+b+c"
is the viewer `a` joined with its parts `b` and `c`. They are minified one by one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import [^;]*?"(\.[^"]+)";', re.MULTILINE)
_PART = re.compile(r"^PANES\.\w+ = ", re.MULTILINE)


@cache
def modules(main: str) -> tuple[str, ...]:
    """The modules of a viewer, each after those it imports; names are paths below `static`.

    Of a viewer with parts, "a+b", first those of `a`.

    Example:
        >>> modules("values")
        ('values',)
    """
    found: dict[str, None] = {}
    for name in main.split("+"):
        _walk(STATIC / f"{name}.js", found)
    return tuple(found)


def _walk(path: Path, found: dict[str, None]) -> None:
    name = path.relative_to(STATIC).with_suffix("").as_posix()
    if name in found:
        return
    for other in _IMPORT.findall(path.read_text(encoding="utf-8")):
        _walk((path.parent / other).resolve(), found)
    found[name] = None


def viewers() -> list[str]:
    """The modules that export `render`, one for each viewer; with all parts where it has any."""
    paths = sorted(STATIC.rglob("*.js"))
    found = [path for path in paths if "export const render" in path.read_text(encoding="utf-8")]
    return [whole(path.relative_to(STATIC).with_suffix("").as_posix()) for path in found]


@cache
def whole(main: str) -> str:
    """A viewer with all its parts: the modules beside it that put themselves among its PANES."""
    if "PANES" not in (STATIC / f"{main}.js").read_text(encoding="utf-8"):
        return main
    beside = sorted((STATIC / main).parent.glob("*.js"))
    parts = [path for path in beside if _PART.search(path.read_text(encoding="utf-8"))]
    return "+".join(
        [main, *(path.relative_to(STATIC).with_suffix("").as_posix() for path in parts)]
    )


@cache
def source(name: str) -> str:
    """One module of `static/` without comments, indentation, imports and exports."""
    text = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    text = re.sub(r"^import [^;]*;", "", text, flags=re.MULTILINE)
    kept = []
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith(("//", "export default")):
            kept.append(re.sub(r"^export (?=const|class|function|async)", "", line))
    return "\n".join(kept)


@cache
def joined(main: str) -> str:
    """The code of a viewer as the body of a function that returns `render`."""
    return "\n".join([_head(main), *map(source, modules(main)), "return render;"])


def _head(main: str) -> str:
    return f'const VIEWER = "{_scope(main)}";'


def _scope(main: str) -> str:
    """The class of all hosts of a viewer: its style sheet holds inside them and nowhere else."""
    return f"mt-in-{main.partition('+')[0].replace('/', '-')}"


@cache
def styles(main: str) -> str:
    """The style sheets beside the modules of a viewer, without indentation."""
    text = "\n".join(filter(None, map(sheet, modules(main))))
    return f".{_scope(main)}{{{text}}}"


@cache
def sheet(name: str) -> str:
    """The style sheet beside a module, if there is one, without indentation."""
    path = STATIC / f"{name}.css"
    if not path.exists():
        return ""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = "\n".join(line.strip() for line in text.splitlines())
    return re.sub(r"(?<=[{;,}])\n", "", text)


def fingerprint(main: str) -> str:
    """What `static/small` notes of the sources it was made from."""
    return hashlib.sha256((joined(main) + styles(main)).encode()).hexdigest()[:16]


def small_path(main: str) -> Path:
    """Where the minified copy of a viewer is: one for all its parts."""
    return STATIC / "small" / f"{main.partition('+')[0].replace('/', '-')}.json"


def fingerprint_of(name: str) -> str:
    """The same for one module, where those of a viewer are minified one by one."""
    return hashlib.sha256((source(name) + sheet(name)).encode()).hexdigest()[:16]


@cache
def _small(main: str) -> dict[str, str]:
    """The minified code and style of a viewer, or the plain ones where those are out of date."""
    path = small_path(main)
    made = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if made.get("of") == fingerprint(main):
        return made
    if "+" in whole(main.partition("+")[0]):
        return _of_parts(main, made)
    return {"code": f"const render = (() => {{\n{joined(main)}\n}})();", "css": styles(main)}


def _of_parts(main: str, made: dict[str, dict[str, str]]) -> dict[str, str]:
    """The same for some parts of a viewer, of which each module is minified by itself."""
    code, css = [_head(main)], []
    for name in modules(main):
        known = made.get(name, {})
        fresh = known.get("of") == fingerprint_of(name)
        code.append(known["code"] if fresh else source(name))
        css.append(known["css"] if fresh else sheet(name))
    text = "\n".join([*code, "return render;"])
    return {
        "code": f"const render=(()=>{{{text}}})();",
        "css": f".{_scope(main)}{{{''.join(css)}}}",
    }


def css(main: str) -> str:
    """The style sheet of a viewer."""
    return _small(main)["css"]


@cache
def bundle(main: str, island: bool = True) -> str:
    """All code of one viewer ("graphs/graph", …) as one module that exports `render`.

    An island also needs the style sheet, which a widget hands over by itself, and `upgrade`.
    """
    code = _small(main)["code"]
    if not island:
        return f"{code}\nexport {{ render }};"
    style = f"const CSS_TEXT = {json.dumps(css(main), ensure_ascii=False)};"
    return "\n".join([code, style, source("island"), "export { render, upgrade };"])


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
