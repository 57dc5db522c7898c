// Twin of ridges.py: what is computed from histograms, and what is known of a run.
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
