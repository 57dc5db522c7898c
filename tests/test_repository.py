"""What may and may not lie in the repository, and that its pages tell the same story."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAB = 'python3 -m venv .venv && .venv/bin/pip install -e ".[lab]" && .venv/bin/minitensor lab'
TEST = 'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest'
SKIPPED = {".git", ".venv", "venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}
SKIPPED |= {"node_modules", ".ipynb_checkpoints", "build", "dist", ".shared"}


def repository_files() -> list[Path]:
    """Every file git knows, or would take; without git, every file that is no cache."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        found = (path for path in ROOT.rglob("*") if path.is_file())
        return [path for path in found if not SKIPPED & set(path.relative_to(ROOT).parts)]
    names = sorted(filter(None, listed.stdout.split("\0")))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


FILES = repository_files()
NOTEBOOKS = [path for path in FILES if path.suffix == ".ipynb"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_files() -> list[tuple[Path, str]]:
    found = []
    for path in FILES:
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_no_lock_files() -> None:
    locks = re.compile(r"(\.lock|-lock\.(json|yaml)|^pylock\..*toml|^requirements.*\.lock.*)$")
    assert [path.name for path in FILES if locks.search(path.name)] == []


def test_no_paths_of_one_machine() -> None:
    home = re.compile(r"/(home|Users)/\w+/|/root/|/(?:work|opt)/\w+/|[A-Z]:\\\\?Users")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in text_files()
        if path != Path(__file__).resolve()
        for match in [home.search(text)]
        if match
    ]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\bTO" + r"DO\b|\bFIX" + r"ME\b|raise NotImplementedError(\(\))?$", re.M)
    code = {".py", ".js", ".css", ".md", ".toml", ".yml"}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in text_files()
        if path.suffix in code
        for match in [words.search(text)]
        if match
    ]
    assert found == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_notebooks_hold_no_widget_state(path: Path) -> None:
    made = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in made["metadata"]
    assert "application/vnd.jupyter.widget" not in json.dumps(made)
    assert all("id" in cell for cell in made["cells"])
    if path.parent.name == "lessons":
        assert not any(cell.get("outputs") for cell in made["cells"])


def test_readme_and_ci_use_the_same_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert LAB in readme
    assert TEST in readme
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"command='{TEST}'" in run
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "- run: .ci/run" in workflow


def test_links_and_pictures_of_the_pages_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "lessons/README.md"):
        path = ROOT / page
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{page} points to {target}"


@pytest.mark.skipif(sys.platform == "win32", reason="bash is not part of Windows")
def test_scripts_are_valid_bash_and_executable() -> None:
    for name in (".ci/run", "binder/postBuild", "binder/start"):
        assert os.access(ROOT / name, os.X_OK)
        subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


def requirement_name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].replace("_", "-").lower()


def required(extra: str) -> set[str]:
    """All requirements of an extra, with the extras it names resolved."""
    found: set[str] = set()
    for requirement in PROJECT["optional-dependencies"][extra]:
        inner = re.fullmatch(r"minitensor\[([\w,]+)\]", requirement)
        found |= set().union(*map(required, inner[1].split(","))) if inner else {requirement}
    return found


def test_binder_installs_what_the_lab_needs() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").split()
    wanted = required("lab") | set(PROJECT["dependencies"])
    provided_by_binder = {"jupyterlab"}
    missing = {item for item in wanted if requirement_name(item) not in provided_by_binder}
    assert missing <= set(lines), "the same bounds as in pyproject.toml"
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert python == "python-" + PROJECT["requires-python"].removeprefix(">=")
    assert not any(line.startswith(("-", ".")) for line in lines), "keeps the layer cached"
