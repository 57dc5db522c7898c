// The picture on the screen: walk it, select in it, open and close its scopes.
import { prefixes } from "./layout.js";
import { scene } from "./scene.js";
import { button, html, svg } from "../dom.js";
import { arrowHead, drawScene } from "./draw.js";
import { Viewport } from "./viewport.js";

const MOST_DRAWN = 500;
let made = 0;

export class Pane {
  // `parts` are record, model, bar, body, say, signal, stepping, select(id) and painted().
  constructor(parts) {
    Object.assign(this, parts);
    this.byId = new Map(this.record.nodes.map((node) => [node.id, node]));
    this.arrow = `mt-arrow${++made}-${Date.now().toString(36)}`;
    this.items = new Map();
    this.current = undefined;
    this.kept = null;
    this.build();
    this.listen();
  }

  build() {
    const keys = this.stepping ? "Up and down follow the lines" : "Arrow keys follow the lines";
    this.stage = svg("g");
    this.canvas = svg(
      "svg",
      {
        class: "mt-svg",
        role: "application",
        "aria-roledescription": "graph",
        "aria-label": `${this.record.nodes.length} nodes. ${keys}, Enter inspects a node or opens a scope, Space closes the scope around a node.`,
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
    const paths = [...new Set(this.record.nodes.flatMap(({ scope }) => prefixes(scope)))];
    if (paths.length) {
      add("Open all scopes", () => this.openAll());
      add("Close all scopes", () => this.collapse(paths));
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
      if (!this.viewport.dragged() && key) this.act(key);
    });
    on(this.canvas, "pointerleave", () => this.highlight());
    on(this.stage, "pointerover", (event) => this.highlight(keyAt(event)));
    on(this.stage, "focusout", () => this.highlight());
    on(this.stage, "focusin", (event) => {
      this.focus(keyAt(event), false);
      this.highlight(keyAt(event));
    });
  }

  draw() {
    this.drawn = scene(this.record, this.model.get("collapsed"), this.stepping);
    const { elements, items, paths } = drawScene(this.drawn, this.record, this.byId, this.arrow);
    Object.assign(this, { items, paths });
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

  // The box that stands for a node: itself, or the closed scope it lies in.
  standIn(id) {
    if (this.items.has("n:" + id)) return "n:" + id;
    const around = prefixes(this.byId.get(id).scope).map((path) => "s:" + path);
    return around.find((key) => this.items.get(key)?.classList.contains("mt-closed"));
  }

  show(id) {
    this.select(id);
    this.focus(this.standIn(id));
  }

  act(key) {
    this.focus(key);
    if (key.startsWith("s:")) this.toggle(key.slice(2));
    else this.select(key.slice(2));
  }

  collapse(paths) {
    this.model.set("collapsed", paths);
    this.model.save_changes();
  }

  openAll() {
    const count = this.record.nodes.length;
    if (count <= MOST_DRAWN) return this.collapse([]);
    this.more.textContent = `${count} nodes are too many to show at once: open scopes one by one`;
    this.more.hidden = false;
    this.say(this.more.textContent);
  }

  // A scope that opens or closes stays under the pointer.
  toggle(path) {
    const closed = new Set(this.model.get("collapsed")),
      key = "s:" + path,
      [x, y] = this.boxOf(key);
    const { k, x: left, y: top } = this.viewport;
    this.say(`${path} ${closed.has(path) ? "opened" : "closed"}`);
    if (!closed.delete(path)) closed.add(path);
    this.current = key;
    this.kept = { key, x: x * k + left, y: y * k + top };
    this.viewport.moved = true;
    this.collapse([...closed]);
  }

  // Everything that leads to a node, and everything it leads to.
  highlight(key) {
    for (const element of [...this.paths, ...this.items.values()])
      element.classList.remove("mt-before", "mt-after");
    if (key === undefined) return;
    this.trace(key, "mt-before", "target", "source");
    this.trace(key, "mt-after", "source", "target");
  }

  trace(key, name, from, to) {
    const todo = [key],
      seen = new Set(todo),
      lines = this.lines();
    while (todo.length) {
      const at = todo.pop();
      for (const line of lines) {
        if (line[from] !== at) continue;
        line.path.classList.add(name);
        if (seen.has(line[to])) continue;
        seen.add(line[to]);
        todo.push(line[to]);
        this.items.get(line[to])?.classList.add(name);
      }
    }
  }

  isOpen(key) {
    return this.items.get(key).classList.contains("mt-open");
  }

  around(key) {
    const scope = key.startsWith("n:")
      ? this.byId.get(key.slice(2)).scope
      : key.slice(2).split("/").slice(0, -1).join("/");
    return scope ? "s:" + scope : undefined;
  }

  sideways(direction) {
    const middle = (key) => {
      const [x, y, w, h] = this.boxOf(key);
      return [key, x + w / 2, y + h / 2];
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
    const { current } = this;
    const along = (from, to) =>
      this.drawn.layout.lines.find((line) => line[from] === current)?.[to];
    const inside = () => [...this.items.keys()].find((inner) => this.around(inner) === current);
    if (key === "ArrowDown") return this.isOpen(current) ? inside() : along("source", "target");
    if (key === "ArrowUp") return along("target", "source") ?? this.around(current);
    if (this.stepping) return undefined;
    return key === "ArrowRight"
      ? this.sideways(1)
      : key === "ArrowLeft"
        ? this.sideways(-1)
        : undefined;
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event,
      next = this.next(key),
      around = this.around(this.current);
    const acts = {
      Enter: () => this.act(this.current),
      " ": () =>
        around && this.current.startsWith("n:")
          ? this.toggle(around.slice(2))
          : this.act(this.current),
      "+": () => this.viewport.zoom(1.25),
      "=": () => this.viewport.zoom(1.25),
      "-": () => this.viewport.zoom(0.8),
      0: () => this.viewport.fit(),
      Escape: () => this.select(""),
    };
    const ours = this.stepping
      ? ["ArrowUp", "ArrowDown"]
      : ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];
    if (next) this.focus(next);
    else if (acts[key]) acts[key]();
    else if (!ours.includes(key)) return;
    event.preventDefault();
  }
}
