"""Drive Firefox as it comes, by WebDriver BiDi over a web socket: no driver to install.

Only what the tests need: open a page, run an expression in it, press keys, hear what it logs.

Source: https://w3c.github.io/webdriver-bidi/
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011",
    "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015",
    "Space": " ",
}  # fmt: skip
HEARD = ["log.entryAdded", "network.beforeRequestSent"]
SILENT = ("data:", "blob:", "about:", "file:")


class Firefox:
    """One tab of a running Firefox; `faults` collects messages, errors and requests."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.count, self.faults = socket, 0, []
        self.ask("session.new", capabilities={})
        self.tab = self.ask("browsingContext.getTree")["contexts"][0]["context"]
        self.ask("session.subscribe", events=HEARD)

    def ask(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its answer."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("method") == "log.entryAdded":
            self.faults.append(event["params"]["text"])
        elif event.get("method") == "network.beforeRequestSent":
            url = event["params"]["request"]["url"]
            if not url.startswith(SILENT):
                self.faults.append(url)

    def open(self, path: Path) -> None:
        """Show a page and wait until it is loaded."""
        self.ask("browsingContext.navigate", context=self.tab, url=path.as_uri(), wait="complete")

    def run(self, expression: str) -> Any:
        """The value of an expression, as JSON; a promise is waited for."""
        wrapped = f"(async () => JSON.stringify(await ({expression})))()"
        answer = self.ask(
            "script.evaluate", expression=wrapped, target={"context": self.tab}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def wait_for(self, selector: str) -> None:
        """Until an element is there."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.run(
            f"new Promise((done) => {{ const look = () => {found} ? done(1) "
            ": requestAnimationFrame(look); look(); })"
        )

    def press(self, *names: str) -> None:
        """Press keys, one after the other."""
        actions = [
            {"type": kind, "value": KEYS.get(name, name)}
            for name in names
            for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("input.performActions", context=self.tab, actions=[source])

    def picture(self, path: Path) -> None:
        """Save what is seen."""
        data = self.ask("browsingContext.captureScreenshot", context=self.tab)["data"]
        path.write_bytes(base64.b64decode(data))


@contextlib.contextmanager
def running(command: str, profile: Path) -> Iterator[Firefox]:
    """Firefox without a window and with a profile of its own, until the block ends."""
    import websocket

    arguments = ["--headless", "--no-remote", "--remote-debugging-port", "0"]
    environment = {**os.environ, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    process = subprocess.Popen(
        [command, *arguments, "--profile", str(profile)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )
    assert process.stderr is not None
    rest = threading.Thread(target=process.stderr.read)  # a full pipe would block Firefox
    try:
        url = next(
            line.split()[-1] for line in process.stderr if "WebDriver BiDi listening" in line
        )
        rest.start()
        socket = websocket.create_connection(f"{url}/session", suppress_origin=True, timeout=60)
        yield Firefox(socket)
        socket.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if rest.ident is not None:
            rest.join()
        process.stderr.close()
