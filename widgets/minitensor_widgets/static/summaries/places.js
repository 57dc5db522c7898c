// Where steps stand on an axis: by their number, by the time since the first, or by the clock.
import { ticks } from "../plot.js";
import { number } from "../values.js";

const TIME_UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

function clockText(long) {
  const parts = long
    ? { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }
    : { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const format = new Intl.DateTimeFormat(undefined, parts);
  return (seconds) => format.format(new Date(1000 * seconds));
}

// The places of all steps, what they are called, and round places between the first and the last.
export function axisOf({ steps, times }, kind) {
  if (kind === "wall") {
    const [low, high] = [times[0], times.at(-1)],
      text = clockText(high - low > 86400);
    return {
      values: times,
      text,
      name: "time",
      marks: high > low ? [0, 1, 2, 3].map((k) => low + ((high - low) * k) / 3) : [low],
    };
  }
  if (kind === "relative") {
    const far = times.at(-1) - times[0],
      [unit, size] = TIME_UNITS.find(([, seconds]) => far >= 2 * seconds) ?? TIME_UNITS.at(-1),
      values = times.map((time) => (time - times[0]) / size);
    return {
      values,
      text: (v) => `${number(v, 3)} ${unit}`,
      name: "after",
      marks: ticks(0, values.at(-1)),
    };
  }
  return {
    values: steps,
    text: (v) => number(v, 8),
    name: "step",
    marks: ticks(steps[0], steps.at(-1)).filter(Number.isInteger),
  };
}
