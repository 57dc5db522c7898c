// The cache of a traced function: a card per trace, counters, and why each trace is a new one.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount, svg } from "../dom.js";
import { count, sizeText, timeText } from "../units.js";

const sum = (traces, name) => traces.reduce((total, trace) => total + trace[name], 0);
const signature = (trace) =>
  trace.signature.map(({ name, text }) => `${name}: ${text}`).join(", ") || "no arguments";

function card(trace) {
  const changed = new Set(trace.differs.map(({ argument }) => argument));
  const lines = trace.signature.map(({ name, text }) =>
    html(
      "code",
      { class: changed.has(name) && "mt-changed" },
      `${changed.has(name) ? "≠ " : ""}${name}: ${text}`,
    ),
  );
  return html(
    "button",
    { type: "button", class: "mt-card", tabindex: -1, "data-number": trace.number },
    html(
      "span",
      {},
      html("b", {}, `trace ${trace.number}`),
      " ",
      html("small", {}, count(trace.hits, "hit")),
    ),
    lines.length ? lines : html("code", {}, "no arguments"),
    html("small", {}, `${count(trace.nodes, "node")} · ${sizeText(trace.bytes)}`),
  );
}

// Memory over the traces; what is dealt already is filled.
function staircase(traces, shown) {
  const total = sum(traces, "bytes") || 1,
    [wide, tall] = [150, 30];
  let height = 0,
    path = `M0,${tall}`,
    dealt = path;
  traces.forEach((trace, i) => {
    height += trace.bytes;
    path += `V${tall - (tall * height) / total}H${(wide * (i + 1)) / traces.length}`;
    if (i < shown) dealt = path;
  });
  return svg(
    "svg",
    { class: "mt-stairs", viewBox: `-1 -2 ${wide + 2} ${tall + 4}`, "aria-hidden": "true" },
    svg("path", { class: "mt-ahead", d: path }),
    svg("path", { d: `${dealt}V${tall}z` }),
  );
}

function counters(traces, shown) {
  const dealt = traces.slice(0, shown),
    hits = String(sum(dealt, "hits"));
  const fact = (name, value) => html("div", {}, html("small", {}, name), html("b", {}, value));
  return [
    fact("calls", String(sum(dealt, "calls"))),
    fact("hits", hits),
    fact("misses", String(dealt.filter((trace) => trace.calls).length)),
    fact("memory", sizeText(sum(dealt, "bytes"))),
    traces.length > 1 ? staircase(traces, shown) : "",
  ];
}

function details(trace) {
  if (!trace) return [html("p", { class: "mt-dim" }, "Nothing is traced yet.")];
  const before = new Map(trace.differs.map((item) => [item.argument, item.before]));
  const cell = (text) => html("td", {}, html("code", {}, text));
  const named = new Set(trace.signature.map(({ name }) => name));
  const others = trace.differs.filter(({ argument }) => !named.has(argument));
  const all = [...trace.signature, ...others.map((o) => ({ name: o.argument, text: o.now }))];
  const rows = all.map(({ name, text }) =>
    html(
      "tr",
      { class: before.has(name) && "mt-changed" },
      html("th", { scope: "row" }, before.has(name) ? `≠ ${name}` : name),
      trace.differs.length ? cell(before.get(name) ?? "the same") : null,
      cell(text),
    ),
  );
  const heads = ["argument", trace.differs.length ? "nearest earlier" : null, "this trace"];
  const columns = heads.filter(Boolean).map((text) => html("th", { scope: "col" }, text));
  const why = trace.differs.length ? "Why it is a new trace" : "What it was traced for";
  const facts = [
    ["calls", `${trace.calls}${trace.hits ? `, ${count(trace.hits, "hit")} among them` : ""}`],
    ["nodes", String(trace.nodes)],
    ["memory", sizeText(trace.bytes)],
    ["tracing took", timeText(trace.seconds)],
  ];
  return [
    html("div", { class: "mt-head" }, `Trace ${trace.number}`),
    html("div", { class: "mt-sub" }, why),
    rows.length
      ? html("table", { class: "mt-why" }, html("thead", {}, html("tr", {}, columns)), rows)
      : html("p", {}, "It takes no arguments."),
    trace.fix ? html("p", {}, html("b", {}, "Fix: "), trace.fix) : "",
    html(
      "dl",
      {},
      facts.map(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]),
    ),
  ];
}

// Where an arrow key leads among the cards.
function nextCard(cards, at, key) {
  const { offsetLeft: x, offsetTop: y } = cards[at];
  const inColumn = (card) => Math.abs(card.offsetLeft - x) < 2;
  const find = {
    ArrowRight: () => cards[at + 1],
    ArrowLeft: () => cards[at - 1],
    ArrowDown: () => cards.find((card) => inColumn(card) && card.offsetTop > y),
    ArrowUp: () => cards.findLast((card) => inColumn(card) && card.offsetTop < y),
    Home: () => cards[0],
    End: () => cards[cards.length - 1],
  }[key];
  return find?.();
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    { title, traces } = model.get("traces"),
    head = `${title}: ${count(traces.length, "trace")} in its cache`;
  const { bar, body, panel, root, say } = frame(host, head, signal, "");
  const counts = html("div", { class: "mt-counts" });
  const pause = Math.min(1100, Math.max(60, 8000 / (traces.length || 1)));
  const controls = new Controls(bar, signal, model, traces.length, "Traces shown", pause);
  bar.hidden = traces.length < 2;
  const cards = traces.map(card);
  const list = html("div", { class: "mt-cards", role: "group", "aria-label": "Traces" }, cards);
  root.insertBefore(counts, body);
  body.append(list, panel);
  const chosen = () =>
    traces.find((trace) => String(trace.number) === model.get("selected")) ??
    traces[Math.max(controls.at, 1) - 1];
  let current = 0;
  function focusable(at) {
    if (!cards.length) return;
    cards[current].tabIndex = -1;
    current = at;
    cards[at].tabIndex = 0;
  }
  function paint() {
    const { at } = controls,
      now = chosen();
    counts.replaceChildren(...counters(traces, at).filter(Boolean));
    cards.forEach((made, i) => {
      made.hidden = i >= at;
      made.setAttribute("aria-pressed", String(traces[i] === now && i < at));
    });
    if (cards[current]?.hidden) focusable(0);
    controls.paint(at ? { title: signature(traces[at - 1]) } : undefined);
    panel.replaceChildren(...details(at ? now : undefined).filter(Boolean));
  }
  const dealt = () => {
    model.set("selected", "");
    paint();
    const { at } = controls;
    if (at) cards[at - 1].scrollIntoView({ block: "nearest" });
    if (!controls.timer || at === controls.end)
      say(at ? `trace ${at}: ${signature(traces[at - 1])}; ${counts.innerText}` : "no trace yet");
  };
  bar.addEventListener("keydown", (event) => controls.pressed(event), { signal });
  list.addEventListener(
    "click",
    ({ target }) => {
      const made = target.closest("[data-number]");
      if (!made) return;
      focusable(cards.indexOf(made));
      model.set("selected", made.dataset.number);
      model.save_changes();
    },
    { signal },
  );
  list.addEventListener(
    "keydown",
    (event) => {
      const shown = cards.slice(0, controls.at),
        to = nextCard(shown, current, event.key);
      if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
      focusable(cards.indexOf(to));
      to.focus();
      event.preventDefault();
    },
    { signal },
  );
  focusable(0);
  listen(model, own.signal, { "change:step": dealt, "change:selected": paint });
  paint();
  return () => own.abort();
}
export const render = (host) => remount(host, "traces", mount);
export default { render };
