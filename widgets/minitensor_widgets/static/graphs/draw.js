// From a scene to SVG elements: scopes, lines, names, captions, nodes, in this order.
import { HEAD, isBackward, nodeOf, scopeName } from "./layout.js";
import { svg } from "../dom.js";
import { shapeText } from "../values.js";
import { describeNode } from "./inspector.js";
import {
  corner,
  curve,
  lineMarks,
  lineTitle,
  LINE_MARKS,
  outline,
  SMALL,
  strokeWidth,
  stubText,
} from "./scene.js";

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
  const differs = drawn.differs.has(path),
    what = `${isBackward(path) ? ", backward pass" : ""}${differs ? ", with differences" : ""}`;
  const attributes = {
    "aria-expanded": String(!closed),
    "aria-label": `scope ${path}${what}, ${count} nodes`,
  };
  const text = `▸ ${scopeName(path)} (${count})${differs ? " ≠" : ""}`;
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

// What fills the box of a node: its outline, its signs, its lines of text.
function contents(node, kind, box, lines) {
  const [x, y, w, h] = box,
    inner = [x + 3, y + 3, w - 6, h - 6];
  const height = (i) => (lines.length === 1 ? h / 2 + 4 : [19, 34, 48][i]);
  return [
    svg("path", { class: "mt-box", d: outline(kind, box) }),
    node.output ? svg("path", { class: "mt-inner", d: outline(kind, inner) }) : null,
    node.no_grad && h > 20 ? svg("path", { class: "mt-inner", d: corner(kind, box) }) : null,
    lines.map((text, i) => [
      " ",
      label(x + w / 2, y + height(i), text, i || h < 24 ? "mt-m mt-small" : "mt-m"),
    ]),
  ];
}

function drawNode(drawn, node, key) {
  const box = drawn.layout.boxes.get(key),
    stub = key[0] === "u",
    lines = stub ? [stubText(node)] : drawn.text.get(node.id),
    kind = KINDS.includes(node.kind) ? node.kind : "op";
  const words = [
    node.label,
    ...(stub ? [node.kind, "drawn at each of its users"] : lines.slice(1)),
    `${shapeText(node.shape)} ${node.dtype}`,
    node.scope && `in ${node.scope}`,
  ];
  const backward = kind === "op" && isBackward(node.scope) ? " mt-backward" : "";
  return item(
    key,
    `mt-node mt-${kind}${backward}${node.change ? ` mt-${node.change}` : ""}`,
    { "aria-label": words.filter(Boolean).join(", ") },
    svg("title", {}, describeNode(node)),
    contents(node, kind, box, lines),
  );
}

function drawLine(line, edges, arrow, across) {
  const attributes = {
    class: "mt-line",
    d: curve(line.points, across),
    "stroke-width": strokeWidth(line, edges),
    "stroke-dasharray": LINE_MARKS[lineMarks(line, edges)[0]]?.[1],
  };
  return svg(
    "path",
    { ...attributes, "marker-end": `url(#${arrow})`, "aria-hidden": "true" },
    svg("title", {}, lineTitle(line, edges)),
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

export function drawScene(drawn, record, byId, arrow) {
  const { boxes, lines } = drawn.layout,
    scopes = [...drawn.layout.scopes];
  const frames = scopes.map(([path, info]) => drawScope(drawn, path, info));
  const names = scopes.map(([path, info]) => drawName(drawn, path, info));
  const paths = lines.map((line) => drawLine(line, record.edges, arrow, drawn.across));
  const stubs = [...boxes.keys()].filter((key) => key[0] === "u");
  const nodes = [...record.nodes.map((node) => "n:" + node.id), ...stubs]
    .filter((key) => boxes.has(key))
    .map((key) => drawNode(drawn, byId.get(nodeOf(key)), key));
  const captions = drawn.captions.map(drawCaption);
  const elements = [...frames, ...paths, ...names, ...captions, ...nodes].filter(Boolean);
  const items = new Map([...frames, ...nodes].map((group) => [group.dataset.key, group]));
  return { elements, items, paths };
}
