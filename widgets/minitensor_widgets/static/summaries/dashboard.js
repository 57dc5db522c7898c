// The dashboard of a directory of runs: its runs, a filter, and sections of cards by kind and
// group.
import { frame, html, lifetime, linkTo, listen } from "../dom.js";
import { headingOf } from "../reading.js";
import { count } from "../units.js";
import { PANES } from "./registry.js";
import { runList } from "./runs.js";
import { asker, looksOf, sharedOf } from "./shared.js";

const [FIRST, MORE] = [12, 24];

// A regex can take longer than anybody waits: one that repeats what repeats, or repeats often in a
// long tag. What is written is then looked for as it is.
const [SLOWEST, LONGEST_FILTER] = [1e9, 200];
const SLOW = "As a regex this could take too long";
const isNested = (text) => text.length > LONGEST_FILTER || /\([^]*[*+{?|][^]*\)[*+{]/.test(text);

function matcher(text) {
  const low = text.toLowerCase(),
    plainly = (tag) => tag.toLowerCase().includes(low),
    repeats = text.match(/[*+{]/g)?.length ?? 0;
  let found = null;
  function fits(tag) {
    let ways = 1;
    for (let k = 1; k <= repeats + 1; k++) ways *= tag.length / k;
    if (found && ways < SLOWEST) return found.test(tag);
    if (found) fits.fault = SLOW;
    return plainly(tag);
  }
  try {
    found = new RegExp(text, "i");
    if (isNested(text)) [found, fits.fault] = [null, SLOW];
  } catch {
    fits.fault = "This is no regex";
  }
  return fits;
}

// Cards by the part of their tag before the first "/".
function groupsOf(cards) {
  const groups = new Map();
  for (const card of cards) {
    const cut = card.tag.indexOf("/"),
      name = cut > 0 ? card.tag.slice(0, cut) : "";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(card);
  }
  return groups;
}

// A part that can be closed; whether it is open is remembered.
function folding(shared, signal, key, look, open, title, total) {
  const made = html(
    "details",
    { class: look, open: (shared.folds[key] ?? open) ? "" : null },
    html("summary", {}, headingOf(title), " ", total),
  );
  const act = () => shared.set("folds", { ...shared.folds, [key]: made.open });
  made.addEventListener("toggle", act, { signal });
  return made;
}

// Some cards in a pane that is mounted when it is first seen.
class Section {
  constructor(board, kind, name, key) {
    Object.assign(this, { board, kind, cards: [], most: FIRST, pane: null });
    this.own = lifetime(board.own.signal);
    const { signal } = this.own;
    this.total = html("span", { class: "mt-dim" });
    this.el = html("div", { class: "mt-pane" });
    this.more = linkTo("", signal, () => {
      this.most += MORE;
      this.paint();
    });
    this.root = name
      ? folding(board.shared, signal, key, "mt-group", true, name, this.total)
      : html("div", { class: "mt-group" });
    this.root.append(this.el, this.more);
    const watch = new IntersectionObserver(
      (seen) => {
        this.seen = seen.at(-1).isIntersecting;
        this.paint();
        board.told();
      },
      { rootMargin: "200px" },
    );
    watch.observe(this.el);
    signal.addEventListener("abort", () => {
      watch.disconnect();
      this.pane?.dispose();
      this.root.remove();
    });
  }

  get shown() {
    return this.cards.slice(0, this.most);
  }

  update(cards) {
    this.cards = cards;
    this.total.textContent = `(${cards.length})`;
    this.stale = true;
    this.paint();
  }

  paint() {
    const rest = this.cards.length - this.most;
    this.more.hidden = rest <= 0;
    this.more.textContent = `Show ${Math.min(rest, MORE)} more of ${this.cards.length}`;
    if (!this.seen) return;
    const { shared, ask } = this.board,
      { signal } = this.own;
    this.pane ??= PANES[this.kind]({ el: this.el, shared, ask, signal });
    if (this.stale || this.drawn !== this.most) this.pane.update(this.shown);
    Object.assign(this, { stale: false, drawn: this.most });
  }
}

class Dashboard {
  constructor({ model, el, signal: given }) {
    this.own = lifetime(given);
    const { signal } = this.own;
    Object.assign(this, { model, sections: new Map(), kinds: new Map() });
    Object.assign(this, frame(el, model.get("dashboard").title, signal, " "));
    this.note = this.root.querySelector(".mt-title span");
    this.shared = sharedOf(model, signal);
    this.ask = asker(model, signal, this.say);
    this.problems = html("div", { class: "mt-problems" });
    this.runs = html("div", { class: "mt-runs" });
    this.hint = html("p", { class: "mt-problems mt-hint", role: "status" });
    this.all = html("div", { class: "mt-kinds" });
    this.body.replaceWith(this.problems, this.runs, this.hint, this.all);
    this.bar.append(this.filter(signal));
    listen(model, signal, { "change:dashboard": () => this.load(), "msg:custom": (content,
      buffers) => this.take(content, buffers) });
    this.load();
  }

  filter(signal) {
    const input = html("input", { type: "search", placeholder: "part of a tag, or a regex" });
    input.value = this.shared.filter ?? "";
    input.addEventListener("input", () => this.shared.set("filter", input.value), { signal });
    this.shared.on("filter", (text) => {
      input.value = text;
      this.arrange();
    });
    return html("label", { class: "mt-control" }, "Tags", input);
  }

  load() {
    const record = this.model.get("dashboard"),
      names = record.runs.map(({ name }) => name);
    this.record = record;
    this.root.querySelector(".mt-title b").textContent = record.title;
    if (names.join("\n") !== this.shared.runs.map(({ name }) => name).join("\n")) {
      this.shared.set("runs", looksOf(names, this.shared.hidden ?? []));
      this.runs.replaceChildren(runList(this.shared, this.own.signal));
    }
    this.problems.replaceChildren(...record.problems.map((text) => html("p", {}, `⚠ ${text}`)));
    this.arrange();
  }

  // Cards that Python sends anew take the place of those with their names; a pane may take more.
  take({ cards, news }, buffers) {
    if (news) PANES[news.kind].take((this.record.kinds[news.kind] ??= []), news, buffers);
    for (const [kind, news] of Object.entries(cards ?? {})) {
      const known = (this.record.kinds[kind] ??= []);
      for (const card of news) {
        const at = known.findIndex(({ tag, run }) => tag === card.tag && run === card.run);
        known.splice(at < 0 ? known.length : at, 1, card);
      }
    }
    if (cards || news) this.arrange();
  }

  arrange() {
    const wanted = new Set(),
      fits = matcher(this.shared.filter ?? "");
    let all = 0;
    for (const [kind, known] of Object.entries(this.record.kinds)) {
      const cards = known.filter(({ tag }) => fits(tag));
      all += cards.length;
      for (const [name, some] of PANES[kind] ? groupsOf(cards) : []) {
        const key = `${kind}/${name}`;
        wanted.add(key);
        if (!this.sections.has(key)) this.sections.set(key, this.add(kind, name, key));
        this.sections.get(key).update(some);
      }
      const part = this.kinds.get(kind);
      if (!part) continue;
      part.total.textContent = `(${cards.length})`;
      part.root.hidden = !cards.length;
    }
    this.advise(all, fits.fault);
    for (const [key, section] of this.sections)
      if (!wanted.has(key)) {
        section.own.abort();
        this.sections.delete(key);
      }
    this.status(all);
    this.told();
  }

  // What is said where nothing is to be seen, or what was written is not what was looked for.
  advise(cards, fault) {
    const { waits, kinds, progress } = this.record,
      any = Object.values(kinds).some((known) => known.length),
      said = [fault && `${fault}: it is looked for as plain text.`];
    if (any && !cards) said.push("No tag fits.");
    if (!any && progress >= 1) said.push(`Nothing is recorded yet${waits ? `: ${waits}` : ""}.`);
    this.hint.textContent = said.filter(Boolean).join(" ");
    this.hint.hidden = !this.hint.textContent;
    this.bar.hidden = !any;
  }

  status(cards) {
    const { progress, live } = this.record,
      parts = [count(this.record.runs.length, "run"), count(cards, "chart")];
    if (progress < 1) parts.push(`reading: ${Math.floor(100 * progress)} %`);
    if (live) parts.push("live");
    this.note.textContent = parts.join(" · ");
  }

  // The part of a kind is made with its first group; the first kind is open.
  add(kind, name, key) {
    if (!this.kinds.has(kind)) {
      const total = html("span", { class: "mt-dim" }),
        title = this.record.titles[kind],
        { shared, own } = this,
        root = folding(shared, own.signal, kind, "mt-kind", !this.kinds.size, title, total);
      this.kinds.set(kind, { root, total });
      this.bar.append(...(PANES[kind].controls?.(this.shared, this.own.signal) ?? []));
      this.all.append(root);
    }
    const made = new Section(this, kind, name, key);
    this.kinds.get(kind).root.append(made.root);
    return made;
  }

  // Say to Python which cards can be seen: only these are kept up to date.
  told() {
    if (!this.model.send) return;
    const visible = {};
    for (const { kind, seen, shown } of this.sections.values())
      if (seen) (visible[kind] ??= []).push(...shown.map(({ tag }) => tag));
    const text = JSON.stringify(visible);
    if (text !== this.last) this.model.send({ visible });
    this.last = text;
  }
}

function mountDashboard(host) {
  const board = new Dashboard(host);
  return () => {
    board.own.abort();
    board.root.remove();
  };
}
export const render = (host) => mountDashboard(host);
export default { render };
