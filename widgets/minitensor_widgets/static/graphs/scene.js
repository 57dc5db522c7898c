// Twin of scene.py: text, outlines, captions.
import { clip, shapeText, size } from "../values.js";
import { CHAR, HEAD, layout } from "./layout.js";

export const SMALL = 6.1;
// "MatMul_1" says matmul already.
const bare = (name) => name.replace(/_[0-9]+$/, "").replaceAll("_", "").toLowerCase();
export const opApart = ({ op, label }) =>
  bare(label) === bare(op) || label.endsWith(`= ${op}`) ? "" : op;

const kindApart = (node) =>
  node.kind === "op" ? opApart(node) : node.label === node.kind ? "" : node.kind;

function secondLine(node) {
  const words = [kindApart(node)];
  if (node.output)
    words.push(node.shape?.length === 0 ? "output" : `output ${shapeText(node.shape)}`);
  return words.filter(Boolean).join(" · ");
}

function nodeText(node, stepping) {
  if (stepping) {
    const word = kindApart(node);
    return [clip(word ? `${node.label} · ${word}` : node.label, 26), "", ""];
  }
  const second = secondLine(node);
  return [clip(node.label, 26), ...(second ? [clip(second, 30)] : [])];
}

function nodeSize(text, stepping) {
  const width = Math.max(size(text[0]) * CHAR, ...text.map((line) => size(line) * SMALL)) + 26;
  return stepping ? [Math.max(170, width), 58] : [Math.max(64, width), text.length > 1 ? 44 : 30];
}

const n = (value) => Math.floor(value * 10 + 0.5) / 10;
export function outline(kind, [x, y, w, h]) {
  let corners,
    c = 10;
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
    c = 8;
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

export function curve(points) {
  let path = `M${n(points[0][0])},${n(points[0][1])}`;
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1],
      [x1, y1] = points[i];
    if (y1 < y0) {
      path += `L${n(x1)},${n(y1)}`;
      continue;
    }
    const bend = n(y1 > y0 ? (y0 + y1) / 2 : y0 + (i === 1 ? 15 : -15));
    path += `C${n(x0)},${bend} ${n(x1)},${bend} ${n(x1)},${n(y1)}`;
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

export function lineText(line, edges) {
  const shapes = new Set(line.edges.map((i) => shapeText(edges[i].shape)));
  const sources = new Set(line.edges.map((i) => edges[i].source));
  if (shapes.size > 1) return `${line.edges.length} tensors`;
  const [shape] = shapes;
  const scalar = shape === "()",
    used = line.edges.length > 1 ? `used ${line.edges.length}×` : "";
  if (sources.size > 1) return scalar ? `${sources.size} scalars` : `${sources.size} × ${shape}`;
  return scalar ? used : `${shape} ${used}`.trimEnd();
}

function spotsOn(points) {
  const spots = [],
    stretches = points.slice(1).map((end, i) => [points[i], end]);
  stretches.sort(([a, b], [c, d]) => a[1] - b[1] - (c[1] - d[1]));
  for (const t of [0.5, 0.62, 0.38])
    for (const [[x0, y0], [x1, y1]] of stretches)
      if (y1 - y0 >= 20) {
        const bow = 1.5 * t * (1 - t);
        spots.push([
          x0 + (x1 - x0) * t * t * (3 - 2 * t),
          y0 * ((1 - t) ** 3 + bow) + y1 * (t ** 3 + bow),
        ]);
      }
  return spots;
}

const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function captions(picture, edges) {
  const placed = picture.lines.map(() => null);
  if (placed.length > 300) return placed;
  const taken = [...picture.boxes].flatMap(([key, [x, y, w, h]]) =>
    key.startsWith("n:") || picture.scopes.get(key.slice(2)).closed
      ? [[x - 2, y - 1, x + w + 2, y + h + 1]]
      : [
          [x, y - 2, x + w, y + HEAD],
          [x, y + h - 2, x + w, y + h + 2],
          [x - 2, y, x + 2, y + h],
          [x + w - 2, y, x + w + 2, y + h],
        ],
  );
  const length = ({ points }) => points[points.length - 1][1] - points[0][1];
  for (const line of [...picture.lines].sort((a, b) => length(a) - length(b))) {
    const text = lineText(line, edges),
      half = (size(text) * SMALL) / 2 + 3;
    if (!text) continue;
    for (const [x, y] of spotsOn(line.points)) {
      const rect = [x - half, y - 7, x + half, y + 7];
      if (rect[0] < 0 || rect[2] > picture.width || taken.some((other) => overlaps(rect, other)))
        continue;
      taken.push(rect);
      placed[picture.lines.indexOf(line)] = { x, y, text };
      break;
    }
  }
  return placed;
}

export function scene(record, collapsed, stepping) {
  const text = new Map(record.nodes.map((node) => [node.id, nodeText(node, stepping)]));
  const sizes = new Map([...text].map(([id, lines]) => [id, nodeSize(lines, stepping)]));
  const picture = layout(record.nodes, record.edges, sizes, collapsed);
  return { layout: picture, text, captions: captions(picture, record.edges) };
}
