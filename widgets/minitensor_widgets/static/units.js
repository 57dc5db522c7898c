// Twin of units.py: counts, bytes and durations as text.
export const count = (n, word) => `${n} ${word}${n === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;
const three = (n) => String(Number(n.toPrecision(3)));
export const sizeText = (n) => {
  for (const [unit, scale] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ])
    if (n >= scale) return `${three(n / scale)} ${unit}`;
  return `${n} B`;
};
export const timeText = (s) =>
  s < 0.0995 ? `${Number((s * 1e3).toPrecision(2))} ms` : `${Number(s.toPrecision(2))} s`;
