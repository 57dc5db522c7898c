// The list of runs: a native checkbox for each, with its letter, colour and dashes.
import { html, linkTo, svg } from "../dom.js";

export const swatch = ({ colour, dash }) =>
  svg(
    "svg",
    { width: 26, height: 8, viewBox: "0 0 26 8", "aria-hidden": "true" },
    svg("path", { d: "M0,4H26", style: `stroke:${colour}`, "stroke-width": 2.4,
      "stroke-dasharray": dash }),
  );

export function runList(shared, signal) {
  const boxes = shared.runs.map((run) => {
    const input = html("input", { type: "checkbox" });
    input.checked = !run.hidden;
    input.addEventListener("change", () => hide(run, !input.checked), { signal });
    return { run, input };
  });
  // A new list, so that all who look at `runs` hear of it.
  function hide(run, hidden) {
    const runs = shared.runs.map((one) =>
      !run || one.name === run.name ? { ...one, hidden } : one,
    );
    for (const { run: { name }, input } of boxes)
      input.checked = !runs.find((one) => one.name === name).hidden;
    shared.set("runs", runs);
    shared.set("hidden", runs.filter((one) => one.hidden).map(({ name }) => name));
  }
  const all = boxes.length > 2 && [
    linkTo("All runs", signal, () => hide(null, false)),
    linkTo("No runs", signal, () => hide(null, true)),
  ];
  return html(
    "fieldset",
    { class: "mt-run-list" },
    html("legend", {}, boxes.length > 2 ? `${boxes.length} runs` : "Runs"),
    all || [],
    boxes.map(({ run, input }) =>
      html("label", { class: "mt-run" }, input, html("b", {}, run.letter), swatch(run),
        html("span", {}, run.name === "." ? ". (the directory itself)" : run.name)),
    ),
  );
}
