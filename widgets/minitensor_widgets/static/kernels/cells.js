// Arrays as grids of cells: all axes but the last make rows.
import { svg } from "../dom.js";
import { shapeText } from "../values.js";

const MOST_DRAWN = 4096;

export function gridShape(shape) {
  const columns = shape.length ? shape[shape.length - 1] : 1;
  return [shape.slice(0, -1).reduce((a, b) => a * b, 1), columns];
}

// The indices of an element: a[1, 2].
export function place(array, flat) {
  const parts = [];
  for (const length of [...array.shape].reverse()) {
    parts.unshift(flat % length);
    flat = Math.floor(flat / length);
  }
  return `${array.name}[${parts.join(", ")}]`;
}

// A picture that is wider than its place is scrolled, and then the keyboard must reach it.
export function keepReachable(arrays, signal) {
  const watch = new ResizeObserver((seen) => {
    for (const { target } of seen)
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
  });
  for (const figure of arrays.querySelectorAll("figure")) watch.observe(figure);
  signal.addEventListener("abort", () => watch.disconnect());
}

// A long vector goes on in the next row, as a text does.
export class Cells {
  constructor(array, cell, most = 32) {
    let [rows, columns] = gridShape(array.shape);
    if (rows === 1 && columns > most) [rows, columns] = [Math.ceil(columns / most), most];
    const size = array.shape.reduce((a, b) => a * b, 1);
    Object.assign(this, { cell, rows, columns, size, drawn: size > 0 && size <= MOST_DRAWN });
    this.layer = svg("g");
    const [wide, tall] = [columns * cell, rows * cell];
    let lines = "";
    for (let row = 0; row < rows; row++) {
      const here = Math.min(columns, size - row * columns) * cell;
      lines += `M0,${row * cell}h${here}v${cell}H0z`;
      for (let x = cell; x < here; x += cell) lines += `M${x},${row * cell}v${cell}`;
    }
    this.svg = this.drawn
      ? svg(
          "svg",
          {
            class: cell < 12 ? "mt-cells mt-tiny" : "mt-cells",
            role: "img",
            viewBox: `-2 -2 ${wide + 4} ${tall + 4}`,
            width: wide + 4,
            height: tall + 4,
          },
          svg("path", { class: "mt-mesh", d: lines }),
          this.layer,
        )
      : null;
    this.name = `${array.name} ${shapeText(array.shape)}`;
  }

  box(flat, kind, length = 1, inset = 1) {
    const { cell, columns } = this,
      row = Math.floor(flat / columns);
    return svg("rect", {
      class: kind,
      x: (flat % columns) * cell + inset,
      y: row * cell + inset,
      width: length * cell - 2 * inset,
      height: cell - 2 * inset,
    });
  }

  // The runs of cells in which elements first to first + count - 1 lie.
  runs(first, count, kind) {
    const end = Math.min(first + count, this.size),
      made = [];
    for (let at = first; at < end;) {
      const length = Math.min(this.columns - (at % this.columns), end - at);
      made.push(this.box(at, kind, length, 1.5));
      at += length;
    }
    return made;
  }

  sign(flat, text, kind = "mt-in", across = 0, down = 0) {
    const { cell, columns } = this;
    return svg(
      "text",
      {
        class: kind,
        x: ((flat % columns) + 0.5) * cell + across,
        y: (Math.floor(flat / columns) + 0.5) * cell + 4 + down,
      },
      text,
    );
  }

  paint(marks, label) {
    this.layer.replaceChildren(...marks.flat(Infinity));
    this.svg?.setAttribute("aria-label", label);
  }
}
