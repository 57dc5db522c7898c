// The graph viewer: a picture, details of the selected node, and the same as a plain list.
import { frame, html, lifetime, linkTo, listen, remount } from "../dom.js";
import { withoutSeries } from "./blocks.js";
import { exporting } from "./exporting.js";
import { describeNode, inspector } from "./inspector.js";
import { nodeOf } from "./layout.js";
import { legend } from "./legend.js";
import { minimap } from "./minimap.js";
import { options } from "./options.js";
import { Pane } from "./pane.js";
import { between } from "./paths.js";
import { search } from "./search.js";

const MADE = {
  tape: "recorded by an eager tape",
  function: "traced function",
  learner: "drawn by the learner",
};
const noteOf = (record) =>
  `${record.note || (MADE[record.kind] ?? record.kind)} · ${record.nodes.length} nodes, ${record.edges.length} edges`;

// Words below the picture, made when they are opened.
function fold(title, signal, make) {
  const made = html("details", { class: "mt-list" }, html("summary", {}, title));
  const refill = () => made.open && made.replaceChildren(made.firstChild, make());
  made.addEventListener("toggle", refill, { signal });
  return made;
}
const listOf = ({ nodes }) =>
  html(
    "ol",
    { tabindex: 0 },
    nodes.map((node) => html("li", {}, describeNode(node))),
  );

class Viewer {
  constructor(model, parts, signal) {
    const record = model.get("graph");
    Object.assign(this, { ...parts, model, signal, record, hits: new Set(), from: "" });
    const pane = (this.pane = new Pane({
      ...parts,
      model,
      signal,
      record: this.shown(),
      stepping: false,
      select: (id) => this.select(id),
      start: (id) => this.start(id),
      painted: () => this.paint(),
    }));
    const tools = { ...parts, model, pane, record, signal };
    minimap(pane);
    parts.body.append(parts.panel);
    parts.root.append(
      fold("Legend", signal, () => legend(pane)),
      fold("All nodes as a list", signal, () => listOf(pane.record)),
    );
    this.differing = { on: false, flip: () => this.flip() };
    const regroup = (closed) => this.quietly(() => pane.collapse(closed));
    this.update = options({ ...tools, differing: this.differing, regroup });
    const found = (ids) => {
      this.hits = ids;
      this.paint();
    };
    search({ ...tools, found });
    exporting(tools);
    this.redraw();
  }

  shown() {
    return this.model.get("grouped") === false ? withoutSeries(this.record) : this.record;
  }

  // Change the model without a redraw: another change follows.
  quietly(act) {
    this.quiet = true;
    act();
    this.quiet = false;
  }

  redraw() {
    if (this.quiet) return;
    this.pane.use(this.shown());
    this.pane.draw();
    this.update();
  }

  set(name, value) {
    this.model.set(name, value);
    this.model.save_changes();
  }

  // Nothing selected is also the end of a path.
  select(id) {
    if (!id) this.from = "";
    if (id || this.model.get("selected")) this.set("selected", id);
    else this.paint();
  }

  start(id) {
    this.from = id;
    this.set("selected", id);
    this.paint();
    this.say(`Path from ${this.pane.byId.get(id).label}: select where it ends. Escape ends it.`);
  }

  flip() {
    this.differing.on = !this.differing.on;
    this.paint();
    this.update();
  }

  // The nodes of a path, or of what differs; undefined where all count alike.
  bright(node) {
    if (node && this.from && this.from !== node.id)
      return between(this.pane.record, this.from, node.id);
    if (this.differing.on) return this.pane.record.nodes.filter(({ change }) => change);
    return undefined;
  }

  wayCard(way) {
    if (!this.from) return [];
    const { byId } = this.pane,
      { label } = byId.get(this.from);
    const words = way ? `${way.length || "no"} nodes on the way` : "select where it ends";
    return [
      html("div", { class: "mt-sub" }, `Path from ${label}: ${words}`),
      html(
        "p",
        {},
        (way ?? []).map(({ id }) => this.link(id)),
      ),
      linkTo("end the path", this.signal, () => this.select("")),
      html("hr"),
    ];
  }

  link(id) {
    const { byId } = this.pane;
    return linkTo(byId.get(id).label, this.signal, () => this.pane.show(id));
  }

  // What can be done with the selected node.
  acts({ id }) {
    const pinned = this.model.get("pinned") ?? [],
      isStub = this.pane.items.has(`u:0:${id}`);
    const pin = (list) => {
      this.set("pinned", list);
      this.pane.show(id);
    };
    const add = (text, act) => linkTo(text, this.signal, act);
    return html(
      "p",
      {},
      add("path from here", () => this.start(id)),
      isStub ? add("draw as one box", () => pin([...pinned, id])) : null,
      pinned.includes(id)
        ? add("draw as stubs", () => pin(pinned.filter((other) => other !== id)))
        : null,
    );
  }

  paint() {
    const { hits, pane } = this,
      node = pane.byId.get(this.model.get("selected")),
      stand = node && pane.standIn(node.id);
    for (const [key, group] of pane.items) {
      const id = key[0] === "s" ? undefined : nodeOf(key),
        chosen = node !== undefined && (key === stand || id === node.id);
      group.classList.toggle("mt-selected", chosen);
      group.classList.toggle("mt-hit", hits.has(id));
      if (id !== undefined && group.getAttribute("aria-pressed") !== String(chosen))
        group.setAttribute("aria-pressed", String(chosen));
    }
    const bright = this.bright(node);
    pane.spotlight(bright && new Set(bright.map(({ id }) => id)));
    const hint = "Select a node to see its value, shape, source line and gradient rule.";
    const way = this.from && node?.id !== this.from ? bright : undefined;
    this.panel.replaceChildren(
      ...this.wayCard(way),
      ...(node
        ? [inspector(pane.record, node, (id) => this.link(id)), this.acts(node)]
        : [html("p", { class: "mt-dim" }, hint)]),
    );
    return [node, way];
  }

  speak() {
    const [node, way] = this.paint();
    if (node)
      this.say(way ? `${way.length} nodes on the way to ${node.label}` : describeNode(node));
  }
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    record = model.get("graph");
  const title = record.title || "Computation graph",
    parts = frame(host, title, own.signal, noteOf(record));
  const viewer = new Viewer(model, parts, own.signal);
  const redraw = () => viewer.redraw(),
    speak = () => viewer.speak();
  const acts = { "change:selected": speak };
  for (const name of ["collapsed", "direction", "pinned", "grouped"])
    acts[`change:${name}`] = redraw;
  listen(model, own.signal, acts);
  return () => own.abort();
}
export const render = (host) => remount(host, "graph", mount);
export default { render };
