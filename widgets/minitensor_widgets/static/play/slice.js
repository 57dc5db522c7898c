// A slice through the loss around the present weights: bands of equal loss, and where we are.
import { html, svg } from "../dom.js";
import { number } from "../values.js";
import { bandLook } from "./bands.js";
import { makeField, paintField } from "./field.js";

// Levels 0 to 254 on a logarithmic scale of what lies above the lowest value.
export function logLevels(values) {
  const known = values.filter((v) => v !== null),
    low = Math.min(...known),
    high = Math.max(...known),
    unit = (high - low) / 1000 || 1;
  const scale = Math.log1p((high - low) / unit) || 1;
  return Uint8Array.from(values, (v) =>
    v === null ? 255 : Math.round((254 * Math.log1p((v - low) / unit)) / scale),
  );
}

// Between the places where the loss is known; what is beside a gap is a gap.
export function finer(rows, times) {
  const side = rows.length,
    size = (side - 1) * times + 1,
    out = [];
  for (let i = 0; i < size * size; i++) {
    const [y, x] = [Math.floor(i / size) / times, (i % size) / times],
      [r, c] = [Math.floor(y), Math.floor(x)],
      [r1, c1] = [Math.min(r + 1, side - 1), Math.min(c + 1, side - 1)],
      around = [rows[r][c], rows[r][c1], rows[r1][c], rows[r1][c1]];
    const across = [1 - x + c, x - c],
      part = [...across.map((p) => p * (1 - y + r)), ...across.map((p) => p * (y - r))];
    out.push(around.includes(null) ? null : around.reduce((sum, v, k) => sum + v * part[k], 0));
  }
  return out;
}

export function slicePane({ kind, rows, here, reading }) {
  const values = rows.flat(),
    known = values.filter((v) => v !== null);
  const canvas = makeField(`Loss along ${kind}. ${reading}`, "mt-plane-field");
  paintField(canvas, logLevels(finer(rows, 5)), bandLook(254, 255));
  const cross = svg(
    "svg",
    { viewBox: "0 0 100 100", "aria-hidden": "true" },
    svg("path", { class: "mt-cross mt-case", d: "M45,50H55M50,45V55" }),
    svg("path", { class: "mt-cross", d: "M45,50H55M50,45V55" }),
  );
  const ends = known.length
    ? `dark: low, ${number(Math.min(...known), 3)} · pale: high, ${number(Math.max(...known), 3)}`
    : "no number anywhere";
  return html(
    "figure",
    { class: "mt-plane mt-slice" },
    html("div", { class: "mt-plane-stage" }, canvas, cross),
    html(
      "figcaption",
      {},
      `${kind}, each from −½ to ½ of the weights · ${ends} · cross: here, ${number(here, 3)}`,
    ),
    html("p", {}, reading),
  );
}
