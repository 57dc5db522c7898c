// Twin of training/series.py: what is computed from the points of a curve.
import { count } from "./units.js";
import { apart, number } from "./values.js";

const known = (v) => v !== null && Number.isFinite(v);
export const told = (v, digits) =>
  v === null || v === undefined || Number.isNaN(v)
    ? "nan"
    : Number.isFinite(v)
      ? number(v, digits)
      : v > 0
        ? "inf"
        : "-inf";

// An exponential mean that does not lean to its first value (Kingma & Ba 2015, section 3), as
// TensorBoard's. A point may stand for `many` points with that mean. It begins anew where `x` falls.
export function smoothed(values, weight, means = values, many = null, x = []) {
  let mean = 0,
    trust = 0;
  return values.map((v, i) => {
    const next = means[i];
    if (x[i] < x[i - 1]) mean = trust = 0;
    if (known(next)) {
      const keep = many ? weight ** many[i] : weight;
      mean = keep * mean + (1 - keep) * next;
      trust = keep * trust + 1 - keep;
    }
    return known(v) ? mean / trust : v;
  });
}

export function trend(values) {
  const all = values.filter(known);
  if (all.length < 2) return "";
  const part = Math.max(1, Math.floor(all.length / 4)),
    mean = (list) => list.reduce((a, b) => a + b, 0) / list.length,
    change = mean(all.slice(-part)) - mean(all.slice(-2 * part, -part)),
    ends = all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  if (Math.abs(change) <= (ends[1] - ends[0]) / 50) return "level";
  return change < 0 ? "falling" : "rising";
}

// `nans` and `infs` are given where points were left out, `soft` where the curve is smoothed.
export function summary(name, { run, x, y, nans, infs, soft = y }) {
  const title = run || name,
    at = y.map((_, i) => i).filter((i) => known(y[i]));
  if (!at.length) return `${title}: no finite number among ${count(y.length, "value")}`;
  const least = at.reduce((a, b) => (y[b] < y[a] ? b : a)),
    most = at.reduce((a, b) => (y[b] > y[a] ? b : a)),
    digits = apart([y[y.length - 1], y[least], y[most]]),
    parts = [`${title}: last ${told(y[y.length - 1], digits)}`];
  if (at.length > 1)
    parts.push(
      `least ${number(y[least], digits)} at ${number(x[least], 8)}`,
      `greatest ${number(y[most], digits)} at ${number(x[most], 8)}`,
      `${trend(soft)} at the end`,
    );
  const infinite = infs ?? y.filter((v) => Math.abs(v) === Infinity).length,
    missing = nans ?? y.length - at.length - infinite;
  if (missing) parts.push(`${missing} not a number`);
  if (infinite) parts.push(`${infinite} infinite`);
  return parts.join(", ");
}

export function nearest(x, value) {
  let low = 0,
    high = x.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] <= value) low = middle;
    else high = middle;
  }
  return Math.abs(x[high] - value) < Math.abs(x[low] - value) ? high : low;
}
