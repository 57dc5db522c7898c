// Optimisers race down a surface: contours, paths up to a step, curves, and a table of places.
import { DASHES, HUES } from "../colours.js";
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, svg } from "../dom.js";
import { chart } from "../plot.js";
import { number } from "../values.js";
import { Asker } from "./asking.js";
import { bandLook } from "./bands.js";
import { readLevels } from "./codes.js";
import { makeField, paintField } from "./field.js";
import { RaceStart } from "./start.js";

const PLACES = 4000,
  VIEW = 400,
  SHAPES = [
    "M-5,-5h10v10h-10z",
    "M0,-6L6,5H-6z",
    "M0,-6a6,6 0 1 0 .01,0z",
    "M0,-7L7,0L0,7L-7,0z",
    "M0,6L6,-5H-6z",
    "M-6,-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z",
  ],
  STAR =
    "M0,-9L2.1,-2.9H8.6L3.4,1.1L5.3,7.3L0,3.5L-5.3,7.3L-3.4,1.1L-8.6,-2.9H-2.1z",
  SILENT = "Kernel not reachable: it is busy with a cell, or it has gone. The last race stays.";

// Where a run goes, in the units of the view.
function placesOf(run) {
  const at = [0, 0],
    found = [];
  run.moves.forEach((move, i) => {
    at[i % 2] += move;
    if (i % 2) found.push(at.map((v) => (v * VIEW) / PLACES));
  });
  return found;
}

const lineLook = (i) => ({
  style: `stroke:var(${HUES[i % HUES.length]})`,
  "stroke-dasharray": DASHES[i % DASHES.length],
});

function sample(i) {
  return svg(
    "svg",
    { class: "mt-sample", viewBox: "0 -8 60 16", width: 60, height: 16, "aria-hidden": "true" },
    svg("path", { class: "mt-path", ...lineLook(i), d: "M0,0h36" }),
    svg("path", {
      style: `fill:var(${HUES[i % HUES.length]})`,
      transform: "translate(48,0)",
      d: SHAPES[i % SHAPES.length],
    }),
  );
}

function fate({ left, lost }, step) {
  const parts = [];
  if (left !== null && step >= left) parts.push(`left the picture at step ${left}`);
  if (lost !== null && step >= lost) parts.push(`no number from step ${lost} on`);
  return parts.join(", ");
}

// The place of a run at a step; the last place is known exactly, others to a 4000th of the box.
function placeAt(run, places, k, step, record) {
  if (step === record.steps || !places[k]) return run.end.slice(0, 2);
  const [left, right, bottom, top] = record.box,
    [x, y] = places[k];
  return [left + ((right - left) * x) / VIEW, top - ((top - bottom) * y) / VIEW];
}

class RaceView {
  constructor({ model, el: host }, own) {
    const { signal } = own;
    Object.assign(this, { model, signal });
    this.record = model.get("race");
    const { surface, steps } = this.record,
      title = `Race on ${surface}, ${steps} steps`;
    const { bar, body, panel, root, say } = frame(host, title, signal, "");
    Object.assign(this, { root, say, panel });
    const pause = Math.max(20, Math.min(200, 6000 / steps));
    this.controls = new Controls(bar, signal, model, steps, "Step", pause);
    bar.addEventListener("keydown", (event) => this.controls.pressed(event), { signal });
    if (this.record.problem) {
      body.append(this.problem(this.record.problem));
      bar.hidden = true;
      return;
    }
    this.canvas = makeField("", "mt-plane-field");
    this.over = svg("svg", { viewBox: `0 0 ${VIEW} ${VIEW}`, "aria-hidden": "true" });
    this.stage = html("div", { class: "mt-plane-stage" }, this.canvas, this.over);
    this.asker = model.send && this.asking(root);
    this.start = new RaceStart(this);
    this.caption = html("figcaption");
    this.away = html("div", { class: "mt-away", role: "status" });
    this.lines = html("div", { class: "mt-curves" });
    const plane = html("figure", { class: "mt-plane mt-race" }, this.stage, this.caption);
    const views = [plane, this.lines, this.start.fields];
    root.insertBefore(this.away, body);
    body.append(html("div", { class: "mt-views" }, views), panel);
    this.again();
  }

  asking(root) {
    return new Asker(this.model, root, this.signal, {
      question: () => ({}),
      flows: () => false,
      answered: () => {},
      reachable: (yes) => {
        this.away.textContent = yes ? "" : SILENT;
      },
    });
  }

  problem({ text, file, line, source }) {
    const where = file && html("code", {}, `${file}, line ${line}: ${source}`);
    return html("div", { class: "mt-views mt-problem" }, html("b", {}, "Stopped. "), text, where);
  }

  get at() {
    return Math.max(0, Math.min(this.record.starts.length - 1, this.model.get("at") ?? 0));
  }

  // Another race, or another of its starts.
  again() {
    if (!this.canvas) return;
    this.record = this.model.get("race");
    if (!this.record.races.length) return;
    const { field, box, span, minimum, names } = this.record;
    this.runs = this.record.races[this.at];
    this.places = this.runs.map(placesOf);
    paintField(this.canvas, readLevels(field), bandLook(62, 63));
    const [left, right, bottom, top] = box.map((v) => number(v, 3));
    const [low, high] = span.map((v) => number(v, 3)),
      star = minimum ? " · ★ minimum" : "";
    this.caption.textContent =
      `x from ${left} to ${right}, y from ${bottom} to ${top} · ` +
      `dark: loss ${low} · pale: ${high} · □ start${star}`;
    this.draw(minimum);
    this.curve(names);
    this.start.moved();
    this.paint();
  }

  pixel([x, y]) {
    const [left, right, bottom, top] = this.record.box;
    return [(VIEW * (x - left)) / (right - left), (VIEW * (top - y)) / (top - bottom)];
  }

  draw(minimum) {
    const cases = this.runs.map(() => svg("path", { class: "mt-casing" }));
    this.paths = this.runs.map((_, i) => svg("path", { class: "mt-path", ...lineLook(i) }));
    this.marks = this.runs.map((_, i) =>
      svg("path", {
        class: "mt-runner",
        style: `fill:var(${HUES[i % HUES.length]})`,
        d: SHAPES[i % SHAPES.length],
      }),
    );
    this.cases = cases;
    const star =
      minimum &&
      svg("path", { class: "mt-star", transform: `translate(${this.pixel(minimum)})`, d: STAR });
    this.over.replaceChildren(
      ...[...cases, ...this.paths, ...this.marks, star].filter(Boolean),
    );
  }

  curve(names) {
    const { stride } = this.record;
    const lines = this.runs.map((run, i) => ({
      name: names[i],
      x: run.loss.map((_, k) => k * stride),
      y: run.loss,
    }));
    const known = lines.flatMap((line) => line.y).filter((v) => v !== null);
    const log = known.length && Math.min(...known) >= 0 && Math.max(...known) > 0;
    const ends = lines.map(
      ({ name, y }) => `${name} from ${number(y[0], 3)} to ${number(y.at(-1), 3)}`,
    );
    this.plot = chart(lines, {
      width: Math.max(280, Math.min(460, this.lines.clientWidth || 460)),
      height: 300,
      labels: ["loss at each step", ""],
      log: [false, Boolean(log)],
      alt: `Losses. ${ends.join("; ")}`,
    });
    this.now = this.plot.querySelector(".mt-axis").cloneNode();
    this.now.setAttribute("class", "mt-axis mt-now");
    this.plot.append(this.now);
    this.lines.replaceChildren(this.plot);
  }

  paint() {
    if (!this.runs) return;
    const { at: step } = this.controls,
      { stride } = this.record,
      k = Math.floor(step / stride);
    this.places.forEach((places, i) => {
      const path = places.slice(0, k + 1).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
      const d = `M${path.join("L")}`;
      this.paths[i].setAttribute("d", d);
      this.cases[i].setAttribute("d", d);
      const here = places[Math.min(k, places.length - 1)];
      this.marks[i].setAttribute("transform", `translate(${here})`);
    });
    const [x, y] = this.plot.axes;
    this.now.setAttribute("d", `M${x.at(step)},${y.last}V${y.first}`);
    const words = this.table(step, k);
    this.canvas.setAttribute("aria-label", `The surface from above. At step ${step}: ${words}`);
    this.controls.paint({ title: words });
    return words;
  }

  table(step, k) {
    const head = ["", "optimiser", "loss", "x", "y"].map((text) =>
      text ? html("th", { scope: "col" }, text) : html("td"),
    );
    const said = [];
    const rows = this.runs.map((run, i) => {
      const loss = step === this.record.steps ? run.end[2] : run.loss[k],
        [x, y] = placeAt(run, this.places[i], k, step, this.record),
        end = fate(run, step);
      said.push(`${this.record.names[i]} loss ${number(loss, 3)}${end ? `, ${end}` : ""}`);
      const cells = [loss, x, y].map((v) => html("td", {}, number(v, 3)));
      const name = html("th", { scope: "row" }, this.record.names[i]);
      const told = html("td", { class: "mt-fate", colspan: 4 }, end);
      return [
        html("tr", {}, html("td", {}, sample(i)), name, cells),
        end && html("tr", { class: "mt-follows" }, html("td"), told),
      ];
    });
    this.panel.replaceChildren(
      html("div", { class: "mt-head" }, `After ${step} of ${this.record.steps} steps`),
      html(
        "table",
        { class: "mt-places" },
        html("thead", {}, html("tr", {}, head)),
        html("tbody", {}, rows),
      ),
    );
    return said.join("; ");
  }
}

function mount(host) {
  const own = lifetime(host.signal),
    { model } = host,
    view = new RaceView(host, own);
  const stepped = () => {
    const words = view.paint();
    if (words && !view.controls.timer) view.say(words);
  };
  const again = () => {
    view.again();
    const words = view.paint();
    if (words) view.say(`From another start: ${words}`);
  };
  const on = {
    "change:step": stepped,
    "change:race": again,
    "change:at": again,
    "change:start": () => view.asker?.ask(),
  };
  listen(model, own.signal, on);
  return () => own.abort();
}
export const render = mount;
export default { render };
