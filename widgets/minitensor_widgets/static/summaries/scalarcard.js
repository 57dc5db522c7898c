// One plot of scalars: curves on a canvas, axes and crosshair over it, numbers below.
import { button, html, svg } from "../dom.js";
import { chart, span } from "../plot.js";
import { middleCut, readable } from "../reading.js";
import { csv, rowTable } from "../rows.js";
import { saveText } from "../saving.js";
import { nearest, summary, told, trend } from "../series.js";
import { count } from "../units.js";
import { apart, number } from "../values.js";
import { along, curveOf, hourText, innerReach, reachOf, softOf, timeMarks,
  unpacked } from "./lines.js";
import { aside, Painting } from "./painting.js";
import { swatch } from "./runs.js";

const [TALL, MARK, ROOM, MOST_READ, MOST_WIDE] = [200, 9, 0.04, 12, 400];
const AXES = { step: "step", relative: "time since the run began", wall: "time" };
const [SIGN_NAN, SIGN_UP, SIGN_DOWN] = ["l8,8m0,-8l-8,8", "m0,8l4,-8l4,8z", "l4,8l4,-8z"];

export class ScalarCard {
  constructor(tag, pane) {
    Object.assign(this, { tag, pane, shared: pane.shared, zoom: null, detail: null, dirty: true });
    const title = (this.title = middleCut(tag));
    const { signal } = pane.own,
      made = readable(tag, tag),
      act = (label, does) => button(label, signal, does);
    Object.assign(this, { root: made.root, text: made.text, figure: made.figure });
    this.tools = [
      act("Zoom in", () => this.closer(0.5)),
      act("Zoom out", () => this.closer(2)),
      act("Fit into view", () => this.show(null)),
      this.opens("Numbers", signal, () => this.list()),
      this.opens("CSV", signal, () => this.save()),
    ];
    this.tools[3].setAttribute("aria-expanded", "false");
    const bar = html("div", { class: "mt-bar", role: "toolbar", "aria-label": `Tools of ${title}` },
      this.tools),
      name = made.figure.firstChild,
      head = html("div", { class: "mt-scalar-head" });
    this.about = html("p", { class: "mt-dim" });
    this.at = html("div", { class: "mt-at", hidden: "", "aria-hidden": "true" });
    this.numbers = html("div", { class: "mt-table", tabindex: 0, role: "region",
      "aria-label": `Numbers of ${title}` });
    this.numbers.hidden = true;
    this.canvas = html("canvas", { "aria-hidden": "true" });
    made.figure.classList.add("mt-scalar");
    made.figure.prepend(head);
    head.append(name, bar);
    head.after(this.about);
    made.root.after(this.at);
    made.figure.append(this.numbers);
    this.root.setAttribute("aria-label", `${title} over ${AXES[this.shared.axis]}`);
  }

  opens(text, signal, does) {
    const made = html("button", { type: "button" }, text);
    made.addEventListener("click", does, { signal });
    return made;
  }

  update(card) {
    this.card = card;
    this.about.textContent = card.description;
    this.about.hidden = !card.description;
    this.dirty = true;
    this.known = null;
    this.told();
  }

  // The curves of the runs that are shown, each with how its run looks.
  get lines() {
    const looks = new Map(this.shared.runs.map((run) => [run.name, run])),
      zoomed = (line) => (this.zoom && this.detail?.get(line.run)) || curveOf(line);
    this.known ??= this.card.lines
      .filter(({ run }) => looks.has(run) && !looks.get(run).hidden)
      .map((line) => ({ look: looks.get(line.run), line: zoomed(line) }));
    return this.known;
  }

  // All steps of all curves, in order: where the crosshair can stand.
  get places() {
    const [low, high] = this.zoom ?? [-Infinity, Infinity],
      found = new Set();
    for (const { line } of this.lines) {
      const x = along(line, this.shared.axis);
      line.x.forEach((step, i) => x[i] >= low && x[i] <= high && found.add(step));
    }
    return [...found].sort((a, b) => a - b);
  }

  reach() {
    const { axis, log, outliers } = this.shared,
      x = this.lines.map(({ line }) => along(line, axis)),
      y = this.lines.map(({ line }) => (log ? line.y.map((v) => (v > 0 ? v : NaN)) : line.y)),
      wide = this.zoom ?? span(reachOf(x)),
      tall = (outliers && innerReach(y)) || reachOf(y, wide, x),
      [low, high] = span(tall, log),
      room = log ? 0 : Math.min((high - low) * ROOM, Number.MAX_VALUE);
    return [wide, log ? [low, high] : [low - room, high + room].map((v) => (Number.isFinite(v) ? v
      : low))];
  }

  // Draw all of it; nothing where it has no size.
  paint(colours) {
    const box = this.root.clientWidth;
    if (!box) return;
    const { axis, log, smoothing } = this.shared,
      ends = this.reach(),
      marks = timeMarks(ends[0], axis),
      soft = smoothing && this.lines.length ? " · faint: as recorded" : "",
      unit = marks || axis === "step" ? "" : " (s)",
      made = chart([], {
        width: box,
        height: TALL,
        labels: [AXES[axis] + unit + (this.zoom ? " (zoomed)" : "") + soft, ""],
        log: [false, log],
        ends,
        marks,
        alt: "",
      });
    made.removeAttribute("role");
    made.setAttribute("aria-hidden", "true");
    this.axes = made.axes;
    const painting = new Painting(this.canvas, box, this.axes),
      quick = this.lines.reduce((sum, { line }) => sum + line.x.length, 0) > MOST_WIDE;
    for (const { look, line } of this.lines) {
      const x = along(line, axis),
        looks = { colour: colours.get(look.name), quick, steps: line.x };
      if (smoothing) painting.curve(x, line.y, { ...looks, faint: true });
      painting.curve(x, softOf(line, smoothing), { ...looks, dash: look.dash });
    }
    made.append(...this.marks(), ...this.letters());
    this.cross = svg("g", { class: "mt-cross" });
    made.append(this.cross);
    this.picture = made;
    this.root.replaceChildren(this.canvas, made);
    this.canvas.style.aspectRatio = `${this.canvas.width} / ${this.canvas.height}`;
    this.dirty = false;
    this.told();
  }

  // A cross where a value is no number, a triangle where it is infinite.
  marks() {
    const [x, y] = this.axes;
    return this.lines.map(({ look, line }) => {
      const at = along(line, this.shared.axis),
        seen = new Map();
      line.y.forEach((v, i) => {
        if (Number.isFinite(v) || at[i] < x.ends[0] || at[i] > x.ends[1]) return;
        const [kind, top] = Number.isNaN(v) ? [SIGN_NAN, y.last + 4] : v > 0 ? [SIGN_UP,
          y.last + 4] : [SIGN_DOWN, y.first - 12],
          place = x.at(at[i]);
        seen.set(`${kind}${Math.floor(place / MARK)}`, `M${(place - 4).toFixed(1)},${top}${kind}`);
      });
      return svg(
        "g",
        { class: "mt-beyond", style: `stroke:${look.colour}` },
        [...seen.values()].map((d) => svg("path", { d })),
      );
    });
  }

  letters() {
    const [x, y] = this.axes,
      known = this.lines
        .map(({ look, line }) => {
          const soft = softOf(line, this.shared.smoothing),
            places = along(line, this.shared.axis);
          let i = soft.length - 1;
          while (i >= 0 && (y.at(soft[i]) === null || places[i] > x.ends[1])) i--;
          return i < 0 ? null : { look, at: y.at(soft[i]) + 3.5 };
        })
        .filter((one) => one && one.at > y.last && one.at < y.first + 7);
    if (this.shared.runs.length < 2) return [];
    // Of more than there is room for, those that stand where their curves end.
    let end = -Infinity;
    const most = Math.floor((y.first - y.last) / MARK),
      isFree = ({ at }) => at >= end + MARK && ((end = at), true),
      byPlace = (a, b) => a.at - b.at,
      shown = known.length > most ? known.sort(byPlace).filter(isFree) : known,
      places = aside(
        shown.map(({ at }) => at),
        [y.last + 6, y.first + 3],
      );
    this.unnamed = known.length - shown.length;
    return shown.map(({ look }, i) =>
      svg(
        "text",
        { x: x.last + 2, y: places[i].toFixed(1), class: "mt-letter",
          style: `fill:${look.colour}` },
        look.letter,
      ),
    );
  }

  // What is said below: each curve in words, or the best and the worst of many.
  told() {
    const { lines } = this,
      notes = this.notes();
    const { smoothing } = this.shared;
    let said = lines.map(({ look: { name }, line }) => summary(this.title, { ...line,
      run: name === "." ? "" : name, soft: softOf(line, smoothing) }));
    if (lines.length > 3) {
      const last = lines
        .map(({ look, line }) => [line.y.at(-1), look])
        .filter(([v]) => Number.isFinite(v))
        .sort(([a], [b]) => a - b)
        .map(([v, { letter, name }]) => `${number(v)} (${letter} ${name})`);
      said = [`${count(lines.length, "run")}: last from ${last[0] ?? "nan"} to ${last.at(-1) ?? "nan"}`];
    }
    const sentences = notes.map((note) => note[0].toUpperCase() + note.slice(1));
    this.text.textContent = [lines.length ? said.join("; ") : "no run is shown",
      ...sentences].join(". ") + (notes.length ? "." : "");
    const { root } = this;
    root.setAttribute("aria-valuetext", this.text.textContent);
    root.setAttribute("aria-label", `${this.title} over ${AXES[this.shared.axis]}`);
  }

  notes() {
    const { log } = this.shared,
      [low, high] = this.axes?.[1].ends ?? [-Infinity, Infinity],
      notes = [],
      cut = this.lines.filter(({ line }) => line.count > line.x.length),
      none = log ? this.lines.reduce((sum, { line }) => sum + line.y.filter((v) => v <= 0).length,
        0) : 0,
      far = this.lines.reduce(
        (sum, { line }) => sum + line.y.filter((v) => Number.isFinite(v) && (v < low
          || v > high)).length,
        0,
      );
    if (this.shared.outliers
      && far - none > 0) notes.push(`${count(far - none, "outlier")} beyond the axis`);
    if (none) notes.push(`${count(none, "value")} at or below 0 cannot be on a log axis`);
    for (const { look, line } of this.lines) {
      const anew = line.x.reduce((sum, step, i) => sum + (step < line.x[i - 1]), 0),
        run = this.lines.length > 1 ? ` of ${look.name}` : "";
      if (anew)
        notes.push(`the steps${run} begin anew ${count(anew, "time")}: several trainings were ` +
          "recorded in this run");
    }
    if (this.unnamed) notes.push(`${count(this.unnamed, "curve")} too close together for a letter`);
    if (cut.length) {
      const { line } = cut[0];
      notes.push(`drawn with ${line.x.length} of ${line.count} points`);
    }
    return notes;
  }

  // Where a pointer is, along the axis; and the step of the point that is nearest to it.
  under(event) {
    const box = this.picture.getBoundingClientRect(),
      { ends, first, last } = this.axes[0],
      px = event.clientX - box.left;
    return ends[0] + ((Math.max(first, Math.min(last,
      px)) - first) / (last - first)) * (ends[1] - ends[0]);
  }

  stepAt(value) {
    let [found, far] = [null, Infinity];
    for (const { line } of this.lines) {
      const x = along(line, this.shared.axis),
        k = nearest(x, value);
      if (line.x.length && Math.abs(x[k] - value) < far) [found, far] = [line.x[k],
        Math.abs(x[k] - value)];
    }
    return found;
  }

  // The values of all runs at a step, the greatest first.
  values(step) {
    const { axis, smoothing } = this.shared;
    return this.lines
      .filter(({ line }) => line.x.length)
      .map(({ look, line }) => {
        const k = nearest(line.x, step);
        return {
          look,
          x: along(line, axis)[k],
          step: line.x[k],
          time: line.t[k],
          value: line.y[k],
          soft: softOf(line, smoothing)[k],
        };
      })
      .sort((a, b) => (Number.isNaN(b.value) ? -1 : Number.isNaN(a.value) ? 1 : b.value - a.value));
  }

  read(step, here) {
    if (!this.picture) return;
    const [x, y] = this.axes,
      found = this.values(step),
      own = found.find((one) => one.step === step) ?? found[0];
    if (!own) return this.clear();
    const at = x.at(Math.max(x.ends[0], Math.min(x.ends[1], own.x))),
      dots = found.filter(({ soft, x: place }) => y.at(soft) !== null
        && x.at(place) >= x.first - 1);
    this.cross.replaceChildren(
      svg("path", { d: `M${at},${y.first}V${y.last}` }),
      ...dots.map((one) => svg("circle", { cx: x.at(one.x), cy: y.at(one.soft), r: found.length > 6
        ? 2.5 : 4 })),
    );
    const rest = found.length - MOST_READ,
      place = this.shared.axis === "step" ? "" : ` · ${hourText(own.x, this.shared.axis)}`,
      // as many digits as it takes to tell hundredths of the axis apart
      digits = Math.max(5, apart(y.ends, 4) + 1),
      words = found.slice(0, MOST_READ).map(
        ({ look, value, soft }) =>
          `${look.name} ${told(value, digits)}${
            this.shared.smoothing ? ` (smoothed ${told(soft, digits)})` : ""
          }`,
      );
    this.root.setAttribute("aria-valuetext",
      `step ${number(step, 8)}${place}: ${words.join(" · ")}`);
    this.at.hidden = !here;
    if (here) this.table(found, `step ${number(own.step, 8)}${place}`, rest, digits);
  }

  table(found, title, rest, digits) {
    this.at.replaceChildren(
      html(
        "table",
        {},
        html("caption", {}, title),
        found.slice(0, MOST_READ).map(({ look, value, soft }) =>
          html(
            "tr",
            {},
            html("th", {}, look.letter),
            html("th", {}, swatch(look)),
            html("th", {}, look.name),
            html("td", {}, told(value, digits)),
            this.shared.smoothing ? html("td", {}, `~ ${told(soft, digits)}`) : null,
          ),
        ),
      ),
      rest > 0 ? `and ${count(rest, "more run")}` : "",
    );
  }

  clear() {
    this.cross?.replaceChildren();
    this.at.hidden = true;
    if (this.axes) this.root.setAttribute("aria-valuetext", this.text.textContent);
  }

  // Zoom around the place that is read, or the middle; never beyond the ends.
  closer(by) {
    const { axis, at } = this.shared,
      x = this.lines.map(({ line }) => along(line, axis)),
      [first, last] = span(reachOf(this.card.lines.map((line) => along(curveOf(line), axis)))),
      [low, high] = this.zoom ?? span(reachOf(x)),
      long = Math.min((high - low) * by, last - first),
      middle = (at === null ? null : this.values(at)[0]?.x) ?? (low + high) / 2,
      from = Math.max(first, Math.min(last - long, middle - long / 2));
    this.show(long >= last - first ? null : [from, from + long]);
  }

  async show(zoom) {
    this.zoom = zoom;
    this.detail = this.known = null;
    this.pane.later(this);
    if (!zoom) return;
    const steps = this.lines.flatMap(({ line }) => {
      const x = along(line, this.shared.axis);
      return [line.x[nearest(x, zoom[0])], line.x[nearest(x, zoom[1])]];
    });
    if (!this.lines.some(({ line }) => line.count > line.x.length)) return;
    const found = await this.pane.ask("scalars", { tag: this.tag, low: Math.min(...steps),
      high: Math.max(...steps) });
    if (!found || this.zoom !== zoom) return;
    this.detail = new Map(unpacked(found.content.lines, found.buffers).map(([, line]) => [line.run,
      line]));
    this.known = null;
    this.pane.later(this);
  }

  // Numbers.
  list() {
    this.numbers.hidden = !this.numbers.hidden;
    this.tools[3].setAttribute("aria-expanded", String(!this.numbers.hidden));
    if (this.numbers.hidden) return;
    const runs = this.lines.map(({ look, line }) => {
      const [least, most] = reachOf([line.y]);
      return [`${look.letter} ${look.name}`, line.y.at(-1) ?? NaN, least, most, trend([...softOf(line, this.shared.smoothing)]),
        line.count, line.nans, line.infs];
    });
    const head = ["run", "last", "least", "greatest", "at the end", "points", "NaN", "infinite"];
    this.numbers.replaceChildren(...rowTable([head, ...runs]), ...rowTable(this.rows()));
  }

  rows() {
    const steps = new Map();
    this.lines.forEach(({ line }, i) =>
      line.x.forEach((step, k) => {
        if (!steps.has(step)) steps.set(step, new Array(this.lines.length).fill(""));
        steps.get(step)[i] = line.y[k];
      }),
    );
    const sorted = [...steps].sort(([a], [b]) => a - b).map(([step, values]) => [step, ...values]);
    return [["step", ...this.lines.map(({ look }) => look.letter)], ...sorted];
  }

  async save() {
    const name = `${this.title.replace(/[^\w.-]+/g, "_")}.csv`,
      asked = await this.pane.ask("scalars", { tag: this.tag, csv: true });
    if (asked) return saveText(name, asked.content.csv);
    const rows = this.lines.flatMap(({ look, line }) =>
      [...line.x].map((step, k) => [look.name, this.tag, step, line.t[k], line.y[k]]),
    );
    saveText(name, csv([["run", "tag", "step", "wall_time", "value"], ...rows]));
  }
}
