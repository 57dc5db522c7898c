// Where a race starts: anywhere while Python listens, at one of the recorded places otherwise.
import { html } from "../dom.js";
import { number } from "../values.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] },
  WAIT = 120;

export class RaceStart {
  constructor(view) {
    Object.assign(this, { view, buttons: [], fields: null });
    if (view.asker) this.anywhere();
    else if (view.record.starts.length > 1) this.recorded();
  }

  // ---- anywhere

  anywhere() {
    const { stage, signal } = this.view;
    const attributes = {
      tabindex: 0,
      role: "application",
      "aria-label":
        "Start of the race. Arrow keys move it, with Shift farther; the race is run again.",
    };
    for (const [name, value] of Object.entries(attributes)) stage.setAttribute(name, value);
    this.square = html("span", { class: "mt-race-start", "aria-pressed": null });
    stage.append(this.square);
    this.inputs = ["x", "y"].map((name, k) => {
      const made = html("input", { type: "number", step: "any", "aria-label": `start ${name}` });
      made.onchange = () => {
        const place = [...this.place];
        place[k] = made.valueAsNumber;
        if (Number.isFinite(place[k])) this.go(place);
      };
      return made;
    });
    this.fields = html(
      "div",
      { class: "mt-tools mt-settings" },
      this.inputs.map((made, k) => html("label", {}, `Start ${"xy"[k]}`, made)),
    );
    stage.addEventListener("keydown", (event) => this.pressed(event), { signal });
    const drag = (event) => event.buttons & 1 && this.go(this.under(event));
    stage.addEventListener("pointerdown", drag, { signal });
    stage.addEventListener("pointermove", drag, { signal });
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  under(event) {
    const [left, right, bottom, top] = this.view.record.box,
      box = this.view.stage.getBoundingClientRect();
    return [
      left + ((right - left) * (event.clientX - box.left)) / box.width,
      top - ((top - bottom) * (event.clientY - box.top)) / box.height,
    ];
  }

  pressed(event) {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [left, right, bottom, top] = this.view.record.box,
      far = event.shiftKey ? 0.1 : 0.02;
    this.go([
      this.place[0] + way[0] * far * (right - left),
      this.place[1] + way[1] * far * (top - bottom),
    ]);
  }

  // The square moves at once, the race is run when it rests.
  go([x, y]) {
    const [left, right, bottom, top] = this.view.record.box;
    this.place = [Math.max(left, Math.min(right, x)), Math.max(bottom, Math.min(top, y))];
    this.put(this.square, this.place);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.view.asker.order("start", ...this.place);
    }, WAIT);
  }

  put(made, place) {
    const [x, y] = this.view.pixel(place);
    made.style.left = `${x / 4}%`;
    made.style.top = `${y / 4}%`;
  }

  // ---- recorded

  recorded() {
    const { stage, model, record, signal } = this.view;
    const group = html("div", { role: "group", "aria-label": "Starts" });
    this.buttons = record.starts.map((place, i) => {
      const made = html("button", {
        type: "button",
        class: "mt-race-start",
        tabindex: -1,
        "aria-label": `start at ${place.map((v) => number(v, 3)).join(", ")}`,
      });
      made.addEventListener("click", () => this.choose(model, i), { signal });
      this.put(made, place);
      return made;
    });
    group.append(...this.buttons);
    stage.append(group);
    group.addEventListener("keydown", (event) => this.walked(event, model), { signal });
    this.fields = html(
      "p",
      { class: "mt-dim" },
      "Choose one of the white squares to start there. Racer, in a notebook, starts anywhere.",
    );
  }

  choose(model, i) {
    model.set("at", i);
    model.save_changes();
    this.buttons[i].focus();
  }

  // The nearest start in the direction of an arrow key.
  walked(event, model) {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const pixels = this.view.record.starts.map((place) => this.view.pixel(place)),
      [x, y] = pixels[this.view.at];
    let best = null,
      least = Infinity;
    pixels.forEach(([px, py], i) => {
      const along = way[0] * (px - x) - way[1] * (py - y),
        aside = Math.abs(way[1] * (px - x)) + Math.abs(way[0] * (py - y));
      if (along > 1 && along + 2 * aside < least) [best, least] = [i, along + 2 * aside];
    });
    if (best !== null) this.choose(model, best);
  }

  // The race is another one now.
  moved() {
    const { at, record } = this.view;
    this.buttons.forEach((made, i) => {
      made.tabIndex = i === at ? 0 : -1;
      made.setAttribute("aria-pressed", String(i === at));
    });
    if (!this.square || this.timer) return;
    this.place = record.starts[at];
    this.put(this.square, this.place);
    this.inputs.forEach((made, k) => {
      if (made !== document.activeElement) made.value = number(this.place[k], 4);
    });
  }
}
