// The plots of a pane: drawn when they come into sight, read by pointer and keys, one Tab stop.
//
// What draws a card has `paint()`, `words()`, `steps`, `across` (bins to walk, or 0),
// `under(x, y)`, `read(at, across)` and `clear()`.
import { html, lifetime } from "../dom.js";
import { middleCut, readable } from "../reading.js";
import { swatch } from "./runs.js";

const nearestOf = (steps, step) =>
  steps.reduce((a, v, i) => (Math.abs(v - step) < Math.abs(steps[a] - step) ? i : a), 0);

export class Plots {
  constructor({ el, shared, ask, signal }, kind, label, make) {
    this.own = lifetime(signal);
    Object.assign(this, { shared, ask, kind, make, cards: [], shown: new Map(), now: null });
    this.grid = html("div", { class: "mt-plots", role: "group", "aria-label": label });
    el.append(this.grid);
    this.watch = new IntersectionObserver(
      (seen) => {
        for (const { target, isIntersecting } of seen) {
          const plot = this.of(target.firstChild.nextSibling);
          if (plot) plot.seen = isIntersecting;
        }
        this.paint();
      },
      { rootMargin: "150px" },
    );
    const hear = (name, act) =>
      this.grid.addEventListener(name, act, { signal: this.own.signal });
    hear("keydown", (event) => this.pressed(event));
    hear("pointermove", (event) => this.hovered(event));
    hear("pointerleave", () => this.clear());
    hear("focusin", ({ target }) => this.focused(this.of(target)));
    hear("focusout", () => this.clear());
    const ends = [
      shared.on("runs", () => this.arrange()),
      shared.on("axis", () => this.redraw()),
      shared.on("at", (step) => this.follow(step)),
    ];
    this.own.signal.addEventListener("abort", () => {
      this.watch.disconnect();
      ends.forEach((end) => end?.());
      this.grid.remove();
    });
  }

  update(cards) {
    this.cards = cards;
    this.arrange();
  }

  // One plot for each card whose run is not hidden; a plot keeps its place and the focus.
  arrange() {
    const looks = new Map(this.shared.runs.map((run) => [run.name, run])),
      cards = this.cards.filter(({ run }) => !looks.get(run)?.hidden),
      wanted = new Set();
    for (const card of cards) {
      const key = `${card.run}\n${card.tag}`,
        plot = this.shown.get(key) ?? this.add(key, card, looks.get(card.run));
      wanted.add(key);
      if (plot.from !== card) Object.assign(plot, { card, from: card, stale: true });
    }
    for (const [key, plot] of this.shown)
      if (!wanted.has(key)) {
        this.watch.unobserve(plot.figure);
        plot.figure.remove();
        this.shown.delete(key);
      }
    const order = cards.map(({ run, tag }) => this.shown.get(`${run}\n${tag}`).figure);
    if (order.some((figure, i) => figure !== this.grid.children[i])) {
      const had = this.grid.querySelector(":focus");
      this.grid.replaceChildren(...order);
      had?.focus({ preventScroll: true });
    }
    this.stop();
    this.paint();
  }

  add(key, { tag, run }, look) {
    const plot = { ...readable(tag, key), at: Infinity, across: null, tag, run };
    if (this.shared.runs.length > 1)
      plot.root.before(html("span", { class: "mt-of-run" }, look && swatch(look), ` ${run}`));
    this.shown.set(key, plot);
    this.watch.observe(plot.figure);
    return plot;
  }

  of(target) {
    return this.shown.get(target.closest?.("figure")?.querySelector("[data-plot]").dataset.plot);
  }

  redraw() {
    for (const plot of this.shown.values()) plot.stale = true;
    this.paint();
  }

  paint() {
    for (const plot of this.shown.values()) if (plot.stale && plot.seen) this.draw(plot);
  }

  draw(plot) {
    plot.stale = false;
    plot.drawn = this.make({ ...plot.card, tag: middleCut(plot.tag) });
    plot.picture = plot.drawn.paint();
    plot.root.replaceChild(plot.picture, plot.root.firstChild);
    const run = this.shared.runs.length > 1 ? ` of run ${plot.run}` : "";
    plot.root.setAttribute("aria-label", `${middleCut(plot.tag)}${run}: arrow keys read it`);
    plot.text.textContent = plot.drawn.words();
    this.hold(plot);
    if (plot === this.now) this.read(plot);
  }

  // A caption never shrinks: what is below it would move away under a pointer that presses it.
  hold({ text }) {
    text.style.minHeight = `${text.offsetHeight}px`;
  }

  read(plot) {
    const { drawn, root, text } = plot,
      end = drawn.steps.length - 1;
    if (end < 0) return;
    this.now = plot;
    plot.at = Math.max(0, Math.min(plot.at, end));
    plot.across ??= drawn.across >> 1;
    text.textContent = drawn.read(plot.at, plot.across);
    this.hold(plot);
    root.setAttribute("aria-valuemax", end);
    root.setAttribute("aria-valuenow", plot.at);
    root.setAttribute("aria-valuetext", text.textContent);
    this.shared.set("at", drawn.steps[plot.at]);
  }

  // Another plot is read at a step: so are these.
  follow(step) {
    for (const plot of this.shown.values()) {
      const { drawn, text } = plot;
      if (plot === this.now || !drawn?.steps.length) continue;
      if (step === null) {
        drawn.clear();
        text.textContent = drawn.words();
      } else text.textContent = drawn.read(nearestOf(drawn.steps, step));
    }
  }

  clear() {
    if (!this.now) return;
    this.now = null;
    this.shared.set("at", null);
    this.follow(null);
  }

  // The plot that Tab reaches: the one that had the focus last, else the first.
  stop() {
    const all = [...this.shown.values()],
      one = all.includes(this.last) ? this.last : all[0];
    for (const plot of all) plot.root.tabIndex = plot === one ? 0 : -1;
  }

  focused(plot) {
    if (!plot) return;
    this.last = plot;
    this.stop();
    if (plot.stale) this.draw(plot);
    this.read(plot);
    this.complete(plot);
  }

  // A card that holds only some of its steps: Python, where it is there, has more.
  async complete(plot) {
    const { card, tag, run } = plot;
    if (!card.note || plot.asked === card) return;
    plot.asked = card;
    const found = (await this.ask?.(this.kind, { tag, run }))?.content.card;
    if (!found || plot.card !== card || this.own.signal.aborted) return;
    const step = plot.drawn.steps[plot.at];
    Object.assign(plot, { card: found, asked: found });
    plot.at = nearestOf(found.steps, step ?? found.steps.at(-1));
    this.draw(plot);
  }

  hovered(event) {
    const plot = this.of(event.target);
    if (!plot?.drawn || !plot.picture.contains(event.target)) return;
    const box = plot.picture.getBoundingClientRect(),
      scale = plot.picture.viewBox.baseVal.width / box.width;
    Object.assign(
      plot,
      plot.drawn.under((event.clientX - box.left) * scale, (event.clientY - box.top) * scale),
    );
    this.read(plot);
    this.complete(plot);
  }

  pressed(event) {
    const plot = this.of(event.target);
    if (!plot?.drawn || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const all = [...this.shown.values()],
      turn = { PageDown: 1, PageUp: -1 }[event.key],
      across = { ArrowRight: 1, ArrowLeft: -1 }[event.key],
      along = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") return this.clear();
    if (turn) all[all.indexOf(plot) + turn]?.root.focus();
    else if (across && plot.drawn.across)
      plot.across = Math.max(0, Math.min(plot.drawn.across - 1, plot.across + across));
    else if (across || along) plot.at += across ?? along;
    else return;
    event.preventDefault();
    if (!turn) this.read(plot);
  }
}
