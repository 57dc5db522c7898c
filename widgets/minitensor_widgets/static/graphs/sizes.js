// How long the gradients are on the way back, and where they vanish, explode or stop being numbers.
import { html, svg } from "../dom.js";
import { leaves, number } from "../values.js";

const FAR = 1000;
const logText = (length) => Math.log10(length).toFixed(1).replace("-", "−");
const power = (factor) =>
  `10${[...String(Math.round(Math.log10(factor)))].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}`;

// The length of a gradient seen as one vector; null when it is not known or not finite.
export function lengthOf({ gradient, norm, state }) {
  if (state === "none" || state === "waiting" || !gradient) return null;
  if (typeof norm === "number") return norm;
  const all = leaves(gradient.text).map(Number);
  return all.length && all.every(Number.isFinite) ? Math.hypot(...all) : null;
}

const isBad = ({ gradient }) => gradient?.nans > 0 || gradient?.infs > 0;
export const lengthText = (state) => {
  const length = lengthOf(state);
  if (length === null) return isBad(state) ? "‖∇‖ not finite" : "‖∇‖ not yet computed";
  return length ? `log₁₀‖∇‖ = ${logText(length)}` : "‖∇‖ = 0";
};

// Operations in the order in which gradients reach them, then all else, with their lengths.
function along({ steps, graph }, states, count) {
  const order = new Set();
  for (const step of steps.slice(0, count)) {
    if (step.phase === "seed") order.add(step.node);
    for (const { to, after } of step.sends) if (after) order.add(to);
  }
  const leaf = new Map(graph.nodes.map(({ id, kind }) => [id, kind !== "op"]));
  return [...order]
    .map((id) => ({
      id,
      leaf: leaf.get(id),
      length: lengthOf(states.get(id)),
      bad: isBad(states.get(id)),
    }))
    .sort((a, b) => a.leaf - b.leaf);
}

function sentence(rows, labelOf) {
  const known = rows.filter((row) => row.length > 0 && !row.leaf);
  if (known.length < 2) return "Take some steps back to compare lengths.";
  const by = [...known].sort((a, b) => a.length - b.length),
    least = by[0],
    most = by[by.length - 1];
  const falls = known.indexOf(least) > known.indexOf(most),
    [from, to] = falls ? [most, least] : [least, most],
    factor = most.length / least.length;
  const path = `from ${number(from.length, 3)} at ${labelOf(from.id)} to ${number(to.length, 3)} at ${labelOf(to.id)}`;
  if (factor < FAR) return `The length stays within a factor of ${number(factor, 2)}, ${path}.`;
  return falls
    ? `The length falls by a factor of ${power(factor)}, ${path}: the gradient vanishes.`
    : `The length grows by a factor of ${power(factor)}, ${path}: the gradient explodes.`;
}

export const scaleOf = (lengths) => {
  const logs = lengths.filter((l) => l > 0).map(Math.log10),
    low = Math.min(...logs),
    span = Math.max(...logs) - low;
  return (length) =>
    length > 0 ? 0.06 + 0.94 * (span ? (Math.log10(length) - low) / span : 1) : 0;
};

// The list beside the picture.
export function sizesCard(record, states, count, link, labelOf) {
  const rows = along(record, states, count),
    scale = scaleOf(rows.map((row) => row.length));
  const zero = rows.filter((row) => row.length === 0).map((row) => labelOf(row.id));
  const line = ({ id, length, bad }) =>
    html(
      "li",
      {},
      link(id),
      html("span", { class: "mt-length", style: `width:${Math.round(90 * scale(length))}px` }),
      html("span", {}, bad ? "not finite" : length ? logText(length) : "length 0"),
    );
  return [
    html("div", { class: "mt-sub" }, "log₁₀ of the length of the gradients, on the way back"),
    html("p", {}, sentence(rows, labelOf)),
    zero.length ? html("p", {}, `Exactly 0 at ${zero.slice(0, 6).join(", ")}.`) : null,
    html("ol", { class: "mt-lengths", tabindex: 0, "aria-label": "Lengths" }, rows.map(line)),
    html("hr"),
  ];
}

// A bar along the lower edge of a node.
export const lengthBar = (share, [x, y, w, h]) =>
  svg("rect", { class: "mt-size", x: x + 4, y: y + h - 6, width: (w - 8) * share, height: 4 });
