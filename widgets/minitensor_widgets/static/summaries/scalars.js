// Scalars: a plot for each tag, with a curve for each run.
import { html } from "../dom.js";
import { chart } from "../plot.js";
import { PANES } from "./registry.js";

export function scalarsPane({ el, shared }) {
  let cards = [];
  const paint = () => {
    const seen = new Set(shared.runs.filter(({ hidden }) => !hidden).map(({ name }) => name));
    el.replaceChildren(
      ...cards.map(({ tag, description, lines, note }) => {
        const shown = lines
          .filter(({ run }) => seen.has(run))
          .map(({ run, x, y }) => ({ name: run, x, y: y.map((v) => v === null ? NaN : +v) }));
        return html("figure", {}, html("b", {}, tag), chart(shown, { log: [false, shared.log], alt: tag }), html("figcaption", {}, description, " ", note));
      }),
    );
  };
  const ends = ["runs", "log"].map((name) => shared.on(name, paint));
  return {
    update(news) {
      cards = news;
      paint();
    },
    dispose: () => ends.forEach((end) => end()),
  };
}
PANES.scalars = scalarsPane;
