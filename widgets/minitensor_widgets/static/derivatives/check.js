// A gradient check: the verdict, the error for every step size, and the elements that are worst.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount, svg } from "../dom.js";
import { chart } from "../plot.js";
import { number, shapeText } from "../values.js";

const SIGNS = { agrees: "✓", wrong: "✗", missing: "✗", nan: "✗" };
const HEADS = {
  agrees: "The gradient agrees with the slopes",
  wrong: "The gradient is wrong",
  missing: "There is no gradient",
  nan: "The gradient is no number",
  unclear: "It cannot be told here",
  held: "A part is held fixed",
  random: "Nothing can be measured",
  nothing: "Nothing to check",
};
const ERRORS = [1e-17, 1e3];
const FAR = 0.02;
const headOf = (verdict) => `${SIGNS[verdict] ?? "!"} ${HEADS[verdict] ?? "Not differentiable here"}`;
const power = (h) => h.toExponential(1).replace(".0", "");

// The lowest error that is drawn stands for none.
const errorText = (error) => (error !== null && error <= ERRORS[0] ? "0" : number(error, 2));

// What the table lists: the slopes of a weighted sum are not those of a single result.
function listed(checked, count, results) {
  const which = checked < count ? `${checked} elements looked at, of ${count}` : `${count} elements`;
  const head = count === 1 ? "The one element" : `The worst of ${which}`;
  return results > 1 ? `${head}; derivatives of the weighted sum of all results` : head;
}

// What the curve does at a step: the words follow its valley.
function reading({ best, slope, rounding, errors }, at) {
  if (best === null) return "no number";
  if (errors[best] > FAR) return "no step agrees";
  if (at === best) return "the best step";
  const [word, fitted] = at < best ? ["curvature", slope] : ["rounding", rounding];
  return fitted === null ? word : `${word}: slope ${number(fitted, 2)}`;
}

function curvesTable(argument, steps, at) {
  const heads = ["differences", "error", "what it shows", "best step"];
  const line = (curve) => {
    const { name, errors, best } = curve;
    const cells = [errorText(errors[at]), reading(curve, at)];
    cells.push(best === null ? "—" : power(steps[best]));
    return html(
      "tr",
      {},
      html("th", { scope: "row" }, name),
      cells.map((text) => html("td", {}, text)),
    );
  };
  return html(
    "table",
    { class: "mt-branches" },
    html("thead", {}, html("tr", {}, heads.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, argument.curves.map(line)),
  );
}

function elementsTable({ elements, checked, shape }, results) {
  const heads = ["element", "value", "tape", "measured", "left", "right", "finding"];
  const fields = ["value", "gradient", "measured", "left", "right"];
  const text = (value, field) => (value === null && field === "gradient" ? "None" : number(value));
  const line = (item) =>
    html(
      "tr",
      { class: item.kind === "agrees" ? null : "mt-amiss" },
      html("th", { scope: "row" }, item.place.length ? shapeText(item.place) : "—"),
      fields.map((field) => html("td", {}, text(item[field], field))),
      html("td", { class: "mt-finding" }, item.text),
    );
  const count = shape.reduce((a, b) => a * b, 1);
  return [
    html("div", { class: "mt-sub" }, listed(checked, count, results)),
    html(
      "div",
      { class: "mt-wide", tabindex: 0, role: "region", "aria-label": "Elements" },
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, heads.map((head) => html("th", { scope: "col" }, head)))),
        html("tbody", {}, elements.map(line)),
      ),
    ),
  ];
}

class Check {
  constructor(model, { bar, body, panel, root, say }, signal) {
    const record = model.get("check");
    Object.assign(this, { model, panel, say, record });
    const last = record.steps.length - 1;
    this.controls = new Controls(bar, signal, model, Math.max(0, last), "Step size", 500);
    bar.hidden = last < 1;
    this.picture = html("div", { class: "mt-picture" });
    this.table = html("div", { class: "mt-worst" });
    this.tabs = record.arguments.map(({ name, verdict }, i) => {
      const made = html(
        "button",
        { type: "button", class: "mt-link", tabindex: -1 },
        `${SIGNS[verdict] ?? "!"} ${name}`,
      );
      made.addEventListener("click", () => this.choose(i), { signal });
      return made;
    });
    const group = html("div", { class: "mt-tabs", role: "group", "aria-label": "Arguments" });
    group.append(...this.tabs);
    group.addEventListener("keydown", (event) => this.walked(event), { signal });
    bar.addEventListener("keydown", (event) => this.controls.pressed(event), { signal });
    if (this.tabs.length > 1) root.insertBefore(group, body);
    body.append(...(record.arguments.length ? [this.picture] : []), panel);
    root.append(this.table);
    this.draw();
  }

  get chosen() {
    const { arguments: all } = this.record;
    return Math.max(0, all.findIndex(({ name }) => name === this.model.get("selected")));
  }

  choose(i) {
    this.model.set("selected", this.record.arguments[i].name);
    this.model.save_changes();
  }

  walked(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = Math.max(0, Math.min(this.tabs.length - 1, this.chosen + by));
    this.choose(to);
    this.tabs[to].focus();
    event.preventDefault();
  }

  // The picture and the table of elements change with the argument, the rest with the step.
  draw() {
    const { record, chosen } = this,
      argument = record.arguments[chosen];
    this.tabs.forEach((made, i) => {
      made.setAttribute("aria-pressed", String(i === chosen));
      made.tabIndex = i === chosen ? 0 : -1;
    });
    if (argument) {
      const lines = argument.curves.map(({ name, errors }) => ({ name, x: record.steps, y: errors }));
      this.plot = chart(lines, {
        width: 460,
        height: 330,
        labels: ["step size h (times |x| where that is above 1)", "relative error"],
        log: [true, true],
        ends: [null, ERRORS],
        alt: `Error over step size for ${argument.name}. ${argument.text}`,
      });
      this.mark = svg("path", { class: "mt-step" });
      const [x, y] = this.plot.axes;
      const dots = argument.curves.filter(({ best, errors }) => best !== null && errors[best] <= FAR);
      this.plot.append(
        this.mark,
        ...dots.map(({ best, errors }) =>
          svg("circle", { class: "mt-best", cx: x.at(record.steps[best]), cy: y.at(errors[best]), r: 4 }),
        ),
      );
      this.picture.replaceChildren(this.plot);
      this.table.replaceChildren(...(argument.elements.length ? elementsTable(argument, record.results) : []));
    }
    this.paint();
  }

  paint() {
    const { record, controls, panel } = this,
      { at } = controls,
      argument = record.arguments[this.chosen],
      step = record.steps[at];
    controls.paint(argument && { title: `h = ${power(step)}` });
    const several = record.arguments.length > 1;
    const parts = [html("div", { class: "mt-head" }, headOf(record.verdict))];
    parts.push(html("p", {}, record.text), record.error ? html("p", {}, record.error) : "");
    if (argument) {
      const [x, y] = this.plot.axes,
        place = x.at(step);
      this.mark.setAttribute("d", `M${place},${y.last}V${y.first}`);
      controls.count.textContent = `h = ${power(step)}`;
      if (several)
        parts.push(
          html("div", { class: "mt-sub" }, `${argument.name} ${shapeText(argument.shape)}`),
          html("p", {}, argument.text),
        );
      parts.push(
        html("div", { class: "mt-sub" }, `At h = ${power(step)}`),
        curvesTable(argument, record.steps, at),
      );
    }
    parts.push(...record.notes.map((note) => html("p", { class: "mt-dim" }, note)));
    panel.replaceChildren(...parts.filter(Boolean));
  }

  stepped() {
    this.paint();
    const { at } = this.controls,
      argument = this.record.arguments[this.chosen];
    if (!argument || (this.controls.timer && at !== this.controls.end)) return;
    const words = argument.curves.map(
      (curve) => `${curve.name}: error ${errorText(curve.errors[at])}, ${reading(curve, at)}`,
    );
    this.say(`h = ${power(this.record.steps[at])}. ${words.join("; ")}`);
  }

  selected() {
    this.draw();
    const argument = this.record.arguments[this.chosen];
    if (argument) this.say(argument.text);
  }
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    parts = frame(host, model.get("check").title, own.signal, ""),
    check = new Check(model, parts, own.signal);
  listen(model, own.signal, {
    "change:step": () => check.stepped(),
    "change:selected": () => check.selected(),
  });
  return () => own.abort();
}
export const render = (host) => remount(host, "check", mount);
export default { render };
