// Values on the screen: a number, a table, a heat map.
import { css, diverging } from "./colours.js";
import { html } from "./dom.js";
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

// Blue below zero, orange above, black where there is no number.
export function heatMap(heat) {
  const rows = heat.length,
    columns = heat[0].length,
    most = Math.max(1e-30, ...heat.flat().map((v) => Math.abs(v ?? 0)));
  const cell = Math.max(4, Math.min(16, Math.floor(256 / columns)));
  const canvas = html("canvas", {
    width: columns,
    height: rows,
    role: "img",
    class: "mt-heat",
    "aria-label": `Heat map of ${rows} by ${columns} cells`,
    style: `width:${columns * cell}px;height:${rows * cell}px`,
  });
  const paint = canvas.getContext("2d");
  heat.forEach((row, y) =>
    row.forEach((value, x) => {
      paint.fillStyle = value === null ? "#000" : css(diverging(value / most));
      paint.fillRect(x, y, 1, 1);
    }),
  );
  return html(
    "figure",
    {},
    canvas,
    html("figcaption", {}, `blue < 0 < orange${heat.flat().includes(null) ? ", black: NaN" : ""}`),
  );
}

export function valuePane(value) {
  if (!value) return html("p", { class: "mt-dim" }, "value not recorded");
  const { text, shape, heat } = value,
    numbers = leaves(text),
    percent = (share) => number(share * 100, 3) + " %";
  if (numbers.length === 1 && !shape.length)
    return html("p", {}, html("b", {}, numbers[0]), ` ${value.dtype}`);
  const facts =
    value.mean === null
      ? []
      : [
          `min ${number(value.minimum)}`,
          `mean ${number(value.mean)}`,
          `max ${number(value.maximum)}`,
        ];
  if (value.zeros) facts.push(`zeros ${percent(value.zeros)}`);
  if (value.nans) facts.push(`NaN ${percent(value.nans)}`);
  return html(
    "div",
    { class: "mt-value" },
    html("div", {}, `${shapeText(shape)} ${value.dtype}`),
    numbers.length ? table(text, shape) : heat.length ? heatMap(heat) : null,
    html("div", { class: "mt-dim" }, facts.join(" · ")),
  );
}

