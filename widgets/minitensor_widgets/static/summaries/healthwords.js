// Twin of health.py and health_figure.py: the colours of strips, and numbers of health as text.
import { diverging, sequential } from "../colours.js";
import { number } from "../values.js";

const STRIP_NAMES = [
  "gradient_to_weight",
  "update_to_weight",
  "dead",
  "saturated",
  "not_finite",
];
export const FINDING_SIGNS = { error: "✗", warning: "⚠", hint: "·" };

export const realOf = (value) => (value === null || value === undefined ? null : +value);

export function valueText(value, scale) {
  const found = realOf(value);
  if (found === null) return "–";
  if (!Number.isFinite(found)) return Number.isNaN(found) ? "NaN" : found > 0 ? "∞" : "−∞";
  if (scale === "share") return `${number(100 * found, 3)} %`;
  const far = Math.abs(found);
  if ((far >= 0.1 && far < 1e4) || !far) return number(found, 3);
  return found.toExponential(1).replace(".0e", "e");
}

// By the digits that are shown: what reads 1e-2 is not above 1e-2.
export function beyond(value, { good, scale }) {
  if (realOf(value) === null || !good) return "";
  const found = +realOf(value).toExponential(scale === "log" ? 1 : 2);
  if (Number.isNaN(found) || found > good[1]) return "▲";
  return found < good[0] ? "▼" : "";
}

export const stripsOf = ({ measures, values }) =>
  measures.filter(
    ({ name }) =>
      STRIP_NAMES.includes(name) && values[name].some((row) => row.some((v) => v !== null)),
  );

export function decades(rows) {
  const known = rows.flat().map(realOf).filter((v) => v > 0 && v < Infinity);
  if (!known.length) return [-3, 0];
  const low = Math.floor(Math.log10(known.reduce((a, b) => Math.min(a, b)))),
    high = Math.ceil(Math.log10(known.reduce((a, b) => Math.max(a, b))));
  return [low, Math.max(high, low + 1)];
}

// Blue and orange lie on the ground of the strip, more or less of them: none is the theme's own.
const tint = (part) => [...diverging(Math.sign(part)), Math.min(1, Math.abs(part))];

export function healthColour(found, { scale, good }, [low, high]) {
  if (scale === "share") return tint(found);
  const power = found > 0 ? Math.log10(found) : -Infinity;
  if (good) return tint((power - (Math.log10(good[0]) + Math.log10(good[1])) / 2) / 3);
  return sequential(Math.max(0, Math.min(1, (power - low) / (high - low))));
}

// What the colours mean.
export function scaleText(record) {
  const words = stripsOf(record)
    .filter(({ scale }) => scale !== "share")
    .map(({ name, title, good }) => {
      const [low, high] = decades(record.values[name]);
      if (!good) return `${title} from violet 1e${low} to yellow 1e${high}`;
      const middle = Math.round((Math.log10(good[0]) + Math.log10(good[1])) / 2);
      return `${title} without colour at 1e${middle}, blue below, orange above`;
    });
  words.push("shares from none at 0 % to orange at 100 %", "striped: NaN or infinity");
  return `Colours: ${words.join("; ")}; grey: not measured.`;
}

export function usualText({ good, scale }) {
  if (!good) return "";
  const [low, high] = good.map((v) => valueText(v, scale));
  if (scale === "share") return good[0] === good[1] ? `usual: ${high}` : `usual: up to ${high}`;
  return `usual: ${low} to ${high}`;
}

export const SIGN_TEXT =
  "Signs: ▲ ▼ above or below the usual, which alone is no worry; ✗ ⚠ named in what was found.";

export const stepText = (step) => (step === null ? "one look" : `step ${step}`);

export function badText({ what, step, direction, layer }) {
  const way =
    { forward: "on the way forward", backward: "on the way back" }[direction] ??
    `in the ${direction}`;
  return `First ${what}: ${stepText(step)}, ${way}${layer ? `, in layer ${layer}` : ""}`;
}

export const findingText = ({ level, sentence, count, first, step }) =>
  `${FINDING_SIGNS[level]} ${sentence}` +
  (count < 2 ? "" : ` (${count} times, step ${first} to ${step})`);
