// The graph viewer: a picture, details of the selected node, and the same as a plain list.
import { describeNode, frame, html, inspector, lifetime, remount } from "./dom.js";
import { createPane } from "./pane.js";

const KINDS = { tape: "recorded by an eager tape", function: "traced function", learner: "drawn by the learner" };
export const noteOf = (record) =>
  `${record.note || (KINDS[record.kind] ?? record.kind)} · ${record.nodes.length} nodes, ${record.edges.length} edges`;

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given), { signal } = own, record = model.get("graph");
  const { bar, body, panel, root, say } = frame(host, record, signal, noteOf(record));
  const select = (id) => { model.set("selected", id); model.save_changes(); };
  const pane = createPane({ record, model, bar, body, say, signal, stepping: false, select, painted: () => paint() });
  const speak = () => { paint(); if (pane.byId.has(model.get("selected"))) say(describeNode(pane.byId.get(model.get("selected")))); };
  const show = (id) => { select(id); const key = pane.standIn(id); if (key) pane.focus(key); };
  function paint() {
    const node = pane.byId.get(model.get("selected"));
    for (const [key, group] of pane.items) {
      group.classList.toggle("mt-selected", node !== undefined && key === pane.standIn(node.id));
      if (key.startsWith("n:")) group.setAttribute("aria-pressed", String(key === `n:${node?.id}`));
    }
    panel.replaceChildren(node ? inspector(record, node, signal, show)
      : html("p", { class: "mt-dim" }, "Select a node to see its value, shape, source line and gradient rule."));
  }
  body.append(panel);
  const list = html("details", { class: "mt-list" }, html("summary", {}, "All nodes as a list"));
  list.addEventListener("toggle", () => {
    if (list.open && list.children.length === 1) list.append(html("ol", {}, record.nodes.map((node) => html("li", {}, describeNode(node)))));
  }, { signal });
  root.append(list);
  model.on("change:selected", speak);
  model.on("change:collapsed", pane.draw);
  pane.draw();
  return () => {
    model.off?.("change:selected", speak);
    model.off?.("change:collapsed", pane.draw);
    own.abort();
    root.remove();
  };
}
export const render = (host) => remount(host, "graph", mount);
export default { render };
