"""`%tensorboard` in a real JupyterLab: straight, and through jupyter-server-proxy as on Binder."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Lab, free_port, running

pytest.importorskip("tensorboard")

RECORD = """
import minitensor as mt
with mt.summary.create_file_writer("logs/run").as_default():
    for step in range(20):
        mt.summary.scalar("training loss", 1.0 / (step + 1), step=step)
"""
LOAD = "%load_ext minitensor_widgets"
SHOW = "%tensorboard --logdir logs --height 500 --reload_interval 1"


def frame_of(lab: Lab, page: Any, index: int) -> Any:
    """The frame below a cell, once TensorBoard's page in it shows the tag."""
    frame = lab.cell(page, index).locator("iframe[title^='TensorBoard of']")
    frame.wait_for(timeout=90_000)
    inside = frame.content_frame
    inside.locator("card-view").first.wait_for(timeout=60_000)
    return frame


def stopped(lab: Lab, page: Any, index: int) -> bool:
    outputs = lab.cells(page)[index]["outputs"]
    return any("stopped: 1" in str(out.get("data", "")) for out in outputs)


def test_tensorboard_is_shown_below_its_cell(lab: Lab, page: Any, screenshots: Any) -> None:
    name = lab.write("board.ipynb", RECORD, LOAD, SHOW, "%tensorboard --stop")
    lab.open(page, name)
    for _ in range(3):
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    frame = frame_of(lab, page, 2)
    assert frame.get_attribute("height") == "500"
    assert frame.get_attribute("src").startswith("http://127.0.0.1:")
    assert "training loss" in frame.content_frame.locator("body").inner_text()
    page.screenshot(path=screenshots / "lab_tensorboard.png")
    link = lab.cell(page, 2).locator("a", has_text="in a tab of its own")
    assert link.get_attribute("href") == frame.get_attribute("src")
    lab.run_all(page)
    assert stopped(lab, page, 3)


@pytest.fixture(scope="module")
def hub(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab below a path of its own, with the variable that JupyterHub and Binder set."""
    pytest.importorskip("jupyter_server_proxy")
    home = tmp_path_factory.mktemp("hub")
    prefix = "/user/someone-x1"
    url = f"http://127.0.0.1:{free_port()}{prefix}"
    lab = Lab(url, secrets.token_hex(16), home / "work")
    lab.folder.mkdir()
    places = [f"--ServerApp.root_dir={lab.folder}", f"--ServerApp.base_url={prefix}/"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERHUB_SERVICE_PREFIX", f"{prefix}/")
        command = ["-m", "jupyterlab", *places, "--LabApp.expose_app_in_browser=True"]
        with running(lab, home, command):
            yield lab


def test_on_binder_it_comes_through_the_proxy(hub: Lab, page: Any, screenshots: Any) -> None:
    hub.open(page, hub.write("board.ipynb", RECORD, LOAD, SHOW, "%tensorboard --stop"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    frame = frame_of(hub, page, 2)
    assert frame.get_attribute("src").startswith("/user/someone-x1/proxy/")
    assert "training loss" in frame.content_frame.locator("body").inner_text()
    server = hub.url.removesuffix("/user/someone-x1")
    elsewhere = [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    assert elsewhere == []  # a browser at home reaches nothing but the hub
    page.screenshot(path=screenshots / "binder_tensorboard.png")
    hub.run_all(page)
    assert stopped(hub, page, 3)
    hub.close_kernels()
