"""The floors of the house, as tests: imports only go down, files and functions stay readable."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "minitensor"
WIDGETS = ROOT / "widgets" / "minitensor_widgets"
CHECKING = ROOT / "lessons" / "checking"

# A module may import modules of lower floors. A package name stands for all its modules, which may
# import one another. An entry with a longer name wins: graph.ir stands below the rest of graph.
FLOORS = [
    ["errors"],
    ["dtypes", "shapes"],
    ["nest", "conversion", "backend", "threads", "wire"],
    ["device"],
    ["interpreter"],
    ["op", "samples", "device_lib"],
    ["graph.ir", "formula", "scopes"],
    ["ops"],
    ["operand"],
    ["tensor"],
    ["variable", "watching"],
    ["scalars"],
    ["eager"],
    ["targets", "trail"],
    ["backward"],
    ["tape"],
    ["graph.symbol", "graph.names"],
    ["graph.dynamic", "graph.gradient"],
    ["graph.trace"],
    ["graph.subgraphs"],
    ["graph.custom"],
    ["jacobian", "custom_gradient", "accumulator", "python_function", "history", "tensor_array"],
    [
        "math",
        "linalg",
        "nn",
        "random",
        "strings",
        "bitwise",
        "config",
        "debugging",
        "autodiff",
        "python",
        "module",
    ],
    ["autograph"],
    ["graph", "explain", "testing"],
    ["saved_model"],
    ["data", "summary"],
    ["train"],
    ["keras"],
    ["views"],
    ["test"],
    [""],
    ["cli", "compat"],
]
FLOOR = {name: height for height, floor in enumerate(FLOORS) for name in floor}
# A method may hand over to a higher floor at the moment it is called. Each such door is named here;
# none exists while modules are being imported.
DOORS = {
    ("graph.ir", "graph.dot"): "graph.to_graphviz()",
    ("graph.ir", "graph.operations"): "graph.get_operations() and look-ups by name",
    ("graph.ir", "graph.graphdef"): "graph.as_graph_def()",
    ("graph.ir", "graph.printer"): "print(graph)",
    ("graph.ir", "graph.onnx"): "graph.export_onnx()",
    ("graph.trace", "graph.flow"): "mt.cond, mt.while_loop and loops over rows, while tracing",
    ("tape", "jacobian"): "tape.jacobian() and tape.batch_jacobian()",
    ("tape", "explain"): "tape.explain()",
}
LONGEST_FILE, LONGEST_FUNCTION = 450, 50
HEAVY = ["cupy", "IPython", "ipywidgets", "anywidget", "matplotlib", "sklearn", "scipy"]
HEAVY += ["tensorboard", "minitensor_widgets", "graphviz", "malt", "safetensors", "onnx", "h5py"]


def modules(folder: Path) -> dict[str, Path]:
    """Dotted names below a package folder; the package itself is the empty name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = list(path.relative_to(folder).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules(ENGINE)
EVERYTHING = [*MODULES.values(), *modules(WIDGETS).values(), *modules(CHECKING).values()]
EVERYTHING += [ROOT / "lessons" / "build.py"]
by_path = {"ids": lambda path: str(path.relative_to(ROOT))}


def running_imports(path: Path, *, deferred: bool | None = None) -> Iterator[str]:
    """Full names a file imports: all, only those inside functions (`deferred`), or only others.

    What stands under `if TYPE_CHECKING:` is for readers and type checkers and does not count.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread, later = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            unread |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            later |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in unread or (deferred is not None and deferred != (id(node) in later)):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, path)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The module an import names, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    package = next(parent for parent in path.parents if not (parent / "__init__.py").exists())
    parts = path.relative_to(package).parts[: -node.level]
    return ".".join([*parts, *filter(None, [node.module])])


def engine_imports(path: Path, *, deferred: bool | None = None) -> set[str]:
    """The engine modules a file imports, as names below `minitensor`."""
    found = set()
    for full in running_imports(path, deferred=deferred):
        if full.split(".")[0] != "minitensor":
            continue
        name = full.removeprefix("minitensor").removeprefix(".")
        while name and name not in MODULES:  # the last part names something inside the module
            name = name.rpartition(".")[0]
        found.add(name)
    return found


def entry(module: str) -> str | None:
    """The entry of FLOORS a module belongs to: its own name or that of the nearest package."""
    while module not in FLOOR:
        if not module:
            return None
        module = module.rpartition(".")[0]
    return module


def placed(module: str) -> str | None:
    """As `entry`, but the package `minitensor` itself holds no other module's place."""
    found = entry(module)
    return None if found == "" and module else found


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module: str) -> None:
    assert placed(module) is not None, f"give minitensor.{module} a place in FLOORS"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    here = placed(module)
    if here is None:
        pytest.skip("has no floor yet")
    for deferred in (False, True):
        for other in engine_imports(MODULES[module], deferred=deferred) - {module}:
            there = placed(other)
            assert there is not None, f"minitensor.{other} has no floor"
            inside = here == there and here != ""
            door = deferred and (module, other) in DOORS
            assert inside or door or FLOOR[there] < FLOOR[here], (
                f"minitensor.{module} (floor {FLOOR[here]}) imports minitensor.{other} "
                f"(floor {FLOOR[there]}), which is not below it"
            )


def test_every_door_is_used() -> None:
    for here, there in DOORS:
        assert there in engine_imports(MODULES[here], deferred=True), f"{here} needs no {there}"


@pytest.mark.parametrize(
    ("folder", "package"), [(ENGINE, "minitensor"), (WIDGETS, "minitensor_widgets")]
)
def test_no_import_cycle(folder: Path, package: str) -> None:
    known = modules(folder)
    graph = {name: set(_inside(path, package, known)) - {name} for name, path in known.items()}
    while graph:
        ready = [name for name, needs in graph.items() if not needs & graph.keys()]
        assert ready, f"import cycle among {sorted(graph)}"
        for name in ready:
            del graph[name]


def _inside(path: Path, package: str, known: dict[str, Path]) -> Iterator[str]:
    for full in running_imports(path, deferred=False):
        head, _, name = full.partition(".")
        if head == package:
            while name and name not in known:
                name = name.rpartition(".")[0]
            yield name


@pytest.mark.parametrize("path", modules(WIDGETS).values(), **by_path)
def test_widgets_read_views_and_public_names_only(path: Path) -> None:
    assert engine_imports(path) <= {"", "views"}


@pytest.mark.parametrize("module", MODULES)
def test_the_engine_knows_no_widget(module: str) -> None:
    heads = {full.split(".")[0] for full in running_imports(MODULES[module])}
    assert not heads & {"minitensor_widgets", "anywidget", "ipywidgets", "checking"}


@pytest.mark.parametrize("path", EVERYTHING, **by_path)
def test_files_and_functions_fit_their_budget(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert not long


def test_no_function_is_too_complex() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--select", "C901", "--no-cache"]
    done = subprocess.run(
        [*command, *map(str, [ENGINE, WIDGETS, ROOT / "lessons"])],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_engine_stays_light() -> None:
    code = f"import minitensor, sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == []
