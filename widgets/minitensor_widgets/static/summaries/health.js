// The health of a model: a verdict, a row for each layer with a strip for each measure, what was
// found, and the curves of the layer looked at.
import { css } from "../colours.js";
import { frame, html, lifetime, linkTo, listen, sourceLine, svg } from "../dom.js";
import { chart } from "../plot.js";
import { count } from "../units.js";
import {
  badText,
  beyond,
  decades,
  findingText,
  FINDING_SIGNS,
  healthColour,
  realOf,
  scaleText,
  SIGN_TEXT,
  stepText,
  stripsOf,
  usualText,
  valueText,
} from "./healthwords.js";

const [STRIP_WIDE, STRIP_TALL] = [240, 32];

function strip(row, measure, ends) {
  const canvas = html("canvas", { width: STRIP_WIDE, height: STRIP_TALL, "aria-hidden": "true" }),
    paint = canvas.getContext("2d"),
    wide = STRIP_WIDE / row.length;
  row.forEach((value, i) => {
    const found = realOf(value),
      x = Math.round(i * wide),
      end = Math.round((i + 1) * wide);
    const fill = (colour, y, tall) => {
      paint.fillStyle = css(colour);
      paint.fillRect(x, y, end - x, tall);
    };
    // not measured: a thin line; no number: stripes. Neither is a colour of the scale.
    if (found === null) fill([128, 128, 128], STRIP_TALL / 2 - 1, 2);
    else if (Number.isFinite(found)) fill(healthColour(found, measure, ends), 0, STRIP_TALL);
    else for (let y = 0; y < STRIP_TALL; y += 4) fill(Array(3).fill(y % 8 ? 255 : 26), y, 4);
  });
  return html("div", { class: "mt-strip" }, canvas, row.length > 1 ? html("i", {}) : null);
}

class HealthView {
  constructor({ model, el, signal: given }) {
    this.own = lifetime(given);
    const { signal } = this.own,
      record = model.get("health"),
      { layers, steps } = record,
      where = steps.length === 1 ? stepText(steps[0]) : count(steps.length, "look"),
      title = steps.length
        ? `Health of ${count(layers.length, "layer")}: ${where}`
        : "Health: nothing was looked at yet";
    Object.assign(this, { model, record, row: 0 }, frame(el, title, signal, record.note));
    this.bar.hidden = true;
    if (!steps.length) {
      this.body.append(html("p", { class: "mt-verdict" }, "It appears when a step was looked at."));
      return;
    }
    this.verdict = html("p", { class: "mt-verdict" });
    this.body.before(this.verdict, ...this.firstBad());
    this.measures = stripsOf(record);
    this.cells = new Map();
    this.table = this.grid(signal);
    this.body.append(html("div", { class: "mt-layers" }, this.table), this.panel);
    this.root.insertBefore(this.findings(signal), this.root.lastChild);
    listen(model, signal, {
      "change:step": () => this.paint(true),
      "change:selected": () => this.paint(),
    });
    this.paint();
  }

  get step() {
    return Math.max(0, Math.min(this.record.steps.length - 1, this.model.get("step")));
  }

  get layer() {
    const at = this.record.layers.findIndex(({ name }) => name === this.model.get("selected"));
    return Math.max(0, at);
  }

  go(step, layer) {
    const { model, record } = this;
    model.set("step", Math.max(0, Math.min(record.steps.length - 1, step)));
    const found = record.layers[layer];
    if (found) model.set("selected", found.name);
    model.save_changes();
  }

  firstBad() {
    const bad = this.record.first_bad;
    if (!bad) return [];
    const at = this.record.steps.indexOf(bad.step),
      layer = this.record.layers.findIndex(({ name }) => name === bad.layer);
    const shown = linkTo(badText(bad), this.own.signal, () =>
      this.go(at < 0 ? this.step : at, layer < 0 ? undefined : layer),
    );
    return [html("div", { class: "mt-first-bad" }, "✗ ", shown, sourceLine(bad.line))];
  }

  // One row for each layer; its name is a button, its numbers are text, its strips a picture.
  grid(signal) {
    const { layers, values, findings, steps } = this.record,
      name = steps.length > 1 ? "mt-health" : "mt-health mt-single",
      head = html(
        "tr",
        {},
        html("th", { scope: "col" }, "layer"),
        this.measures.map((measure) =>
          html(
            "th",
            { scope: "col" },
            html("b", {}, measure.title),
            html("small", {}, usualText(measure)),
          ),
        ),
      );
    this.names = layers.map(({ name }) =>
      html("button", { type: "button", class: "mt-layer", tabindex: -1 }, name),
    );
    const rows = layers.map((_, i) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, this.names[i], this.foundIn(layers[i], findings)),
        this.measures.map((measure) => {
          const row = values[measure.name][i],
            text = html("span"),
            ends = decades(values[measure.name]),
            known = row.some((v) => v !== null),
            drawn = known ? strip(row, measure, ends) : "";
          this.cells.set(`${i} ${measure.name}`, { text, drawn, row, measure });
          return html("td", {}, html("div", { class: "mt-measured" }, drawn, text));
        }),
      ),
    );
    const table = html(
      "table",
      { class: name },
      this.caption(),
      html("thead", {}, head),
      html("tbody", {}, rows),
    );
    table.addEventListener("keydown", (event) => this.pressed(event), { signal });
    table.addEventListener("click", (event) => this.clicked(event), { signal });
    return table;
  }

  caption() {
    const { steps } = this.record,
      several = steps.length > 1;
    const told = [
      `Arrow keys: up and down the layers${several ? ", left and right the steps" : ""}.`,
      several &&
        `Strips: ${stepText(steps[0])} to ${steps.at(-1)}; the frame is the step of the numbers.`,
      SIGN_TEXT,
      scaleText(this.record),
    ];
    return html(
      "caption",
      {},
      told.filter(Boolean).map((line) => html("div", {}, line)),
    );
  }

  // The sign of the worst finding that names a layer; they come sorted.
  foundIn({ name }, findings) {
    const sign = FINDING_SIGNS[findings.find(({ layer }) => layer === name)?.level];
    return sign && html("b", { class: "mt-odd mt-worry", role: "img", "aria-label": "found" }, sign);
  }

  clicked({ target, clientX }) {
    const row = target.closest("tbody tr"),
      over = target.closest(".mt-strip");
    if (!row) return;
    const layer = [...row.parentNode.children].indexOf(row);
    let { step } = this;
    if (over) {
      const box = over.getBoundingClientRect();
      step = Math.floor(((clientX - box.left) / box.width) * this.record.steps.length);
    }
    this.go(step, layer);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const many = Infinity,
      across = { ArrowRight: 1, ArrowLeft: -1, Home: -many, End: many }[event.key],
      down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (across) this.go(this.step + across);
    else if (down) {
      const to = Math.max(0, Math.min(this.names.length - 1, this.layer + down));
      this.go(this.step, to);
      this.names[to].focus();
    } else return;
    event.preventDefault();
  }

  findings(signal) {
    const { findings, layers, steps } = this.record;
    const items = findings.map((item) => {
      const layer = layers.findIndex(({ name }) => name === item.layer);
      return html(
        "li",
        { class: `mt-${item.level}` },
        findingText(item),
        sourceLine(item.line),
        layer < 0
          ? ""
          : linkTo(`Look at ${item.layer}`, signal, () => {
              const at = steps.indexOf(item.step);
              this.go(at < 0 ? this.step : at, layer);
            }),
      );
    });
    return html(
      "div",
      { class: "mt-found" },
      html("div", { class: "mt-sub" }, "What was found"),
      items.length ? html("ul", {}, items) : html("p", {}, "Nothing looks wrong."),
    );
  }

  paint(moved) {
    const { step, layer, record } = this,
      { steps, verdicts, layers } = record;
    this.verdict.replaceChildren(html("b", {}, `${stepText(steps[step])}: `), verdicts[step]);
    for (const { text, drawn, row, measure } of this.cells.values()) {
      const sign = beyond(row[step], measure),
        said = { "▲": "above the usual", "▼": "below the usual" }[sign];
      text.replaceChildren(
        valueText(row[step], measure.scale),
        sign && html("b", { class: "mt-odd", role: "img", "aria-label": said, title: said }, sign),
      );
      const frame = drawn && drawn.querySelector("i");
      if (frame)
        Object.assign(frame.style, {
          left: `${(100 * (step + 0.5)) / steps.length}%`,
          width: `${100 / steps.length}%`,
        });
    }
    this.names.forEach((made, i) => {
      made.tabIndex = i === layer ? 0 : -1;
      made.setAttribute("aria-pressed", String(i === layer));
    });
    if (layers.length) this.panel.replaceChildren(...this.details(layer, step).filter(Boolean));
    if (moved) this.say(`${stepText(steps[step])}: ${this.told(layer, step)}`);
  }

  told(layer, step) {
    const { layers, values } = this.record;
    const parts = this.measures.map((measure) => {
      const value = values[measure.name][layer][step];
      return `${measure.title} ${valueText(value, measure.scale)}${beyond(value, measure)}`;
    });
    return `${layers[layer].name}: ${parts.join(", ")}`;
  }

  details(at, step) {
    const { layers, measures, values, findings } = this.record,
      { name, kind, activation, units, variables, line } = layers[at],
      what = [kind, activation, units && count(units, "unit")].filter(Boolean).join(", "),
      facts = measures.filter((item) => values[item.name][at].some((v) => v !== null));
    return [
      html(
        "div",
        {},
        html("div", { class: "mt-head" }, name),
        html("p", { class: "mt-dim" }, what),
        sourceLine(line) ?? "",
        findings
          .filter(({ layer }) => layer === name)
          .map((item) => html("p", {}, findingText(item))),
        html("p", { class: "mt-dim" }, variables.join(", ")),
        html(
          "dl",
          {},
          facts.map((item) => [
            html("dt", {}, item.title),
            html("dd", {}, valueText(values[item.name][at][step], item.scale)),
          ]),
        ),
      ),
      this.curves(at, step, "log", "Ratios"),
      this.curves(at, step, "share", "Shares"),
    ];
  }

  // How wide a chart beside others is seen, so that its letters have their size.
  get wide() {
    const room = this.panel.clientWidth - 24,
      across = Math.max(1, Math.min(3, Math.floor((room + 16) / 276)));
    return Math.max(260, Math.min(560, (room - 16 * (across - 1)) / across));
  }

  // The measures of one scale that have strips, over the steps, with a line at the one looked at.
  curves(at, step, scale, title) {
    const { steps, values } = this.record,
      all = this.measures.filter((item) => item.scale === scale),
      x = steps.map((v) => v ?? 0),
      lines = all
        .map((item) => ({
          name: item.title,
          x,
          y: values[item.name][at].map((v) => realOf(v) ?? NaN),
        }))
        .filter(({ y }) => y.some((v) => Number.isFinite(v) && (scale === "share" || v > 0)));
    if (steps.length < 2 || !lines.length) return "";
    const now = lines.map(({ name, y }) => `${name} ${valueText(y[step], scale)}`),
      alt = `${title}: ${now.join(", ")}`,
      made = chart(lines, {
        alt,
        width: this.wide,
        height: 250,
        labels: ["step", lines.length > 1 ? "" : lines[0].name],
        log: [false, scale === "log"],
        ends: [null, scale === "share" ? [0, 1] : null],
      }),
      [across, up] = made.axes;
    const bad = new Set();
    lines.forEach(({ name, y }) => {
      const raw = values[all.find(({ title }) => title === name).name][at];
      y.forEach((v, i) => {
        if (raw[i] !== null && !Number.isFinite(v)) bad.add(i);
        else if (![y[i - 1], y[i + 1]].some(Number.isFinite) && up.at(v) !== null)
          made.append(
            svg("circle", { class: "mt-dot", cx: across.at(x[i]), cy: up.at(v), r: 2.5 }),
          );
      });
    });
    const crosses = [...bad].map((i) => `M${across.at(x[i]) - 3},${up.last}l6,6m0-6l-6,6`).join("");
    made.append(
      svg("path", { class: "mt-not-finite", d: crosses }),
      svg("path", { class: "mt-here", d: `M${across.at(x[step])},${up.first}V${up.last}` }),
    );
    return made;
  }
}

// A newer record is drawn anew; the place and the focus are kept.
function mountHealth(host) {
  let view = new HealthView(host);
  const again = () => {
    const had = view.table?.querySelector(":focus"),
      down = view.table?.parentNode.scrollTop ?? 0;
    view.own.abort();
    view = new HealthView(host);
    if (view.table) view.table.parentNode.scrollTop = down;
    if (had) view.names?.[view.layer]?.focus({ preventScroll: true });
  };
  host.model.on("change:health", again);
  return () => {
    host.model.off?.("change:health", again);
    view.own.abort();
  };
}
export const render = (host) => mountHealth(host);
export default { render };
