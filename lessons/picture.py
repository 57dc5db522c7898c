"""Draw the picture of the README from a real backward pass: `python lessons/picture.py`.

`--check` writes nothing and fails when the committed picture is not what would be drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import minitensor as mt
from minitensor_widgets import step

PICTURE = Path(__file__).resolve().parent / "images" / "stepper.svg"


def draw() -> str:
    """The finished backward pass of y = a · b + sin(a) as SVG."""
    a, b = mt.Variable(2.0, name="a"), mt.Variable(3.0, name="b")
    with mt.GradientTape() as tape:
        y = a * b + mt.sin(a)
    return step(tape, y).to_svg()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture, or compare it; the exit status is 1 when it is stale."""
    parser = argparse.ArgumentParser(description="Draw the picture of the README.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    fresh = draw() + "\n"
    if parser.parse_args(arguments).check:
        same = PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == fresh
        print("the picture is up to date" if same else "run python lessons/picture.py")
        return 0 if same else 1
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
