"""Elementwise regions as source: straight calls when they are small, else a loop over tiles.

All arrays of a region are seen as (rows, row): the first axes of the iteration shape together, and
the rest. Where one of them is strided, the first axis gives the rows, and the others stay as they
are. A tile is a few rows. What one call hands to the next stays in registers: scratch arrays of a
tile's size, which are used again as soon as nobody needs their elements.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minitensor import threads
from minitensor.graph.elementwise import Call, Recorder
from minitensor.graph.ir import Node
from minitensor.graph.lower import Region, Slot
from minitensor.graph.plan import TILE, is_tiled

if TYPE_CHECKING:
    from minitensor.graph.codegen import Writer

__all__ = ["RegionWriter", "choose"]

SHARED = 16
"""From this many tiles on, threads share a loop."""


SMALL = 256
"""Up to this many elements, a number beside them is written out as an array."""
FEW = 1024
"""Below this many elements a choice by a mask is made element by element."""
WORDS = {4: np.dtype(np.int32), 8: np.dtype(np.int64)}


def choose(out: Any, mask: Any, yes: Any, no: Any, bits: Any) -> None:
    """`out = where(mask, yes, no)` on whole words of bits; None stands for zero.

    A word times a truth value is the word or nothing, whatever number it is, NaN too. numpy's own
    `where` tests element by element, which takes several times as long on a mask without a
    pattern.
    """
    word = bits.dtype
    if no is None:
        np.multiply(yes.view(word), mask, out.view(word))
        return
    other = no.view(word)
    if yes is None:
        np.multiply(other, mask, bits)
    else:
        np.bitwise_xor(yes.view(word), other, bits)
        np.multiply(bits, mask, bits)
    np.bitwise_xor(other, bits, out.view(word))


class RegionWriter:
    """Writes one region into a program."""

    def __init__(self, writer: Writer, region: Region):
        self.writer, self.region = writer, region
        self.split = self._split() if is_tiled(region) else None
        split = len(region.shape) if self.split is None else self.split
        self.alone = region.shape == () and len(region.calls) > 2
        """Whether it computes single numbers: numpy is twice as fast on vectors of one element."""
        self.rows, self.row = prod(region.shape[:split]), prod(region.shape[split:])
        self.rest: tuple[int, ...] = () if self.row == 1 else (self.row,)
        if self.split is not None and self._is_strided():
            self.rest = tuple(region.shape[1:])
        self.step = max(1, self.rows if self.split is None else TILE // self.row)
        self.whole_tiles = self.rows % self.step == 0
        self.names: dict[int, str] = {}
        self.held: dict[int, str] = {}
        self.free: dict[str, list[str]] = {}
        self.count: dict[str, int] = {}
        self.above: dict[str, str] = {}
        self.lines: list[tuple[str, Node | None]] = []
        self.scratch: dict[str, None] = {}
        self.last = {id(x): i for i, c in enumerate(region.calls) for x in (*c.arguments, c.result)}
        for recorder in (*(r for r, _ in region.exits), *(r for r, *_ in region.sums)):
            self.last[id(recorder)] = len(region.calls)

    def write(self) -> None:
        """Write the region."""
        region, writer = self.region, self.writer
        for slot in (*(slot for _, slot in region.exits), *(slot for _, slot, _ in region.sums)):
            writer.target(slot, region.node)
        if self.alone:
            self.names = {
                key: writer.reshaped(slot, (1,), region.node)
                for key, slot in (
                    *region.entries.items(), *((id(recorder), s) for recorder, s in region.exits)
                )
            }  # fmt: skip
        elif self.split is None:
            self.names = {key: writer.ref(slot) for key, slot in region.entries.items()}
            self.names |= {id(recorder): slot.name for recorder, slot in region.exits}
        else:
            self._slice_operands()
        for i, call in enumerate(region.calls):
            self._call(i, call)
        sums = self._add_up()
        if self.split is None:
            for line, node in (*((f"{name} = 0.0", None) for name in sums), *self.lines):
                writer.say(line, node)
        elif threads.count() > 1 and self.rows >= SHARED * self.step:
            self._write_shared_loop(sums)
        else:
            for name in sums:
                writer.say(f"{name} = 0.0", region.node)
            self._write_loop(f"0, {self.rows}", 0)
        for name, (_, slot, count) in zip(sums, region.sums, strict=True):
            divided = "" if count == 1 else f" / {count}"
            writer.say(f"{slot.name}[...] = {name}{divided}", region.node)

    def _add_up(self) -> list[str]:
        """Add each tile of what is summed to its sum; the names of the sums."""
        sums = [f"s{i}" for i in range(len(self.region.sums))]
        for name, (recorder, _, _) in zip(sums, self.region.sums, strict=True):
            total = f"{self._np('add')}.reduce({self.names[id(recorder)]}, None)"
            self._say(f"{name} += float({total})", self.region.node)
        return sums

    def _write_loop(self, bounds: str, depth: int) -> None:
        say = self.writer.say
        say(f"for at in range({bounds}, {self.step}):", self.region.node, depth)
        if not self.whole_tiles:
            say(f"height = min({self.step}, {self.rows} - at)", None, depth + 1)
        for name, text in self.above.items():
            say(f"{name} = {text}", None, depth + 1)
        for line, node in self.lines:
            say(line, node, depth + 1)

    def _write_shared_loop(self, sums: list[str]) -> None:
        """The loop as a function of its bounds and scratch arrays, which threads share."""
        writer, say = self.writer, self.writer.say
        name = writer.unique("tiles")
        scratch = ", ".join(self.scratch)
        say(f"def {name}(start, stop{', ' * bool(scratch)}{scratch}):", self.region.node)
        for total in sums:
            say(f"{total} = 0.0", None, 1)
        self._write_loop("start, stop", 1)
        say(f"return {', '.join(sums) or 'None'}{',' * (len(sums) == 1)}", None, 1)
        call = f"{writer.helper('spread')}({name}, {self.rows}, {self.step}, ({scratch}"
        call += "," * (len(self.scratch) == 1) + "))"
        if sums:
            say(f"{', '.join(sums)}{',' * (len(sums) == 1)} = map(sum, zip(*{call}))",
                self.region.node)  # fmt: skip
        else:
            say(call, self.region.node)

    # How arrays lie along the tiles.

    def _split(self) -> int | None:
        """After how many axes the rest of the shape is one row, for all arrays of the region."""
        region = self.region
        shapes = [recorder.shape for recorder in region.recorders.values()]
        shapes += [x.shape for call in region.calls for x in (*call.arguments, call.result)]
        for split in (1,) if self._is_strided() else range(len(region.shape), 0, -1):
            if all(form_of(shape, region.shape, split) for shape in shapes):
                return split
        return None

    def _is_strided(self) -> bool:
        return any(not is_contiguous(slot) for slot in self.region.inputs)

    def _slice_operands(self) -> None:
        region = self.region
        operands = [(key, self.writer.ref(slot), region.recorders[key].shape, slot)
                    for key, slot in region.entries.items()]  # fmt: skip
        operands += [(id(r), slot.name, r.shape, slot) for r, slot in region.exits]
        for key, name, shape, slot in operands:
            form = self._form(shape)
            rows = self._as_rows(name, form, slot)
            if form in ("full", "col"):
                end = "at + height" if not self.whole_tiles else f"at + {self.step}"
                tile = self.writer.unique(f"{name}_tile")
                self.above[tile] = f"{rows}[at : {end}]"
                rows = tile
            self.names[key] = rows

    def _form(self, shape: tuple) -> str:
        assert self.split is not None
        return form_of(shape, self.region.shape, self.split)

    def _tile_shape(self, form: str, rows: int) -> tuple[int, ...]:
        if form == "full":
            return (rows, *self.rest)
        if form == "col":
            return (rows, *(1 for _ in self.rest))
        return () if form == "scalar" else self.rest

    def _as_rows(self, name: str, form: str, slot: Slot) -> str:
        """An array as (rows, *rest); one that is strided has its rows along its first axis."""
        writer = self.writer
        if not is_contiguous(slot):
            missing = len(self.region.shape) - len(slot.spec.shape)
            if form == "row":
                return name if missing else f"{name}[0]"
            return f"{name}[{', '.join(['None'] * missing)}]" if missing else name
        return writer.reshaped(slot, self._tile_shape(form, self.rows), self.region.node)

    # Calls and registers.

    def _call(self, i: int, call: Call) -> None:
        arguments = [self._operand(x, call) for x in call.arguments]
        dying = [x for x in call.arguments if self.last.get(id(x)) == i]
        if call.function is np.where:
            early = []
        else:
            early = [x for x in dying if x.shape == call.result.shape]
        for x in early:
            self._release(x)
        target = self.names.get(id(call.result)) or self._register(call.result)
        self._write(call, arguments, target)
        for x in (*dying, call.result):
            if self.last.get(id(x)) == i:
                self._release(x)

    def _operand(self, x: Any, call: Call) -> str:
        if isinstance(x, Recorder):
            return self.names[id(x)]
        if self.alone:
            return self.writer.constant_like(x.reshape(1))
        slow = call.function in (np.maximum, np.minimum)
        if len(call.result.shape) and (slow or prod(call.result.shape) <= SMALL):
            return self._filled(x, call.result)
        return self.writer.constant(x)

    def _filled(self, number: np.ndarray, result: Recorder) -> str:
        """A number as an array of a tile's size, which some numpy loops take half the time for."""
        form = "full" if self.split is None else self._form(result.shape)
        shape = tuple(result.shape) if self.split is None else self._tile_shape(form, self.step)
        name = self.writer.constant_like(np.full(shape, number, number.dtype))
        return self._cut(name, "" if self.split is None else form)

    def _release(self, x: Any) -> None:
        register = self.held.pop(id(x), None)
        if register is not None:
            self.free.setdefault(x.dtype.name, []).append(register)

    def _register(self, result: Recorder) -> str:
        """A scratch array for a result, shaped like a tile of it."""
        dtype = result.dtype.name
        free = self.free.setdefault(dtype, [])
        if not free:
            number = self.count.get(dtype, 0)
            self.count[dtype] = number + 1
            free.append(f"scratch_{dtype}_{number}")
        register = self.held[id(result)] = free.pop()
        self.names[id(result)] = name = self._shaped(register, result)
        return name

    def _shaped(self, register: str, result: Recorder) -> str:
        writer = self.writer
        if self.split is None:
            form, shape = "", (1,) if self.alone else tuple(result.shape)
        else:
            form = self._form(result.shape)
            shape = self._tile_shape(form, self.step)
        size = prod(shape)
        writer.scratch[register] = max(writer.scratch.get(register, 1), size)
        key = ("register", register, shape)
        if key not in writer.views:
            writer.views[key] = writer.numbered("t")
            writer.above.append(f"{writer.views[key]} = {register}[:{size}].reshape({shape})")
        self.scratch[writer.views[key]] = None
        return self._cut(writer.views[key], form)

    def _cut(self, name: str, form: str) -> str:
        """As much of a tile-sized array as the last tile needs."""
        if form not in ("full", "col") or self.whole_tiles:
            return name
        self.above[f"{name}_cut"] = f"{name}[:height]"
        self.writer.taken.add(f"{name}_cut")
        return f"{name}_cut"

    def _choose(self, call: Call, arguments: list[str], target: str) -> None:
        """A choice by a mask: with its bits where that is faster, else element by element."""
        condition, yes, no = arguments
        node = self.region.made_by.get(id(call.result))
        result, mask = call.result, call.arguments[0]
        word = WORDS.get(result.dtype.itemsize)
        if word is not None and prod(result.shape) >= FEW and mask.shape == result.shape:
            zero = [_is_zero(x, word) for x in call.arguments[1:]]
            if zero[1] and self.split is None:
                pairs = ((call.arguments[1], yes), (result, target))
                words = [self._words(x, name, word) for x, name in pairs]
                self._say(f"{self._np('multiply')}({words[0]}, {condition}, {words[1]})", node)
                return
            bits = Recorder([], result.shape, word)
            scratch = self._register(bits)
            arms = [yes if zero[1] or not zero[0] else "None", "None" if zero[1] else no]
            choose = self.writer.helper("choose")
            self._say(f"{choose}({target}, {condition}, {', '.join(arms)}, {scratch})", node)
            self._release(bits)
            return
        if no != target:
            self._say(f"{self._np('copyto')}({target}, {no})", node)
        self._say(f"{self._np('copyto')}({target}, {yes}, where={condition})", node)

    def _words(self, x: Any, name: str, word: Any) -> str:
        """An array as whole words of bits: a word times a truth value is the word, or nothing."""
        slots = {id(recorder): slot for recorder, slot in self.region.exits} | self.region.entries
        slot = slots.get(id(x))
        text = f"{name}.view({word.name!r})"
        if not isinstance(x, Recorder) or (slot is not None and not slot.static):
            return text
        key = ("words", name)
        if key not in self.writer.views:
            self.writer.views[key] = self.writer.unique(f"{name}_words")
            self.writer.above.append(f"{self.writer.views[key]} = {text}")
        return self.writer.views[key]

    def _say(self, line: str, node: Node | None) -> None:
        self.lines.append((line, node))

    def _write(self, call: Call, arguments: list[str], target: str) -> None:
        node = self.region.made_by.get(id(call.result))
        if call.function is np.where:
            self._choose(call, arguments, target)
        elif call.function is np.copyto:
            unsafe = ", 'unsafe'" if call.arguments[0].dtype != call.result.dtype else ""
            self._say(f"{self._np('copyto')}({target}, {arguments[0]}{unsafe})", node)
        else:
            name = self._np(call.function.__name__)
            keyword = "out=" if call.function in (np.maximum, np.minimum) else ""
            self._say(f"{name}({', '.join(arguments)}, {keyword}{target})", node)

    def _np(self, name: str) -> str:
        return self.writer.function(getattr(np, name), name)


def _is_zero(x: Any, word: Any) -> bool:
    """Whether an argument of a call is a constant without a single bit (-0.0 has one)."""
    return not isinstance(x, Recorder) and not np.asarray(x).view(word).any()


def form_of(shape: tuple, whole: tuple, split: int) -> str:
    """How an array lies along a region's (rows, row): "full", "row", "col", "scalar" or ""."""
    padded = (1,) * (len(whole) - len(shape)) + tuple(shape)
    before, after = padded[:split], padded[split:]
    if padded == whole:
        return "full"
    if all(d == 1 for d in padded):
        return "scalar"
    if all(d == 1 for d in before) and after == whole[split:]:
        return "row"
    return "col" if before == whole[:split] and all(d == 1 for d in after) else ""


def is_contiguous(slot: Slot) -> bool:
    """Whether an array lies in memory without gaps, as far as the plan knows."""
    return slot.sample is None or slot.sample.flags.c_contiguous
