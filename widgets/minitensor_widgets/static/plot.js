// Twin of plot.py: curves over axes. Lines differ by dash and name, colour comes second.
import { DASHES, HUES } from "./colours.js";
import { svg } from "./dom.js";
import { apart, clip, number } from "./values.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [58, 12, 10, 40];

export function ticks(low, high, log = false, most = 5) {
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9),
      last = Math.floor(Math.log10(high) + 1e-9),
      list = [];
    for (let e = first; e <= last; e += Math.max(1, Math.ceil((last - first) / most)))
      list.push(10 ** e);
    if (list.length > 1 || !(high > low)) return list;
    const all = new Set([...list, ...ticks(low, high).filter((v) => v > 0)]);
    return [...all].sort((a, b) => a - b);
  }
  if (!(high > low)) return [low];
  const rough = Number.isFinite(high - low) ? (high - low) / most : high / most - low / most,
    unit = 10 ** Math.floor(Math.log10(rough)),
    step = [1, 2, 5, 10].map((k) => unit * k).find((k) => k >= rough * (1 - 1e-9)),
    list = [];
  if (!unit) return [low, high];
  const last = Math.floor(high / step + 1e-9);
  for (let k = Math.ceil(low / step - 1e-9); k <= last; k++)
    list.push(+(k * step).toPrecision(14));
  return list;
}

export function span(values, log = false) {
  const known = values.filter((v) => Number.isFinite(v) && (v > 0 || !log));
  if (!known.length) return log ? [1, 10] : [0, 1];
  const low = known.reduce((a, b) => Math.min(a, b)),
    high = known.reduce((a, b) => Math.max(a, b));
  if (low < high) return [low, high];
  const most = Number.MAX_VALUE,
    room = Math.abs(low) / 2 || 0.5; // as large as the value: 0.001 must not be drawn at 0
  return log
    ? [Math.max(low / 2, Number.MIN_VALUE), Math.min(high * 2, most)]
    : [Math.max(low - room, -most), Math.min(high + room, most)];
}

// The pixel of a value between two ends; null for what cannot be shown.
export function axis(ends, [first, last], log = false) {
  const at = (v) => {
    if (!Number.isFinite(v) || (log && v <= 0)) return null;
    let [low, high, value] = log ? [...ends, v].map(Math.log10) : [...ends, v];
    if (high - low > 1e303) [low, high, value] = [low / 1e5, high / 1e5, value / 1e5];
    return first + ((last - first) * (value - low)) / (high - low);
  };
  return { at, ends, log, first, last };
}

function curvePath(line, x, y) {
  let path = "",
    pen = "M";
  line.x.forEach((value, i) => {
    const a = x.at(value),
      b = y.at(line.y[i]);
    if (a === null || b === null) pen = "M";
    else {
      path += `${pen}${a.toFixed(1)},${b.toFixed(1)}`;
      pen = "L";
    }
  });
  return path;
}

// Pairs of a value and its text, no two alike; where they are long, from where they are counted.
export function tickTexts(values, log) {
  const short = (text) => (log ? text.replace(/\.00e\+?/, "e") : text), // powers of ten: 1e-5
    digits = apart(values, 4),
    made = values.map((v) => [v, short(number(v, digits))]);
  if (digits === 4 || made.every(([, text]) => text.length <= 9)) return [made, ""];
  const begin = `counted from ${number(values[0], 14)}`;
  return [values.map((v) => [v, number(v - values[0], 3)]), begin];
}
const words = (x, y, text, name) => svg("text", { x, y, class: `mt-small ${name}` }, text);

function axes(x, y, [below, beside], marks) {
  const of = ({ ends, log }) => tickTexts(ticks(...ends, log), log),
    [given, from] = marks ? [marks, ""] : of(x),
    [heights, low] = of(y),
    joined = (...parts) => clip(parts.filter(Boolean).join(", "), 60),
    down = given.map(([value, text]) => [
      svg("path", { class: "mt-grid", d: `M${x.at(value)},${y.last}V${y.first}` }),
      words(x.at(value), y.first + 14, text, "mt-m"),
    ]);
  const across = heights.map(([value, text]) => [
    svg("path", { class: "mt-grid", d: `M${x.first},${y.at(value)}H${x.last}` }),
    words(x.first - 5, y.at(value) + 3.5, text, "mt-e"),
  ]);
  return [
    down,
    across,
    svg("path", { class: "mt-axis", d: `M${x.first},${y.last}V${y.first}H${x.last}` }),
    words((x.first + x.last) / 2, y.first + 30, joined(below, from), "mt-m"),
    words(x.first + 4, y.last + 8, joined(beside, low), ""),
  ];
}

// An <svg> of curves; `alt` says what they show. Its `axes` are the two axes it was drawn with.
// `marks` are pairs of a value and its text along x, by default round numbers.
export function chart(
  lines,
  {
    width = 420,
    height = 220,
    labels = ["", ""],
    log = [false, false],
    ends: given = [null, null],
    marks = null,
    alt = "",
  } = {},
) {
  const rows = lines.length > 1 ? 14 * lines.length : 0,
    ends = ["x", "y"].map(
      (k, i) => given[i] ?? span(lines.flatMap((line) => [...line[k]]), log[i]),
    ),
    x = axis(ends[0], [LEFT, width - RIGHT], log[0]),
    y = axis(ends[1], [height - BOTTOM - rows, TOP], log[1]);
  const curves = lines.map((line, i) => {
    const hue = HUES[i % HUES.length],
      look = {
        class: "mt-curve",
        style: `stroke:var(${hue})`,
        "stroke-dasharray": DASHES[i % DASHES.length],
      },
      at = height - rows + 14 * i + 6;
    return [
      svg("path", { ...look, d: curvePath(line, x, y) }),
      rows
        ? [
            svg("path", { ...look, d: `M${LEFT},${at}h26` }),
            words(LEFT + 32, at + 3.5, clip(line.name, 60), ""),
          ]
        : null,
    ];
  });
  const made = svg(
    "svg",
    { class: "mt-plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alt },
    axes(x, y, labels, marks),
    curves,
  );
  made.axes = [x, y];
  return made;
}
