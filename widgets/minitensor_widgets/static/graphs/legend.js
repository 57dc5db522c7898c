// What the signs in the picture mean: only those that occur.
import { html, svg } from "../dom.js";
import { corner, LINE_MARKS, lineMarks, outline } from "./scene.js";

const BOX = [1, 1, 32, 18];
const MEANINGS = {
  op: "operation",
  variable: "variable",
  input: "input",
  constant: "constant",
  added: "+ added",
  removed: "− removed",
  changed: "≠ changed",
  broadcast: "B broadcast: stretched to the shape of the result",
  "in place": "I in place: a variable that the operation writes",
  view: "V view: the same elements, in another order or shape",
  "next round": "N next round: back to the start of the loop",
};
const entry = (words, ...drawn) =>
  html(
    "li",
    {},
    svg("svg", { viewBox: "0 0 34 20", width: 34, height: 20, "aria-hidden": "true" }, drawn),
    words,
  );
const shape = (kind, more = "") =>
  svg(
    "g",
    { class: `mt-node mt-${kind} ${more}` },
    svg("path", { class: "mt-box", d: outline(kind, BOX) }),
  );
const stroke = (attributes) => svg("path", { class: "mt-line", d: "M0,10H34", ...attributes });

export function legend(pane) {
  const { nodes, edges } = pane.record,
    { lines, boxes } = pane.drawn.layout;
  const kinds = new Set(nodes.map((node) => node.kind)),
    changes = new Set(nodes.map((node) => node.change)),
    marks = new Set(lines.flatMap((line) => lineMarks(line, edges)));
  const has = (test, words, ...drawn) => (test ? entry(words, ...drawn) : null);
  const inner = (d) => svg("g", { class: "mt-node mt-op" }, svg("path", { class: "mt-inner", d }));
  const stub = [...boxes.keys()].some((key) => key[0] === "u");
  return html("ul", { class: "mt-legend" }, [
    ["op", "variable", "input", "constant"].map((kind) =>
      has(kinds.has(kind), MEANINGS[kind], shape(kind)),
    ),
    has(
      nodes.some((node) => node.output),
      "output",
      shape("op"),
      inner(outline("op", [4, 4, 26, 12])),
    ),
    has(
      nodes.some((node) => node.no_grad),
      "no ∇: no gradient flows through it",
      shape("op"),
      inner(corner("op", BOX)),
    ),
    has(
      pane.canvas.querySelector(".mt-backward"),
      "∇ part of a backward pass",
      shape("op", "mt-backward"),
    ),
    ["added", "removed", "changed"].map((change) =>
      has(changes.has(change), MEANINGS[change], shape("op", `mt-${change}`)),
    ),
    has(stub, "↗ one node, drawn at each of its users"),
    [...marks].map((mark) =>
      entry(MEANINGS[mark], stroke({ "stroke-width": 2, "stroke-dasharray": LINE_MARKS[mark][1] })),
    ),
    has(edges.length, "thicker lines carry more numbers", stroke({ "stroke-width": 4 })),
  ]);
}
