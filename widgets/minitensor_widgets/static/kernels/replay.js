// A recorded launch: who did what up to a point, and what is in memory then.
import { gridShape } from "./cells.js";

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

export function indexText(number, [wide, tall, deep]) {
  const place = [number % wide, Math.floor(number / wide) % tall, Math.floor(number / wide / tall)];
  return tall * deep === 1 ? String(place[0]) : `(${place.slice(0, deep > 1 ? 3 : 2).join(", ")})`;
}

export class Replay {
  constructor(record) {
    Object.assign(this, record, { blocks: product(record.grid), threads: product(record.block) });
    this.name = record.title;
    this.total = record.events.length / 4;
    let next = 0;
    this.moves = Array.from({ length: this.total }, (_, i) => {
      const [thread, cell, kind, line] = record.events.slice(4 * i, 4 * i + 4);
      const array = record.arrays.findLastIndex(({ offset }) => offset <= cell);
      const value = kind ? record.values[next++] : undefined;
      return { thread, kind, line, array, flat: cell - record.arrays[array].offset, value };
    });
    for (const { block, start, end } of record.phases)
      for (const move of this.moves.slice(start, end)) move.block = block;
  }

  // Which accesses belong to a thread "block:thread".
  of(selected) {
    const [block, thread] = selected.split(":").map(Number);
    return this.moves.flatMap((move, i) =>
      move.block === block && move.thread === thread ? [i] : [],
    );
  }

  // What every array holds after the first `end` accesses, seen from a block.
  held(end, block) {
    const arrays = this.arrays.map(({ before }) => [...before]);
    for (const move of this.moves.slice(0, end))
      if (
        move.kind &&
        arrays[move.array].length &&
        (this.arrays[move.array].space === "global" || move.block === block)
      )
        arrays[move.array][move.flat] = move.value;
    return arrays;
  }

  who(block, thread) {
    const of = this.blocks > 1 ? ` of block ${indexText(block, this.grid)}` : "";
    return `thread ${indexText(thread, this.block)}${of}`;
  }

  // The steps of the timeline: phases, or the accesses of one thread.
  step(at, selected) {
    if (!at) return { start: 0, end: 0, block: 0, line: 0 };
    if (!selected) {
      const { start, end, block, stops } = this.phases[at - 1];
      return { start, end, block, line: stops[0] ?? 0, stops };
    }
    const move = this.of(selected)[at - 1];
    const { block, line } = this.moves[move];
    return { start: move, end: move + 1, block, line };
  }
}

// Room for numbers where there are few cells.
export function cellSize({ shape }) {
  const [rows, columns] = gridShape(shape),
    cells = rows * columns;
  return cells <= 160 && (rows === 1 || columns <= 16) ? 36 : cells <= 256 ? 16 : 7;
}
