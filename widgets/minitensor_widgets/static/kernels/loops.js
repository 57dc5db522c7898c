// A loop nest: each read and write, the lines that the cache holds, and the other orders.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { count, sizeText } from "../units.js";
import { number } from "../values.js";
import { Cells, gridShape, keepReachable, place } from "./cells.js";
import { Code, sheet, wordButton } from "./code.js";
import { cached } from "./lru.js";

// Which line, variables and operations belong to each access.
function unfolded({ visits, variables }) {
  const wide = variables.length + 3,
    found = [];
  let done = 0;
  for (let at = 0; at < visits.length; at += wide) {
    const [line, times, operations, ...values] = visits.slice(at, at + wide);
    done += operations;
    for (let i = 1; i <= times; i++)
      found.push({ line, values, operations: i === times ? done : done - operations });
  }
  return found;
}

function facts(run, operations) {
  return [
    String(run.reads),
    String(run.writes),
    String(run.hits),
    String(run.missed.length),
    sizeText(run.moved),
    String(operations),
    run.moved ? number(operations / run.moved, 3) : "–",
  ];
}
const FACTS = [
  ...["reads", "writes", "cache hits", "cache misses", "moved", "operations"],
  "operations per byte",
];

function totalsOf({ totals }) {
  const run = { ...totals, missed: { length: totals.misses } };
  return facts(run, totals.operations);
}

class Nest {
  constructor(record, model) {
    Object.assign(this, { record, model, places: unfolded(record) });
    this.source = new Code(record.source, "Loop nest");
    const grids = record.arrays.map(({ shape }) => gridShape(shape)),
      wide = grids.reduce((sum, [, columns]) => sum + Math.min(columns, 32), 0),
      tall = Math.max(1, ...grids.map(([rows]) => rows)),
      widest = Math.max(1, ...grids.map(([, columns]) => Math.min(columns, 32))),
      fits = Math.max(Math.floor(440 / wide), Math.min(13, Math.floor(500 / widest))),
      cell = Math.max(5, Math.min(24, fits, Math.floor(400 / tall)));
    this.cells = record.arrays.map((array) => new Cells(array, cell));
    this.arrays = html(
      "div",
      { class: "mt-arrays" },
      record.events.length
        ? this.cells.map(({ svg, name }) =>
            html(
              "figure",
              {},
              html("figcaption", {}, name),
              svg ?? html("p", { class: "mt-dim" }, "too large, or too empty, to be drawn"),
            ),
          )
        : [],
    );
  }

  get cache() {
    const { model, record } = this,
      shared = { ways: record.cache.ways, element: record.element };
    return { line: model.get("line"), lines: model.get("lines"), ...shared };
  }

  owner(address) {
    const { arrays } = this.record;
    const at = arrays.findLastIndex(({ base }) => base <= address);
    return [at, address - arrays[at].base];
  }

  say(at, run) {
    const { record } = this;
    if (!at) return "Nothing is read or written yet; the cache is empty.";
    const code = record.events[at - 1],
      [which, flat] = this.owner(code >> 1),
      array = record.arrays[which],
      miss = run.missed.at(-1) === at - 1,
      first = flat - (flat % this.cache.line);
    const last = Math.min(first + this.cache.line, this.cells[which].size) - 1;
    const values = record.variables.map(
      (name, i) => `${name} = ${this.places[at - 1]?.values[i] ?? "?"}`,
    );
    const what = `${code & 1 ? "writes" : "reads"} ${place(array, flat)}`;
    const how = miss
      ? `✕ miss: the line ${place(array, first)} to ${place(array, last)} is fetched`
      : "✓ hit: its line is in the cache";
    return `${values.join(", ")}${values.length ? ": " : ""}${what}. ${how}.`;
  }

  paint(at) {
    const { record, cache } = this,
      run = cached(record.events, at, cache),
      code = at ? record.events[at - 1] : -1,
      [now, flat] = at ? this.owner(code >> 1) : [-1, 0],
      miss = run.missed.at(-1) === at - 1;
    this.cells.forEach((cells, which) => {
      if (!cells.drawn) return;
      const { base } = record.arrays[which],
        marks = [],
        signs = [];
      for (const [line, times] of run.fetched) {
        const first = line * cache.line - base;
        if (first < 0 || first >= cells.size) continue;
        const changed = run.held.get(line);
        const kind = changed === undefined ? "mt-gone" : changed ? "mt-held mt-new" : "mt-held";
        if (changed !== undefined || cells.cell >= 12)
          marks.push(cells.runs(first, cache.line, kind));
        if (cells.cell >= 14 && !(now === which && flat === first))
          signs.push(cells.sign(first, String(times)));
      }
      if (now === which) {
        const first = flat - (flat % cache.line);
        signs.push(cells.runs(first, cache.line, miss ? "mt-line mt-miss" : "mt-line"));
        signs.push(
          cells.box(flat, code & 1 ? "mt-now mt-write" : "mt-now", 1, cells.cell < 18 ? 0 : 2),
        );
        if (cells.cell >= 12) signs.push(cells.sign(flat, code & 1 ? "W" : "R", "mt-letter"));
      }
      const held = [...run.held.keys()].filter(
        (line) => line * cache.line >= base && line * cache.line < base + cells.size,
      );
      const label = `${cells.name}: ${count(held.length, "line")} of it in the cache`;
      cells.paint([marks, signs], now === which ? `${label}; ${this.say(at, run)}` : label);
    });
    this.source.mark(at ? (this.places[at - 1]?.line ?? 0) : 0);
    return run;
  }
}

function comparison({ compare }, { line, lines }) {
  if (!compare.length) return "";
  const key = `${line},${lines}`,
    most = Math.max(...compare.map(({ misses }) => misses[key] ?? 0)) || 1;
  const rows = compare.map(({ name, current, misses }) => [
    current ? `▶ ${name}` : name,
    misses[key] === undefined ? "not counted" : String(misses[key]),
    html("i", { class: "mt-misses", style: `width:${(90 * (misses[key] ?? 0)) / most}px` }),
  ]);
  return [
    html("div", { class: "mt-sub" }, "The same loops in other orders"),
    sheet(["order", "misses", ""], rows, "Misses of other orders"),
  ];
}

function choice(label, values, model, name, signal) {
  const select = html(
    "select",
    {},
    values.map((value) => html("option", { value }, String(value))),
  );
  select.addEventListener(
    "change",
    () => {
      model.set(name, +select.value);
      model.save_changes();
    },
    { signal },
  );
  const show = () => {
    const value = String(model.get(name));
    if (![...select.options].some((option) => option.value === value))
      select.append(html("option", { value }, value)); // Python may choose any number
    select.value = value;
  };
  return { label: html("label", {}, label, select), show };
}

function rowsOf({ rows }) {
  if (!rows.length) return "";
  const lines = rows.map((row) => [row.label, row.reads, row.writes, row.misses].map(String));
  return sheet(["", "reads", "writes", "misses"], lines, "Counts for each turn");
}

// The two menus that choose a cache.
function menus(record, model, signal) {
  const ways = record.cache.ways ?? 1,
    fits = [4, 8, 16, 32, 64].filter((lines) => lines % ways === 0),
    lines = [...new Set([...fits, record.cache.lines])].sort((a, b) => a - b);
  return [
    choice("elements in a line", [4, 8, 16], model, "line", signal),
    choice("lines in the cache", lines, model, "lines", signal),
  ];
}

const LEGEND =
  "R reads, W writes · filled: line in the cache, dashed: changed there · " +
  "dotted: gone again · number: times fetched";

class LoopsView {
  constructor({ model, el: host }, signal) {
    const record = model.get("loops"),
      end = record.events.length,
      nest = new Nest(record, model);
    Object.assign(this, { record, end, nest }, frame(host, record.title, signal, ""));
    const pause = Math.max(60, 8000 / (end || 1));
    this.controls = new Controls(this.bar, signal, model, end, "Accesses", pause);
    this.menus = menus(record, model, signal);
    const next = wordButton("Next miss", signal, () => this.toMiss());
    this.bar.append(next, ...this.menus.map(({ label }) => label));
    this.bar.hidden = !end;
    this.told = html("p", { class: "mt-said" });
    this.counts = html("div");
    const below = end ? html("p", { class: "mt-dim" }, LEGEND) : rowsOf(record);
    const left = [end ? this.told : "", nest.arrays, below];
    const bad = record.problems.map(({ text }) => html("p", { class: "mt-bad" }, `✕ ${text}`));
    const note = record.note ? html("p", {}, record.note) : "";
    this.body.append(html("div", { class: "mt-lab" }, left), this.panel);
    this.panel.append(nest.source.pre, ...bad, note, this.counts);
    keepReachable(nest.arrays, signal);
  }

  whole() {
    return cached(this.record.events, this.end, this.nest.cache);
  }

  toMiss() {
    const { controls, end } = this,
      to = this.whole().missed.find((at) => at >= controls.at);
    controls.go(to === undefined ? end : to + 1);
  }

  paint() {
    const { controls, end, nest, record, told } = this,
      { at } = controls;
    const done = end ? nest.paint(at) : null,
      spent = at ? (nest.places[at - 1]?.operations ?? 0) : 0,
      last = end ? facts(this.whole(), record.totals.operations) : totalsOf(record),
      now = done ? facts(done, spent) : null;
    const bytes = `moved, ${record.element} B an element`;
    const names = FACTS.map((name) => (name === "moved" ? bytes : name));
    const rows = names.map((name, i) => [name, ...(now ? [now[i]] : []), last[i]]);
    const head = ["", ...(now ? ["so far"] : []), "whole nest"];
    this.counts.replaceChildren(
      ...[sheet(head, rows, "Counts"), comparison(record, nest.cache)].flat().filter(Boolean),
    );
    told.textContent = done ? nest.say(at, done) : "";
    controls.paint(at ? { title: told.textContent } : undefined);
    for (const { show } of this.menus) show();
  }
}

function mount(given) {
  const own = lifetime(given.signal),
    { model } = given,
    view = new LoopsView(given, own.signal),
    { bar, controls, nest, root, say, told } = view;
  const moved = () => {
    view.paint();
    if (!controls.timer || controls.at === view.end) say(told.textContent);
  };
  const chosen = () => {
    view.paint();
    const { line, lines } = nest.cache;
    say(
      `${count(lines, "line")} of ${line} elements: ${count(view.whole().missed.length, "miss")}`,
    );
  };
  bar.addEventListener(
    "keydown",
    (event) => {
      if (event.target.tagName !== "SELECT") controls.pressed(event);
    },
    { signal: own.signal },
  );
  listen(model, own.signal, { "change:step": moved, "change:line": chosen, "change:lines": chosen });
  view.paint();
  return () => own.abort();
}
export const render = (host) => remount(host, "loops", mount);
export default { render };
