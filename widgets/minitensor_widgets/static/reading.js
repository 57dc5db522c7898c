// A figure whose plot is read by a pointer and by keys: a slider, with what is read below it.
import { html } from "./dom.js";

export function readable(name, key) {
  const root = html(
      "div",
      {
        class: "mt-reading",
        role: "slider",
        tabindex: -1,
        "aria-valuemin": 0,
        "aria-valuenow": 0,
        "data-plot": key,
      },
      html("span"),
    ),
    text = html("figcaption"),
    figure = html("figure", { class: "mt-figure" }, html("b", {}, name), root, text);
  return { key, root, text, figure };
}
