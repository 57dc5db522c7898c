// Hyper-parameters: a table of runs, sorted and filtered, and a line for each run across axes.
import { html, linkTo } from "../dom.js";
import { csv } from "../rows.js";
import { saveText } from "../saving.js";
import { count, timeText } from "../units.js";
import { cellWords, parallelPlot } from "./parallel.js";
import { swatch } from "./runs.js";
import { PANES } from "./registry.js";

// Not plain Infinity: the minifier would make it a short form of 1/0, which is no name.
const FAR_AWAY = Number.POSITIVE_INFINITY,
  GIVEN_NUMBERS = { NaN: NaN, Infinity: FAR_AWAY, "-Infinity": -FAR_AWAY };
// What a cell is sorted by: numbers before NaN, then texts, what is missing last, either way.
const rankOf = (value) => {
  if (value in GIVEN_NUMBERS)
    return [Number.isNaN(GIVEN_NUMBERS[value]) ? 1 : 0, GIVEN_NUMBERS[value]];
  if (value === null || value === undefined) return [3, 0];
  return typeof value === "string" ? [2, value] : [0, +value];
};
function byRank(a, b, sign) {
  const [kind, x] = rankOf(a),
    [other, y] = rankOf(b);
  return kind - other || (x < y ? -sign : x > y ? sign : 0);
}

function bestRow({ rows, columns }, at) {
  const { better } = columns[at],
    known = rows.filter(({ values }) => typeof values[at] === "number");
  if (!better || known.length < 2) return null;
  const sign = better === "low" ? 1 : -1;
  return known.reduce((a, b) => (sign * (b.values[at] - a.values[at]) < 0 ? b : a));
}

class RunTable {
  constructor({ shared, signal, card }) {
    Object.assign(this, { shared, signal, card, by: null, down: false, chosen: null });
    // The best come first.
    const at = card.columns.findIndex((_, i) => bestRow(card, i));
    if (at >= 0) Object.assign(this, { by: at + 1, down: card.columns[at].better === "high" });
    this.total = html("span", { class: "mt-dim" });
    this.heads = ["run", ...card.columns.map(({ name }) => name), "status", "time"];
    this.input = html("input", { type: "search", placeholder: "part of any cell" });
    this.status = html("p", { class: "mt-dim", role: "status" });
    this.place = html("div", {
      class: "mt-hp-table",
      tabindex: 0,
      role: "region",
      "aria-label": "Table of runs",
    });
    this.plot = html("div");
    this.note = html("p", { class: "mt-dim" });
    this.root = html(
      "div",
      { class: "mt-hp" },
      html(
        "div",
        { class: "mt-bar", role: "group", "aria-label": "Table" },
        html("label", { class: "mt-control" }, "Filter", this.input),
        linkTo("CSV", signal, () => this.save()),
        this.total,
      ),
      this.place,
      this.note,
      this.plot,
      this.status,
    );
    this.input.addEventListener("input", () => this.paint(), { signal });
    shared.on("runs", () => this.paint());
    this.head = this.makeHead();
    this.body = html("tbody");
    this.place.append(html("table", {}, this.head, this.body));
    this.body.addEventListener(
      "click",
      ({ target }) => this.choose(target.closest("tr")?.dataset.run),
      { signal },
    );
    this.renew(card);
  }

  // Other rows under the same columns: what the reader set stays, and so does the focus.
  renew(card) {
    this.card = card;
    this.best = card.columns.map((_, at) => bestRow(card, at));
    this.note.textContent = card.note;
    this.paint();
  }

  makeHead() {
    this.cells = this.heads.map((name, at) => {
      const sort = html(
          "button",
          { type: "button" },
          name,
          html("span", { "aria-hidden": "true" }),
        ),
        better = this.card.columns[at - 1]?.better;
      sort.addEventListener("click", () => this.sort(at), { signal: this.signal });
      return html(
        "th",
        { scope: "col" },
        sort,
        better ? html("small", {}, better === "low" ? "low is best" : "high is best") : "",
      );
    });
    return html("thead", {}, html("tr", {}, this.cells));
  }

  cellsOf({ run, values, status, seconds }) {
    return [run, ...values, status, seconds];
  }

  sort(at) {
    this.down = this.by === at && !this.down;
    this.by = at;
    this.paint();
    this.status.textContent = `Sorted by ${this.heads[at]}, ${this.down ? "falling" : "rising"}.`;
  }

  look(run) {
    return this.shared.runs.find(({ name }) => name === run);
  }

  // The rows that are shown, in their order.
  rows() {
    const wanted = this.input.value.trim().toLowerCase(),
      fits = (row) =>
        !wanted ||
        this.cellsOf(row).some((cell) =>
          cellWords(cell ?? null)
            .toLowerCase()
            .includes(wanted),
        ),
      shown = this.card.rows.filter((row) => fits(row) && !this.look(row.run)?.hidden),
      { by, down } = this;
    if (by === null) return shown;
    const sign = down ? -1 : 1;
    return shown.sort((a, b) => byRank(this.cellsOf(a)[by], this.cellsOf(b)[by], sign));
  }

  paint() {
    const rows = this.rows();
    this.cells.forEach((cell, at) => {
      const on = this.by === at;
      cell.setAttribute("aria-sort", on ? (this.down ? "descending" : "ascending") : "none");
      cell.querySelector("span").textContent = on ? (this.down ? " ▼" : " ▲") : "";
    });
    this.body.replaceChildren(...rows.map((row) => this.line(row)));
    const focused = this.plot.contains(document.activeElement);
    this.plot.replaceChildren(
      parallelPlot({
        card: this.card,
        rows,
        look: (run) => this.look(run),
        chosen: this.chosen,
        choose: (run) => this.choose(run),
        signal: this.signal,
      }),
    );
    if (focused) this.plot.querySelector(".mt-hp-lines")?.focus();
    const all = count(this.card.rows.length, "run"),
      some = rows.length < this.card.rows.length;
    this.total.textContent = some ? `${rows.length} of ${all}` : all;
    if (some) this.status.textContent = `${this.total.textContent} shown.`;
  }

  line(row) {
    const look = this.look(row.run),
      cells = row.values.map((value, at) =>
        html(
          "td",
          {},
          this.best[at] === row
            ? html("b", {}, "★ ", cellWords(value), html("small", {}, " best"))
            : cellWords(value),
        ),
      );
    return html(
      "tr",
      { "data-run": row.run, class: row.run === this.chosen ? "mt-chosen" : null },
      html("th", { scope: "row" }, look ? [look.letter, " ", swatch(look), " "] : "", row.run),
      cells,
      html("td", {}, row.status),
      html("td", {}, row.seconds === null ? "–" : timeText(row.seconds)),
    );
  }

  choose(run) {
    if (run === undefined) return;
    this.chosen = run;
    const row = this.card.rows.find((one) => one.run === run);
    for (const line of this.body.children)
      line.classList.toggle("mt-chosen", line.dataset.run === run);
    for (const line of this.plot.querySelectorAll("[data-run]"))
      line.classList.toggle("mt-chosen", line.dataset.run === run);
    if (row)
      this.status.textContent = `${run}: ${this.card.columns
        .map(({ name }, at) => `${name} ${cellWords(row.values[at])}`)
        .join(", ")}; ${row.status}.`;
  }

  save() {
    const rows = this.rows().map((row) => this.cellsOf(row).map((cell) => cell ?? ""));
    saveText("hyper-parameters.csv", csv([[...this.heads.slice(0, -1), "seconds"], ...rows]));
  }
}

export function hparamsPane({ el, shared, signal }) {
  let own = null,
    made = null;
  const drop = () => {
    own?.abort();
    el.replaceChildren();
  };
  signal.addEventListener("abort", drop);
  const namesOf = (card) => JSON.stringify(card.columns);
  return {
    update([card]) {
      if (made && namesOf(made.card) === namesOf(card)) return made.renew(card);
      drop();
      own = new AbortController();
      made = new RunTable({ shared, signal: own.signal, card });
      el.append(made.root);
    },
    dispose: drop,
  };
}
PANES.hparams = hparamsPane;
