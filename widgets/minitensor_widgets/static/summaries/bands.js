// Twin of bands.py: nine percentiles as bands over steps or side by side. Edges differ by dash.
import { svg } from "../dom.js";
import { axis, span, ticks, tickTexts } from "../plot.js";
import { apart, clip, number } from "../values.js";

export const BAND_NAMES = [
  "minimum",
  "7 %",
  "16 %",
  "31 %",
  "median",
  "69 %",
  "84 %",
  "93 %",
  "maximum",
];
const [BAND_WIDE, BAND_TALL, BAND_LEFT, BAND_RIGHT] = [420, 220, 58, 12],
  [BAND_TOP, BAND_FOOT] = [10, 40];
const BAND_DASHES = ["1 3", "3 3", "7 3", "2 2"],
  BAND_ENDS = ["min to max", "7 to 93 %", "16 to 84 %", "31 to 69 %"];

export function bandWords(row) {
  if (!row) return "no values";
  const digits = apart([row[0], row[8]], 4);
  return BAND_NAMES.map((name, i) => `${name} ${number(row[i], digits)}`).join(", ");
}

// Four areas, eight edges and the median of groups of neighbours: [first x, last x, nine values].
function stripes(groups, y) {
  const line = (points, k) =>
      points.flatMap(([a, b, row]) =>
        [...new Set([a, b])].map((x) => `${x.toFixed(1)},${y.at(row[k]).toFixed(1)}`),
      ),
    area = (points, k) => [...line(points, k), ...line(points, 8 - k).reverse()].join("L"),
    lines = (...edges) =>
      groups.flatMap((points) => edges.map((k) => `M${line(points, k).join("L")}`)).join("");
  return [
    BAND_DASHES.map((_, k) =>
      svg("path", {
        class: `mt-band mt-band-${k}`,
        d: groups.map((points) => `M${area(points, k)}z`).join(""),
      }),
    ),
    BAND_DASHES.map((dash, k) =>
      svg("path", { class: "mt-band-edge", "stroke-dasharray": dash, d: lines(k, 8 - k) }),
    ),
    svg("path", { class: "mt-band-middle", d: lines(4) }),
  ];
}

// What the bands and lines are; each name beside a small piece of what it names.
export function bandLegend() {
  const item = (text, ...drawn) => [
    svg("svg", { width: 26, height: 14, viewBox: "0 0 26 14", "aria-hidden": "true" }, drawn),
    text,
  ];
  return [
    ...BAND_ENDS.map((text, k) =>
      item(
        text,
        svg("path", { class: `mt-band mt-band-${k}`, d: "M0,1h26v12h-26z" }),
        svg("path", {
          class: "mt-band-edge",
          d: "M0,1h26m-26,12h26",
          "stroke-dasharray": BAND_DASHES[k],
        }),
      ),
    ),
    item("median", svg("path", { class: "mt-band-middle", d: "M0,7h26" })),
  ];
}

export class Bands {
  // `rows`: nine values each, or null. `places`: { values, marks, title } of an axis of steps, marks
  // being [place, text], or { names } for columns side by side; and perhaps `wide`, in pixels.
  constructor(rows, places, colour = "var(--mt-op)") {
    Object.assign(this, { rows, places, colour, across: 0 });
  }

  paint(alt) {
    const { rows, places } = this,
      { names, wide = BAND_WIDE } = places,
      each = (wide - BAND_LEFT - BAND_RIGHT) / Math.max(1, rows.length),
      half = names ? Math.min(30, 0.35 * each) : 0,
      [left, right, foot] = [BAND_LEFT, wide - BAND_RIGHT, BAND_TALL - BAND_FOOT],
      x = names || axis(span(places.values), [left, right]),
      y = axis(span(rows.filter(Boolean).flat()), [foot, BAND_TOP]),
      known = rows.some(Boolean),
      [heights, from] = known ? tickTexts(ticks(...y.ends)) : [[], ""],
      word = (at, down, text, name) =>
        svg("text", { x: at, y: down, class: `mt-small ${name}` }, text);
    this.x = rows.map((_, i) => (names ? left + each * (i + 0.5) : x.at(places.values[i])));
    Object.assign(this, { y, half });
    this.cross = svg("g", { class: "mt-cross" });
    // Neighbours' long names have two lines; where columns are narrow, some have none.
    const longest = Math.max(0, ...(names ?? []).map((name) => name.length)),
      lines = 6.2 * (longest + 1) <= each ? 1 : 2,
      every = Math.ceil((6.2 * 4) / (lines * each)),
      letters = Math.max(3, Math.floor((lines * each * every) / 6.2) - lines),
      label = (name, i) =>
        i % every
          ? null
          : word(this.x[i], foot + 14 + 14 * ((i / every) % lines), clip(name, letters), "mt-m");
    return svg(
      "svg",
      {
        class: "mt-plot",
        viewBox: `0 0 ${wide} ${BAND_TALL}`,
        role: "img",
        "aria-label": alt,
        style: `--mt-band:${this.colour}`,
      },
      known ? null : word((left + right) / 2, foot / 2, "no values to draw", "mt-m"),
      heights.map(([v, text]) => [
        svg("path", { class: "mt-grid", d: `M${left},${y.at(v)}H${right}` }),
        word(left - 5, y.at(v) + 3.5, text, "mt-e"),
      ]),
      word(left + 4, BAND_TOP + 8, from, ""),
      svg("path", { class: "mt-axis", d: `M${left},${BAND_TOP}V${foot}H${right}` }),
      names
        ? names.map(label)
        : [
            places.marks.map(([v, text]) => word(x.at(v), foot + 14, text, "mt-m")),
            word((left + right) / 2, foot + 30, places.title, "mt-m"),
          ],
      stripes(this.neighbours(), y),
      this.cross,
    );
  }

  // Neighbours that have values: a gap ends a band. One alone has a width.
  neighbours() {
    const groups = [];
    this.rows.forEach((row, i) => {
      if (!row) return;
      const point = [this.x[i] - this.half, this.x[i] + this.half, row];
      if (i && this.rows[i - 1] && !this.half) groups.at(-1).push(point);
      else groups.push([point]);
    });
    for (const group of groups)
      if (group.length === 1 && !this.half) {
        group[0][0] -= 4;
        group[0][1] += 4;
      }
    return groups;
  }

  under(px) {
    const far = this.x.map((x) => Math.abs(x - px));
    return { at: far.indexOf(Math.min(...far)) };
  }

  read(at) {
    const row = this.rows[at],
      x = this.x[at];
    this.cross.replaceChildren(
      svg("path", { d: `M${x},${BAND_TOP}V${BAND_TALL - BAND_FOOT}` }),
      ...(row ?? []).map((v) => svg("circle", { cx: x, cy: this.y.at(v), r: 2.5 })),
    );
    return bandWords(row);
  }

  clear() {
    this.cross.replaceChildren();
  }
}
