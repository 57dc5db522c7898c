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
  return value && !(size >= 1e-4 && size < 1e5)
    ? value.toExponential(2)
    : String(+value.toPrecision(digits));
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
