"""A real browser and a real JupyterLab for tests; both are skipped with a word when absent.

`MINITENSOR_REQUIRE_BROWSER=1` (set by `.ci/run`) turns that skip into a failure.
`MINITENSOR_SCREENSHOTS` names a folder that keeps the pictures tests take.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from minitensor_widgets import assets

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_WANTED = ("gpu", "quic", "background-networking", "component-update", "sync", "dev-shm-usage")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{it}" for it in NOT_WANTED)]
KERNEL_IDLE = """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel
    ?.status === 'idle'"""
QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")


def unavailable(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("MINITENSOR_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason} (MINITENSOR_REQUIRE_BROWSER=1)")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium, closed after each file: playwright runs once in a thread."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable('no playwright: pip install -e ".[test]"')
        return
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("MINITENSOR_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), None
    )
    if path is None:
        unavailable("no browser: install Chromium, or name one in MINITENSOR_CHROMIUM")
        return
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page; a script error on it, other than JupyterLab's own, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    yield made
    context.close()
    lab_itself = re.compile(r"/static/lab/|/lab/extensions/|create_subshell_request")
    assert [error for error in errors if not lab_itself.search(error)] == []


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go: `$MINITENSOR_SCREENSHOTS`, else the test's own folder."""
    folder = Path(os.environ.get("MINITENSOR_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Lab:
    """A running JupyterLab: `open` a notebook in a page, `run` it, look at what came out."""

    url: str
    token: str
    folder: Path
    opened: list[Any] = field(default_factory=list)

    def open(self, page: Any, notebook: str) -> None:
        """Show a notebook of the lab's folder and wait for its kernel."""
        workspace = secrets.token_hex(4)
        address = f"{self.url}/lab/workspaces/{workspace}/tree/{notebook}?token={self.token}&reset"
        page.goto(address)
        page.wait_for_function(KERNEL_IDLE, timeout=90_000)
        self.opened.append(page)

    def run_all(self, page: Any) -> None:
        """Run every cell; fails with the error of the first that raised."""
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(KERNEL_IDLE, timeout=120_000)
        outputs = [out for cell in self.cells(page) for out in cell.get("outputs", [])]
        errors = [out["evalue"] for out in outputs if out["output_type"] == "error"]
        assert errors == []

    def run(self, page: Any, index: int) -> None:
        """Run one cell until its last output is there."""
        page.evaluate(
            """async (index) => {
                jupyterapp.shell.currentWidget.content.activeCellIndex = index;
                await jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def cells(self, page: Any) -> list[dict[str, Any]]:
        """The cells of the open notebook as they would be saved."""
        return page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")

    def cell(self, page: Any, index: int) -> Any:
        """Scroll to a cell and give its element; cells out of sight are not in the page."""
        page.evaluate(
            """async (index) => {
                const notebook = jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                await notebook.scrollToItem(index, 'start');
            }""",
            index,
        )
        return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active")

    def write(self, name: str, *cells: str) -> str:
        """Put a notebook of code cells into the lab's folder."""
        import nbformat

        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(made, self.folder / name)
        return name

    def go_on(self, place: str) -> None:
        """Tell a cell that runs `unhurried(place)` that it was looked at and may end."""
        (self.folder / f"{place}.seen").touch()

    def close_kernels(self) -> None:
        """Shut the sessions down: an old kernel would keep old widget code."""
        for page in self.opened:
            page.evaluate("() => jupyterapp.shell.currentWidget?.sessionContext.shutdown()")
        self.opened.clear()


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the lessons, with settings of its own."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "lessons"
    shutil.copytree(ROOT / "lessons", folder, ignore=shutil.ignore_patterns("__pycache__"))
    lab = Lab(f"http://127.0.0.1:{free_port()}", secrets.token_hex(16), folder)
    where = [f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
    with running(lab, home, ["-m", "jupyterlab", *where]):
        yield lab


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(lab: Lab, home: Path, command: list[str]) -> Iterator[Path]:
    """Run a command that starts JupyterLab, until the block ends; gives its log."""
    port = urllib.parse.urlsplit(lab.url).port
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    options = [
        *("--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", *root),
        *(f"--IdentityProvider.token={lab.token}", "--LabApp.extension_manager=readonly"),
    ]
    path = home / "log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command, *options],
            env=_environment(home),
            cwd=home,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_it_answers(lab, process, path)
            yield path
        finally:
            _end(process)


@pytest.fixture
def lab_of_the_command(page: Any, tmp_path: Path) -> Iterator[str]:
    """The address that `minitensor lab --no-browser` prints."""
    lab = Lab(f"http://127.0.0.1:{free_port()}", secrets.token_hex(16), ROOT / "lessons")
    with running(lab, tmp_path, ["-m", "minitensor.cli", "lab"]) as log:
        printed = re.findall(r"http://127\.0\.0\.1\S+", log.read_text())[0]
        yield printed.replace("token=...", f"token={lab.token}")  # a token given is not printed


@pytest.fixture
def lab(browser: Any, lab_server: Lab, page: Any) -> Iterator[Lab]:
    """The JupyterLab of this file; what a test opened is shut down after it."""
    yield lab_server
    lab_server.close_kernels()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to stop; a kernel that was just starting can keep it from doing so."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(home: Path) -> dict[str, str]:
    places = {"CONFIG": "cfg", "RUNTIME": "run", "DATA": "data"}
    chosen = {f"JUPYTER_{name}_DIR": str(home / folder) for name, folder in places.items()}
    chosen |= {f"JUPYTERLAB_{name}_DIR": str(home / name) for name in ("SETTINGS", "WORKSPACES")}
    chosen |= {"IPYTHONDIR": str(home / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    chosen |= {"MINITENSOR_PROGRESS": os.devnull, "PYTHONPATH": _python_path()}
    settings = home / "SETTINGS" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    learners = {"MINITENSOR_DISPLAY", "MPLBACKEND"}  # what tests set and learners do not
    return {key: value for key, value in os.environ.items() if key not in learners} | chosen


def _python_path() -> str:
    """Kernels find this checkout whether or not it is installed."""
    return os.pathsep.join([str(ROOT), str(ROOT / "widgets")])


def _wait_until_it_answers(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(
        f"{lab.url}/api/status", headers={"Authorization": f"token {lab.token}"}
    )
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("JupyterLab did not start:\n" + log.read_text()[-3000:])


HOST = Path(__file__).with_name("harness.js").read_text(encoding="utf-8")


class Bare:
    """A browser page that must stay silent: no error, no warning, no dialog, no request."""

    def __init__(self, page):
        self.page = page
        self.faults = []
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append("dialog") or dialog.dismiss())
        page.on("request", self._request)
        page.set_default_timeout(8000)

    def _request(self, request):
        if not request.url.startswith(("data:", "blob:", "about:")):
            self.faults.append(request.url)

    def island(self, *islands):
        outputs = "\n".join(island.to_html(static=False) for island in islands)
        self.page.set_content(f"<!doctype html><body>{outputs}</body>")
        self.page.wait_for_selector(".mt-title")
        return self

    def widget(self, main, **state):
        self.page.set_content("<!doctype html><body></body>")
        state = {"collapsed": [], "selected": "", "step": 0, **state}
        argument = {"esm": assets.esm(main), "css": assets.css(main), "state": state}
        self.page.evaluate(HOST, json.loads(json.dumps(argument)))
        self.page.wait_for_selector(".mt-title")
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def panel(self):
        return self.text(".mt-panel")

    def place(self):
        return self.text(".mt-count")

    def text(self, selector):
        return self.page.locator(selector).first.inner_text()

    def node(self, name):
        """Lines of text in the box of a node."""
        return self.page.locator(f'[data-key="n:{name}"] > text').all_text_contents()

    def boxes(self):
        return self.page.eval_on_selector_all("[data-key]", "all => all.map(g => g.dataset.key)")

    def focused(self):
        return self.page.evaluate("document.activeElement.dataset.key ?? ''")

    def focus(self, key):
        self.page.eval_on_selector(f'[data-key="{key}"]', "g => g.focus()")

    def click(self, key):
        box = self.page.locator(f'[data-key="{key}"] > rect, [data-key="{key}"] > .mt-box').first
        at = box.bounding_box()
        self.page.mouse.click(at["x"] + 8, at["y"] + at["height"] / 2)

    def named(self, label):
        return self.page.get_by_role("button", name=label, exact=True)


@pytest.fixture
def open_page(browser):
    opened = []

    def make(**options):
        context = browser.new_context(viewport={"width": 1000, "height": 800}, **options)
        opened.append((context, Bare(context.new_page())))
        return opened[-1][1]

    yield make
    for context, page in opened:
        context.close()
        assert page.faults == []
