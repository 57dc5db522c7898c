// From a scene to SVG elements: scopes, lines, names, captions, nodes, in this order.
import { HEAD, isBackward, scopeName } from "./layout.js";
import { svg } from "../dom.js";
import { shapeText } from "../values.js";
import { describeNode } from "./inspector.js";
import { curve, lineText, outline, SMALL, strokeWidth } from "./scene.js";

const KINDS = ["variable", "input", "constant"];
const label = (x, y, text, name = "mt-m") => svg("text", { x, y, class: name }, text);
const item = (key, name, attributes, ...children) =>
  svg(
    "g",
    { class: `mt-item ${name}`, role: "button", tabindex: -1, "data-key": key, ...attributes },
    children,
  );

function drawScope(drawn, path, { closed, count }) {
  const [x, y, width, height] = drawn.layout.boxes.get("s:" + path);
  const attributes = {
    "aria-expanded": String(!closed),
    "aria-label": `scope ${path}${isBackward(path) ? ", backward pass" : ""}, ${count} nodes`,
  };
  const text = `▸ ${scopeName(path)} (${count})`;
  return item(
    "s:" + path,
    `${closed ? "mt-closed" : "mt-open"}${isBackward(path) ? " mt-backward" : ""}`,
    attributes,
    svg("title", {}, path),
    svg("rect", { x, y, width, height, rx: 8 }),
    closed ? label(x + width / 2, y + height / 2 + 4, text) : null,
  );
}

// Names of open scopes stand above the lines that enter there.
function drawName(drawn, path, { closed, name }) {
  const [x, y] = drawn.layout.boxes.get("s:" + path);
  return closed ? null : label(x + name, y + HEAD - 4, `▾ ${scopeName(path)}`, "mt-name");
}

function drawNode(drawn, node) {
  const box = drawn.layout.boxes.get("n:" + node.id);
  if (!box) return null;
  const [x, y, w, h] = box,
    lines = drawn.text.get(node.id),
    kind = KINDS.includes(node.kind) ? node.kind : "op";
  const words = [
    node.label,
    ...lines.slice(1),
    `${shapeText(node.shape)} ${node.dtype}`,
    node.scope && `in ${node.scope}`,
  ];
  const inner = [x + 3, y + 3, w - 6, h - 6];
  const height = (i) => (lines.length === 1 ? h / 2 + 4 : [19, 34, 48][i]);
  return item(
    "n:" + node.id,
    `mt-node mt-${kind}${kind === "op" && isBackward(node.scope) ? " mt-backward" : ""}`,
    { "aria-label": words.filter(Boolean).join(", ") },
    svg("title", {}, describeNode(node)),
    svg("path", { class: "mt-box", d: outline(kind, box) }),
    node.output ? svg("path", { class: "mt-inner", d: outline(kind, inner) }) : null,
    lines.map((text, i) => [
      " ",
      label(x + w / 2, y + height(i), text, i ? "mt-m mt-small" : "mt-m"),
    ]),
  );
}

function drawLine(line, edges, arrow) {
  const attributes = {
    class: "mt-line",
    d: curve(line.points),
    "stroke-width": strokeWidth(line, edges),
  };
  return svg(
    "path",
    { ...attributes, "marker-end": `url(#${arrow})`, "aria-hidden": "true" },
    svg("title", {}, lineText(line, edges)),
  );
}

function drawCaption(caption) {
  if (!caption) return null;
  const width = [...caption.text].length * SMALL + 4;
  return svg(
    "g",
    { class: "mt-caption", "aria-hidden": "true" },
    svg("rect", { x: caption.x - width / 2, y: caption.y - 6, width, height: 12, rx: 3 }),
    label(caption.x, caption.y + 3.5, caption.text, "mt-m mt-small"),
  );
}

export function arrowHead(id) {
  const size = { markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse" };
  const place = { viewBox: "0 0 8 8", refX: 7, refY: 4, orient: "auto-start-reverse" };
  return svg(
    "defs",
    {},
    svg(
      "marker",
      { id, ...size, ...place },
      svg("path", { d: "M0,0L8,4L0,8z", class: "mt-arrow" }),
    ),
  );
}

export function drawScene(drawn, record, arrow) {
  const scopes = [...drawn.layout.scopes];
  const boxes = scopes.map(([path, info]) => drawScope(drawn, path, info));
  const names = scopes.map(([path, info]) => drawName(drawn, path, info));
  const paths = drawn.layout.lines.map((line) => drawLine(line, record.edges, arrow));
  const nodes = record.nodes.map((node) => drawNode(drawn, node)).filter(Boolean);
  const elements = [
    ...boxes,
    ...paths,
    ...names,
    ...drawn.captions.map(drawCaption),
    ...nodes,
  ].filter(Boolean);
  const items = new Map([...boxes, ...nodes].map((group) => [group.dataset.key, group]));
  return { elements, items, paths };
}
