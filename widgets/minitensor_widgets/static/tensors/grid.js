// One window of elements: a table of few, a heat map of many. Arrow keys walk from cell to cell.
import { css, diverging } from "../colours.js";
import { html } from "../dom.js";
import { number } from "../values.js";
import { SIGNS, cellText, signOf } from "./cells.js";

const FEWEST = 64;
const MOVES = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};

function drawSign(paint, sign, x, y, size) {
  const low = size * 0.25,
    high = size * 0.75,
    half = size / 2;
  paint.beginPath();
  if (sign === "NaN") {
    paint.moveTo(x + low, y + low);
    paint.lineTo(x + high, y + high);
    paint.moveTo(x + high, y + low);
    paint.lineTo(x + low, y + high);
    paint.stroke();
    return;
  }
  const [tip, foot] = sign === "above" ? [low, high] : [high, low];
  if (sign === "clipped") paint.arc(x + half, y + half, size / 8, 0, 7);
  else {
    paint.moveTo(x + half, y + tip);
    paint.lineTo(x + high, y + foot);
    paint.lineTo(x + low, y + foot);
  }
  paint.fill();
}

// `part` has name, limit and at(i, j); `walk(i, j, part)` is called when the cursor moves.
export class Grid {
  constructor(part, [rows, columns], dtype, wide, signal, walk) {
    Object.assign(this, { part, rows, columns, dtype, wide, walk });
    this.count = rows.length * columns.length;
    this.words = typeof part.at(0, 0) === "string";
    this.cursor = [0, 0];
    const few = this.count <= FEWEST || this.words;
    this.body = few ? this.table() : this.map();
    this.root = html(
      "figure",
      { class: "mt-part" },
      html("figcaption", {}, html("b", {}, part.name)),
      html("div", { class: "mt-scroll" }, this.body),
      few ? null : html("figcaption", {}, this.legend),
    );
    this.body.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.body.addEventListener("click", (event) => this.clicked(event), { signal });
    this.body.addEventListener("focusin", () => this.tell(), { signal });
  }

  text(i, j) {
    const value = this.part.at(i, j);
    return value === undefined ? "" : cellText(value, this.dtype);
  }

  table() {
    const head = this.columns.map((column) => html("th", { scope: "col" }, String(column)));
    const lines = this.rows.map((row, i) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, String(row)),
        this.columns.map((_, j) => {
          const value = this.part.at(i, j),
            sign = typeof value === "number" && !Number.isFinite(value) && "mt-sign";
          return html(
            "td",
            { class: sign, tabindex: -1, "data-cell": `${i},${j}` },
            this.text(i, j),
          );
        }),
      ),
    );
    return html(
      "table",
      { "aria-label": this.part.name },
      html("thead", {}, html("tr", {}, html("td"), head)),
      html("tbody", {}, lines),
    );
  }

  map() {
    const { part, rows, columns } = this,
      size = (this.size = Math.max(6, Math.min(18, Math.floor(this.wide / columns.length)))),
      sharp = globalThis.devicePixelRatio || 1,
      kinds = new Set();
    const canvas = html("canvas", {
      class: "mt-heat",
      width: Math.round(columns.length * size * sharp),
      height: Math.round(rows.length * size * sharp),
      style: `width:${columns.length * size}px;height:${rows.length * size}px`,
    });
    const paint = canvas.getContext("2d");
    paint.scale(sharp, sharp);
    paint.lineWidth = 1.4;
    rows.forEach((_, i) =>
      columns.forEach((_, j) => {
        const value = part.at(i, j),
          sign = value === undefined ? "" : signOf(value, part.limit);
        if (value === undefined) return;
        kinds.add(sign);
        paint.fillStyle = sign === "NaN" ? "#fff" : css(diverging(value / part.limit));
        paint.fillRect(j * size, i * size, size, size);
        paint.fillStyle = paint.strokeStyle = "#1a1a1a";
        if (sign) drawSign(paint, sign, j * size, i * size, size);
      }),
    );
    const signs = Object.keys(SIGNS).filter((sign) => kinds.has(sign)),
      ends = `blue −${number(part.limit, 3)}, white 0, orange ${number(part.limit, 3)}`,
      plain = kinds.size > 1 || !kinds.has("NaN");
    this.legend = [...(plain ? [ends] : []), ...signs.map((sign) => SIGNS[sign])].join(" · ");
    const seen = `Heat map of ${rows.length} by ${columns.length} cells: ${this.legend}`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", seen);
    this.mark = html("div", { class: "mt-mark", style: `width:${size}px;height:${size}px` });
    return html(
      "div",
      {
        class: "mt-map",
        tabindex: 0,
        role: "application",
        "aria-roledescription": "heat map",
        "aria-label": `${part.name}: arrow keys walk from cell to cell`,
      },
      canvas,
      this.mark,
    );
  }

  // Show the cursor; with `focus` the keys go there too.
  point(i, j, focus) {
    this.cursor = [i, j];
    if (this.mark) {
      this.mark.style.transform = `translate(${j * this.size}px,${i * this.size}px)`;
      if (focus) this.body.focus();
      return;
    }
    this.body.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    const cell = this.body.querySelector(`[data-cell="${i},${j}"]`);
    cell.setAttribute("tabindex", "0");
    if (focus) cell.focus();
  }

  pressed(event) {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    this.walk(this.cursor[0] + move[0], this.cursor[1] + move[1], this);
  }

  clicked(event) {
    if (!this.mark) {
      const cell = event.target.closest("[data-cell]");
      if (cell) this.walk(...cell.dataset.cell.split(",").map(Number), this);
      return;
    }
    const box = this.body.getBoundingClientRect();
    const at = [event.clientY - box.top, event.clientX - box.left];
    this.walk(...at.map((pixel) => Math.floor(pixel / this.size)), this);
  }

  tell() {
    const cell = document.activeElement?.dataset?.cell;
    if (cell && cell !== this.cursor.join()) this.walk(...cell.split(",").map(Number), this);
  }
}
