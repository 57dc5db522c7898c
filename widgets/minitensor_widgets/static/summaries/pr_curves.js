// Precision over recall: the curves of all runs at a step, and what a threshold means.
import { html, svg } from "../dom.js";
import { chart } from "../plot.js";
import { headingOf, middleCut } from "../reading.js";
import { number } from "../values.js";
import { PANES } from "./registry.js";
import { swatch } from "./runs.js";
import { proseOf } from "./tree.js";

const CURVE_HEADS = {
  precision: "precision",
  recall: "recall",
  tp: "true positives",
  fp: "false positives",
  tn: "true negatives",
  fn: "false negatives",
};

// The curves of one tag in all runs.
class CurveCard {
  constructor(tag, { shared, signal }) {
    Object.assign(this, { tag: middleCut(tag), shared });
    const range = (label, act) => {
      const input = html("input", { type: "range", min: 0, step: 1, "aria-label": label });
      input.addEventListener("input", act, { signal });
      return input;
    };
    this.step = range("Step", () => this.go());
    this.cut = range("Threshold", () => this.point());
    this.place = html("span", { class: "mt-count" });
    this.level = html("span", { class: "mt-count" });
    this.figure = html("div");
    this.table = html("div", {
      class: "mt-prose mt-counts",
      tabindex: 0,
      role: "region",
      "aria-label": `Counts of ${this.tag}`,
    });
    this.about = html("div");
    this.note = html("p", { class: "mt-dim" });
    this.root = html(
      "section",
      { class: "mt-card-stepped", "aria-label": this.tag },
      html("div", { class: "mt-card-head" }, headingOf(tag)),
      this.about,
      html("div", { class: "mt-steps" }, html("span", {}, "Step"), this.step, this.place),
      this.figure,
      html("div", { class: "mt-steps" }, html("span", {}, "Threshold"), this.cut, this.level),
      this.table,
      this.note,
    );
    this.figure.addEventListener("pointermove", (event) => this.pointed(event), { signal });
    this.figure.addEventListener("pointerdown", (event) => this.pointed(event), { signal });
  }

  update(cards) {
    const last = !this.steps || +this.step.value === this.steps.length - 1,
      step = this.steps?.[+this.step.value];
    this.cards = cards;
    const all = cards.flatMap((card) => card.entries.map((entry) => entry.step));
    this.steps = [...new Set(all)].sort((a, b) => a - b);
    this.step.max = Math.max(0, this.steps.length - 1);
    this.step.hidden = this.steps.length < 2;
    this.step.value = last ? this.steps.length - 1 : Math.max(0, this.steps.indexOf(step));
    const prose = proseOf(cards.find((card) => card.about.length)?.about ?? []);
    this.about.replaceChildren(...(prose ? [prose] : []));
    const notes = cards.filter((card) => card.note).map((card) => `${card.run}: ${card.note}`);
    this.note.textContent = notes.join(" ");
    this.go();
  }

  // Each run's last curve up to the chosen step.
  go() {
    const step = this.steps[+this.step.value];
    this.lines = this.cards.flatMap((card) => {
      const run = this.shared.runs.find(({ name }) => name === card.run),
        entry = card.entries.findLast((one) => one.step <= step);
      return entry && !run?.hidden ? [{ run, name: card.run, entry }] : [];
    });
    const words = step === undefined ? "no step" : `step ${step}`;
    this.place.textContent = step ?? words;
    this.step.setAttribute(
      "aria-valuetext",
      `${words}, ${+this.step.value + 1} of ${this.steps.length}`,
    );
    const most = Math.max(0, ...this.lines.map(({ entry }) => entry.recall.length - 1));
    if (most !== +this.cut.max || !this.cut.dataset.set) {
      this.cut.max = most;
      this.cut.value = this.cut.dataset.set = Math.round(most / 2);
    }
    this.draw();
  }

  draw() {
    const curves = this.lines.map(({ name, entry }) => ({
      name: `${name}, step ${entry.step}`,
      x: entry.recall,
      y: entry.precision,
    }));
    const names = curves.map(({ name }) => name).join("; "),
      alt = `${this.tag}: precision over recall of ${names}`;
    this.plot = chart(curves, {
      width: Math.max(240, Math.min(480, this.figure.clientWidth || 420)),
      height: 240 + (curves.length > 1 ? 14 * curves.length : 0),
      labels: ["recall", "precision"],
      ends: [
        [0, 1],
        [0, 1.1],
      ],
      alt: curves.length ? alt : `${this.tag}: no run is shown`,
    });
    const paths = [...this.plot.querySelectorAll(".mt-curve")],
      each = curves.length > 1 ? 2 : 1; // a curve, and its line in the legend
    paths.forEach((path, i) => {
      const { run } = this.lines[Math.floor(i / each)];
      if (!run) return;
      path.style.stroke = run.colour;
      path.setAttribute("stroke-dasharray", run.dash);
    });
    this.marks = this.lines.map(() => svg("circle", { class: "mt-cut", r: 5 }));
    this.plot.append(...this.marks);
    this.figure.replaceChildren(this.plot);
    this.point();
  }

  // Where the chosen threshold is on a curve, which may have other thresholds than the longest.
  indexOn({ recall }) {
    return Math.round((+this.cut.value / Math.max(1, +this.cut.max)) * (recall.length - 1));
  }

  point() {
    const [x, y] = this.plot.axes,
      level = number(+this.cut.value / Math.max(1, +this.cut.max), 3);
    this.level.textContent = level;
    const rows = this.lines.map(({ run, name, entry }, i) => {
      const at = this.indexOn(entry);
      this.marks[i].setAttribute("cx", x.at(entry.recall[at]) ?? -9);
      this.marks[i].setAttribute("cy", y.at(entry.precision[at]) ?? -9);
      const cells = Object.keys(CURVE_HEADS).map((row) => number(entry[row][at]));
      return { run, name, cells };
    });
    const said = rows.map(
      ({ name, cells }) => `${name}: precision ${cells[0]}, recall ${cells[1]}`,
    );
    this.cut.setAttribute("aria-valuetext", `${level}. ${said.join("; ")}`);
    this.table.replaceChildren(
      html(
        "table",
        { "aria-label": `${this.tag} at this threshold` },
        html(
          "thead",
          {},
          html(
            "tr",
            {},
            ["run", ...Object.values(CURVE_HEADS)].map((head) =>
              html("th", { scope: "col" }, head),
            ),
          ),
        ),
        html(
          "tbody",
          {},
          rows.map(({ run, name, cells }) =>
            html(
              "tr",
              {},
              html("th", { scope: "row" }, run ? swatch(run) : null, ` ${name}`),
              cells.map((cell) => html("td", {}, cell)),
            ),
          ),
        ),
      ),
    );
  }

  // The point of any curve that is nearest to the pointer.
  pointed({ clientX, clientY }) {
    const box = this.plot.getBoundingClientRect(),
      [x, y] = this.plot.axes,
      scale = this.plot.viewBox.baseVal.width / box.width,
      [px, py] = [(clientX - box.left) * scale, (clientY - box.top) * scale];
    let nearest = Infinity;
    for (const { entry } of this.lines)
      entry.recall.forEach((recall, i) => {
        const away = Math.hypot(x.at(recall) - px, y.at(entry.precision[i]) - py);
        if (away >= nearest) return;
        nearest = away;
        this.cut.value = Math.round((i / Math.max(1, entry.recall.length - 1)) * +this.cut.max);
      });
    this.point();
  }
}

function curvesPane({ el, shared, signal }) {
  const cards = new Map(),
    list = html("div", { class: "mt-stepped" });
  el.append(list);
  const ended = shared.on("runs", () => cards.forEach((card) => card.go()));
  return {
    update(records) {
      const tags = new Map();
      for (const record of records) {
        if (!tags.has(record.tag)) tags.set(record.tag, []);
        tags.get(record.tag).push(record);
      }
      for (const [tag, own] of tags) {
        if (!cards.has(tag)) cards.set(tag, new CurveCard(tag, { shared, signal }));
        list.append(cards.get(tag).root);
        cards.get(tag).update(own);
      }
      for (const [tag, card] of cards)
        if (!tags.has(tag)) {
          card.root.remove();
          cards.delete(tag);
        }
    },
    dispose() {
      ended();
      cards.clear();
      el.replaceChildren();
    },
  };
}
PANES.pr_curves = curvesPane;
