// Twin of values.py: numbers, shapes and values in a few characters.
export const size = (text) => [...text].length;
export const clip = (text, limit) =>
  size(text) <= limit ? text : [...text].slice(0, limit - 1).join("") + "…";
export const shapeText = (shape) =>
  shape
    ? `(${shape.map((n) => n ?? "?").join(", ")}${shape.length === 1 ? "," : ""})`
    : "unknown shape";

export function number(value, digits = 5) {
  if (value === null || value === undefined) return "nan";
  const size = Math.abs(value);
  return value && !(size >= 1e-4 && size < 10 ** Math.max(5, digits))
    ? value.toExponential(digits <= 5 ? 2 : digits - 1)
    : String(+value.toPrecision(digits));
}

// How many digits it takes until numbers that differ read differently; at most 14.
export function apart(values, digits = 5) {
  const known = [...new Set(values)].filter(Number.isFinite);
  while (digits < 14 && new Set(known.map((v) => number(v, digits))).size < known.length) digits++;
  return digits;
}

export const leaves = (text) => [text].flat(Infinity);

export function brief(value) {
  if (!value) return "not recorded";
  const numbers = leaves(value.text),
    { length } = value.shape;
  if (numbers.length === 1 && !length) return numbers[0];
  if (numbers.length >= 1 && numbers.length <= 3 && length === 1) return `[${numbers.join(", ")}]`;
  return `${shapeText(value.shape)} mean ${number(value.mean, 3)}`;
}
