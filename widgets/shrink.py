"""Write `minitensor_widgets/static/small`: every viewer minified. `--check` says what is stale.

    python widgets/shrink.py [--check]

Needs tdewolff-minify, which comes with the extra `test`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from minitensor_widgets import assets

SMALL = assets.STATIC / "small"


def shrunk(main: str) -> str:
    """The file of one viewer: its code and style minified, and what they were made of.

    Of a viewer with parts each module by itself, so that any of them can be joined.
    """
    if "+" in main:
        made = {
            name: _made(assets.fingerprint_of(name), assets.source(name), assets.sheet(name))
            for name in assets.modules(main)
        }
    else:
        code = f"const render=(()=>{{{assets.joined(main)}\n}})();"
        made = _made(assets.fingerprint(main), code, assets.styles(main))
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _made(of: str, code: str, css: str) -> dict[str, str]:
    import minify

    return {
        "of": of,
        "code": minify.string("application/javascript", code),
        "css": minify.string("text/css", css),
    }


def main() -> int:
    """Write the files, or compare them with what would be written."""
    wanted = {assets.small_path(name): shrunk(name) for name in assets.viewers()}
    found = {path: path.read_text(encoding="utf-8") for path in SMALL.glob("*.json")}
    stale = sorted(path for path in wanted | found if wanted.get(path) != found.get(path))
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is out of date: run python widgets/shrink.py")
        return int(bool(stale))
    SMALL.mkdir(exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"{len(stale)} of {len(wanted)} viewers written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
