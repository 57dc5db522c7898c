// Twin of ridges.py: histograms in bins that all of them share.
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
