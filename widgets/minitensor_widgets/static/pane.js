// The picture on the screen: draw a scene, walk it, open and close scopes, move and zoom.
import { HEAD } from "./layout.js";
import { curve, lineText, outline, scene, shapeText, SMALL, strokeWidth } from "./scene.js";
import { button, describeNode, html, svg } from "./dom.js";

const MOST_DRAWN = 500, TALLEST = 520;
let made = 0;

export function createPane({ record, model, bar, body, say, signal, stepping, select, painted }) {
  const byId = new Map(record.nodes.map((node) => [node.id, node])), arrow = `mt-arrow${++made}-${Date.now().toString(36)}`;
  const items = new Map(), view = { k: 1, x: 0, y: 0 };
  let drawn, paths = [], current = null, anchor = null, drag = null, width = 0, moved = false;
  const on = (target, type, act, options) => target.addEventListener(type, act, { signal, ...options });
  const stage = svg("g"), keys = stepping ? "Up and down follow the lines" : "Arrow keys follow the lines";
  const canvas = svg("svg", { class: "mt-svg", role: "application", "aria-roledescription": "graph",
    "aria-label": `${record.nodes.length} nodes. ${keys}, Enter inspects a node or opens a scope, Space closes the scope around a node.` });
  canvas.append(svg("defs", {}, svg("marker", { id: arrow, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9,
    markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svg("path", { d: "M0,0L8,4L0,8z", class: "mt-arrow" }))), stage);
  const more = html("div", { class: "mt-more", "aria-hidden": "true" }, "more: drag, or walk with the arrow keys");
  body.append(html("div", { class: "mt-view" }, canvas, more));
  const scopes = [...new Set(record.nodes.flatMap(({ scope }) => scope.split("/").map((_, i, all) => all.slice(0, i + 1).join("/"))))].filter(Boolean);
  const close = (list) => { model.set("collapsed", list); model.save_changes(); };
  function openAll() {
    if (record.nodes.length <= MOST_DRAWN) return close([]);
    more.textContent = `${record.nodes.length} nodes are too many to show at once: open scopes one by one`;
    more.hidden = false;
    say(more.textContent);
  }
  if (scopes.length) bar.append(button("Open all scopes", signal, openAll), button("Close all scopes", signal, () => close(scopes)));
  bar.append(button("Zoom out", signal, () => zoom(0.8)), button("Zoom in", signal, () => zoom(1.25)), button("Fit into view", signal, fit));

  function apply() {
    const { width: w, height: h } = drawn.layout, { x, y, k } = view;
    stage.setAttribute("transform", `translate(${x},${y}) scale(${k})`);
    more.hidden = Math.min(x, y) >= -20 && x + w * k <= canvas.clientWidth + 20 && y + h * k <= canvas.clientHeight + 20;
  }
  const center = () => {
    const space = canvas.clientWidth - drawn.layout.width * view.k;
    Object.assign(view, { x: Math.max(4, space / 2), y: Math.max(0, (canvas.clientHeight - drawn.layout.height * view.k) / 2) });
    apply();
  };
  // Opens at a size where the smallest text has 9 pixels or more; what does not fit is reached by dragging or walking.
  function open() {
    const fitting = Math.min(1.15, canvas.clientWidth / drawn.layout.width, TALLEST / (drawn.layout.height + 4));
    view.k = fitting < 0.9 ? 1 : fitting;
    canvas.style.height = `${Math.max(150, Math.min(TALLEST, drawn.layout.height * view.k + 4))}px`;
    center();
  }
  function fit() { view.k = Math.min(1.15, canvas.clientWidth / drawn.layout.width, canvas.clientHeight / drawn.layout.height); center(); }
  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const k = Math.max(0.1, Math.min(6, view.k * factor)), part = k / view.k;
    Object.assign(view, { k, x: x - (x - view.x) * part, y: y - (y - view.y) * part });
    moved = true;
    apply();
  }
  function reveal(key) {
    const [x, y, w, h] = drawn.layout.boxes.get(key), edge = 12;
    const shift = (at, length, offset, room) => Math.min(0, room - edge - ((at + length) * view.k + offset)) || Math.max(0, edge - (at * view.k + offset));
    view.x += shift(x, w, view.x, canvas.clientWidth);
    view.y += shift(y, Math.min(h, 60), view.y, canvas.clientHeight);
    apply();
  }

  const label = (x, y, text, name = "mt-m") => svg("text", { x, y, class: name }, text);
  function item(key, name, attributes, ...children) {
    const group = svg("g", { class: `mt-item ${name}`, role: "button", tabindex: -1, "data-key": key, ...attributes }, children);
    items.set(key, group);
    return group;
  }
  function drawScope([path, { closed, count }]) {
    const [x, y, width, height] = drawn.layout.boxes.get("s:" + path), name = path.split("/").pop();
    return item("s:" + path, closed ? "mt-closed" : "mt-open", { "aria-expanded": String(!closed), "aria-label": `scope ${path}, ${count} nodes` },
      svg("title", {}, path), svg("rect", { x, y, width, height, rx: 8 }),
      closed ? label(x + width / 2, y + height / 2 + 4, `▸ ${name} (${count})`) : null);
  }
  // Names of open scopes stand above the lines that enter there.
  function drawName([path, { closed }]) {
    const [x, y] = drawn.layout.boxes.get("s:" + path);
    return closed ? null : label(x + 9, y + HEAD - 4, `▾ ${path.split("/").pop()}`, "mt-name");
  }
  function drawNode(node) {
    const box = drawn.layout.boxes.get("n:" + node.id);
    if (!box) return null;
    const [x, y, w, h] = box, lines = drawn.text.get(node.id), middle = x + w / 2;
    const words = [node.label, ...lines.slice(1).filter(Boolean), `${shapeText(node.shape)} ${node.dtype}`, ...(node.scope ? [`in ${node.scope}`] : [])];
    const kind = ["variable", "input", "constant"].includes(node.kind) ? node.kind : "op";
    const inner = node.output ? svg("path", { class: "mt-inner", d: outline(kind, [x + 3, y + 3, w - 6, h - 6]) }) : null;
    return item("n:" + node.id, `mt-node mt-${kind}`, { "aria-label": words.join(", ") }, svg("title", {}, describeNode(node)),
      svg("path", { class: "mt-box", d: outline(kind, box) }), inner,
      lines.map((text, i) => [" ", label(middle, lines.length === 1 ? y + h / 2 + 4 : y + 19 + i * (i === 2 ? 14.5 : 15), text, i ? "mt-m mt-small" : "mt-m")]));
  }
  function drawCaption(caption) {
    if (!caption) return null;
    const w = [...caption.text].length * SMALL + 4;
    return svg("g", { class: "mt-caption", "aria-hidden": "true" }, svg("rect", { x: caption.x - w / 2, y: caption.y - 6, width: w, height: 12, rx: 3 }),
      label(caption.x, caption.y + 3.5, caption.text, "mt-m mt-small"));
  }
  function draw() {
    items.clear();
    drawn = scene(record, model.get("collapsed"), stepping);
    const { lines, scopes: scopesNow } = drawn.layout;
    paths = lines.map((line) => svg("path", { class: "mt-line", d: curve(line.points), "stroke-width": strokeWidth(line, record.edges),
      "marker-end": `url(#${arrow})`, "aria-hidden": "true" }, svg("title", {}, lineText(line, record.edges))));
    stage.replaceChildren(...[[...scopesNow].map(drawScope), paths, [...scopesNow].map(drawName), drawn.captions.map(drawCaption), record.nodes.map(drawNode)].flat().filter(Boolean));
    if (anchor) {
      const [x, y] = drawn.layout.boxes.get(anchor.key) ?? [0, 0];
      Object.assign(view, { x: anchor.x - x * view.k, y: anchor.y - y * view.k });
      canvas.style.height = `${Math.max(canvas.clientHeight, Math.min(TALLEST, drawn.layout.height * view.k + 4))}px`;
      apply();
    } else if (width) open();
    focus(items.has(current) ? current : items.keys().next().value, !!anchor);
    anchor = null;
    painted();
  }
  function focus(key, move = true) {
    if (key === undefined) return;
    items.get(current)?.setAttribute("tabindex", -1);
    current = key;
    const group = items.get(key);
    group.setAttribute("tabindex", 0);
    if (move) { group.focus({ preventScroll: true }); reveal(key); }
  }
  function toggle(path) {
    const closed = new Set(model.get("collapsed")), [x, y] = drawn.layout.boxes.get("s:" + path);
    say(`${path} ${closed.has(path) ? "opened" : "closed"}`);
    closed.delete(path) || closed.add(path);
    current = "s:" + path;
    anchor = { key: current, x: x * view.k + view.x, y: y * view.k + view.y };
    moved = true;
    close([...closed]);
  }
  const act = (key) => { focus(key); key.startsWith("s:") ? toggle(key.slice(2)) : select(key.slice(2)); };
  const keyAt = (event) => event.target.closest?.("[data-key]")?.dataset.key;

  // Everything that leads to a node, and everything it leads to.
  function highlight(key) {
    for (const element of [...paths, ...items.values()]) element.classList.remove("mt-before", "mt-after");
    if (key === undefined) return;
    for (const [name, from, to] of [["mt-before", "target", "source"], ["mt-after", "source", "target"]]) {
      const todo = [key], seen = new Set(todo);
      while (todo.length) {
        const at = todo.pop();
        drawn.layout.lines.forEach((line, i) => {
          if (line[from] !== at) return;
          paths[i].classList.add(name);
          if (!seen.has(line[to])) { seen.add(line[to]); todo.push(line[to]); items.get(line[to])?.classList.add(name); }
        });
      }
    }
  }
  const isOpen = (key) => items.get(key).classList.contains("mt-open");
  const around = (key) => {
    const scope = key.startsWith("n:") ? byId.get(key.slice(2)).scope : key.slice(2).split("/").slice(0, -1).join("/");
    return scope ? "s:" + scope : undefined;
  };
  function sideways(direction) {
    const { boxes } = drawn.layout, middle = ([x, y, w, h]) => [x + w / 2, y + h / 2], [x0, y0] = middle(boxes.get(current));
    return [...boxes.keys()].filter((key) => !isOpen(key)).map((key) => [key, ...middle(boxes.get(key))])
      .filter(([, x, y]) => (x - x0) * direction > 1 && Math.abs(y - y0) < 60)
      .sort((a, b) => (a[1] - b[1]) * direction)[0]?.[0];
  }
  function walk(key) {
    const along = (from, to) => drawn.layout.lines.find((line) => line[from] === current)?.[to];
    if (key === "ArrowDown") return isOpen(current) ? [...items.keys()].find((inner) => around(inner) === current) : along("source", "target");
    if (key === "ArrowUp") return along("target", "source") ?? around(current);
    return stepping ? undefined : { ArrowRight: sideways(1), ArrowLeft: sideways(-1) }[key];
  }
  on(canvas, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event, next = walk(key);
    if (next) focus(next);
    else if (key === " " && around(current) && current.startsWith("n:")) toggle(around(current).slice(2));
    else if (key === "Enter" || key === " ") act(current);
    else if (key === "+" || key === "=") zoom(1.25);
    else if (key === "-") zoom(0.8);
    else if (key === "0") fit();
    else if (key === "Escape") select("");
    else if (!key.startsWith("Arrow") || (stepping && !["ArrowUp", "ArrowDown"].includes(key))) return;
    event.preventDefault();
  });
  on(stage, "focusin", (event) => { const key = keyAt(event); focus(key, false); highlight(key); });
  on(stage, "focusout", () => highlight());
  on(stage, "pointerover", (event) => highlight(keyAt(event)));
  on(canvas, "pointerleave", () => highlight());
  on(canvas, "click", (event) => { const key = keyAt(event); if (key && !drag?.far) act(key); drag = null; });
  on(canvas, "pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, from: { ...view }, far: false }; });
  on(canvas, "pointermove", (event) => {
    if (!drag || !(event.buttons & 1)) return;
    const x = event.clientX - drag.x, y = event.clientY - drag.y;
    if (!drag.far && Math.abs(x) + Math.abs(y) < 5) return;
    if (!drag.far) canvas.setPointerCapture(event.pointerId);
    drag.far = moved = true;
    Object.assign(view, { x: drag.from.x + x, y: drag.from.y + y });
    apply();
  });
  on(canvas, "wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  const watch = new ResizeObserver(() => {
    if (canvas.clientWidth === width) return;
    width = canvas.clientWidth;
    if (!moved) open();
  });
  watch.observe(canvas);
  signal.addEventListener("abort", () => watch.disconnect());

  // The box that stands for a node: itself, or the closed scope it lies in.
  const standIn = (id) => {
    if (items.has("n:" + id)) return "n:" + id;
    const parts = byId.get(id).scope.split("/");
    return parts.map((_, i) => "s:" + parts.slice(0, i + 1).join("/")).find((key) => items.get(key)?.classList.contains("mt-closed"));
  };
  return { draw, focus, items, reveal, standIn, byId, boxOf: (key) => drawn.layout.boxes.get(key), lines: () => drawn.layout.lines.map((line, i) => ({ ...line, path: paths[i] })), arrow };
}
