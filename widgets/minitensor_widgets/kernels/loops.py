"""A loop nest, step by step: what it reads and writes, and what the cache has of it."""

from __future__ import annotations

import inspect
import itertools
import linecache
import textwrap
import traceback
import zlib
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from ..output import Output
from ..records import filled, of_kind, plain
from ..units import plural
from . import nests
from .cache import ELEMENT, LINE_COUNTS, LINE_SIZES, Cache, Running, traffic
from .choosing import check_cache, check_named
from .loop_figure import cache_key, describe, figure, summary
from .recording import MOST_ACCESSES, MOST_KEPT, Recorder, TooManyError, Traced, flattened

MOST_COMPARED = 200_000
MOST_ROWS = 64
_EMPTY = {
    "version": 1, "title": "loop nest", "source": [], "variables": [], "arrays": [], "visits": [],
    "events": [], "cache": {"line": 4, "lines": 8, "ways": None}, "totals": {}, "compare": [],
    "rows": [], "problems": [], "note": "", "element": 4,
}  # fmt: skip
_TOTALS = {
    "reads": 0, "writes": 0, "operations": 0, "hits": 0, "misses": 0, "moved": 0, "intensity": 0.0,
}  # fmt: skip


def loops_record(view: Any) -> dict:
    """The complete record of a loop nest.

    Raises:
        TypeError: for what is no such record.
    """
    if not isinstance(view, Mapping):
        raise TypeError(
            f"LoopNest({type(view).__name__}): it shows a record that loops() made. Run your nest "
            "with loops(function, arrays...), which gives a LoopNest."
        )
    record = of_kind(plain(view), "visits", _EMPTY)
    record["totals"] = filled(record["totals"], _TOTALS)
    record["cache"] = filled(record["cache"], _EMPTY["cache"])
    return record


class LoopNest(Output):
    """A loop nest with all it read and wrote.

    Args:
        record: what `loops` recorded, as a dict.
        step: how many accesses have happened at first.
        cache: elements of a line and number of lines that the viewer starts with.

    Example:
        >>> LoopNest(loops("matmul", shape=(2, 2, 2)).record)
        LoopNest('matmul, order ijk', 24 reads, 8 writes, 3 misses)
    """

    main = "kernels/loops"

    def __init__(self, record: Any, step: int = 0, cache: tuple[int, int] | None = None) -> None:
        self.record = loops_record(record)
        self._chosen = cache or (self.record["cache"]["line"], self.record["cache"]["lines"])
        self.step = max(0, min(step, len(self.record["events"])))
        self.arrays: dict[str, Any] = {}
        """What the nest left in its arrays."""
        for name, value in self.record["totals"].items():
            setattr(self, name, value)

    reads: int
    writes: int
    operations: int
    hits: int
    misses: int
    moved: int
    intensity: float

    def __repr__(self) -> str:
        reads, writes = plural(self.reads, "read"), plural(self.writes, "write")
        return f"LoopNest({self.title!r}, {reads}, {writes}, {plural(self.misses, 'miss')})"

    @property
    def title(self) -> str:
        """What stands above the nest."""
        return self.record["title"]

    @property
    def ok(self) -> bool:
        """Whether the nest ran to its end."""
        return not self.record["problems"]

    @property
    def alt(self) -> str:
        """What the nest read, wrote and missed, in a sentence or two."""
        said = [f"Loop nest {self.title}: {summary(self.record)}."]
        key = cache_key(self.record["cache"])
        ranked = sorted(self.record["compare"], key=lambda item: item["misses"][key])
        if ranked:
            best = ranked[0]
            said.append(f"The fewest misses of all orders: {best['name']}, {best['misses'][key]}.")
        return " ".join([*said, *(problem["text"] for problem in self.record["problems"])])

    def description(self) -> str:
        """The counts, the text of the nest and the comparison of orders."""
        return describe(self.record)

    def to_svg(self) -> str:
        """The static figure."""
        return figure(self.record, self.alt)

    def _state(self) -> dict[str, Any]:
        line, lines = self._chosen
        return {"loops": self.record, "step": self.step, "line": line, "lines": lines}


def loops(
    nest: str | Callable[..., Any],
    *arrays: Any,
    shape: Sequence[int] | None = None,
    order: str = "",
    tile: Sequence[int] | None = None,
    cache: Cache | None = None,
) -> LoopNest:
    """Run a loop nest on recording arrays and show each read and write, and what the cache holds.

    Args:
        nest: "matmul", "conv2d", or a function that loops over the elements of its arguments.
        *arrays: for a function, its arguments: arrays, nested lists, or a tuple of sizes for an
            array of zeros. It works on copies; the results are in `.arrays`. An element counts
            the bytes of the largest dtype; of shapes and lists, 4.
        shape: for a named nest: (rows of A, columns of B, columns of A), or
            (rows of X, columns of X, rows of K, columns of K).
        order: the loops of a named nest from the outside in, "ikj" for example.
        tile: edge lengths of a tile, one for each of the loops ijk (or ijuv).
        cache: the cache; default `Cache(line=4, lines=8)`.

    Raises:
        TypeError: when `nest` is neither a name nor a function, or an array holds no numbers.
        ValueError: when name, shape, order or tile make no nest, or an array is too large.

    Example:
        >>> loops("matmul", order="ijk").misses, loops("matmul", order="ikj").misses
        (240, 72)
        >>> def total(a, out):
        ...     for i in range(len(a)):
        ...         out[0] += a[i]
        >>> found = loops(total, [1.0, 2.0, 3.0], (1,))
        >>> found.reads, found.writes, found.operations, found.arrays["out"].tolist()
        (6, 3, 3, [6.0])
    """
    cache = check_cache(cache)
    if isinstance(nest, str):
        return _named(nest, arrays, shape, order, tile, cache)
    if not callable(nest):
        raise TypeError(
            f"loops({type(nest).__name__}): expected 'matmul', 'conv2d' or a function that loops "
            "over the elements of its arguments."
        )
    if shape is not None or order or tile is not None:
        raise ValueError(
            "loops(function, ..., shape=, order=, tile=): shape, order and tile choose among the "
            "named nests. A function of yours has its own loops: leave them out."
        )
    given = _arguments(nest, arrays)
    return _shown(getattr(nest, "__name__", "loop nest"), nest, given, cache, [])


def _arguments(nest: Callable, values: Sequence[Any]) -> dict[str, Any]:
    try:
        return dict(inspect.signature(nest).bind(*values).arguments)
    except TypeError as error:
        raise TypeError(
            f"loops({getattr(nest, '__name__', 'function')}, ...): {error}. The arrays follow the "
            "function in the order of its parameters."
        ) from None


def _named(
    name: str,
    arrays: Sequence[Any],
    shape: Sequence[int] | None,
    order: str,
    tile: Sequence[int] | None,
    cache: Cache,
) -> LoopNest:
    if name not in nests.LETTERS:
        raise ValueError(f"loops({name!r}): the named nests are 'matmul' and 'conv2d'.")
    if arrays:
        raise ValueError(f"loops({name!r}, ...): a named nest makes its own arrays. Give shape=.")
    shape, order = check_named(name, shape, order, tile)
    chosen = (order, tuple(tile) if tile else None)
    title = f"{name}, order {nests.label(*chosen)}"
    given = {
        array: (size, nests.filling(size, place) if place < 2 else [0.0] * prod(size))
        for place, (array, size) in enumerate(nests.array_shapes(name, shape).items())
    }
    nest = _compiled(nests.text(name, shape, *chosen), name)
    compared = _compared(name, shape, chosen, given, cache)
    return _shown(title, nest, given, cache, compared)


def _compiled(source: str, name: str) -> Callable:
    """A function from a text that tracebacks and `inspect` can show."""
    file = f"<{name} {zlib.crc32(source.encode()):x}>"
    linecache.cache[file] = (len(source), None, [f"{line}\n" for line in source.split("\n")], file)
    space: dict[str, Any] = {}
    exec(compile(source, file, "exec"), space)
    return space[name]


def _run(nest: Callable, given: dict[str, Any], variables: Sequence[str]) -> tuple[Recorder, dict]:
    recorder = Recorder(nest.__code__, variables)
    arguments = {}
    for name, value in given.items():
        if isinstance(value, bool | int | float):
            arguments[name] = value
            continue
        known = isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], list)
        shape, numbers = value if known else flattened(value, name)
        arguments[name] = Traced(name, shape, list(numbers), recorder)
    return recorder, arguments


def _compared(
    name: str, shape: tuple[int, ...], chosen: tuple, given: dict[str, Any], cache: Cache
) -> list[dict]:
    """The misses of every variant in every cache of the menus."""
    accesses = 4
    for turns in nests.sizes(name, shape).values():
        accesses *= turns
    kinds = nests.variants(name, shape)
    kinds += [] if chosen in kinds else [chosen]
    if accesses * len(kinds) > MOST_COMPARED:
        return []
    found = []
    for order, tile in kinds:
        nest = _compiled(nests.text(name, shape, order, tile), name)
        recorder, arguments = _run(nest, given, [])
        nest(**arguments)
        misses = {
            cache_key(vars(other)): traffic(recorder.codes, other).misses for other in menu(cache)
        }
        current = (order, tile) == chosen
        found.append({"name": nests.label(order, tile), "current": current, "misses": misses})
    return found


def menu(cache: Cache) -> list[Cache]:
    """The caches a learner can choose in the viewer: sizes for the menus, with these ways."""
    ways = cache.ways or 1
    counts = sorted({*(count for count in LINE_COUNTS if count % ways == 0), cache.lines})
    return [Cache(line, lines, cache.ways) for line in LINE_SIZES for lines in counts]


def _source(nest: Callable) -> tuple[list[str], int]:
    try:
        lines, first = inspect.getsourcelines(nest)
    except (OSError, TypeError):
        return [], 1
    return textwrap.dedent("".join(lines)).rstrip().split("\n"), first


def _variables(source: Sequence[str], nest: Callable) -> list[str]:
    """The loop variables in order of first use."""
    import ast

    try:
        tree = ast.parse("\n".join(source))
    except SyntaxError:  # a lambda inside an expression, for example
        return []
    found = [
        name.id
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    ]
    return [name for name in dict.fromkeys(found) if name in nest.__code__.co_varnames][:8]


def _shown(
    title: str, nest: Callable, given: dict[str, Any], cache: Cache, compared: list[dict]
) -> LoopNest:
    source, first = _source(nest)
    variables = _variables(source, nest)
    recorder, arguments = _run(nest, given, variables)
    problems, note = [], ""
    try:
        nest(**arguments)
    except TooManyError:
        note = f"Stopped after {MOST_ACCESSES:,} accesses: what follows is not counted."
    except Exception as error:  # a learner's own: it becomes part of the picture
        problems.append(_problem(error, nest, first))
    recorder.finish()
    element = max((v.itemsize for v in given.values() if hasattr(v, "itemsize")), default=ELEMENT)
    record = {
        **_EMPTY, **_kept(recorder, first, cache, element), "title": title, "source": source,
        "variables": variables, "compare": compared, "problems": problems,
        "arrays": [{"name": a.name, "shape": a.shape, "base": a.base}
                   for a in arguments.values() if isinstance(a, Traced)],
    }  # fmt: skip
    record["note"] = " ".join(filter(None, [note, record["note"]]))
    made = LoopNest(record)
    made.arrays = _results(arguments)
    return made


def _problem(error: Exception, nest: Callable, first: int) -> dict:
    frames = [
        frame.lineno or 0
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == nest.__code__.co_filename
    ]
    line = frames[-1] - first + 1 if frames else 0
    kind = "" if isinstance(error, IndexError) else f"{type(error).__name__}: "
    return {"line": line, "text": f"Line {line}: {kind}{error}"}


def _results(arguments: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    return {
        name: np.asarray(value.data).reshape(value.shape)
        for name, value in arguments.items()
        if isinstance(value, Traced)
    }


def _kept(recorder: Recorder, first: int, cache: Cache, element: int) -> dict[str, Any]:
    codes = recorder.codes
    found = traffic(codes, cache)
    writes = sum(code & 1 for code in codes)
    moved = found.moved(cache.line, element)
    totals = {
        "reads": len(codes) - writes, "writes": writes, "operations": recorder.operations,
        "hits": found.hits, "misses": found.misses, "moved": moved,
        "intensity": recorder.operations / moved if moved else 0.0,
    }  # fmt: skip
    kept: dict[str, Any] = {
        "cache": vars(cache), "totals": totals, "element": element,
    }  # fmt: skip
    if len(codes) > MOST_KEPT:
        name = recorder.variables[0] if recorder.variables else "part"
        return kept | {
            "rows": _rows(recorder, cache, name),
            "note": f"These are {len(codes):,} accesses. Up to {MOST_KEPT:,} can be stepped "
            "through; here they are added up for each turn of the outermost loop. Give smaller "
            "arrays to see every step.",
        }
    visits = [part for line, *rest in recorder.visits for part in (line - first + 1, *rest)]
    return kept | {"visits": visits, "events": codes}


def _rows(recorder: Recorder, cache: Cache, name: str) -> list[dict]:
    """Reads, writes and misses for each turn of the outermost loop, or for groups of turns."""
    starts = [start for _, start in recorder.rows] or [0]
    labels = [str(value) for value, _ in recorder.rows] or ["all"]
    group = -(-len(starts) // MOST_ROWS)
    edges = [*starts[::group], len(recorder.codes)]
    rows, before, running = [], 0, Running(cache)
    for place, (start, end) in enumerate(itertools.pairwise(edges)):
        part = recorder.codes[start:end]
        writes = sum(code & 1 for code in part)
        running.send(part)
        until = running.traffic().misses
        last = labels[min(place * group + group, len(labels)) - 1]
        here = labels[place * group]
        rows.append({
            "label": f"{name} = {here}" + ("" if here == last else f" … {last}"),
            "reads": len(part) - writes, "writes": writes, "misses": until - before,
        })  # fmt: skip
        before = until
    return rows
