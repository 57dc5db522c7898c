// Distributions over steps: nine percentiles of each histogram as bands, and what they are called.
import { html } from "../dom.js";
import { count } from "../units.js";
import { number } from "../values.js";
import { BAND_NAMES, Bands, bandLegend, bandWords } from "./bands.js";
import { colourOf, countWords, numbersOf, oddWords } from "./histograms.js";
import { axisOf } from "./places.js";
import { Plots } from "./plots.js";
import { PANES } from "./registry.js";

// How far the values of a step can be trusted: they are read within buckets.
function aboutWords({ bands, within, lost }, at) {
  if (!bands[at]) return lost[at] === null ? ", no values" : "";
  const wide = within[at] ? `; read within a bucket ${number(within[at], 3)} wide` : "";
  return `, about: ${bandWords(bands[at])}${wide}`;
}

class StepBands {
  constructor(card, axis, colour) {
    const places = axisOf(card, axis);
    Object.assign(this, { card, places, steps: card.steps, across: 0 });
    this.bands = new Bands(card.bands, places, colour);
  }

  paint() {
    return this.bands.paint(this.words());
  }

  words() {
    const { card } = this,
      { tag, steps, lost, note } = card,
      last = steps.length - 1;
    let told = last < 0 ? "; none yet" : "";
    if (lost[last] === null) told = `; at step ${steps[last]}${aboutWords(card, last)}`;
    return (
      `${tag}: ${count(card.count, "distribution")}${told}${oddWords(card)}` +
      (note && `. ${note}`)
    );
  }

  under(x) {
    return this.bands.under(x);
  }

  read(at) {
    const { values, text, name } = this.places,
      { card } = this;
    this.bands.read(at);
    return `${name} ${text(values[at])}${aboutWords(card, at)}${countWords(card, at)}`;
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
    html("caption", {}, `${card.tag} · ${card.run} · about: read within buckets`),
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
    {
      class: "mt-key",
      "aria-label": "What the bands are",
      // of all runs, each of which has a colour
      style: shared.runs.length > 1 ? "--mt-band:var(--mt-dim)" : "",
    },
    bandLegend().map((item) => html("li", {}, item)),
  );
  el.append(legend);
  const plots = new Plots(
      { el, shared, ask, signal },
      "distributions",
      "Distributions over steps",
      (card) => new StepBands(card, shared.axis, colourOf(shared, card)),
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
