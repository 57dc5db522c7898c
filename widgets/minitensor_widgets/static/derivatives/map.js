// A matrix as coloured cells, with the indices of rows and columns; arrow keys walk in it.
import { css, diverging } from "../colours.js";
import { html, svg } from "../dom.js";
import { number } from "../values.js";

const WIDEST = 340;
const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};
const GLYPHS = { NaN: "×", inf: "+∞", "-inf": "−∞" };
export const elementText = (value) => GLYPHS[value]?.replace("×", "NaN") ?? number(value);

// The index of an element, by its place among all: (1, 2).
export function indexText(shape, place) {
  const found = [];
  for (const size of [...shape].reverse()) {
    found.unshift(place % size);
    place = Math.floor(place / size);
  }
  return found.join(", ");
}

// Which elements a row or column of cells stands for: one index, or the first and the last.
export function rangeText(shape, block, cell) {
  const last = Math.min(shape.reduce((a, b) => a * b, 1), (cell + 1) * block) - 1,
    first = indexText(shape, cell * block);
  return block === 1 ? first : `${first} … ${indexText(shape, last)}`;
}

// Every element that is not zero is seen to be none: its colour begins at a sixth.
function paint(value, most, x, y, size) {
  const box = { x, y, width: size, height: size };
  if (typeof value === "string")
    return [
      svg("rect", { ...box, class: "mt-hole" }),
      svg("text", { x: x + size / 2, y: y + size / 2 + 4, class: "mt-glyph" }, GLYPHS[value]),
    ];
  const part = value / most;
  return svg("rect", { ...box, fill: css(diverging(Math.sign(part) / 6 + part * (5 / 6))) });
}

function labels(shape, block, count, size, across) {
  const texts = Array.from({ length: count }, (_, i) => indexText(shape, i * block));
  const room = across ? 6.2 * Math.max(1, ...texts.map((text) => text.length)) + 8 : 12,
    every = Math.ceil(room / size);
  return texts.flatMap((text, i) => (i % every ? [] : [[i, text]]));
}

// Lines between the groups that the first axis makes of the elements.
function groups(shape, block, count, size) {
  const inner = shape.slice(1).reduce((a, b) => a * b, 1);
  if (shape.length < 2 || inner < 2 || block > 1) return [];
  return Array.from({ length: count / inner - 1 }, (_, i) => (i + 1) * inner * size);
}

export class MatrixMap {
  // `record` has cells, rows, columns and block; `choose([i, j])` is called for a cell, or null.
  constructor(record, signal, choose) {
    Object.assign(this, { record, choose });
    this.tall = record.cells.length;
    this.wide = record.cells[0].length;
    const size = Math.floor(WIDEST / Math.max(this.tall, this.wide));
    this.size = Math.max(4, Math.min(30, size));
    this.element = html(
      "div",
      {
        class: "mt-matrix",
        tabindex: 0,
        role: "application",
        "aria-roledescription": "matrix",
        "aria-label": `${this.tall} by ${this.wide} cells. Arrow keys walk from cell to cell, Home and End lead to the ends of a row, Page Up and Page Down to those of a column, Escape leaves.`,
      },
      this.drawn(),
    );
    this.element.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.element.addEventListener("click", (event) => this.clicked(event), { signal });
  }

  drawn() {
    const { record, size, tall, wide } = this,
      { cells, rows, columns, block } = record,
      known = cells.flat().filter((v) => typeof v === "number"),
      most = known.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    const down = labels(rows, block[0], tall, size, false),
      across = labels(columns, block[1], wide, size, true);
    this.left = 6.2 * Math.max(1, ...down.map(([, text]) => text.length)) + 10;
    const [w, h] = [wide * size, tall * size];
    this.mark = svg("rect", { class: "mt-here", width: size, height: size, visibility: "hidden" });
    const word = (x, y, name, text) => svg("text", { x, y, class: `mt-small ${name}` }, text);
    const lines = [
      ...groups(columns, block[1], wide, size).map((x) => `M${x},0V${h}`),
      ...groups(rows, block[0], tall, size).map((y) => `M0,${y}H${w}`),
    ];
    const width = this.left + Math.max(w, 150) + 12;
    return svg(
      "svg",
      {
        viewBox: `${-this.left} -30 ${width} ${h + 34}`,
        width,
        height: h + 34,
        "aria-hidden": "true",
      },
      word(0, -20, "", "columns: input →"),
      across.map(([i, text]) => word((i + 0.5) * size, -5, "mt-m", text)),
      down.map(([i, text]) => word(-5, (i + 0.5) * size + 3.5, "mt-e", text)),
      svg("rect", { class: "mt-field", width: w, height: h }),
      svg(
        "g",
        { class: "mt-colours" },
        cells.map((row, i) =>
          row.map((value, j) => (value === 0 ? [] : paint(value, most, j * size, i * size, size))),
        ),
      ),
      svg("path", { class: "mt-groups", d: lines.join("") }),
      this.mark,
    );
  }

  clicked(event) {
    const field = this.element.querySelector(".mt-field").getBoundingClientRect(),
      i = Math.floor(((event.clientY - field.top) / field.height) * this.tall),
      j = Math.floor(((event.clientX - field.left) / field.width) * this.wide);
    if (i >= 0 && j >= 0 && i < this.tall && j < this.wide) this.choose([i, j]);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const by = STEPS[event.key];
    if (event.key === "Escape") this.choose(null);
    else if (by) {
      const within = (at, most) => Math.max(0, Math.min(most - 1, at)),
        [i, j] = this.at ?? [0, 0];
      const to = [within(i + by[0], this.tall), within(j + by[1], this.wide)];
      this.choose(this.at || Math.abs(by[0] + by[1]) === Infinity ? to : [0, 0]);
    } else return;
    event.preventDefault();
  }

  show(at) {
    this.at = at;
    this.mark.setAttribute("visibility", at ? "visible" : "hidden");
    if (!at) return;
    this.mark.setAttribute("x", at[1] * this.size);
    this.mark.setAttribute("y", at[0] * this.size);
  }
}
