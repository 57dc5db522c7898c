// Values on the screen: a number, a table, a heat map.
import { css, diverging } from "./colours.js";
import { html } from "./dom.js";
import { factsOf } from "./facts.js";
import { leaves, number, shapeText } from "./values.js";

export function table(rows, shape) {
  if (shape.length > 2)
    return html(
      "div",
      {},
      rows.map((part, i) =>
        html("div", {}, html("small", {}, `[${i}]`), table(part, shape.slice(1))),
      ),
    );
  const grid = shape.length === 2 ? rows : [rows];
  const head = html(
    "tr",
    {},
    html("td"),
    (grid[0] ?? []).map((_, i) => html("th", { scope: "col" }, String(i))),
  );
  return html(
    "table",
    {},
    html("thead", {}, head),
    html(
      "tbody",
      {},
      grid.map((row, i) =>
        html(
          "tr",
          {},
          html("th", { scope: "row" }, String(i)),
          row.map((cell) => html("td", {}, cell)),
        ),
      ),
    ),
  );
}

// Blue below zero, orange above; a cross where there is no number, a dot beyond the ends.
export function heatMap(heat) {
  const rows = heat.length,
    columns = heat[0].length,
    sizes = heat
      .flat()
      .filter((value) => value !== null)
      .map(Math.abs)
      .sort((a, b) => a - b),
    most = sizes.at(-1) || 1,
    nearly = sizes[Math.floor(0.995 * (sizes.length - 1))],
    limit = nearly > 0 && nearly * 2 < most ? nearly : most,
    size = Math.max(6, Math.min(16, Math.floor(256 / columns))),
    canvas = html("canvas", { width: columns * size * 2, height: rows * size * 2, role: "img" }),
    paint = canvas.getContext("2d"),
    signs = new Set();
  canvas.className = "mt-heat";
  canvas.style = `width:${columns * size}px;height:${rows * size}px`;
  paint.scale(2, 2);
  heat.forEach((row, i) =>
    row.forEach((value, j) => {
      const [x, y, half] = [j * size, i * size, size / 2];
      paint.fillStyle = value === null ? "#fff" : css(diverging(value / limit));
      paint.fillRect(x, y, size, size);
      paint.fillStyle = "#1a1a1a";
      if (value === null) {
        signs.add("× not finite");
        paint.beginPath();
        paint.moveTo(x + 2, y + 2);
        paint.lineTo(x + size - 2, y + size - 2);
        paint.moveTo(x + size - 2, y + 2);
        paint.lineTo(x + 2, y + size - 2);
        paint.stroke();
      } else if (Math.abs(value) > limit) {
        signs.add("• clipped");
        paint.fillRect(x + half - 1, y + half - 1, 2, 2);
      }
    }),
  );
  const ends = `blue −${number(limit, 3)}, white 0, orange ${number(limit, 3)}`,
    legend = [...(sizes.length ? [ends] : []), ...signs].join(" · ");
  canvas.setAttribute("aria-label", `Heat map of ${rows} by ${columns} cells: ${legend}`);
  return html("figure", {}, canvas, html("figcaption", {}, legend));
}

export function valuePane(value) {
  if (!value) return html("p", { class: "mt-dim" }, "value not recorded");
  const { text, shape, heat } = value,
    numbers = leaves(text);
  if (numbers.length === 1 && !shape.length)
    return html("p", {}, html("b", {}, numbers[0]), ` ${value.dtype}`);
  return html(
    "div",
    { class: "mt-value" },
    html("div", {}, `${shapeText(shape)} ${value.dtype}`),
    numbers.length ? table(text, shape) : heat.length ? heatMap(heat) : null,
    html("div", { class: "mt-dim" }, factsOf(value).join(" · ")),
  );
}

