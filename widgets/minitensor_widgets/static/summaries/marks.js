// What points are: columns of labels, and how they colour and shape the points.
import { css, sequential } from "../colours.js";
import { html, svg } from "../dom.js";
import { number } from "../values.js";
import { SHAPE_COUNT } from "./stamps.js";

const [HUE_COUNT, STEPS, LISTED] = [10, 16, 30];
const PATHS = [
  "M2,6a4,4 0 1 0 8,0a4,4 0 1 0-8,0z",
  "M2.5,2.5h7v7h-7z",
  "M6,1.5l4.5,8h-9z",
  "M6,1l5,5l-5,5l-5-5z",
  "M4.5,1h3v3.500h3.500v3h-3.500v3.500h-3v-3.500h-3.500v-3h3.500z",
];

export const wordAt = (column, i) =>
  column.kind === "class"
    ? column.names[column.codes[i]]
    : column.kind === "number"
      ? number(column.values[i])
      : column.values[i];
// Columns that colour: all but names.
export const colouring = (columns) => columns.filter(({ kind }) => kind !== "name");
const shapeOf = (code) => (code + Math.floor(code / SHAPE_COUNT)) % SHAPE_COUNT;
const hueOf = (code) => `var(--mt-hue-${code % HUE_COUNT})`;

export function lookBy(column, count) {
  const hue = new Uint8Array(count),
    shape = new Uint8Array(count);
  if (!column) return { shades: [hueOf(0)], hue, shape };
  if (column.kind === "class") {
    column.codes.forEach((code, i) => ([hue[i], shape[i]] = [code % HUE_COUNT, shapeOf(code)]));
    return { shades: Array.from({ length: HUE_COUNT }, (_, i) => hueOf(i)), hue, shape };
  }
  const low = Math.min(...column.values),
    high = Math.max(...column.values);
  column.values.forEach((value, i) => {
    hue[i] = high > low ? Math.round(((value - low) / (high - low)) * (STEPS - 1)) : STEPS >> 1;
  });
  const shades = Array.from({ length: STEPS }, (_, i) => css(sequential(i / (STEPS - 1))));
  return { shades, hue, shape };
}

export function legendOf(column) {
  if (!column) return "";
  if (column.kind === "number") {
    const ends = [Math.min(...column.values), Math.max(...column.values)].map((v) => number(v, 4));
    const scale = html("i", { class: "mt-scale" });
    return [`${column.name}: dark ${ends[0]}`, scale, `bright ${ends[1]}`];
  }
  const rest = column.names.length - LISTED;
  const entries = column.names
    .slice(0, LISTED)
    .map((name, code) =>
      html(
        "li",
        {},
        svg(
          "svg",
          { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
          svg("path", { d: PATHS[shapeOf(code)], style: `fill:${hueOf(code)}` }),
        ),
        name,
      ),
    );
  const more = rest > 0 ? html("li", {}, `… and ${rest} more`) : null;
  return [`${column.name}:`, html("ul", {}, entries, more)];
}

// The points whose labels hold a text: first those that are it, then those that begin with it. Of
// numbers, and of classes where one has this name, only those that are it.
export function search(columns, count, text) {
  const wanted = text.trim().toLowerCase(),
    found = [[], [], []];
  const whole = columns.map(
    ({ kind, names }) =>
      kind === "number" || names?.some((name) => name.toLowerCase() === wanted) === true,
  );
  for (let i = 0; i < count; i++) {
    let best = 3;
    columns.forEach((column, k) => {
      const word = wordAt(column, i).toLowerCase(),
        at = word.indexOf(wanted);
      if (word === wanted) best = 0;
      else if (at >= 0 && !whole[k]) best = Math.min(best, at ? 2 : 1);
    });
    found[best]?.push(i);
  }
  return found.flat();
}
