// Twin of ridges.py: histograms in bins that all of them share.
export const edges = (items) =>
  items.reduce(
    ([a, b], { low, high }) => [Math.min(a, low), Math.max(b, high)],
    [Infinity, -Infinity],
  );

export function rebin(item, low, high, bins = 64) {
  // Halves, where the whole width overflows; in parts of it: bins of the least numbers would have
  // no width.
  const half = Number.isFinite(high - low) ? 1 : 0.5,
    whole = high * half - low * half || 1,
    [from, to] = [item.low, item.high].map((v) => (bins * (v * half - low * half)) / whole),
    found = new Array(bins).fill(0),
    wide = (to - from) / item.counts.length,
    place = (v) => Math.max(0, Math.min(bins - 1, Math.floor(v)));
  item.counts.forEach((many, i) => {
    if (!many) return;
    const a = from + i * wide,
      b = a + wide,
      first = place(a),
      last = Math.max(first, place(b - 1e-9));
    for (let j = first; j <= last; j++) {
      const part = Math.min(b, j + 1) - Math.max(a, j);
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
