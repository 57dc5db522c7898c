"""Make the notebooks of every lesson from its one source.

`python lessons/build.py` turns each `lessons/src/NN_name.py` (jupytext percent format) into

* `lessons/NN_name.ipynb`, what a learner opens: solutions taken out, no outputs;
* `lessons/solutions/NN_name.ipynb`: solutions in, run, outputs kept.

`--check` writes nothing and fails when what is on disk is not what would be written (outputs aside:
those are compared by nbval in the tests). `--seal 04.2 b` prints the sealed form of an answer.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import os
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent
BEGIN, LEARNER, END = "### BEGIN SOLUTION", "### LEARNER", "### END SOLUTION"
SOLUTION_ONLY, SETUP = "solution", "setup"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "ex")
FIND_CHECKING = 'import sys\n\nsys.path.insert(0, "..")  # the checker is one folder up\n'


class LessonSourceError(ValueError):
    """A lesson source that cannot be built; says which file and cell."""


@dataclass(frozen=True)
class Region:
    """One solution in a cell: its lines, what the learner gets instead, where it stands."""

    first: int
    last: int
    solution: tuple[str, ...]
    learner: tuple[str, ...] | None
    indent: str


def regions(source: str) -> Iterator[Region]:
    """The solution regions of a cell, in order."""
    lines, begin, middle = source.splitlines(), None, None
    for place, line in enumerate(lines):
        mark = line.strip()
        if mark == BEGIN and begin is None:
            begin, middle = place, None
        elif mark == LEARNER and begin is not None:
            middle = place
        elif mark == END and begin is not None:
            learner = None if middle is None else tuple(map(_uncomment, lines[middle + 1 : place]))
            solution = tuple(lines[begin + 1 : place if middle is None else middle])
            indent = line[: len(line) - len(line.lstrip())]
            yield Region(begin, place, solution, learner, indent)
            begin = None
        elif mark in (BEGIN, LEARNER, END):
            raise LessonSourceError(f'"{mark}" stands in the wrong place')
    if begin is not None:
        raise LessonSourceError(f'"{BEGIN}" without "{END}"')


def _uncomment(line: str) -> str:
    return re.sub(r"^(\s*)# ?", r"\1", line)


def solved(source: str) -> str:
    """A cell with its solutions in and the marks gone."""
    return _replace(source, lambda region: list(region.solution))


def blank(source: str, exercise: str | None) -> str:
    """A cell as the learner gets it."""

    def learners(region: Region) -> list[str]:
        if region.learner is not None:
            return list(region.learner)
        if exercise is None:
            raise LessonSourceError('a cell with a solution needs ex="NN.n"')
        return placeholder(region, exercise)

    return _replace(source, learners)


def _replace(source: str, lines_of: Any) -> str:
    lines = source.splitlines()
    for region in reversed(list(regions(source))):
        lines[region.first : region.last + 1] = lines_of(region)
    return "\n".join(lines)


def placeholder(region: Region, exercise: str) -> list[str]:
    """`return todo(…)` inside a function, `name = todo(…)` for each name set at the top."""
    if region.indent:
        return [f'{region.indent}return todo("{exercise}")']
    names = assigned(textwrap.dedent("\n".join(region.solution)))
    return [f'{name} = todo("{exercise}")' for name in names] or [f'todo("{exercise}")']


def assigned(source: str) -> list[str]:
    """The plain names a piece of code sets at its top level, in order."""
    names: dict[str, None] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names[statement.name] = None
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found = (node for target in targets for node in ast.walk(target))
            names.update({node.id: None for node in found if isinstance(node, ast.Name)})
    return list(names)


def notebook(source: Path, *, solutions: bool) -> NotebookNode:
    """One product of a lesson source, not yet executed."""
    parsed = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    made = nbformat.v4.new_notebook(metadata=METADATA)
    seen: Counter[str] = Counter()
    for number, cell in enumerate(parsed.cells):
        try:
            identity = cell_id(cell, seen)
            product = _cell(cell, solutions=solutions)
        except (LessonSourceError, SyntaxError) as error:
            raise LessonSourceError(f"{source.name}, cell {number}: {error}") from error
        if product is not None:
            product["id"] = identity
            made.cells.append(product)
    nbformat.validate(made)
    return made


def cell_id(cell: NotebookNode, seen: Counter[str]) -> str:
    """An id that stays when other cells come, go or move, and when only a solution changes."""
    source = (
        blank(cell.source, cell.metadata.get("ex")) if cell.cell_type == "code" else cell.source
    )
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _cell(cell: NotebookNode, *, solutions: bool) -> NotebookNode | None:
    tags = cell.metadata.get("tags", [])
    if SOLUTION_ONLY in tags and not solutions:
        return None
    metadata = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
    if cell.cell_type != "code":
        return nbformat.v4.new_markdown_cell(cell.source, metadata=metadata)
    source = solved(cell.source) if solutions else blank(cell.source, cell.metadata.get("ex"))
    if SETUP in tags and solutions:
        source = f"{FIND_CHECKING}\n{source}"
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def kernel_environment() -> dict[str, str]:
    """The environment in which outputs are the same on every run."""
    chosen = {
        "MINITENSOR_DISPLAY": "static",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MINITENSOR_PROGRESS": os.devnull,
    }
    return {key: value for key, value in os.environ.items() if key != "MPLBACKEND"} | chosen


def execute(made: NotebookNode, folder: Path, timeout: int = 300) -> None:
    """Run a notebook in `folder`, in place, in this interpreter's own environment."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    manager = AsyncKernelManager(kernel_name="python3")
    if manager.kernel_spec is not None:
        manager.kernel_spec.argv[0] = sys.executable
    client = NotebookClient(
        made,
        km=manager,
        timeout=timeout,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    client.execute(env=kernel_environment(), cleanup_kc=True)
    made.metadata.clear()
    made.metadata.update(METADATA)


def text_of(made: NotebookNode) -> str:
    """A notebook as the text of its file."""
    return nbformat.writes(made).rstrip("\n") + "\n"


def without_outputs(made: NotebookNode) -> NotebookNode:
    """A copy without outputs and counts, for comparison."""
    bare = copy.deepcopy(made)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def sources(root: Path = ROOT) -> list[Path]:
    """The lesson sources, in order."""
    return sorted((root / "src").glob("[0-9][0-9]_*.py"))


def products(source: Path) -> tuple[Path, Path]:
    """Where the learner's notebook and the solutions of a source are written."""
    root, name = source.parent.parent, f"{source.stem}.ipynb"
    return root / name, root / "solutions" / name


def stale(source: Path) -> list[Path]:
    """The products of a source that are missing or not what would be built."""
    found = []
    for path, solutions in zip(products(source), (False, True), strict=True):
        fresh = text_of(notebook(source, solutions=solutions))
        if not path.is_file() or fresh != _committed(path, solutions=solutions):
            found.append(path)
    return found


def _committed(path: Path, *, solutions: bool) -> str:
    text = path.read_text(encoding="utf-8")
    return text_of(without_outputs(nbformat.reads(text, as_version=4))) if solutions else text


def build(source: Path, *, run: bool = True) -> None:
    """Write both notebooks of a source; run the one with solutions."""
    for path, solutions in zip(products(source), (False, True), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = notebook(source, solutions=solutions)
        if solutions and run:
            execute(made, path.parent)
        path.write_text(text_of(made), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, check, or seal an answer; the exit status is the number of stale files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("lessons", nargs="*", help="numbers such as 04; all when none is given")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    parser.add_argument("--no-run", action="store_true", help="do not run the solutions")
    parser.add_argument("--root", type=Path, default=ROOT, help="the lessons folder")
    parser.add_argument("--seal", nargs=2, metavar=("ID", "ANSWER"), help="seal one answer")
    options = parser.parse_args(arguments)
    if options.seal:
        from checking import seal

        print(seal(*options.seal))
        return 0
    wanted = [
        source
        for source in sources(options.root.resolve())
        if not options.lessons or source.name[:2] in options.lessons
    ]
    if options.check:
        late = [path for source in wanted for path in stale(source)]
        for path in late:
            print(f"{path.name} is not what its source makes: run python lessons/build.py")
        return len(late)
    for source in wanted:
        print(f"building {source.stem}")
        build(source, run=not options.no_run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
