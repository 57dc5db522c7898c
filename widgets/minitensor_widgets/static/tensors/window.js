// Where the elements of a window come from: this output, or Python, which is asked when needed.
import { indexOf, placeOf, unpacked, windowOf } from "./cells.js";

const PATIENCE = 3000,
  MOST_KEPT = 24;

export class Windows {
  constructor(model, tensor, signal, changed) {
    Object.assign(this, { model, tensor, changed, kept: new Map(), asked: "" });
    this.live = typeof model.send === "function" && tensor.steps.some((step) => step > 1);
    this.held = { elements: unpacked(tensor.elements) };
    if (tensor.gradient) this.held.gradient = unpacked(tensor.gradient);
    if (!this.live) return;
    const arrived = (content) => content.kind === "window" && this.keep(content);
    model.on("msg:custom", arrived);
    signal.addEventListener("abort", () => {
      model.off?.("msg:custom", arrived);
      clearTimeout(this.timer);
    });
  }

  get steps() {
    return this.live ? this.tensor.steps.map(() => 1) : this.tensor.steps;
  }

  keep({ at, axes, elements, gradient }) {
    const key = JSON.stringify([at, axes]);
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
    const found = { elements: unpacked(elements) };
    if (gradient) found.gradient = unpacked(gradient);
    this.kept.set(key, found);
    if (key !== this.asked) return;
    clearTimeout(this.timer);
    this.changed();
  }

  // The window that begins at `at`; null while Python is asked for it.
  read(axes, at) {
    const { tensor, steps } = this,
      [rows, columns] = windowOf(tensor.shape, steps, axes, at);
    if (!this.live) {
      const cell = (name) => (i, j) => {
        const index = indexOf(tensor.shape, axes, at, rows[i], columns[j]);
        return index ? this.held[name][placeOf(tensor.shape, steps, index)] : undefined;
      };
      return { rows, columns, cell };
    }
    const first = [...at];
    if (axes[0] < 0) first[0] = rows[0];
    const key = (this.asked = JSON.stringify([first, axes])),
      found = this.kept.get(key);
    clearTimeout(this.timer);
    if (!found) {
      this.model.send({ kind: "window", at: first, axes });
      this.timer = setTimeout(() => this.giveUp(), PATIENCE);
      return null;
    }
    const across = axes[0] < axes[1];
    const cell = (name) => (i, j) =>
      found[name][
        axes[0] < 0
          ? rows[i] - rows[0] + columns[j]
          : across
            ? i * columns.length + j
            : j * rows.length + i
      ];
    return { rows, columns, cell };
  }

  // No answer: show what this output holds instead.
  giveUp() {
    this.live = false;
    this.changed("The kernel does not answer: these are the elements that the output holds.");
  }
}
