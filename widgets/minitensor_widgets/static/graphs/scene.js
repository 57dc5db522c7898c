// Twin of scene.py: text, outlines, captions.
import { clip, shapeText, size } from "../values.js";
import { CHAR, HEAD, layout, prefixes } from "./layout.js";

export const SMALL = 6.1;
const CHANGED = { added: "+ ", removed: "− ", changed: "≠ " };
export const LINE_MARKS = {
  broadcast: ["B", "9 3"],
  "in place": ["I", "3 3"],
  view: ["V", "14 4"],
  "next round": ["N", "9 3 2 3"],
};
// "MatMul_1" says matmul already.
const bare = (name) =>
  name
    .replace(/_[0-9]+$/, "")
    .replaceAll("_", "")
    .toLowerCase();
export const opApart = ({ op, label }) =>
  bare(label) === bare(op) || label.endsWith(`= ${op}`) ? "" : op;

const joined = (words) => words.filter(Boolean).join(" · ");
const kindApart = (node) =>
  node.kind === "op" ? opApart(node) : node.label === node.kind ? "" : node.kind;

function secondLine(node) {
  const words = [kindApart(node)];
  if (node.output)
    words.push(node.shape?.length === 0 ? "output" : `output ${shapeText(node.shape)}`);
  return joined([...words, node.change, node.no_grad && "no ∇"]);
}

function nodeText(node, stepping) {
  if (stepping) {
    const word = kindApart(node);
    return [clip(word ? `${node.label} · ${word}` : node.label, 26), "", ""];
  }
  const second = secondLine(node);
  return [
    clip((CHANGED[node.change] ?? "") + node.label, 26),
    ...(second ? [clip(second, 30)] : []),
  ];
}

function nodeSize(text, stepping) {
  const width = Math.max(size(text[0]) * CHAR, ...text.map((line) => size(line) * SMALL)) + 26;
  return stepping ? [Math.max(170, width), 58] : [Math.max(64, width), text.length > 1 ? 44 : 30];
}

export const stubText = (node) => `${clip(node.label, 16)} ↗`;

function stubSizes({ nodes, edges }, pinned) {
  const users = new Map(),
    made = new Set(edges.map((edge) => edge.target));
  for (const { source, target } of edges)
    users.set(source, (users.get(source) ?? new Set()).add(target));
  const many = nodes.filter(
    ({ id, kind }) =>
      kind !== "op" && !made.has(id) && !pinned.includes(id) && users.get(id)?.size >= 5,
  );
  return new Map(many.map((node) => [node.id, [size(stubText(node)) * SMALL + 22, 20]]));
}

const n = (value) => Math.floor(value * 10 + 0.5) / 10;
// Two strokes across a corner mark a node without gradient.
export function corner(kind, [x, y, w]) {
  const right = x + w - (kind === "input" ? 10 : 0),
    first = { variable: 20, constant: 12 }[kind] ?? 10;
  return [first, first + 5].map((c) => `M${n(right - c)},${n(y)}L${n(right)},${n(y + c)}`).join("");
}

export function outline(kind, [x, y, w, h]) {
  let corners,
    c = Math.min(10, h / 2);
  if (kind === "input")
    corners = [
      [c, 0],
      [w - c, 0],
      [w, h / 2],
      [w - c, h],
      [c, h],
      [0, h / 2],
    ];
  else if (kind === "constant") {
    c = Math.min(8, h / 3);
    corners = [
      [c, 0],
      [w - c, 0],
      [w, c],
      [w, h - c],
      [w - c, h],
      [c, h],
      [0, h - c],
      [0, c],
    ];
  } else {
    const r = kind === "variable" ? Math.min(h / 2, 18) : 4,
      turn = (dx, dy) => `a${r},${r} 0 0 1 ${dx},${dy}`;
    return `M${n(x + r)},${n(y)}h${n(w - 2 * r)}${turn(r, r)}v${n(h - 2 * r)}${turn(-r, r)}h${n(2 * r - w)}${turn(-r, -r)}v${n(2 * r - h)}${turn(r, -r)}z`;
  }
  return "M" + corners.map(([dx, dy]) => `${n(x + dx)},${n(y + dy)}`).join("L") + "z";
}

const turned = ([x, y], across) => (across ? [y, x] : [x, y]);

export function curve(line, across) {
  const points = line.map((point) => turned(point, across)),
    at = (x, y) => turned([n(x), n(y)], across).join();
  let path = `M${at(...points[0])}`;
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1],
      [x1, y1] = points[i];
    const bend = y1 > y0 ? (y0 + y1) / 2 : y0 + (i === 1 ? 15 : -15);
    path += y1 < y0 ? `L${at(x1, y1)}` : `C${at(x0, bend)} ${at(x1, bend)} ${at(x1, y1)}`;
  }
  return path;
}

export function strokeWidth(line, edges) {
  const count = line.edges.reduce(
    (sum, i) => sum + (edges[i].shape ?? []).reduce((p, k) => p * (k ?? 1), 1),
    0,
  );
  return 1.2 + 0.45 * Math.min(6, Math.log10(Math.max(1, count)));
}

function mainDtype(edges) {
  const counts = new Map();
  for (const { dtype } of edges) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ["", 0])[0];
}

export function lineMarks(line, edges) {
  const found = line.edges.flatMap((i) => edges[i].marks ?? []);
  return Object.keys(LINE_MARKS).filter((mark) => found.includes(mark));
}

export const whatFlows = ({ shape, dtype }, main) =>
  `${shapeText(shape)} ${dtype === main ? "" : dtype}`.trimEnd();

function lineText(line, edges, main) {
  const shapes = new Set(line.edges.map((i) => whatFlows(edges[i], main)));
  const sources = new Set(line.edges.map((i) => edges[i].source));
  if (shapes.size > 1) return `${line.edges.length} tensors`;
  const [shape] = shapes;
  const scalar = shape === "()",
    used = line.edges.length > 1 ? `used ${line.edges.length}×` : "";
  if (sources.size > 1) return scalar ? `${sources.size} scalars` : `${sources.size} × ${shape}`;
  return scalar ? used : `${shape} ${used}`.trimEnd();
}
export const lineTitle = (line, edges) =>
  joined([lineText(line, edges, ""), ...lineMarks(line, edges)]);

function wordings(line, edges, main) {
  const text = lineText(line, edges, main),
    marks = lineMarks(line, edges);
  const letters = marks.map((mark) => LINE_MARKS[mark][0]).join("");
  const short = text.split(" used")[0],
    choices = [
      [text, ...marks],
      [text, letters],
      [short, letters],
    ];
  return [...new Set(choices.map(joined))].filter(Boolean);
}

function spotsOn(line, across, first) {
  const spots = [],
    points = line.map((point) => turned(point, across)),
    stretches = points.slice(1).map((end, i) => [points[i], end]);
  stretches.sort(([a, b], [c, d]) => a[1] - b[1] - (c[1] - d[1]));
  for (const t of [first, 0.5, 0.62, 0.38])
    for (const [[x0, y0], [x1, y1]] of stretches) {
      const bow = 1.5 * t * (1 - t),
        x = x0 + (x1 - x0) * t * t * (3 - 2 * t),
        y = y0 * ((1 - t) ** 3 + bow) + y1 * (t ** 3 + bow);
      spots.push([...turned([x, y], across), y1 - y0]);
    }
  return spots;
}

const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function captions(picture, edges, across) {
  const { lines } = picture,
    placed = lines.map(() => null);
  if (placed.length > 300) return placed;
  const main = mainDtype(edges);
  const taken = [...picture.boxes].flatMap(([key, [x, y, w, h]]) =>
    !key.startsWith("s:") || picture.scopes.get(key.slice(2)).closed
      ? [[x - 2, y - 1, x + w + 2, y + h + 1]]
      : [
          [x, y - 2, x + w, y + HEAD],
          [x, y + h - 2, x + w, y + h + 2],
          [x - 2, y, x + 2, y + h],
          [x + w - 2, y, x + w + 2, y + h],
        ],
  );
  const axis = across ? 0 : 1,
    length = ({ points }) => points[points.length - 1][axis] - points[0][axis];
  const place = (line) => {
    const texts = wordings(line, edges, main),
      spots = spotsOn(line.points, across, texts.length > 1 ? 0.38 : 0.5);
    for (const text of texts)
      for (const [x, y, run] of spots) {
        const half = (size(text) * SMALL) / 2 + 3,
          rect = [x - half, y - 7, x + half, y + 7];
        if (rect[0] < 0 || rect[2] > picture.width || run < (across ? 2 * half + 14 : 20)) continue;
        if (taken.some((other) => overlaps(rect, other))) continue;
        taken.push(rect);
        return { x, y, text };
      }
    return null;
  };
  for (const i of [...lines.keys()].sort((a, b) => length(lines[a]) - length(lines[b])))
    placed[i] = place(lines[i]);
  return placed;
}

export function scene(record, collapsed, stepping, direction, pinned) {
  const { nodes, edges } = record,
    across = direction === "LR";
  const text = new Map(nodes.map((node) => [node.id, nodeText(node, stepping)]));
  const sizes = new Map([...text].map(([id, lines]) => [id, nodeSize(lines, stepping)]));
  const stubs = stepping ? new Map() : stubSizes(record, pinned ?? []);
  const picture = layout(nodes, edges, sizes, collapsed, across, stubs);
  const differs = new Set(nodes.flatMap(({ change, scope }) => (change ? prefixes(scope) : [])));
  return { layout: picture, text, captions: captions(picture, edges, across), differs, across };
}
