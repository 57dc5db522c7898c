// A slider through the passes of the optimiser: the graph after each, what it saved, the program.
import { Controls } from "../controls.js";
import { frame, html, lifetime, linkTo, listen, remount, svg } from "../dom.js";
import { describeNode, inspector } from "../graphs/inspector.js";
import { Pane } from "../graphs/pane.js";
import { sizeText } from "../units.js";

// A long graph is shown in parts, which are none of its own scopes.
const nameOf = ({ scope, label }) => `${scope}/${label}`.replace(/^(part [0-9]+)?\/?/, "");
const saved = (n, words) => (n ? `${words(Math.abs(n))} ${n > 0 ? "saved" : "more"}` : "none saved");

// Whether a pass kept the results: found out in Python by running both graphs.
const VERDICTS = { equal: "equal", rounding: "rounding", different: "DIFFERS" };

// A row for each pass: its name, and a bar for the nodes before (dashed) and after (filled).
function ranking(items, signal, go) {
  const most = Math.max(1, ...items.map((item) => item.nodes_before));
  const rows = items.map((item, i) => {
    const bar = html("span", { class: "mt-ratio", "aria-hidden": "true" }, [
      html("i", { style: `width:${(100 * item.nodes_before) / most}%` }),
      html("i", { style: `width:${(100 * item.nodes_after) / most}%` }),
    ]);
    const { nodes_before: before, nodes_after: after, equality } = item;
    const made = html(
      "button",
      { type: "button", class: "mt-pass", tabindex: -1 },
      html("span", {}, item.name),
      bar,
      html("span", { title: "nodes" }, i ? `${before} → ${after}` : String(after)),
      html("span", { title: "results" }, equality && (VERDICTS[equality.verdict] ?? "unchecked")),
    );
    made.addEventListener("click", () => go(i), { signal });
    return made;
  });
  return html("div", { class: "mt-passes", role: "group", "aria-label": "Passes" }, rows);
}

function names(title, all) {
  return all.length
    ? [
        html("div", { class: "mt-sub" }, `${title} (${all.length})`),
        html("p", { class: "mt-names" }, html("code", {}, all.slice(0, 40).join(", "))),
      ]
    : [];
}

function passCard(item, number) {
  const facts = [
    ["nodes", `${item.nodes_before} → ${item.nodes_after}`],
    ["bytes", saved(item.bytes_saved, sizeText)],
    ["operations", saved(item.operations_saved, (n) => String(n))],
  ];
  return [
    html("div", { class: "mt-head" }, number ? `Pass ${number}: ${item.name}` : item.name),
    number ? "" : html("p", {}, "The graph as the trace wrote it, before any pass."),
    html(
      "dl",
      {},
      (number ? facts : facts.slice(0, 0)).map(([name, text]) => [
        html("dt", {}, name),
        html("dd", {}, text),
      ]),
    ),
    item.equality
      ? html("p", {}, html("b", {}, "Same results? "), item.equality.text)
      : "",
    names("gone", item.removed),
    names("new", item.added),
  ]
    .flat(2)
    .filter(Boolean);
}

// What the pass does in general: its picture is two graphs side by side, too wide for the panel.
const lesson = (item) =>
  item.picture
    .split("\n\n")
    .filter(Boolean)
    .map((part) => html(/^ {4}|[│┐┘]/m.test(part) ? "pre" : "p", {}, part));

// Words on boxes: what this pass made, and what the next one will take away.
function sign(pane, made, going) {
  for (const [key, group] of pane.items) {
    const node = key.startsWith("n:") && pane.byId.get(key.slice(2));
    if (!node || node.kind !== "op") continue;
    const word = made.has(nameOf(node)) ? "new" : going.has(nameOf(node)) ? "goes next" : "";
    group.classList.toggle("mt-fresh", word === "new");
    group.classList.toggle("mt-going", word === "goes next");
    if (!word) continue;
    const [x, y] = pane.boxOf(key);
    group.append(svg("text", { class: "mt-sign", x, y: y - 3 }, word));
    group.setAttribute("aria-label", `${group.getAttribute("aria-label")}, ${word}`);
  }
}

// The generated program; `mark` shows the lines that a node became, and gives their numbers.
class Program {
  constructor({ source, lines }) {
    this.lines = source.split("\n").map((text) => html("span", {}, `${text}\n`));
    this.pre = html(
      "pre",
      { class: "mt-program", tabindex: 0, role: "region", "aria-label": "The program" },
      this.lines,
    );
    this.of = lines;
    this.element = html(
      "div",
      { class: "mt-beside" },
      html("div", { class: "mt-sub" }, "The program that was made of the last graph"),
      this.pre,
    );
  }

  mark(name) {
    const found = this.of.filter((line) => name && line.includes(name)).map(([number]) => number);
    this.lines.forEach((line, i) => line.classList.toggle("mt-made", found.includes(i + 1)));
    const first = this.lines[found[0] - 1];
    if (first) this.pre.scrollTop = first.offsetTop - 40;
    return found;
  }
}

// Line numbers in words: "lines 3 to 5, 9".
function runs(numbers) {
  const found = [];
  for (const n of numbers) {
    const last = found[found.length - 1];
    if (last?.[1] === n - 1) last[1] = n;
    else found.push([n, n]);
  }
  const words = found.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  return `line${numbers.length > 1 ? "s" : ""} ${words.join(", ")}`;
}

class Slides {
  constructor(model, { bar, body, panel, root, say }, signal) {
    const record = model.get("passes"),
      items = record.passes;
    Object.assign(this, { model, panel, say, signal, items });
    this.controls = new Controls(bar, signal, model, Math.max(0, items.length - 1), "Pass");
    this.list = ranking(items, signal, (i) => this.controls.go(i));
    root.insertBefore(html("div", { class: "mt-body" }, this.list, panel), body);
    this.tools = html("span", { class: "mt-contents" });
    this.stage = html("div", { class: "mt-contents" });
    bar.append(this.tools);
    body.append(this.stage);
    this.program = record.source ? new Program(record) : null;
    if (this.program) body.append(this.program.element);
    this.about = html("div", { class: "mt-about" });
    root.append(this.about);
    for (const target of [bar, this.list])
      target.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.redraw();
  }

  pressed(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && this.list.contains(event.target)) {
      this.controls.go(this.controls.at + by);
      event.preventDefault();
    } else this.controls.pressed(event);
    if (this.list.contains(document.activeElement)) this.list.children[this.controls.at]?.focus();
  }

  // A pass has a graph of its own, so it gets a picture of its own.
  redraw() {
    const { at } = this.controls,
      item = this.items[at];
    this.life?.abort();
    this.life = lifetime(this.signal);
    this.stage.replaceChildren();
    this.tools.replaceChildren();
    this.controls.paint(item && { title: item.name });
    [...this.list.children].forEach((row, i) => {
      row.setAttribute("aria-pressed", String(i === at));
      row.tabIndex = i === at ? 0 : -1;
    });
    if (!item) return;
    this.about.replaceChildren(...lesson(item));
    this.about.hidden = !item.picture;
    this.pane = new Pane({
      record: item.graph,
      model: this.model,
      bar: this.tools,
      body: this.stage,
      say: this.say,
      signal: this.life.signal,
      stepping: false,
      select: (id) => this.model.set("selected", id),
      painted: () => this.paint(),
    });
    this.pane.draw();
  }

  paint() {
    const { items, pane } = this,
      { at } = this.controls;
    if (!pane) return;
    const node = pane.byId.get(this.model.get("selected"));
    const link = (id) =>
      linkTo(pane.byId.get(id).label, this.life.signal, () => pane.show(id));
    const named = (list) => new Set(list.map((text) => text.split(": ")[0]));
    sign(pane, named(items[at].added), named(items[at + 1]?.removed ?? []));
    for (const [key, group] of pane.items)
      group.classList.toggle("mt-selected", node !== undefined && key === pane.standIn(node.id));
    const lines = this.program?.mark(node && nameOf(node)) ?? [];
    const where =
      node?.kind === "op" && this.program
        ? html("p", {}, lines.length ? `In the program: ${runs(lines)}.` : "Not in the program.")
        : "";
    this.panel.replaceChildren(
      ...passCard(items[at], at),
      ...(node ? [html("hr"), where, inspector(items[at].graph, node, link)] : []),
    );
    return node;
  }

  stepped() {
    this.model.set("selected", "");
    this.redraw();
    const item = this.items[this.controls.at];
    this.say([`${item.name}: ${item.summary}`, item.equality?.text].filter(Boolean).join(". "));
  }

  selected() {
    const node = this.paint();
    if (node) this.say(describeNode(node));
  }
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { title, passes, note: more } = model.get("passes"),
    ends = [passes[0], passes[passes.length - 1]].map((item) => item?.nodes_after ?? 0);
  const note = `${passes.length - 1} passes: ${ends[0]} → ${ends[1]} nodes`;
  const parts = frame(host, title, own.signal, [note, more].filter(Boolean).join(" · "));
  const slides = new Slides(model, parts, own.signal);
  listen(model, own.signal, {
    "change:step": () => slides.stepped(),
    "change:selected": () => slides.selected(),
    "change:collapsed": () => slides.pane?.draw(),
  });
  return () => own.abort();
}
export const render = (host) => remount(host, "passes", mount);
export default { render };
