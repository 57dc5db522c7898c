"""Take a picture of every viewer, light and dark: `python docs/screenshots.py [NAME …]`.

Writes `docs/screenshots/NAME-light.png` and `NAME-dark.png`, for which it needs Chromium and
playwright. MINITENSOR_CHROMIUM names the browser where it is not on the path.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "widgets"), str(HERE.parent)]

import gallery

NAMES = ("chromium", "chromium-browser", "google-chrome")
PAGE = '<!doctype html><html lang="en"><body style="margin:0;background:{}">{}</body></html>'
PAPER = {"light": "#ffffff", "dark": "#111111"}


def browser_path() -> str:
    """Where Chromium is."""
    found = os.environ.get("MINITENSOR_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), ""
    )
    if not found:
        sys.exit("No Chromium found: install it, or name one in MINITENSOR_CHROMIUM.")
    return found


def main(names: list[str]) -> None:
    """Take the pictures of some viewers, or of all."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names or gallery.EXAMPLES:
            html = gallery.EXAMPLES[name]().to_html(static=False)
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 900, "height": 700}, color_scheme=scheme,
                    device_scale_factor=1.5, reduced_motion="reduce",
                )  # fmt: skip
                page.set_content(PAGE.format(PAPER[scheme], html))
                page.locator(".mt-title").wait_for()
                path = HERE / "screenshots" / f"{name}-{scheme}.png"
                page.locator(".mt").first.screenshot(path=path)
                page.close()
                print(path.relative_to(HERE.parent))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
