// Elements and values. Every string goes in as text or attribute: nothing is ever parsed as markup.
import { opApart, shapeText } from "./scene.js";
import { leaves, number } from "./replay.js";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== ""),
  );
  return element;
}
export const html = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Drawn, not typed: no font has all of these signs.
const ICONS = {
  "First step": "M4,3v10M13,3L6,8l7,5z",
  "Previous step": "M11,3L4,8l7,5z",
  Play: "M4,2l9,6l-9,6z",
  Pause: "M5,3v10M11,3v10",
  "Next step": "M5,3l7,5l-7,5z",
  "Last step": "M12,3v10M3,3l7,5l-7,5z",
  "Zoom out": "M3,8h10",
  "Zoom in": "M3,8h10M8,3v10",
  "Fit into view": "M2,6v-4h4M10,2h4v4M14,10v4h-4M6,14h-4v-4",
  "Open all scopes": "M2,2h12v12h-12zM5,8h6M8,5v6",
  "Close all scopes": "M2,2h12v12h-12zM5,8h6",
};
export function relabel(made, label) {
  made.setAttribute("aria-label", label);
  made.title = label;
  made.replaceChildren(
    svg(
      "svg",
      { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
      svg("path", { d: ICONS[label] }),
    ),
  );
}
// A button out of use keeps the focus: `disabled` would drop it, and with it the arrow keys.
export function button(label, signal, action) {
  const made = html("button", { type: "button" });
  relabel(made, label);
  made.addEventListener(
    "click",
    () => {
      if (made.getAttribute("aria-disabled") !== "true") action();
    },
    { signal },
  );
  return made;
}

function table(rows, shape) {
  if (shape.length > 2)
    return html(
      "div",
      {},
      rows.map((part, i) =>
        html("div", {}, html("small", {}, `[${i}]`), table(part, shape.slice(1))),
      ),
    );
  const grid = shape.length === 2 ? rows : [rows];
  const head = html(
    "tr",
    {},
    html("td"),
    (grid[0] ?? []).map((_, i) => html("th", { scope: "col" }, String(i))),
  );
  return html(
    "table",
    {},
    html("thead", {}, head),
    html(
      "tbody",
      {},
      grid.map((row, i) =>
        html(
          "tr",
          {},
          html("th", { scope: "row" }, String(i)),
          row.map((cell) => html("td", {}, cell)),
        ),
      ),
    ),
  );
}

// Blue below zero, orange above, black where there is no number.
function heatMap(heat) {
  const rows = heat.length,
    columns = heat[0].length,
    most = Math.max(1e-30, ...heat.flat().map((v) => Math.abs(v ?? 0)));
  const cell = Math.max(4, Math.min(16, Math.floor(256 / columns)));
  const canvas = html("canvas", {
    width: columns,
    height: rows,
    role: "img",
    class: "mt-heat",
    "aria-label": `Heat map of ${rows} by ${columns} cells`,
    style: `width:${columns * cell}px;height:${rows * cell}px`,
  });
  const paint = canvas.getContext("2d");
  heat.forEach((row, y) =>
    row.forEach((value, x) => {
      const part = Math.abs(value ?? 0) / most,
        [r, g, b] = value < 0 ? [0, 114, 178] : [213, 94, 0];
      paint.fillStyle =
        value === null
          ? "#000"
          : `rgb(${[r, g, b].map((c) => Math.round(247 + (c - 247) * part))})`;
      paint.fillRect(x, y, 1, 1);
    }),
  );
  return html(
    "figure",
    {},
    canvas,
    html("figcaption", {}, `blue < 0 < orange${heat.flat().includes(null) ? ", black: NaN" : ""}`),
  );
}

export function valuePane(value) {
  if (!value) return html("p", { class: "mt-dim" }, "value not recorded");
  const { text, shape, heat } = value,
    numbers = leaves(text),
    percent = (share) => number(share * 100, 3) + " %";
  if (numbers.length === 1 && !shape.length)
    return html("p", {}, html("b", {}, numbers[0]), ` ${value.dtype}`);
  const facts =
    value.mean === null
      ? []
      : [
          `min ${number(value.minimum)}`,
          `mean ${number(value.mean)}`,
          `max ${number(value.maximum)}`,
        ];
  if (value.zeros) facts.push(`zeros ${percent(value.zeros)}`);
  if (value.nans) facts.push(`NaN ${percent(value.nans)}`);
  return html(
    "div",
    { class: "mt-value" },
    html("div", {}, `${shapeText(shape)} ${value.dtype}`),
    numbers.length ? table(text, shape) : heat.length ? heatMap(heat) : null,
    html("div", { class: "mt-dim" }, facts.join(" · ")),
  );
}

export const sourceLine = (source) =>
  source &&
  html(
    "div",
    { class: "mt-source" },
    html("small", {}, `${source.file}:${source.line}`),
    html("code", {}, source.text),
  );

export function describeNode(node) {
  const what = node.kind === "op" ? `operation ${opApart(node)}`.trim() : node.kind;
  return `${node.label}: ${what}, ${shapeText(node.shape)} ${node.dtype}${node.scope ? `, in ${node.scope}` : ""}${node.output ? ", output" : ""}`;
}

export function linkTo(text, signal, act) {
  const link = html("button", { type: "button", class: "mt-link" }, text);
  link.addEventListener("click", act, { signal });
  return link;
}

// All that is known of one node; `link` makes a button that leads to another.
export function inspector(record, node, link) {
  const inputs = record.edges
    .filter((edge) => edge.target === node.id)
    .sort((a, b) => a.slot - b.slot);
  const users = new Set(
    record.edges.filter((edge) => edge.source === node.id).map((edge) => edge.target),
  );
  const rows = [
    ["kind", node.kind === "op" ? `operation ${node.op}` : node.kind],
    ["shape", shapeText(node.shape)],
    ["dtype", node.dtype],
    ["scope", node.scope],
    ["inputs", inputs.map((edge) => link(edge.source))],
    ["used by", [...users].map(link)],
    ["gradient", [...new Set(node.rule)].join(", ")],
    ...Object.entries(node.attrs),
  ].filter(([, value]) => value && value.length);
  const list = rows.map(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]);
  return html(
    "section",
    { "aria-label": "Selected node" },
    html("div", { class: "mt-head" }, node.label),
    node.doc ? html("p", {}, node.doc) : null,
    sourceLine(node.source),
    html("dl", {}, list),
    node.value || record.kind === "tape"
      ? valuePane(node.value)
      : html("p", { class: "mt-dim" }, "no value: the graph is a plan, values come when it runs"),
  );
}

// JupyterLab takes plain arrow keys for itself and cancels them, even on a slider: keep ours.
export function frame(host, record, signal, note) {
  const root = html("div", {
    class: "mt",
    role: "group",
    "aria-label": record.title || "Computation graph",
  });
  root.addEventListener(
    "keydown",
    (event) => {
      if (
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey &&
        !(event.shiftKey && event.key === "Enter")
      )
        event.stopPropagation();
    },
    { signal },
  );
  const live = html("div", { class: "mt-live", role: "status", "aria-live": "polite" });
  const bar = html("div", { class: "mt-bar", role: "toolbar", "aria-label": "Controls" });
  const panel = html("div", {
    class: "mt-panel",
    tabindex: 0,
    role: "region",
    "aria-label": "Details",
  });
  const body = html("div", { class: "mt-body" });
  root.append(
    html(
      "div",
      { class: "mt-title" },
      html("b", {}, record.title || "Computation graph"),
      html("span", {}, note),
    ),
    bar,
    body,
    live,
  );
  host.append(root);
  return {
    root,
    bar,
    body,
    panel,
    say: (text) => {
      live.textContent = text;
    },
  };
}

export function lifetime(signal) {
  const own = new AbortController();
  signal?.addEventListener("abort", () => own.abort());
  return own;
}

// Draw anew when Python gives the widget another record.
export function remount(host, name, mount) {
  let dispose = mount(host);
  const again = () => {
    dispose();
    dispose = mount(host);
  };
  host.model.on(`change:${name}`, again);
  return () => {
    host.model.off?.(`change:${name}`, again);
    dispose();
  };
}
