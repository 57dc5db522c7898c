// All that is known of one node, in words.
import { html, sourceLine } from "../dom.js";
import { valuePane } from "../panes.js";
import { shapeText } from "../values.js";
import { opApart } from "./scene.js";

export function describeNode(node) {
  const what = node.kind === "op" ? `operation ${opApart(node)}`.trim() : node.kind;
  return `${node.label}: ${what}, ${shapeText(node.shape)} ${node.dtype}${node.scope ? `, in ${node.scope}` : ""}${node.output ? ", output" : ""}`;
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

