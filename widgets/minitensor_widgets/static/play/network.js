// The neurons: what each sees of the plane, and the weights between them.
import { html, svg } from "../dom.js";
import { count } from "../units.js";
import { number } from "../values.js";
import { makeField, paintField } from "./field.js";

const UNIT = 34,
  ROW = 42,
  WIDE = 460,
  MOST = 8,
  SOURCES = ["x", "y"];

export const neuronName = (layer, i, last) =>
  layer < 0
    ? `input ${SOURCES[i]}`
    : layer === last
      ? "output"
      : `neuron ${i + 1} of layer ${layer + 1}`;

// Where the neurons stand: columns of [x, y], inputs first.
function places(widths) {
  const shown = [2, ...widths].map((width) => Math.min(MOST, width)),
    tall = Math.max(...shown, 3) * ROW;
  const columns = shown.map((n, k) =>
    Array.from({ length: n }, (_, i) => [
      UNIT / 2 + 4 + (k * (WIDE - UNIT - 8)) / (shown.length - 1),
      tall / 2 + (i - (n - 1) / 2) * ROW,
    ]),
  );
  return { columns, tall };
}

// Levels of an input: a ramp along its own direction.
const ramp = (k, middle) =>
  Uint8Array.from({ length: 100 }, (_, i) =>
    Math.round((2 * middle * (k ? 9 - Math.floor(i / 10) : i % 10)) / 9),
  );

export class NetworkView {
  // `choose("layer:number")` when a neuron is chosen, `look` says how levels are coloured.
  constructor(widths, choose, signal) {
    Object.assign(this, { widths, choose, buttons: [], edges: [], current: "0:0" });
    const { columns, tall } = places(widths);
    this.columns = columns;
    this.lines = svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, "aria-hidden": "true" });
    this.stage = html(
      "div",
      {
        class: "mt-net-stage",
        role: "group",
        "aria-label": "Neurons. Arrow keys move among them, Enter shows the weights.",
        style: `aspect-ratio:${WIDE}/${tall}`,
      },
      this.lines,
    );
    columns.forEach((column, k) => column.forEach((at, i) => this.add(k, i, at, tall)));
    for (let k = 1; k < columns.length; k++) this.connect(k);
    const more = widths.map((w, k) => w > MOST && `${w - MOST} more in layer ${k + 1}`);
    this.key = html(
      "figcaption",
      {},
      [
        "solid: positive · dashed: negative · thick: large · ✕ dead: zero for all points",
        ...more.filter(Boolean),
      ].join(" · "),
    );
    this.element = html("figure", { class: "mt-net" }, this.stage, this.key);
    this.stage.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.stage.addEventListener("click", (event) => this.clicked(event), { signal });
    this.point("0:0");
  }

  add(k, i, [x, y], tall) {
    const canvas = makeField("", "mt-neuron-field");
    canvas.removeAttribute("role");
    canvas.removeAttribute("aria-label");
    const made = html(
      k ? "button" : "span",
      {
        type: k && "button",
        class: "mt-neuron",
        "data-key": `${k - 1}:${i}`,
        title: neuronName(k - 1, i, this.widths.length - 1),
        style: `left:${(100 * x) / WIDE}%;top:${(100 * y) / tall}%`,
        tabindex: k ? -1 : null,
      },
      canvas,
      k ? null : html("i", {}, SOURCES[i]),
    );
    if (k) this.buttons.push(made);
    this.stage.append(made);
  }

  connect(k) {
    const [from, to] = [this.columns[k - 1], this.columns[k]];
    this.edges.push(
      from.map(([a, b], i) =>
        to.map(([c, d], j) => {
          const bend = (c - a) / 2 - UNIT / 2,
            x = a + UNIT / 2,
            path = `M${x},${b}c${bend},0 ${bend},${d - b} ${c - a - UNIT},${d - b}`;
          const line = svg("path", { class: "mt-weight", d: path });
          const name = `${k - 1}:${j}:${i}`,
            hit = svg("path", { class: "mt-weight-hit", d: path, "data-edge": name });
          this.lines.append(line, hit);
          return line;
        }),
      ),
    );
  }

  find(key) {
    return this.stage.querySelector(`[data-key="${key}"]`);
  }

  // The one neuron that Tab leads to.
  point(key) {
    const to = this.find(key);
    if (!to || to.localName !== "button") return null;
    for (const made of this.buttons) made.tabIndex = made === to ? 0 : -1;
    this.current = key;
    return to;
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const [k, i] = this.current.split(":").map(Number);
    const near = (layer) => Math.min(i, Math.min(MOST, this.widths[layer] ?? 0) - 1);
    const to = {
      ArrowRight: [k + 1, near(k + 1)],
      ArrowLeft: [k - 1, near(k - 1)],
      ArrowDown: [k, i + 1],
      ArrowUp: [k, i - 1],
      Home: [0, 0],
      End: [this.widths.length - 1, 0],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.point(to.join(":"))?.focus();
  }

  clicked({ target }) {
    const neuron = target.closest("button.mt-neuron"),
      edge = target.dataset.edge?.split(":");
    if (neuron) {
      this.point(neuron.dataset.key);
      this.choose(neuron.dataset.key);
    } else if (edge) this.choose(`${edge[0]}:${edge[1]}`, +edge[2]);
  }

  // `maps` are levels for each neuron of each layer; `numbers` what the edges show.
  paint({ layers, maps, numbers, look, selected, word }) {
    const all = [SOURCES.map((_, k) => ramp(k, look.middle)), ...maps];
    all.forEach((units, k) =>
      units.forEach((levels, i) =>
        paintField(this.find(`${k - 1}:${i}`).firstChild, levels, look.shades),
      ),
    );
    const known = numbers.flatMap((layer) => layer.w.flat()).filter((w) => w !== null);
    const most = word === "weight" ? 4 : Math.max(1e-30, ...known.map(Math.abs));
    this.edges.forEach((rows, k) =>
      rows.forEach((row, i) =>
        row.forEach((line, j) => {
          const w = numbers[k]?.w[i]?.[j] ?? null,
            part = w === null ? 0 : Math.min(1, Math.abs(w) / most);
          line.setAttribute("class", `mt-weight${w < 0 ? " mt-minus" : ""}`);
          line.style.strokeWidth = w === null ? 0 : 0.5 + 6 * part;
          line.nextSibling.replaceChildren(
            svg("title", {}, `${word} ${w === null ? "unknown" : number(w, 4)}`),
          );
        }),
      ),
    );
    for (const made of this.buttons) this.label(made, layers, selected);
  }

  label(made, layers, selected) {
    const { key } = made.dataset,
      [k, i] = key.split(":").map(Number),
      silent = layers[k]?.silent?.[i] ?? 0;
    const name = neuronName(k, i, this.widths.length - 1),
      dead = silent === 1 ? ", dead: zero for all points" : "";
    made.setAttribute("aria-label", `${name}${dead}`);
    made.setAttribute("aria-pressed", String(key === selected));
    made.classList.toggle("mt-dead", silent === 1);
  }
}

// The numbers of a neuron in words: share of zeros, bias, and a row for each weight.
export function neuronFacts(key, layers, widths) {
  const [k, i] = key.split(":").map(Number),
    layer = layers[k];
  if (!layer || !(i >= 0 && i < Math.min(MOST, widths[k]))) return null;
  const silent = layer.silent?.[i] ?? 0;
  const end = silent === 1 ? ": it is dead, no gradient passes." : ".",
    zeros = silent
      ? `Zero for ${number(silent * 100, 3)} % of the training points${end}`
      : "Not zero for any training point.";
  const from = layer.w.map((row, j) => [k ? `neuron ${j + 1}` : neuronName(-1, j), row[i], j]);
  const hidden = [2, ...widths][k] - from.length;
  return {
    layer: k,
    column: i,
    name: neuronName(k, i, widths.length - 1),
    below: k ? `from layer ${k}` : "from",
    zeros,
    bias: layer.b[i],
    from,
    more: hidden > 0 ? `${count(hidden, "weight")} more` : "",
  };
}
