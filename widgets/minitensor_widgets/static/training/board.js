// The board of a run: its bars, a plot for each name, one crosshair for all, and the numbers.
import { frame, html, lifetime, listen } from "../dom.js";
import { readable } from "../reading.js";
import { csv, rowTable } from "../rows.js";
import { summary, told } from "../series.js";
import { timeText } from "../units.js";
import { Bars } from "./bars.js";
import { Curves } from "./curves.js";
import { Ridges } from "./ridges.js";
import { Store } from "./series.js";

const WORDS = {
  running: "running · to stop it, interrupt the kernel (■)",
  paused: "so far",
};

function state({ state, words, seconds, bars, scalars, histograms }) {
  if (state === "running" && !bars.length && !scalars.length && !histograms.length)
    return "waiting for numbers";
  const timeless = seconds === null || ["running", "paused"].includes(state),
    took = timeless ? "" : ` after ${timeText(seconds)}`;
  if (state === "nan") return `finished${took} · ${words}`;
  return (words || WORDS[state] || state) + took;
}

// The points of a plot as rows: a step, and the value of each line there.
function rows({ kind, lines }) {
  if (kind === "histograms")
    return [
      ["step", "least", "greatest", "numbers", "not a number"],
      ...lines[0].items.map(({ step, ends, size, nans }) => [
        step,
        ...(ends ?? ["", ""]),
        size - nans,
        nans,
      ]),
    ];
  const steps = new Map();
  lines.forEach(({ x, y }, i) =>
    x.forEach((step, k) => {
      if (!steps.has(step)) steps.set(step, new Array(lines.length).fill(""));
      steps.get(step)[i] = Number.isFinite(y[k] ?? NaN) ? y[k] : told(y[k]);
    }),
  );
  const sorted = [...steps].sort(([a], [b]) => a - b).map(([step, values]) => [step, ...values]);
  return [["step", ...lines.map(({ run }) => run || "value")], ...sorted];
}

// A labelled control whose value is a trait.
function control(model, signal, name, text, attributes) {
  const input = html("input", attributes),
    kind = attributes.type === "checkbox" ? "checked" : "value";
  const show = () => (input[kind] = model.get(name) ?? 0);
  input.addEventListener(
    "input",
    () => {
      model.set(name, kind === "value" ? +input.value : input.checked);
      model.save_changes();
    },
    { signal },
  );
  show();
  return { label: html("label", { class: "mt-control" }, text, input), show };
}

class Board {
  constructor({ model, el, signal: given }) {
    this.own = lifetime(given);
    const { signal } = this.own;
    Object.assign(this, { model, store: new Store(), shown: new Map(), dirty: true, queued: 0 });
    Object.assign(this, frame(el, model.get("board").title, signal, " "));
    this.note = this.root.querySelector(".mt-title span");
    this.bars = new Bars();
    this.grid = html("div", { class: "mt-plots", role: "group", "aria-label": "Plots" });
    this.data = this.details(signal);
    this.notes = html("div", { class: "mt-notes" });
    this.bar.before(this.bars.root);
    this.body.replaceWith(this.grid);
    this.grid.after(this.notes, this.data);
    const checkbox = { type: "checkbox" };
    this.controls = [
      control(model, signal, "smoothing", "Smoothing", {
        type: "range",
        min: 0,
        max: 0.99,
        step: 0.01,
      }),
      control(model, signal, "log", "Log scale", checkbox),
      control(model, signal, "overlay", "Overlay histograms", checkbox),
    ];
    this.bar.append(...this.controls.map(({ label }) => label));
    this.listen(signal);
    this.load();
  }

  listen(signal) {
    const events = {
      "change:board": () => this.load(),
      "change:bars": () => this.bars.paint(this.model.get("bars"), ""),
      "msg:custom": (content, buffers) => {
        if (!content.new) return;
        if (this.state === "running") this.note.textContent = WORDS.running;
        this.store.take(content.new, buffers);
        this.later();
      },
      "change:selected": () => this.pick(),
    };
    for (const name of ["smoothing", "log", "overlay"])
      events[`change:${name}`] = () => {
        this.dirty = true;
        this.controls.forEach(({ show }) => show());
        this.later();
      };
    listen(this.model, signal, events);
    signal.addEventListener("abort", () => cancelAnimationFrame(this.queued));
    this.grid.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.grid.addEventListener("pointermove", (event) => this.hovered(event), { signal });
    this.grid.addEventListener("pointerleave", () => this.clear(), { signal });
    this.grid.addEventListener("focusin", ({ target }) => this.choose(this.at(target)), { signal });
    this.grid.addEventListener("focusout", () => this.clear(), { signal });
  }

  load() {
    const record = this.model.get("board"),
      over = this.state && record.state !== this.state;
    this.state = record.state;
    this.store.load(record);
    for (const [key, { root }] of this.shown)
      if (!this.store.plots.has(key)) {
        root.parentNode.remove();
        this.shown.delete(key);
      }
    this.root.querySelector(".mt-title b").textContent = record.title;
    this.note.textContent = state(record);
    this.bars.paint(this.model.get("bars") ?? record.bars, record.words);
    this.dirty = true;
    this.paint();
    if (over) this.say(state(record));
  }

  later() {
    this.queued ||= requestAnimationFrame(() => {
      this.queued = 0;
      this.paint();
    });
  }

  // Draw what changed; a plot keeps its place and the focus.
  paint() {
    const looks = Object.fromEntries(
      ["smoothing", "log", "overlay"].map((name) => [name, this.model.get(name)]),
    );
    const singles = [];
    looks.axis = this.model.get("board").axis;
    for (const [key, plot] of this.store.plots) {
      if (plot.kind === "scalars" && plot.lines.every(({ x }) => x.length < 2)) {
        singles.push(plot);
        continue;
      }
      const known = this.shown.get(key) ?? this.add(key);
      if (known.picture && !this.dirty && !plot.stale) continue;
      known.drawn = plot.kind === "scalars" ? new Curves(plot) : new Ridges(plot);
      plot.stale = false;
      const picture = known.drawn.paint(looks);
      known.root.replaceChild(picture, known.root.firstChild);
      known.picture = picture;
      known.root.setAttribute("aria-label", `${plot.name} over steps`);
      known.text.textContent = known.drawn.words();
    }
    this.dirty = false;
    this.notes.replaceChildren(
      ...singles.map((plot) =>
        html("p", {}, plot.lines.map((line) => summary(plot.name, line)).join("; ")),
      ),
      ...this.model.get("board").notes.map((text) => html("p", {}, `⚠ ${text}`)),
    );
    const kinds = [...this.store.plots.values()].map(({ kind }) => kind);
    this.bar.hidden = this.data.hidden = !this.shown.size;
    this.controls[2].label.hidden = !kinds.includes("histograms");
    this.pick();
    if (this.cross) this.read(this.cross);
  }

  add(key) {
    const made = { ...readable(key.replace(/^\w+ /, ""), key), at: 0, bin: 32 };
    this.grid.append(made.figure);
    this.shown.set(key, made);
    return made;
  }

  at(target) {
    return this.shown.get(target.closest("[data-plot]")?.dataset.plot);
  }

  // Reading: at a step of all curves, or at a bin of one histogram.
  read({ known, step, say }) {
    this.cross = { known, step };
    for (const other of this.shown.values()) {
      const { drawn } = other;
      let text;
      if (drawn instanceof Curves) text = drawn.read(step);
      else if (other === known) text = drawn.read(other.at, other.bin);
      else {
        drawn.clear();
        text = drawn.words();
      }
      other.text.textContent = text;
    }
    const { root, text, drawn } = known;
    root.setAttribute("aria-valuemax", drawn.places.length - 1);
    root.setAttribute("aria-valuenow", known.at);
    root.setAttribute("aria-valuetext", text.textContent);
    if (say) this.say(text.textContent);
  }

  clear() {
    this.cross = null;
    for (const { drawn, text } of this.shown.values()) {
      drawn.clear();
      text.textContent = drawn.words();
    }
  }

  // One plot can be reached by Tab: the one that was selected, else the first.
  pick() {
    const all = [...this.shown.values()],
      now =
        all.find(({ key }) => key.replace(/^\w+ /, "") === this.model.get("selected")) ?? all[0];
    for (const other of all) other.root.tabIndex = other === now ? 0 : -1;
    if (now) this.select.value = now.key;
    this.tell();
  }

  choose(known) {
    if (!known) return;
    const end = known.drawn.places.length - 1;
    known.at = Math.min(known.at || end, end);
    const name = known.key.replace(/^\w+ /, "");
    if (name !== this.model.get("selected")) {
      this.model.set("selected", name);
      this.model.save_changes();
    }
    this.read({ known, step: known.drawn.places[known.at] });
  }

  hovered(event) {
    const known = this.at(event.target);
    if (!known) return;
    const box = known.picture.getBoundingClientRect(),
      scale = known.picture.viewBox.baseVal.width / box.width,
      [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale],
      found = known.drawn.under(px, py);
    if (known.drawn instanceof Ridges) Object.assign(known, found);
    this.read({ known, step: typeof found === "number" ? found : known.drawn.places[found.at] });
  }

  pressed(event) {
    const known = this.at(event.target);
    if (!known || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const all = [...this.shown.values()],
      end = known.drawn.places.length - 1,
      move = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: -1, ArrowDown: 1, Home: -end, End: end },
      by = move[event.key],
      turn = { PageDown: 1, PageUp: -1 }[event.key];
    if (event.key === "Escape") return this.clear();
    if (turn) all[all.indexOf(known) + turn]?.root.focus();
    else if (by === undefined) return;
    else this.move(known, by, event.key, end);
    event.preventDefault();
  }

  move(known, by, key, end) {
    const ridges = known.drawn instanceof Ridges;
    if (ridges && /Left|Right/.test(key)) known.bin = Math.max(0, Math.min(63, known.bin + by));
    else if (!ridges && /Up|Down/.test(key)) return;
    else known.at = Math.max(0, Math.min(end, known.at + by));
    this.read({ known, step: known.drawn.places[known.at], say: true });
  }

  // The numbers of the plot that is looked at.
  details(signal) {
    this.select = html("select", { "aria-label": "Plot" });
    this.copy = html("button", { type: "button", class: "mt-link" }, "Copy CSV");
    this.cells = html("div", {
      class: "mt-table",
      tabindex: 0,
      role: "region",
      "aria-label": "Numbers",
    });
    const made = html(
      "details",
      { class: "mt-list" },
      html("summary", {}, "Numbers"),
      html("div", {}, this.select, " ", this.copy),
      this.cells,
    );
    made.addEventListener("toggle", () => this.tell(), { signal });
    this.select.addEventListener("change", () => this.fill(), { signal });
    this.copy.addEventListener("click", () => this.copied(), { signal });
    return made;
  }

  tell() {
    if (!this.data.open || Date.now() - (this.filled ?? 0) < 900) return;
    const keys = [...this.shown.keys()];
    if (this.select.options.length !== keys.length)
      this.select.replaceChildren(
        ...keys.map((key) => html("option", { value: key }, key.replace(/^\w+ /, ""))),
      );
    this.fill();
  }

  fill() {
    this.filled = Date.now();
    const plot = this.store.plots.get(this.select.value);
    if (plot) this.cells.replaceChildren(...rowTable(rows(plot)));
  }

  async copied() {
    const text = csv(rows(this.store.plots.get(this.select.value)));
    try {
      await navigator.clipboard.writeText(text);
      this.say("Copied");
    } catch {
      // where a page may not write to the clipboard, the reader can
      const area = html("textarea", { readonly: true, rows: 6, "aria-label": "CSV" }, text);
      this.cells.replaceChildren(area);
      area.select();
      this.say("Press Ctrl C to copy");
    }
  }
}

function mount(host) {
  const board = new Board(host);
  return () => {
    board.own.abort();
    board.root.remove();
  };
}
export const render = (host) => mount(host);
export default { render };
