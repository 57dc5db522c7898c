// Statistics of a value in words; shares only where there is something to share.
import { number } from "./values.js";

const NUMBERS = { min: "minimum", mean: "mean", max: "maximum", std: "std" },
  SHARES = { zeros: "zeros", NaN: "nans", infinite: "infs" };

export function factsOf(value) {
  if (!value?.shape.length) return [];
  const found = [];
  for (const [name, field] of Object.entries(NUMBERS))
    if (Number.isFinite(value[field])) found.push(`${name} ${number(value[field])}`);
  const looked = value.sampled || value.shape.reduce((all, size) => all * size, 1);
  for (const [name, field] of Object.entries(SHARES)) {
    const count = field === "zeros" ? "" : ` (${Math.round(value[field] * looked)})`;
    if (value[field]) found.push(`${name} ${number(value[field] * 100, 3)} %${count}`);
  }
  if (value.sampled) found.push(`of a sample of ${value.sampled} elements`);
  return found;
}
