// The picture on the screen: walk it, select in it, open and close its scopes.
import { nodeOf, outer, prefixes, scopesOf } from "./layout.js";
import { scene } from "./scene.js";
import { button, html, svg } from "../dom.js";
import { arrowHead, drawScene } from "./draw.js";
import { Viewport } from "./viewport.js";

const MOST_DRAWN = 500;
let made = 0;

export class Pane {
  // `parts` are record, model, bar, body, say, signal, stepping, select(id), painted(), and for
  // ways between two nodes start(id).
  constructor(parts) {
    Object.assign(this, parts);
    this.use(this.record);
    this.arrow = `mt-arrow${++made}-${Date.now().toString(36)}`;
    this.items = new Map();
    this.current = undefined;
    this.kept = null;
    this.build();
    this.listen();
  }

  use(record) {
    this.record = record;
    this.byId = new Map(record.nodes.map((node) => [node.id, node]));
  }

  build() {
    const keys = this.stepping ? "Up and down follow the lines" : "Arrow keys follow the lines",
      more = this.start ? ", P starts a path there" : "";
    this.stage = svg("g");
    this.canvas = svg(
      "svg",
      {
        class: "mt-svg",
        role: "application",
        "aria-roledescription": "graph",
        "aria-label": `${this.record.nodes.length} nodes. ${keys}, Enter inspects a node or opens a scope, Space closes the scope around a node${more}, Shift and arrows move the picture.`,
      },
      arrowHead(this.arrow),
      this.stage,
    );
    this.more = html(
      "div",
      { class: "mt-more", "aria-hidden": "true" },
      "more: drag, or walk with the arrow keys",
    );
    this.body.append(html("div", { class: "mt-view" }, this.canvas, this.more));
    this.viewport = new Viewport(this.canvas, this.stage, this.more, this.signal);
    const add = (label, act) => this.bar.append(button(label, this.signal, act));
    if (scopesOf(this.record.nodes).length) {
      add("Open all scopes", () => this.open([]));
      add("Close all scopes", () => this.open(scopesOf(this.record.nodes)));
    }
    add("Zoom out", () => this.viewport.zoom(0.8));
    add("Zoom in", () => this.viewport.zoom(1.25));
    add("Fit into view", () => this.viewport.fit());
  }

  listen() {
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.signal });
    const keyAt = (event) => event.target.closest?.("[data-key]")?.dataset.key;
    on(this.canvas, "keydown", (event) => this.pressed(event));
    on(this.canvas, "click", (event) => {
      const key = keyAt(event);
      if (this.viewport.dragged() || !key) return;
      if (event.shiftKey && this.start && key[0] !== "s") return this.start(nodeOf(key));
      const { left, top } = this.canvas.getBoundingClientRect();
      this.act(key, [event.clientX - left, event.clientY - top]);
    });
    on(this.canvas, "pointerleave", () => this.highlight());
    on(this.stage, "pointerover", (event) => this.highlight(keyAt(event)));
    on(this.stage, "focusout", ({ relatedTarget }) => {
      if (!this.stage.contains(relatedTarget)) this.highlight();
    });
    on(this.stage, "focusin", (event) => {
      this.focus(keyAt(event), false);
      this.highlight(keyAt(event));
    });
  }

  draw() {
    const { model, record } = this,
      [closed, direction, pinned] = ["collapsed", "direction", "pinned"].map((n) => model.get(n));
    this.drawn = scene(record, closed, this.stepping, direction, pinned);
    const { elements, items, paths } = drawScene(this.drawn, record, this.byId, this.arrow);
    Object.assign(this, { items, paths, lit: [] });
    this.near = new Map([...items.keys()].map((key) => [key, { source: [], target: [] }]));
    for (const line of this.lines())
      for (const end of ["source", "target"]) this.near.get(line[end])[end].push(line);
    this.stage.replaceChildren(...elements);
    const box = this.kept && this.boxOf(this.kept.key);
    this.viewport.show(this.drawn.layout, box && { ...this.kept, box });
    this.focus(items.has(this.current) ? this.current : items.keys().next().value, !!this.kept);
    this.kept = null;
    this.painted();
  }

  boxOf(key) {
    return this.drawn.layout.boxes.get(key);
  }

  // Lines as drawn: source, target and path element.
  lines() {
    return this.drawn.layout.lines.map((line, i) => ({ ...line, path: this.paths[i] }));
  }

  reveal(key) {
    this.viewport.reveal(this.boxOf(key));
  }

  focus(key, move = true) {
    if (key === undefined) return;
    this.items.get(this.current)?.setAttribute("tabindex", -1);
    this.current = key;
    this.items.get(key).setAttribute("tabindex", 0);
    if (!move) return;
    this.items.get(key).focus({ preventScroll: true });
    this.reveal(key);
  }

  // The box that stands for a node: itself, the first of its stubs, or the closed scope around it.
  standIn(id) {
    const own = ["n:" + id, "u:0:" + id].find((key) => this.items.has(key));
    if (own) return own;
    const around = prefixes(this.byId.get(id).scope).map((path) => "s:" + path);
    return around.find((key) => this.items.get(key)?.classList.contains("mt-closed"));
  }

  show(id) {
    this.select(id);
    this.focus(this.standIn(id));
  }

  act(key, at) {
    this.focus(key);
    if (key.startsWith("s:")) this.toggle(key.slice(2), at);
    else this.select(nodeOf(key));
  }

  collapse(paths) {
    this.model.set("collapsed", paths);
    this.model.save_changes();
  }

  // All scopes open but these, if that is not too much to see.
  open(closed) {
    const shut = new Set(closed),
      seen = ({ id, scope }) => prefixes(scope).find((path) => shut.has(path)) ?? "\n" + id;
    const count = new Set(this.record.nodes.map(seen)).size;
    if (count <= MOST_DRAWN) return this.collapse(closed);
    this.more.textContent = `${count} nodes are too many to show at once: open scopes one by one`;
    this.more.hidden = false;
    this.say(this.more.textContent);
  }

  // A scope that opens or closes stays under the pointer.
  toggle(path, at) {
    const closed = new Set(this.model.get("collapsed")),
      key = "s:" + path,
      [x, y] = this.boxOf(key);
    const { k, x: left, y: top } = this.viewport;
    this.say(`${path} ${closed.has(path) ? "opened" : "closed"}`);
    if (!closed.delete(path)) closed.add(path);
    this.current = key;
    const corner = [x * k + left, y * k + top];
    this.kept = { key, x: corner[0], y: corner[1], at: at ?? corner.map((v) => v + 8) };
    this.viewport.moved = true;
    this.collapse([...closed]);
  }

  // Everything that leads to a node, and everything it leads to.
  highlight(key) {
    for (const element of this.lit) element.classList.remove("mt-before", "mt-after");
    this.lit = [];
    if (!this.near.has(key)) return;
    this.trace(key, "mt-before", "target", "source");
    this.trace(key, "mt-after", "source", "target");
  }

  trace(key, name, from, to) {
    const mark = (element) => {
      element.classList.add(name);
      this.lit.push(element);
    };
    const seen = new Set(this.copies(key));
    for (const at of seen)
      for (const line of this.near.get(at)[from]) {
        mark(line.path);
        if (seen.has(line[to])) continue;
        seen.add(line[to]);
        mark(this.items.get(line[to]));
      }
  }

  // All stubs of the node of a stub; any other box is alone.
  copies(key) {
    const same = (other) => other[0] === "u" && nodeOf(other) === nodeOf(key);
    return key[0] === "u" ? [...this.items.keys()].filter(same) : [key];
  }

  // Show these nodes and the lines between them, and everything else faintly; null shows all.
  spotlight(ids) {
    const keys = new Set(
      [...(ids ?? [])].map((id) => this.standIn(id)).flatMap((key) => this.copies(key)),
    );
    for (const [key, group] of this.items)
      group.classList.toggle("mt-faint", !!ids && !keys.has(key) && !this.isOpen(key));
    const { edges } = this.record,
      kept = (i) => ids.has(edges[i].source) && ids.has(edges[i].target);
    for (const line of this.lines())
      line.path.classList.toggle("mt-faint", !!ids && !line.edges.some(kept));
  }

  isOpen(key) {
    return this.items.get(key).classList.contains("mt-open");
  }

  around(key) {
    const user = key[0] === "u" ? this.near.get(key).source[0].target : key,
      inner = user.slice(2);
    const scope = user[0] === "n" ? this.byId.get(inner).scope : outer(inner);
    return scope ? "s:" + scope : undefined;
  }

  // The nearest box to one side of the current one, in the same row or column.
  sideways(direction) {
    const across = this.drawn.across ? 1 : 0;
    const middle = (key) => {
      const [x, y, w, h] = this.boxOf(key),
        at = [x + w / 2, y + h / 2];
      return [key, at[across], at[1 - across]];
    };
    const [, x0, y0] = middle(this.current);
    return [...this.items.keys()]
      .filter((key) => !this.isOpen(key))
      .map(middle)
      .filter(([, x, y]) => (x - x0) * direction > 1 && Math.abs(y - y0) < 60)
      .sort((a, b) => (a[1] - b[1]) * direction)[0]?.[0];
  }

  // Where an arrow key leads: along a line, into or out of a scope, or to the next box in the row.
  next(key) {
    const { current } = this,
      forth = this.drawn.across && !this.stepping ? "Right Left Down Up" : "Down Up Right Left",
      way = forth.split(" ").indexOf(key.slice(5));
    const along = (from, to) => this.near.get(current)?.[from][0]?.[to];
    const inside = () => [...this.items.keys()].find((inner) => this.around(inner) === current);
    if (way === 0) return this.isOpen(current) ? inside() : along("source", "target");
    if (way === 1) return along("target", "source") ?? this.around(current);
    return this.stepping || way < 0 ? undefined : this.sideways(way === 2 ? 1 : -1);
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, shiftKey } = event,
      arrow = /^Arrow(Up|Down|Left|Right)$/.test(key),
      around = this.around(this.current),
      node = this.current[0] !== "s";
    const acts = {
      Enter: () => this.act(this.current),
      " ": () => (around && node ? this.toggle(around.slice(2)) : this.act(this.current)),
      "+": () => this.viewport.zoom(1.25),
      "=": () => this.viewport.zoom(1.25),
      "-": () => this.viewport.zoom(0.8),
      0: () => this.viewport.fit(),
      p: () => node && this.start?.(nodeOf(this.current)),
      Escape: () => this.select(""),
    };
    const next = arrow && !shiftKey && this.next(key);
    if (arrow && shiftKey) this.viewport.pan(key);
    else if (next) this.focus(next);
    else if (Object.hasOwn(acts, key)) acts[key]();
    else if (!arrow || (this.stepping && /Left|Right/.test(key))) return;
    event.preventDefault();
  }
}
