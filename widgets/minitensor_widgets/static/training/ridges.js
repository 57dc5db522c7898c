// One plot of histograms over steps: ridges one behind the other, or all on one line.
import { svg } from "../dom.js";
import { axis } from "../plot.js";
import { spaced } from "../spacing.js";
import { count } from "../units.js";
import { apart, number } from "../values.js";
import { edges, evenly, rebin } from "./rebin.js";

// Paler than that, the first one would not stand out.
const PALEST = 70;
const [RIDGES, DRAWN, ACROSS, DOWN, NEAR, FAR, ABOVE, BELOW] = [30, 80, 420, 220, 12, 46, 12, 40];

export class Ridges {
  // `most`: how many steps can be read. `place`: where a step stands between the first and the
  // last, as a number; by default at even distances. `label` names a step in few letters. `colour`
  // is that of the last step; those before are paler.
  constructor(
    plot,
    {
      most = RIDGES,
      place = (_, i) => i,
      label = ({ step }) => number(step),
      name = "step",
      title = name,
      colour = "var(--mt-op)",
    } = {},
  ) {
    Object.assign(this, { plot, most, place, label, name, title, colour });
  }

  paint({ overlay }) {
    const items = evenly(this.plot.lines[0].items, this.most),
      [low, high] = edges(items),
      rows = items.map((item) => rebin(item, low, high)),
      peak = Math.max(...rows.flat()),
      most = peak || 1,
      stacked = items.length > 1 && !overlay,
      laid = items.length > 1 && overlay,
      tall = (DOWN - ABOVE - BELOW) * (stacked ? 0.45 : 1),
      room = DOWN - ABOVE - BELOW - tall,
      x = axis([low, high], [NEAR, ACROSS - FAR]),
      wide = (ACROSS - NEAR - FAR) / 64;
    const places = items.map(this.place),
      far = places.at(-1) - places[0] || 1,
      shown = evenly(
        items.map((item, i) => ({ ...item, i })),
        DRAWN,
      ).map(({ i }) => i);
    this.base = places.map((at) => ABOVE + tall + (stacked ? (room * (at - places[0])) / far : 0));
    this.tops = rows.map((row, i) => row.map((n) => this.base[i] - (tall * n) / most));
    Object.assign(this, { items, rows, low, high, x, wide });
    const ridge = (i) => {
      if (items[i].gap)
        return svg("path", { class: "mt-gap", d: `M${NEAR},${this.base[i] - 3}l6,6m0-6l-6,6` });
      const part = 1 - (rows.length - 1 - i) / Math.max(1, rows.length - 1),
        top = this.tops[i].map(
          (y, j) => `L${(NEAR + wide * (j + 0.5)).toFixed(1)},${y.toFixed(1)}`,
        ),
        d = `M${NEAR},${this.base[i]}${top.join("")}L${ACROSS - FAR},${this.base[i]}`;
      return svg("path", {
        class: overlay ? "mt-ridge mt-over" : "mt-ridge",
        style: overlay ? this.line(part) : `fill:${this.tone(part)}`,
        d,
      });
    };
    this.cross = svg("g", { class: "mt-cross" });
    const words = (at, y, text, name) => svg("text", { x: at, y, class: `mt-small ${name}` }, text);
    return svg(
      "svg",
      {
        class: "mt-plot",
        viewBox: `0 0 ${ACROSS} ${DOWN}`,
        role: "img",
        "aria-label": this.words(),
      },
      shown.map(ridge),
      laid
        ? this.key(words)
        : (stacked ? [0, rows.length - 1] : [0]).map((i) =>
            words(ACROSS - FAR + 4, this.base[i] + 3, this.label(items[i], i), ""),
          ),
      svg("path", { class: "mt-axis", d: `M${NEAR},${DOWN - BELOW}H${ACROSS - FAR}` }),
      this.marks(words, laid ? "" : `${this.title} at the right`, peak),
      this.cross,
    );
  }

  // From pale at the first step to full at the last.
  tone(part) {
    const full = Math.round(PALEST + (100 - PALEST) * part);
    return `color-mix(in srgb, ${this.colour} ${full}%, var(--mt-bg))`;
  }

  line(part) {
    return `stroke:${this.tone(part)};stroke-width:${0.7 + 1.3 * part}`;
  }

  // Numbers along the values.
  marks(words, more, known) {
    const { low, high, x } = this,
      letters = (ACROSS - NEAR - FAR) / 6.2,
      [made, from] = known ? spaced([low, high], letters) : [[], ""];
    return [
      known ? null : words((NEAR + ACROSS - FAR) / 2, DOWN / 2, "no values to draw", "mt-m"),
      made.map(([v, text]) => words(x.at(v), DOWN - BELOW + 14, text, "mt-m")),
      words(
        (NEAR + ACROSS - FAR) / 2,
        DOWN - BELOW + 30,
        ["values", from, more].filter(Boolean).join("; "),
        "mt-m",
      ),
    ];
  }

  // Of lines over one another: which are early and which are late.
  key(words) {
    const { items } = this,
      last = this.label(items.at(-1), items.length - 1),
      at = ACROSS - 12 - 6.1 * last.length;
    return [
      words(at - 66, ABOVE - 3, `${this.name} ${this.label(items[0], 0)}`, "mt-e"),
      [0, 0.25, 0.5, 0.75, 1].map((part, k) =>
        svg("path", {
          class: "mt-tone",
          style: this.line(part),
          d: `M${at - 60 + 12 * k},${ABOVE - 6}h9`,
        }),
      ),
      words(at, ABOVE - 3, last, ""),
    ];
  }

  words() {
    const { items, count: many } = this.plot.lines[0],
      item = items[items.length - 1],
      size = item.size - item.nans,
      ends = (item.ends ?? []).map((v) => number(v, apart(item.ends, 4)));
    return [
      `${this.plot.name}: ${count(many, "histogram")}; at step ${number(item.step)}, ` +
        (item.ends
          ? `${count(size, "number")} from ${ends.join(" to ")}`
          : "no number"),
      item.nans ? `, ${item.nans} not a number` : "",
    ].join("");
  }

  get places() {
    return this.items.map(({ step }) => step);
  }

  // Which bin, and which ridge, is at a point of the drawing.
  under(px, py) {
    const bin = Math.max(0, Math.min(63, Math.floor((px - NEAR) / this.wide)));
    let at = this.items.length - 1;
    this.tops.forEach((top, i) => {
      if (py <= this.base[i] && Math.abs(top[bin] - py) < Math.abs(this.tops[at][bin] - py)) at = i;
    });
    return { at, bin };
  }

  // What a bin of a step holds; without a bin, the step alone.
  read(at, bin) {
    const item = this.items[at],
      title = `${this.name} ${this.label(item, at)}`;
    const outline = svg("path", {
      d: this.tops[at]
        .map((y, j) => `${j ? "L" : "M"}${NEAR + this.wide * (j + 0.5)},${y}`)
        .join(""),
    });
    this.cross.replaceChildren(outline);
    if (bin === undefined || item.gap) return title;
    const [a, b] = [bin, bin + 1].map((k) => this.low * (1 - k / 64) + this.high * (k / 64)),
      mid = NEAR + this.wide * (bin + 0.5);
    this.cross.append(svg("circle", { cx: mid, cy: this.tops[at][bin], r: 4 }));
    const many = number(this.rows[at][bin], 3);
    return `${title}: ${many} from ${number(a, 3)} to ${number(b, 3)}`;
  }

  clear() {
    this.cross.replaceChildren();
  }
}
