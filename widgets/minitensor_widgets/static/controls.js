// First, back, play, next, last, and a slider: what moves the model's `step`.
import { button, html, relabel } from "./dom.js";

export class Controls {
  constructor(bar, signal, model, end, label = "Step", pause = 1100) {
    Object.assign(this, { model, end, pause, timer: null });
    const add = (label, act) => button(label, signal, act);
    this.back = [
      add("First step", () => this.go(0)),
      add("Previous step", () => this.go(this.previous())),
    ];
    this.play = add("Play", () => (this.timer ? this.stop() : this.start()));
    this.forth = [
      add("Next step", () => this.go(this.next())),
      add("Last step", () => this.go(this.end)),
    ];
    this.slider = html("input", { type: "range", min: 0, max: end, step: 1, "aria-label": label });
    this.slider.addEventListener("input", () => this.go(+this.slider.value), { signal });
    this.count = html("span", { class: "mt-count" });
    bar.append(...this.back, this.play, ...this.forth, this.slider, this.count);
    signal.addEventListener("abort", () => clearInterval(this.timer));
  }

  get at() {
    return Math.max(0, Math.min(this.end, this.model.get("step")));
  }

  // Where the two buttons lead: a viewer may take several steps as one.
  next() {
    return this.at + 1;
  }

  previous() {
    return this.at - 1;
  }

  go(to) {
    this.model.set("step", Math.max(0, Math.min(this.end, to)));
    this.model.save_changes();
  }

  start() {
    if (this.at === this.end) this.go(0);
    this.timer = setInterval(() => {
      this.go(this.next());
      if (this.at === this.end) this.stop();
    }, this.pause);
    relabel(this.play, "Pause");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    relabel(this.play, "Play");
  }

  pressed(event) {
    const to = { ArrowRight: this.next(), ArrowLeft: this.previous(), Home: 0, End: this.end }[
      event.key
    ];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)
      return;
    this.go(to);
    event.preventDefault();
  }

  paint(step) {
    const { at, end } = this;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", step ? `${at} of ${end}: ${step.title}` : "start");
    this.count.textContent = `${at} / ${end}`;
    for (const made of this.back) made.setAttribute("aria-disabled", String(at === 0));
    for (const made of this.forth) made.setAttribute("aria-disabled", String(at === end));
  }
}
