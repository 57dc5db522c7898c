// The pane of scalars: a grid of plots, one crosshair for all of them, and how they are drawn.
import { html, lifetime, svg } from "../dom.js";
import { takeLines } from "./lines.js";
import { PANES } from "./registry.js";
import { ScalarCard } from "./scalarcard.js";

// A frame has time for so many milliseconds of ours, and points: these are painted after us.
const [SLICE, AT_ONCE, DRAG] = [14, 20000, 6];
const LOOKS_DRAWN = ["smoothing", "log", "axis", "outliers", "runs"];

class ScalarPane {
  constructor({ el, shared, ask, signal: given }) {
    this.own = lifetime(given);
    const { signal } = this.own;
    Object.assign(this, { shared, ask, cards: new Map(), waiting: new Set(), queued: 0,
      here: null });
    this.grid = html("div", { class: "mt-plots", role: "group", "aria-label": "Plots" });
    el.append(this.grid);
    // A colour is what the theme makes of it: a canvas has to ask.
    this.swatches = html("span", { hidden: "" });
    el.append(this.swatches);
    this.seen = new IntersectionObserver(
      (found) => found.forEach(({ target, isIntersecting }) => this.sight(target, isIntersecting)),
      { rootMargin: "60px" },
    );
    this.sizes = new ResizeObserver((found) => found.forEach(({ target }) =>
      this.later(this.of(target))));
    for (const name of LOOKS_DRAWN) shared.on(name, () => this.again(name));
    shared.on("at", (step) => this.cross(step));
    this.theme(signal);
    const hear = (name, act) => this.grid.addEventListener(name, act, { signal });
    hear("keydown", (event) => this.pressed(event));
    hear("pointermove", (event) => this.moved(event));
    hear("pointerdown", (event) => this.grabbed(event));
    hear("pointerup", (event) => this.dropped(event));
    hear("pointercancel", () => this.dropped(null));
    hear("dblclick", (event) => this.plotOf(event)?.show(null));
    hear("pointerleave", () => this.leave());
    hear("focusin", ({ target }) => this.choose(this.of(target)));
    hear("focusout", ({ relatedTarget }) => this.grid.contains(relatedTarget) || this.leave());
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.queued);
      this.seen.disconnect();
      this.sizes.disconnect();
      this.grid.remove();
      this.swatches.remove();
    });
  }

  theme(signal) {
    const act = () => this.again("theme"),
      watch = new MutationObserver(act);
    watch.observe(document.body, { attributes: true });
    signal.addEventListener("abort", () => watch.disconnect());
    for (const name of ["prefers-color-scheme: dark", "forced-colors: active"])
      matchMedia(`(${name})`).addEventListener("change", act, { signal });
  }

  of(target) {
    return this.cards.get(target.closest?.(".mt-figure")?.querySelector("[data-plot]").dataset.plot);
  }

  // The card whose plot an event is in, not its buttons.
  plotOf({ target }) {
    return target.closest?.(".mt-reading") ? this.of(target) : null;
  }

  update(cards) {
    const wanted = new Set(cards.map(({ tag }) => tag));
    for (const [tag, { figure, root }] of this.cards)
      if (!wanted.has(tag)) {
        this.sizes.unobserve(root);
        this.seen.unobserve(figure);
        figure.remove();
        this.cards.delete(tag);
      }
    for (const card of cards) {
      let known = this.cards.get(card.tag);
      if (!known) {
        this.cards.set(card.tag, (known = new ScalarCard(card.tag, this)));
        known.update(card);
        this.sizes.observe(known.root);
        this.seen.observe(known.figure);
      } else known.update(card);
      if (this.grid.children[cards.indexOf(card)] !== known.figure)
        this.grid.insertBefore(known.figure, this.grid.children[cards.indexOf(card)] ?? null);
      this.later(known);
    }
    this.pick(this.here ?? [...this.cards.values()][0]);
  }

  sight(target, isSeen) {
    const card = this.of(target);
    if (!card) return;
    card.visible = isSeen;
    if (isSeen && card.dirty) this.later(card);
  }

  again(name) {
    for (const card of this.cards.values()) {
      card.known = null;
      if (name === "axis") card.zoom = card.detail = null;
      if (name === "runs") card.told(); // also where it is out of sight
      this.later(card);
    }
    if (name === "runs" || name === "theme") this.colours = null;
  }

  // Draw the cards that are seen, the one that is looked at first, as many as a frame has time for.
  later(card) {
    if (!card) return;
    card.dirty = true;
    this.waiting.add(card);
    this.queued ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.queued = 0;
    const began = performance.now();
    let points = 0;
    if (!this.colours) {
      this.swatches.replaceChildren(
        ...this.shared.runs.map(({ colour }) => html("span", { style: `color:${colour}` })),
      );
      this.colours = new Map(
        this.shared.runs.map(({ name }, i) => [name,
          getComputedStyle(this.swatches.children[i]).color]),
      );
    }
    const order = [...this.waiting].sort((a, b) => (b === this.here) - (a === this.here));
    for (const card of order) {
      if (points > AT_ONCE || performance.now() - began > SLICE) {
        this.queued = requestAnimationFrame(() => this.draw());
        return;
      }
      this.waiting.delete(card);
      if (!card.visible) continue; // it is drawn when it comes into sight
      card.paint(this.colours);
      points += card.lines.reduce((sum, { line }) => sum + line.x.length, 0);
      if (this.shared.at !== null && card.picture) card.read(this.shared.at, card === this.here);
    }
  }

  cross(step) {
    for (const card of this.cards.values())
      if (step === null) card.clear();
      else if (card.visible) card.read(step, card === this.here && this.reading);
  }

  // One plot, and its buttons, can be reached by Tab: the one that was looked at last.
  pick(card) {
    if (!card) return;
    this.here = card;
    for (const { root, tools, numbers } of this.cards.values()) {
      const stop = root === card.root ? 0 : -1;
      for (const element of [root, ...tools]) element.tabIndex = stop;
      if (!stop) numbers.tabIndex = 0;
    }
  }

  choose(card) {
    if (!card) return;
    this.pick(card);
    if (document.activeElement !== card.root) return;
    this.reading = true;
    this.go(card, this.shared.at ?? card.places.at(-1) ?? null);
  }

  go(card, step) {
    if (this.shared.at === step) this.cross(step);
    else this.shared.set("at", step);
    const { places } = card;
    card.root.setAttribute("aria-valuemax", Math.max(0, places.length - 1));
    card.root.setAttribute("aria-valuenow", Math.max(0, places.indexOf(step)));
  }

  leave() {
    if (this.held) return;
    this.reading = false;
    this.shared.set("at", null);
  }

  // A pointer reads; dragged along a plot it zooms.
  moved(event) {
    const card = this.held?.card ?? this.plotOf(event);
    if (!card?.picture) return this.reading && !this.held && this.leave();
    if (this.held) return this.mark(event);
    this.pick(card);
    this.reading = true;
    const step = card.stepAt(card.under(event));
    if (step === this.shared.at) card.read(step, true);
    else if (step !== null) this.shared.set("at", step);
  }

  grabbed(event) {
    const card = this.plotOf(event);
    if (!card?.picture || event.button !== 0 || event.pointerType === "touch") return;
    this.held = { card, from: event.clientX, low: card.under(event) };
    card.root.setPointerCapture(event.pointerId);
  }

  mark(event) {
    const { card, low } = this.held,
      [x, y] = card.axes,
      [a, b] = [x.at(low), x.at(card.under(event))].sort((one, other) => one - other);
    card.clear();
    card.cross.replaceChildren(
      svg("rect", { class: "mt-drag", x: a, y: y.last, width: b - a, height: y.first - y.last }),
    );
  }

  dropped(event) {
    const { held } = this;
    this.held = null;
    if (!held) return;
    held.card.cross.replaceChildren();
    if (!event || Math.abs(event.clientX - held.from) < DRAG) return;
    const ends = [held.low, held.card.under(event)].sort((a, b) => a - b);
    if (ends[1] > ends[0]) held.card.show(ends);
  }

  pressed(event) {
    const card = this.plotOf(event);
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event,
      all = [...this.cards.values()],
      turn = { PageDown: 1, PageUp: -1 }[key];
    if (key === "Escape") {
      if (this.shared.at === null) card.show(null);
      this.leave();
    } else if (key === "+" || key === "=") card.closer(0.5);
    else if (key === "-") card.closer(2);
    else if (key === "0") card.show(null);
    else if (turn) all[all.indexOf(card) + turn]?.root.focus();
    else if (!this.walk(card, key)) return;
    event.preventDefault();
  }

  walk(card, key) {
    const { places } = card,
      end = places.length - 1,
      at = places.findIndex((step) => step >= (this.shared.at ?? -Infinity)),
      now = at < 0 ? end : at,
      to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: end }[key];
    if (to === undefined || end < 0) return false;
    this.reading = true;
    this.go(card, places[Math.max(0, Math.min(end, to))]);
    return true;
  }
}

// The settings of all scalars, for the bar of the dashboard.
function scalarControls(shared, signal) {
  const control = (name, text, input) => {
    const kind = input.type === "checkbox" ? "checked" : "value",
      told = input.type === "range" && html("output"),
      show = () => {
        input[kind] = shared[name] ?? "";
        if (told) told.textContent = shared[name];
      };
    input.addEventListener(
      "input",
      () => shared.set(name, input.type === "range" ? +input.value : input[kind]),
      { signal },
    );
    shared.on(name, show);
    show();
    return html("label", { class: "mt-control" }, text, input, told || null);
  };
  const checkbox = () => html("input", { type: "checkbox" }),
    axes = [
      ["step", "step"],
      ["relative", "time since the start"],
      ["wall", "time of day"],
    ];
  return [
    control("smoothing", "Smoothing", html("input", { type: "range", min: 0, max: 0.99,
      step: 0.01 })),
    control(
      "axis",
      "Along",
      html("select", {}, axes.map(([value, text]) => html("option", { value }, text))),
    ),
    control("log", "Log scale", checkbox()),
    control("outliers", "Leave out outliers", checkbox()),
  ];
}

export function scalarsPane(given) {
  const pane = new ScalarPane(given);
  return { update: (cards) => pane.update(cards), dispose: () => pane.own.abort() };
}
scalarsPane.controls = scalarControls;
scalarsPane.take = takeLines;
PANES.scalars = scalarsPane;
