// Histograms over steps: ridges one behind the other, or all on one line, the latest on top.
import { html } from "../dom.js";
import { Ridges } from "../training/ridges.js";
import { count } from "../units.js";
import { number } from "../values.js";
import { axisOf } from "./places.js";
import { Plots } from "./plots.js";
import { PANES } from "./registry.js";

const LOST =
  "a NaN or an infinity was among the values: such a histogram has no edges, so that they are " +
  "in no bin";

// How many values a step has, or why that is not known.
export const countWords = ({ sizes, zeros, lost }, at) =>
  lost[at] === null
    ? ` · ${number(sizes[at], 6)} values` +
      (zeros[at] === null ? "" : `, ${number((100 * zeros[at]) / sizes[at], 3)} % zeros`)
    : ` · ${LOST}`;

// Which steps had values that are not finite, for the words of a card.
export function oddWords({ steps, lost }) {
  const odd = steps.filter((_, i) => lost[i] !== null);
  if (!odd.length) return "";
  const many = odd.length > 1 ? ` and ${count(odd.length - 1, "later step")}` : "";
  return `; at step ${odd[0]}${many} ${LOST}. mt.summary.health finds where it came from`;
}

// The colour of a card's run.
export const colourOf = ({ runs }, { run }) => runs.find(({ name }) => name === run)?.colour;

class StepRidges {
  constructor(card, axis, overlay, colour) {
    const { values, text, name, title } = axisOf(card, axis);
    Object.assign(this, { card, overlay, steps: card.steps, across: card.counts[0]?.length ?? 0 });
    this.ridges = new Ridges(
      {
        name: card.tag,
        lines: [
          {
            count: card.count,
            items: card.steps.map((step, i) => ({
              step,
              low: card.low,
              high: card.high,
              counts: card.counts[i],
              ends: card.ends[i],
              size: card.sizes[i],
              nans: 0,
              gap: !card.sizes[i] || card.lost[i] !== null,
            })),
          },
        ],
      },
      {
        most: Infinity,
        place: (_, i) => values[i],
        label: (_, i) => text(values[i]),
        name,
        title,
        colour,
      },
    );
  }

  paint() {
    return this.ridges.paint({ overlay: this.overlay });
  }

  words() {
    const { note, tag, count: many, lost } = this.card,
      known = (lost.at(-1) ?? null) === null,
      told = known ? this.ridges.words() : `${tag}: ${count(many, "histogram")}`;
    return `${told}${oddWords(this.card)}${note && `. ${note}`}`;
  }

  under(x, y) {
    const { at, bin } = this.ridges.under(x, y);
    return { at, across: bin };
  }

  read(at, bin) {
    return this.ridges.read(at, bin) + countWords(this.card, at);
  }

  clear() {
    this.ridges.clear();
  }
}

// The counts of a step can be read as a table too.
function stepTable(plots) {
  const card = (plots.last ?? [...plots.shown.values()][0])?.card;
  if (!card) return [];
  const { steps, ends, sizes, zeros, lost } = card,
    every = Math.max(1, Math.ceil(steps.length / 200)),
    cell = (value) => html("td", {}, value === null ? "not known" : number(value, 6));
  return [
    html("caption", {}, `${card.tag} · ${card.run}`),
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        ["step", "least", "greatest", "values", "zeros", "not in a bin"].map((name) =>
          html("th", { scope: "col" }, name),
        ),
      ),
    ),
    html(
      "tbody",
      {},
      steps.map((step, i) =>
        i % every && i < steps.length - 1
          ? null
          : html(
              "tr",
              {},
              html("th", { scope: "row" }, String(step)),
              (ends[i] ?? [null, null]).map((v) => html("td", {}, v === null ? "none" : number(v))),
              cell(sizes[i]),
              cell(zeros[i]),
              html("td", {}, lost[i] === null ? "0" : lost[i] ? number(lost[i], 6) : "all"),
            ),
      ),
    ),
  ];
}

// "Numbers", closed at first: what can be seen, in rows, of the plot that was read last.
export function numbersOf(plots, signal, rows) {
  const cells = html("div", {
      class: "mt-cells",
      tabindex: 0,
      role: "region",
      "aria-label": "Numbers",
    }),
    made = html("details", { class: "mt-list" }, html("summary", {}, "Numbers"), cells),
    fill = () => made.open && cells.replaceChildren(html("table", {}, rows(plots)));
  made.addEventListener("toggle", fill, { signal });
  plots.grid.addEventListener("focusin", fill, { signal });
  return made;
}

export function histogramsPane({ el, shared, ask, signal }) {
  const box = html("input", { type: "checkbox" }),
    bar = html("div", { class: "mt-choice" }, html("label", {}, box, "All on one line (overlay)"));
  el.append(bar);
  box.checked = Boolean(shared.overlay);
  const plots = new Plots(
    { el, shared, ask, signal },
    "histograms",
    "Histograms over steps",
    (card) => new StepRidges(card, shared.axis, box.checked, colourOf(shared, card)),
  );
  const end = shared.on("overlay", (on) => {
    box.checked = on;
    plots.redraw();
  });
  box.addEventListener("change", () => shared.set("overlay", box.checked), {
    signal: plots.own.signal,
  });
  const listed = numbersOf(plots, plots.own.signal, stepTable);
  el.append(listed);
  return {
    update: (cards) => plots.update(cards),
    dispose() {
      end?.();
      plots.own.abort();
      bar.remove();
      listed.remove();
    },
  };
}
PANES.histograms = histogramsPane;
