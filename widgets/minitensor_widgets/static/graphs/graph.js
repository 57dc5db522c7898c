// The graph viewer: a picture, details of the selected node, and the same as a plain list.
import { frame, html, lifetime, linkTo, remount } from "../dom.js";
import { describeNode, inspector } from "./inspector.js";
import { Pane } from "./pane.js";
import { search } from "./search.js";

const MADE = {
  tape: "recorded by an eager tape",
  function: "traced function",
  learner: "drawn by the learner",
};
const noteOf = (record) =>
  `${record.note || (MADE[record.kind] ?? record.kind)} · ${record.nodes.length} nodes, ${record.edges.length} edges`;

function plainList(record, signal) {
  const list = html("details", { class: "mt-list" }, html("summary", {}, "All nodes as a list"));
  list.addEventListener(
    "toggle",
    () => {
      const items = () => record.nodes.map((node) => html("li", {}, describeNode(node)));
      if (list.open && list.children.length === 1) list.append(html("ol", {}, items()));
    },
    { signal },
  );
  return list;
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    record = model.get("graph");
  let hits = new Set();
  const { bar, body, panel, root, say } = frame(
    host,
    record.title || "Computation graph",
    signal,
    noteOf(record),
  );
  const select = (id) => {
    model.set("selected", id);
    model.save_changes();
  };
  const pane = new Pane({
    record,
    model,
    bar,
    body,
    say,
    signal,
    stepping: false,
    select,
    painted: () => paint(),
  });
  const link = (id) => linkTo(pane.byId.get(id).label, signal, () => pane.show(id));
  const hint = () =>
    html(
      "p",
      { class: "mt-dim" },
      "Select a node to see its value, shape, source line and gradient rule.",
    );
  function paint() {
    const node = pane.byId.get(model.get("selected"));
    for (const [key, group] of pane.items) {
      group.classList.toggle("mt-selected", node !== undefined && key === pane.standIn(node.id));
      group.classList.toggle("mt-hit", hits.has(key.slice(2)) && key.startsWith("n:"));
      if (key.startsWith("n:")) group.setAttribute("aria-pressed", String(key === `n:${node?.id}`));
    }
    panel.replaceChildren(node ? inspector(record, node, link) : hint());
    return node;
  }
  const speak = () => {
    const node = paint();
    if (node) say(describeNode(node));
  };
  const redraw = () => pane.draw();
  body.append(panel);
  root.append(plainList(record, signal));
  const found = (ids) => {
    hits = ids;
    paint();
  };
  search({ pane, bar, say, signal, found });
  model.on("change:selected", speak);
  model.on("change:collapsed", redraw);
  redraw();
  return () => {
    model.off?.("change:selected", speak);
    model.off?.("change:collapsed", redraw);
    own.abort();
    root.remove();
  };
}
export const render = (host) => remount(host, "graph", mount);
export default { render };
