// All that is known of one node, in words.
import { html, sourceLine } from "../dom.js";
import { valuePane } from "../panes.js";
import { shapeText } from "../values.js";
import { lineMarks, opApart, whatFlows } from "./scene.js";

const changeText = ({ change, changes }) =>
  [change, changes?.join("; ")].filter(Boolean).join(": ");

export function describeNode(node) {
  const what = node.kind === "op" ? `operation ${opApart(node)}`.trim() : node.kind;
  const shape = `${shapeText(node.shape)} ${node.dtype}`.trim();
  const words = [
    `${node.label}: ${what}`,
    shape,
    node.scope && `in ${node.scope}`,
    node.output && "output",
    node.no_grad && `no gradient: ${node.no_grad}`,
    node.change && changeText(node),
  ];
  return words.filter(Boolean).join(", ");
}

// Shape, dtype and marks of what comes along one edge.
const flowText = (edges, i) =>
  [whatFlows(edges[i]), ...lineMarks({ edges: [i] }, edges)].join(" · ");

// All that is known of one node; `link` makes a button that leads to another.
export function inspector(record, node, link) {
  const inputs = record.edges
    .filter((edge) => edge.target === node.id)
    .sort((a, b) => a.slot - b.slot);
  const users = new Set(
    record.edges.filter((edge) => edge.source === node.id).map((edge) => edge.target),
  );
  const arrives = (edge, i) =>
    html("div", {}, link(edge.source), html("small", {}, flowText(inputs, i)));
  const rows = [
    ["kind", node.kind === "op" ? `operation ${node.op}` : node.kind],
    ["shape", shapeText(node.shape)],
    ["dtype", node.dtype],
    ["scope", node.scope],
    ["inputs", inputs.map(arrives)],
    ["used by", [...users].map(link)],
    ["gradient", [...new Set(node.rule)].join(", ")],
    ["no gradient", node.no_grad],
    ["differs", node.change && changeText(node)],
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
