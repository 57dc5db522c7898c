// Distributions over steps: nine percentiles of each histogram as bands, and what they are called.
import { html } from "../dom.js";
import { number } from "../values.js";
import { BAND_NAMES, Bands, bandLegend, bandWords } from "./bands.js";
import { countWords, lostWords, numbersOf, oddWords } from "./histograms.js";
import { axisOf } from "./places.js";
import { Plots } from "./plots.js";
import { PANES } from "./registry.js";

class StepBands {
  constructor(card, axis) {
    const places = axisOf(card, axis);
    Object.assign(this, { card, places, steps: card.steps, across: 0 });
    this.bands = new Bands(card.bands, places);
  }

  paint() {
    return this.bands.paint(this.words());
  }

  words() {
    const { tag, steps, bands, count, note } = this.card;
    return (
      `${tag}: ${count} ${count === 1 ? "distribution" : "distributions"}; ` +
      (steps.length ? `at step ${steps.at(-1)}, ${bandWords(bands.at(-1))}` : "none yet") +
      `${oddWords(this.card)}${note && `. ${note}`}`
    );
  }

  under(x) {
    return this.bands.under(x);
  }

  read(at) {
    const { values, text, name } = this.places,
      told = this.bands.read(at);
    return (
      `${name} ${text(values[at])}: ${told}${countWords(this.card, at)}` +
      lostWords(this.card.lost[at])
    );
  }

  clear() {
    this.bands.clear();
  }
}

function bandTable(plots) {
  const card = (plots.last ?? [...plots.shown.values()][0])?.card;
  if (!card) return [];
  const every = Math.max(1, Math.ceil(card.steps.length / 200)),
    head = (text, scope) => html("th", { scope }, text);
  return [
    html("caption", {}, `${card.tag} · ${card.run}`),
    html("thead", {}, html("tr", {}, ["step", ...BAND_NAMES].map((name) => head(name, "col")))),
    html(
      "tbody",
      {},
      card.steps.map((step, i) =>
        i % every && i < card.steps.length - 1
          ? null
          : html(
              "tr",
              {},
              head(String(step), "row"),
              BAND_NAMES.map((_, k) =>
                html("td", {}, card.bands[i] ? number(card.bands[i][k]) : "none"),
              ),
            ),
      ),
    ),
  ];
}

export function distributionsPane({ el, shared, ask, signal }) {
  const legend = html(
    "ul",
    { class: "mt-key", "aria-label": "What the bands are" },
    bandLegend().map((item) => html("li", {}, item)),
  );
  el.append(legend);
  const plots = new Plots(
      { el, shared, ask, signal },
      "distributions",
      "Distributions over steps",
      (card) => new StepBands(card, shared.axis),
    ),
    listed = numbersOf(plots, plots.own.signal, bandTable);
  el.append(listed);
  return {
    update: (cards) => plots.update(cards),
    dispose() {
      plots.own.abort();
      legend.remove();
      listed.remove();
    },
  };
}
PANES.distributions = distributionsPane;
