// The plane: how sure the model is everywhere, the points, and where to put new ones.
import { diverging } from "../colours.js";
import { html, svg } from "../dom.js";
import { number } from "../values.js";
import { makeField, paintField } from "./field.js";

const DOT = "M0-3.2a3.2 3.2 0 1 0 .01 0z",
  TRIANGLE = "M0-3.8L3.6 2.8H-3.6z",
  SIDE = 300,
  ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// What a level looks like: `middle` is the boundary, `none` stands for no number.
export const levelLook = (middle, none, line = true) => ({
  colour: (level) => diverging(((level - middle) / middle) * 0.75),
  band: line && ((level) => level > middle),
  none,
});

export class Boundary {
  constructor(signal) {
    this.canvas = makeField("", "mt-plane-field");
    this.over = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
    this.stage = html("div", { class: "mt-plane-stage" }, this.canvas, this.over);
    this.key = html(
      "figcaption",
      {},
      "● class 0, blue · ▲ class 1, orange · hollow: test points · dark line: the boundary",
    );
    this.element = html("figure", { class: "mt-plane" }, this.stage, this.key);
    this.signal = signal;
  }

  scene({ window, points }) {
    this.window = window;
    this.over.replaceChildren(
      svg("g", {}, points.slice(0, 1000).map((point) => this.mark(point))),
      (this.cross = svg("path", { class: "mt-cross", d: "M-9,0H-2M2,0H9M0,-9V-2M0,2V9" })),
    );
    if (this.at) this.move(...this.at);
    this.cross.style.display = this.at ? "" : "none";
  }

  mark([x, y, label, train]) {
    const [px, py] = this.pixel(x, y);
    return svg("path", {
      class: `mt-point mt-class-${label}${train ? "" : " mt-hollow"}`,
      transform: `translate(${px.toFixed(1)},${py.toFixed(1)})`,
      d: label ? TRIANGLE : DOT,
    });
  }

  pixel(x, y) {
    const [left, right, bottom, top] = this.window;
    return [(SIDE * (x - left)) / (right - left), (SIDE * (top - y)) / (top - bottom)];
  }

  paint(levels, look, reading) {
    paintField(this.canvas, levels, look);
    this.canvas.setAttribute("aria-label", `The model over the plane. ${reading}`);
  }

  // The cross that says where the next point goes.
  move(x, y) {
    const [left, right, bottom, top] = this.window;
    this.at = [Math.max(left, Math.min(right, x)), Math.max(bottom, Math.min(top, y))];
    this.cross.setAttribute("transform", `translate(${this.pixel(...this.at)})`);
    this.cross.style.display = "";
  }

  // Points are put by mouse or keys; `put(x, y, class)`, `take(x, y)`, `chosen()` is the class.
  placing({ put, take, chosen, say }) {
    const { stage, signal } = this;
    const listen = (event, act) => stage.addEventListener(event, act, { signal });
    listen("click", (event) => {
      if (!this.places) return;
      const box = stage.getBoundingClientRect(),
        [left, right, bottom, top] = this.window;
      this.move(
        left + ((right - left) * (event.clientX - box.left)) / box.width,
        top - ((top - bottom) * (event.clientY - box.top)) / box.height,
      );
      put(...this.at, chosen());
    });
    listen("keydown", (event) => {
      if (!this.places || event.ctrlKey || event.metaKey || event.altKey) return;
      const way = ARROWS[event.key],
        [left, right, bottom, top] = this.window,
        far = event.shiftKey ? 0.1 : 0.02;
      const [x, y] = this.at ?? [(left + right) / 2, (bottom + top) / 2];
      if (way) {
        this.move(x + way[0] * far * (right - left), y + way[1] * far * (top - bottom));
        say(`cross at ${this.at.map((v) => number(v, 2)).join(", ")}`);
      } else if (event.key === "1" || event.key === "2") put(x, y, +event.key - 1);
      else if (event.key === "Delete" || event.key === "Backspace") take(x, y);
      else return;
      event.preventDefault();
    });
  }

  set placeable(places) {
    this.places = places;
    const name =
      "Place points. Arrow keys move the cross, with Shift farther; 1 puts a point of class 0, " +
      "2 one of class 1; Delete takes the nearest away.";
    for (const [key, value] of [
      ["tabindex", 0],
      ["role", "application"],
      ["aria-label", name],
    ])
      if (places) this.stage.setAttribute(key, value);
      else this.stage.removeAttribute(key);
  }
}
