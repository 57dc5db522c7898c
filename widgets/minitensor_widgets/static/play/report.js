// What is said beside the picture: the moment in a line, curves, weights, and what went wrong.
import { html } from "../dom.js";
import { chart } from "../plot.js";
import { number } from "../values.js";

const share = (part) => `${Math.round(part * 100)} %`;

export function momentText({ step, losses, accuracy }) {
  const parts = ["training", "test"].map((name, i) => {
    const known = [];
    if (losses[i] !== null) known.push(`loss ${number(losses[i], 3)}`);
    if (accuracy[i] !== null) known.push(`${share(accuracy[i])} right`);
    return known.length ? `${name}: ${known.join(", ")}` : "";
  });
  return [`step ${step}`, ...parts.filter(Boolean)].join(" · ");
}

// A chart as wide as its place, so that its words stay large enough to read.
export const fitting = (place, most) =>
  Math.max(280, Math.min(most, place.clientWidth || most));

// Curves up to now; `at` is the step looked at, where it is not the last.
export function curves(rows, measure, width, at) {
  const steps = rows.map((row) => row[0]);
  const lines = ["training", "test"]
    .map((name, i) => ({ name: `${name} ${measure}`, x: steps, y: rows.map((row) => row[i + 1]) }))
    .filter((line) => line.y.some((v) => v !== null));
  if (!lines.length || rows.length < 2)
    return html("p", { class: "mt-dim" }, "The curves begin with the first steps.");
  const made = chart(lines, {
    width,
    height: 190,
    labels: ["step", lines.length > 1 ? "" : measure],
    alt: lines
      .map(({ name, y }) => {
        const known = y.filter((v) => v !== null);
        return `${name} from ${number(known[0], 3)} to ${number(known.at(-1), 3)}`;
      })
      .join("; "),
  });
  if (at !== undefined && at < steps.at(-1)) {
    const [x, y] = made.axes,
      mark = made.querySelector(".mt-axis").cloneNode();
    mark.setAttribute("class", "mt-axis mt-now");
    mark.setAttribute("d", `M${x.at(at)},${y.last}V${y.first}`);
    made.append(mark);
  }
  return made;
}

export function problemBox(problem) {
  if (!problem) return "";
  const { file, line, source, text } = problem;
  return html(
    "div",
    { class: "mt-problem", role: "alert" },
    html("b", {}, "Stopped. "),
    html("span", {}, text),
    file &&
      html(
        "div",
        { class: "mt-source" },
        html("small", {}, `${file}, line ${line}`),
        html("code", {}, source),
      ),
  );
}

// The weights of one neuron; `edit(row, value)` where they may be changed, row −1 is the bias.
export function weightsPane(facts, slopes, edit) {
  if (!facts)
    return [
      html("div", { class: "mt-head" }, "Weights"),
      html("p", { class: "mt-dim" }, "Choose a neuron, or an edge, to see its weights."),
    ];
  const { layer, column } = facts,
    known = slopes?.[layer];
  const row = (name, value, index, slope) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, name),
      html("td", {}, edit ? field(name, value, index, edit) : number(value, 4)),
      known && html("td", {}, number(slope ?? null, 3)),
    );
  const rows = facts.from.map(([name, value, j]) => row(name, value, j, known?.w[j]?.[column]));
  if (facts.bias !== undefined) rows.push(row("bias", facts.bias, -1, known?.b[column]));
  const heads = [facts.below, "weight", known && "gradient"].filter(Boolean);
  return [
    html("div", { class: "mt-head" }, `Into ${facts.name}`),
    html("p", {}, facts.zeros),
    html(
      "table",
      { class: "mt-weights" },
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          heads.map((text) => html("th", { scope: "col" }, text)),
        ),
      ),
      html("tbody", {}, rows),
    ),
    facts.more && html("p", { class: "mt-dim" }, facts.more),
  ].filter(Boolean);
}

function field(name, value, index, edit) {
  const made = html("input", {
    type: "number",
    step: "any",
    "data-row": index,
    "aria-label": index < 0 ? "bias" : `weight of ${name}`,
    value: number(value, 4),
  });
  made.onchange = () => Number.isFinite(made.valueAsNumber) && edit(index, made.valueAsNumber);
  return made;
}
