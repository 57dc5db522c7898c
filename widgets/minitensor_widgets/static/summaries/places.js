// Where steps stand on an axis: by their number, by the time since the first, or by the clock.
import { ticks } from "../plot.js";
import { number } from "../values.js";
import { hourText, timeMarks } from "./lines.js";

const A_DAY = 86400;

// What a place is called: by the clock with its day, where there are several.
function placeText(kind, far) {
  if (kind === "step") return (v) => number(v, 8);
  if (kind === "relative" && far < 4) return (v) => `${number(v, 3)} s`;
  if (kind === "relative" || far < A_DAY) return (v) => hourText(v, kind);
  return (v) => {
    const day = new Date(1000 * v);
    return `${day.getMonth() + 1}/${day.getDate()} ${hourText(v, kind)}`;
  };
}

// The places of all steps, what they are called, and round places, [place, text], between them.
export function axisOf({ steps, times }, kind) {
  const values = { step: steps, wall: times }[kind] ?? times.map((time) => time - times[0]),
    [low, high] = [values[0] ?? 0, values.at(-1) ?? 0],
    text = placeText(kind, high - low),
    round = ticks(low, high).filter((v) => kind !== "step" || Number.isInteger(v));
  return {
    values,
    text,
    name: { step: "step", relative: "after", wall: "time" }[kind],
    title: { step: "step", relative: "time since the first", wall: "time" }[kind],
    marks: timeMarks([low, high], kind) ?? round.map((v) => [v, text(v)]),
  };
}
