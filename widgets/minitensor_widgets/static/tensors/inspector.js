// The tensor inspector: slices of elements to walk through, a histogram, and where all of it lies.
import { frame, html, lifetime, listen, remount, sourceLine } from "../dom.js";
import { number, shapeText } from "../values.js";
import { bars } from "./bars.js";
import { cellText, indexOf, lineOf, unpacked } from "./cells.js";
import { factsOf } from "../facts.js";
import { Grid } from "./grid.js";
import { copied, literal } from "./literal.js";
import { memory, offsetOf } from "./memory.js";
import { Windows } from "./window.js";

const PAGE = 32,
  MOST_COPIED = 4096;

function firstLine(tensor) {
  const words = [`${tensor.kind} ${tensor.dtype} ${shapeText(tensor.shape)}`];
  if (tensor.made_by) words.push(`made by ${tensor.made_by}`);
  if (tensor.trainable !== null) words.push(tensor.trainable ? "trainable" : "not trainable");
  if (tensor.device) words.push(`on ${tensor.device}`);
  return `${tensor.name ? `${tensor.name}: ` : ""}${words.join(" · ")}`;
}

// Which axes are rows and columns, and where the window begins on each.
class Axes {
  constructor(bar, model, tensor, steps, signal) {
    Object.assign(this, { model, tensor, steps, sliders: [] });
    const { shape } = tensor;
    const names = shape.length > 1 ? ["Rows", "Columns"] : [];
    this.choices = names.map((name, k) => this.choice(name, k));
    for (const made of this.choices) {
      bar.append(html("label", { class: "mt-axis-of" }, made.dataset.name, made));
      made.addEventListener("change", () => this.chosen(), { signal });
    }
    shape.forEach((size, axis) => {
      const name = `Axis ${axis}`,
        slider = html("input", { type: "range", min: 0, step: 1, "aria-label": name }),
        label = html("span", { class: "mt-count" }),
        whole = html("label", { class: "mt-axis-of" }, label, slider);
      slider.addEventListener("input", () => this.slid(axis, +slider.value), { signal });
      this.sliders.push({ slider, label, whole });
      bar.append(whole);
    });
  }

  get axes() {
    return this.model.get("axes");
  }

  // The window ends where the tensor does.
  get at() {
    return this.model.get("at").map((from, axis) => Math.min(from, this.reach(axis)[1]));
  }

  choice(name, k) {
    const made = html("select", { "data-name": name, "aria-label": name });
    this.tensor.shape.forEach((size, axis) => {
      made.append(html("option", { value: axis }, `axis ${axis} (${size})`));
    });
    made.value = this.axes[k];
    return made;
  }

  chosen() {
    const [rows, columns] = this.choices.map((made) => +made.value),
      [before, beside] = this.axes;
    // An axis chosen twice changes places with the other.
    const swapped = rows === before ? [beside, rows] : [columns, before];
    this.set("axes", rows === columns ? swapped : [rows, columns]);
  }

  // What one step of a slider moves, and how far it goes.
  reach(axis) {
    const size = this.tensor.shape[axis],
      step = this.steps()[axis];
    if (this.axes[0] < 0) {
      const line = lineOf(size, step);
      return [line, Math.max(0, Math.ceil(size / line) - PAGE) * line];
    }
    const shown = this.axes.includes(axis) ? PAGE : 1;
    return [step, Math.max(0, Math.ceil(size / step) - shown) * step];
  }

  slid(axis, ticks) {
    const at = [...this.at];
    at[axis] = ticks * this.reach(axis)[0];
    this.set("at", at);
  }

  set(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  paint() {
    this.choices.forEach((made, k) => (made.value = this.axes[k]));
    this.sliders.forEach(({ slider, label, whole }, axis) => {
      const [step, last] = this.reach(axis),
        shown = this.axes.includes(axis);
      slider.max = last / step;
      slider.value = this.at[axis] / step;
      whole.hidden = !last;
      label.textContent = `axis ${axis}${shown ? " from " : " = "}${this.at[axis]}`;
      slider.setAttribute("aria-valuetext", label.textContent);
    });
  }
}

class Inspector {
  constructor({ model, el, signal }, tensor) {
    Object.assign(this, { model, tensor, signal, grids: [] });
    this.title = firstLine(tensor);
    Object.assign(this, frame(el, this.title, signal, factsOf(tensor.value).join(" · ")));
    this.parts = html("div", { class: "mt-parts" });
    this.read = html("p", { class: "mt-read" });
    this.body.append(html("div", { class: "mt-main" }, this.parts, this.read), this.panel);
    this.any = tensor.elements && tensor.shape.every(Boolean);
    if (this.any) {
      this.windows = new Windows(model, tensor, signal, (text) => this.paint(text));
      this.axes = new Axes(this.bar, model, tensor, () => this.windows.steps, signal);
    } else {
      const why = tensor.elements
        ? "It has no elements: one of its axes has size 0."
        : "It has no elements yet.";
      this.parts.append(html("p", {}, why));
    }
    this.copying();
    this.bar.hidden = !this.bar.childElementCount;
    this.details();
    this.paint();
  }

  // Value, gradient, and what a step of gradient descent would make of the value.
  lists(cell) {
    const { tensor } = this,
      found = [{ name: "value", at: cell("elements"), limit: tensor.elements.limit }];
    if (!tensor.gradient) return found;
    const gradient = cell("gradient"),
      rate = tensor.learning_rate;
    found.push({ name: "gradient", at: gradient, limit: tensor.gradient.limit });
    if (rate !== null) {
      const after = (i, j) => {
        const value = found[0].at(i, j);
        return value === undefined ? value : value - rate * gradient(i, j);
      };
      const name = `value − ${number(rate)} · gradient`;
      found.push({ name, at: after, limit: found[0].limit });
    }
    return found;
  }

  paint(trouble) {
    if (!this.any) return;
    const axes = this.model.get("axes"),
      seen = this.windows.read(axes, this.axes.at);
    this.axes.paint();
    this.places.replaceChildren(...[memory(this.tensor, axes)].flat());
    if (trouble) this.trouble(trouble);
    if (!seen) {
      this.parts.classList.add("mt-waiting");
      this.read.textContent = "Reading from Python …";
      return;
    }
    this.parts.classList.remove("mt-waiting");
    const focused = this.grids.findIndex((grid) => grid.root.contains(document.activeElement));
    this.seen = seen;
    if (!this.tensor.shape.length) return this.number();
    const lists = this.lists(seen.cell),
      wide = lists.length > 1 ? 205 : 400,
      walk = (i, j, grid) => this.walk(i, j, this.grids.indexOf(grid));
    this.grids = lists.map(
      (part) =>
        new Grid(part, [seen.rows, seen.columns], this.tensor.dtype, wide, this.signal, walk),
    );
    this.parts.replaceChildren(...this.grids.map((grid) => grid.root));
    this.point(focused);
  }

  number() {
    const { dtype } = this.tensor,
      found = this.lists(this.seen.cell);
    this.parts.replaceChildren(
      ...found.map(({ name, at }) =>
        html(
          "p",
          { class: "mt-number" },
          html("b", {}, cellText(at(0, 0), dtype, 8)),
          found.length > 1 ? html("small", {}, ` ${name}`) : "",
        ),
      ),
    );
  }

  // Put the cursor where `selected` says, or on the first cell.
  point(focused = -1) {
    const { rows, columns } = this.seen,
      { shape } = this.tensor,
      { axes, at } = this.axes,
      chosen = this.model.get("selected").split(",").map(Number);
    let cell = [0, 0];
    rows.forEach((row, i) =>
      columns.forEach((column, j) => {
        const index = indexOf(shape, axes, at, row, column);
        if (index && index.join() === chosen.join()) cell = [i, j];
      }),
    );
    this.grids.forEach((grid, k) => grid.point(...cell, k === focused));
    this.tell(...cell);
  }

  tell(i, j) {
    const { tensor, seen } = this,
      { axes, at } = this.axes,
      index = indexOf(tensor.shape, axes, at, seen.rows[i], seen.columns[j]);
    if (!index) return;
    const digits = tensor.elements.code === "f2" && !this.windows.live ? 3 : 6,
      values = this.grids.map(({ part }) => cellText(part.at(i, j), tensor.dtype, digits)),
      words = this.grids.map(({ part }, k) => `${part.name}: ${values[k]}`);
    words[0] = `[${index.join(", ")}] ${values[0]}`;
    words.push(`place ${offsetOf(tensor, index)} in memory`);
    this.read.textContent = words.join(" · ");
  }

  // Move the cursor to a cell; past an edge the window moves along.
  walk(i, j, which) {
    const { rows, columns } = this.seen,
      { axes, at } = this.axes,
      moved = [
        [i, rows, axes[0] < 0 ? 0 : axes[0]],
        [j, columns, axes[1]],
      ].map(([to, list, axis], k) => {
        const last = list.length - 1,
          past = Number.isFinite(to) && (to > last ? 1 : to < 0 ? -1 : 0);
        if (past && axis >= 0 && !(axes[0] < 0 && k)) {
          const [step, end] = this.axes.reach(axis),
            from = at[axis];
          at[axis] = Math.max(0, Math.min(end, from + past * (PAGE / 2) * step));
          return list[past > 0 ? last : 0] + (at[axis] === from ? 0 : past * step);
        }
        return list[Math.max(0, Math.min(last, to))];
      });
    const index = indexOf(this.tensor.shape, axes, at, ...moved);
    if (!index) return;
    this.model.set("selected", index.join(", "));
    if (at.join() !== this.axes.at.join()) this.model.set("at", at);
    this.model.save_changes();
    this.grids[which]?.point(...this.grids[which].cursor, true);
    this.say(this.read.textContent);
  }

  copying() {
    const { tensor } = this;
    if (!this.any || tensor.elements.code === "text" || tensor.dtype.startsWith("complex")) return;
    const count = tensor.shape.reduce((a, b) => a * b, 1),
      whole =
        tensor.steps.every((step) => step === 1) &&
        tensor.elements.code !== "f2" &&
        count <= MOST_COPIED,
      place = html("pre", { tabindex: 0, hidden: "", "aria-label": "NumPy literal" }),
      name = whole ? "Copy as NumPy" : "Copy this window as NumPy";
    const made = html("button", { type: "button" }, name);
    made.addEventListener(
      "click",
      () => copied(whole ? this.wholeLiteral() : this.windowLiteral(), place, this.say),
      { signal: this.signal },
    );
    this.bar.append(made);
    this.parts.after(place);
  }

  wholeLiteral() {
    return literal(unpacked(this.tensor.elements), this.tensor.shape, this.tensor.dtype);
  }

  windowLiteral() {
    const { rows, columns } = this.seen,
      value = this.lists(this.seen.cell)[0].at,
      cells = rows.flatMap((_, i) => columns.map((_, j) => value(i, j))),
      flat = cells.filter((value) => value !== undefined),
      flatShape = this.tensor.shape.length < 2 ? [flat.length] : [rows.length, columns.length];
    return literal(flat, flatShape, this.tensor.dtype);
  }

  details() {
    const { tensor, panel } = this;
    this.places = html("div");
    this.notes = html("div", {}, tensor.notes.map((note) => html("p", { class: "mt-dim" }, note)));
    panel.append(
      this.notes,
      tensor.counts.length && tensor.value.shape.length
        ? html("div", {}, html("div", { class: "mt-sub" }, "Histogram"), bars(tensor, this))
        : "",
      tensor.itemsize ? html("div", { class: "mt-sub" }, "Memory") : "",
      this.places,
      tensor.source ? html("div", { class: "mt-sub" }, "Made here") : "",
      tensor.source ? sourceLine(tensor.source) : "",
    );
    if (!this.any && tensor.itemsize) this.places.append(...[memory(tensor, [-1, -1])].flat());
  }

  trouble(text) {
    this.notes.prepend(html("p", { class: "mt-trouble" }, text));
    this.say(text);
  }
}

function mount({ model, el, signal }) {
  const own = lifetime(signal);
  const seen = new Inspector({ model, el, signal: own.signal }, model.get("tensor"));
  const paint = () => seen.paint(),
    point = () => seen.grids.length && seen.point();
  const names = { "change:axes": paint, "change:at": paint, "change:selected": point };
  listen(model, own.signal, names);
  return () => own.abort();
}

export const render = (host) => remount(host, "tensor", mount);
export default { render };
