// Twin of series.py, ridges.py and figure.py: what is computed from points and histograms.
import { count } from "../units.js";
import { number } from "../values.js";

const known = (v) => v !== null && Number.isFinite(v);
export const told = (v) =>
  v === null || v === undefined || Number.isNaN(v)
    ? "nan"
    : Number.isFinite(v)
      ? number(v)
      : v > 0
        ? "inf"
        : "-inf";

// An exponential mean that does not lean to its first value (Kingma & Ba 2015, section 3).
export function smoothed(values, weight) {
  let mean = 0,
    trust = 0;
  return values.map((v) => {
    if (!known(v)) return v;
    mean = weight * mean + (1 - weight) * v;
    trust = weight * trust + 1 - weight;
    return mean / trust;
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

export function summary(name, { run, x, y }) {
  const title = run || name,
    at = y.map((_, i) => i).filter((i) => known(y[i]));
  if (!at.length) return `${title}: no finite number among ${count(y.length, "value")}`;
  const least = at.reduce((a, b) => (y[b] < y[a] ? b : a)),
    most = at.reduce((a, b) => (y[b] > y[a] ? b : a)),
    parts = [`${title}: last ${told(y[y.length - 1])}`];
  if (at.length > 1)
    parts.push(
      `least ${number(y[least])} at ${number(x[least])}`,
      `greatest ${number(y[most])} at ${number(x[most])}`,
      trend(y),
    );
  const infinite = y.filter((v) => Math.abs(v) === Infinity).length,
    missing = y.length - at.length - infinite;
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

export const edges = (items) =>
  items.reduce(
    ([a, b], { low, high }) => [Math.min(a, low), Math.max(b, high)],
    [Infinity, -Infinity],
  );

export function rebin(item, low, high, bins = 64) {
  if (!Number.isFinite(high - low))
    return rebin({ ...item, low: item.low / 2, high: item.high / 2 }, low / 2, high / 2, bins);
  const found = new Array(bins).fill(0),
    wide = (item.high - item.low) / item.counts.length,
    into = (high - low) / bins,
    place = (v) => Math.max(0, Math.min(bins - 1, Math.floor(v)));
  item.counts.forEach((many, i) => {
    if (!many) return;
    const a = item.low + i * wide,
      b = a + wide,
      first = place((a - low) / into),
      last = Math.max(first, place((b - low) / into - 1e-9));
    for (let j = first; j <= last; j++) {
      const part = Math.min(b, low + (j + 1) * into) - Math.max(a, low + j * into);
      found[j] += first === last ? many : (many * Math.max(0, part)) / wide;
    }
  });
  return found;
}

// Some at even distances of their steps, the first and the last among them.
export function evenly(items, most) {
  if (items.length <= most) return items;
  const end = items[items.length - 1],
    first = items[0].step,
    wide = end.step - first,
    kept = [];
  items.slice(0, -1).forEach((item) => {
    if (kept.length < most - 1 && item.step >= first + (wide * kept.length) / (most - 1))
      kept.push(item);
  });
  return [...kept, end];
}

// What is known of a run: the record, and what came since.
export class Store {
  load(record) {
    this.plots = new Map();
    for (const kind of ["scalars", "histograms"])
      for (const { name, lines } of record[kind]) {
        const copy = lines.map((line) =>
          kind === "scalars"
            ? { ...line, x: [...line.x], y: line.y.map((v) => (typeof v === "string" ? +v : v)) }
            : { ...line, items: [...line.items] },
        );
        this.plots.set(`${kind} ${name}`, { kind, name, lines: copy });
      }
  }

  line(kind, name, run) {
    const key = `${kind} ${name}`;
    if (!this.plots.has(key)) this.plots.set(key, { kind, name, lines: [] });
    const plot = this.plots.get(key);
    let line = plot.lines.find((other) => other.run === run);
    if (!line) plot.lines.push((line = { run, x: [], y: [], items: [], count: 0 }));
    plot.stale = true;
    return line;
  }

  take({ scalars, histograms }, buffers) {
    const [numbers, cells] = buffers.map(
      ({ buffer, byteOffset, byteLength }) =>
        new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength)),
    );
    let at = 0;
    const next = (from, many) => [...from.subarray(at, (at += many))];
    for (const [name, run, many] of scalars) {
      const line = this.line("scalars", name, run);
      line.x.push(...next(numbers, many));
      line.y.push(...next(numbers, many));
      line.count += many;
    }
    at = 0;
    for (const [name, run, item] of histograms) {
      const line = this.line("histograms", name, run);
      line.items.push({ ...item, counts: next(cells, item.counts) });
      line.count += 1;
    }
  }
}
