// One plot of curves: raw ones faint behind smoothed ones, and a crosshair that reads them.
import { DASHES, HUES } from "../colours.js";
import { svg } from "../dom.js";
import { chart, span } from "../plot.js";
import { nearest, smoothed, summary, told } from "../series.js";
import { number } from "../values.js";

const [WIDE, TALL, MARK] = [420, 220, 9];

function curve(xs, ys, [x, y]) {
  let path = "",
    pen = "M";
  for (let i = 0; i < xs.length; i++) {
    const a = x.at(xs[i]),
      b = y.at(ys[i] ?? NaN);
    if (a === null || b === null || b > y.first + 0.5) pen = "M";
    else {
      path += `${pen}${a.toFixed(1)},${b.toFixed(1)}`;
      pen = "L";
    }
  }
  // a point with no neighbours still shows, as a dot: the pen has a round end
  return path.replace(/M([^ML]+)(?=M|$)/g, "M$1l0,0");
}

// The axes of chart() for these ends, its curves taken out again.
function empty({ name, lines }, { log, axis }, alt) {
  const ends = (k, scale) =>
      span(
        lines.flatMap((line) => line[k]),
        scale,
      ),
    [x, y] = [ends("x", false), ends("y", log)],
    made = chart(
      lines.map(({ run }) => ({ name: run || name, x, y })),
      {
        width: WIDE,
        height: TALL + 14 * (lines.length > 1 ? lines.length : 0),
        labels: [axis, ""],
        log: [false, log],
        alt,
      },
    );
  for (const path of made.querySelectorAll(".mt-curve"))
    if (!path.getAttribute("d").endsWith("h26")) path.remove();
  return made;
}

export class Curves {
  constructor(plot) {
    this.plot = plot;
  }

  paint(looks) {
    const { lines } = this.plot,
      { smoothing } = looks,
      made = empty(this.plot, looks, this.words()),
      { axes } = made;
    this.axis = looks.axis;
    this.soft = lines.map(({ y }) => (smoothing ? smoothed(y, smoothing) : y));
    lines.forEach(({ x, y }, i) => {
      const style = `stroke:var(${HUES[i % HUES.length]})`;
      if (smoothing)
        made.append(svg("path", { class: "mt-curve mt-raw", style, d: curve(x, y, axes) }));
      made.append(
        svg("path", {
          class: "mt-curve",
          style,
          "stroke-dasharray": DASHES[i % DASHES.length],
          d: curve(x, this.soft[i], axes),
        }),
        this.missing(x, y, axes),
      );
    });
    this.cross = svg("g", { class: "mt-cross" });
    made.append(this.cross);
    this.axes = axes;
    return made;
  }

  // A cross at the top where a value is no number.
  missing(x, y, [ax, ay]) {
    const at = new Map();
    for (let i = x.length - 1; i >= 0; i--)
      if (!Number.isFinite(y[i] ?? NaN)) at.set(Math.floor(ax.at(x[i]) / MARK), ax.at(x[i]));
    return svg(
      "g",
      { class: "mt-nan" },
      [...at.values()].reverse().map((v) => svg("path", { d: `M${v - 4},${ay.last + 12}l8,8m0,-8l-8,8` })),
    );
  }

  words() {
    const { name, lines } = this.plot;
    return lines.map((line) => summary(name, line)).join("; ");
  }

  // All steps of all lines, in order: where the crosshair can stand.
  get places() {
    return [...new Set(this.plot.lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
  }

  under(px) {
    const [{ ends, first, last }] = this.axes;
    return ends[0] + ((px - first) / (last - first)) * (ends[1] - ends[0]);
  }

  // Draw the crosshair at a step, and say what is there.
  read(step) {
    const [x, y] = this.axes,
      at = x.at(Math.max(x.ends[0], Math.min(x.ends[1], step)));
    const parts = this.plot.lines.map((line, i) => {
      const k = nearest(line.x, step),
        soft = this.soft[i][k],
        dot = y.at(soft ?? NaN);
      return {
        dot: dot === null ? null : svg("circle", { cx: x.at(line.x[k]), cy: dot, r: 4 }),
        step: line.x[k],
        text: `${line.run || this.plot.name} ${told(line.y[k])}${
          this.soft[i] === line.y ? "" : ` (smoothed ${told(soft)})`
        }`,
      };
    });
    this.cross.replaceChildren(
      svg("path", { d: `M${at},${y.first}V${y.last}` }),
      ...parts.map(({ dot }) => dot).filter(Boolean),
    );
    return `${this.axis} ${number(parts[0]?.step ?? step)}: ${parts.map(({ text }) => text).join(" · ")}`;
  }

  clear() {
    this.cross.replaceChildren();
  }
}
