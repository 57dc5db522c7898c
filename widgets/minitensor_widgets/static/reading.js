// A figure whose plot is read by a pointer and by keys: a slider, with what is read below it.
import { html } from "./dom.js";
import { size } from "./values.js";

// A name without its middle, if it is long: how it begins and ends tells it from others.
export const middleCut = (name, most = 120) =>
  size(name) > most
    ? `${[...name].slice(0, most / 2).join("")}…${[...name].slice(1 - most / 2).join("")}`
    : name;
// Its whole is read by a pointer that stays on it.
export const headingOf = (name) =>
  html("b", { title: middleCut(name) === name ? null : name }, middleCut(name));

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
    figure = html("figure", { class: "mt-figure" }, headingOf(name), root, text);
  return { key, root, text, figure };
}
