// Twin of tensors/records.py: elements unpacked and as text, and which of them a window shows.
import { number } from "../values.js";

const WINDOW = 32,
  FEW = 64;
const TYPES = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

// Half precision, which few browsers know: a sign, five bits of exponent, ten of fraction.
function half(bits) {
  const exponent = (bits >> 10) & 31,
    part = bits & 1023,
    size = !exponent
      ? 2 ** -24 * part
      : exponent < 31
        ? 2 ** (exponent - 25) * (1024 + part)
        : part
          ? NaN
          : Infinity;
  return bits & 0x8000 ? -size : size;
}

export function unpacked({ code, data, scale, words }) {
  if (code === "text") return words;
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)).buffer;
  return code === "f2"
    ? Float64Array.from(new Uint16Array(bytes), (bits) => half(bits) * scale)
    : new TYPES[code](bytes);
}

export function cellText(value, dtype, digits = 4) {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+∞" : "−∞";
  if (dtype === "bool") return value ? "True" : "False";
  return /^u?int/.test(dtype) ? String(value) : number(value, digits);
}

const upTo = (start, end, step, most) => {
  const found = [];
  for (let i = start; i < end && found.length < most; i += step) found.push(i);
  return found;
};

// How many elements a line of a wrapped vector has.
export const lineOf = (size, step) => (size <= FEW ? 8 : WINDOW) * step;

// The indices of rows and columns from `at` on; a vector is wrapped, its columns count from a row.
export function windowOf(shape, steps, [rows, columns], at) {
  if (columns < 0) return [[0], [0]];
  if (rows < 0) {
    const wide = lineOf(shape[0], steps[0]);
    return [
      upTo(Math.floor(at[0] / wide) * wide, shape[0], wide, WINDOW),
      upTo(0, Math.min(wide, shape[0]), steps[0], WINDOW),
    ];
  }
  return [rows, columns].map((axis) =>
    upTo(Math.floor(at[axis] / steps[axis]) * steps[axis], shape[axis], steps[axis], WINDOW),
  );
}

// The index of a cell, or null past the end of a wrapped vector.
export function indexOf(shape, [rows, columns], at, row, column) {
  if (columns < 0) return [];
  if (rows < 0) return row + column < shape[0] ? [row + column] : null;
  const index = [...at];
  index[rows] = row;
  index[columns] = column;
  return index;
}

// Where an element is among those that are held.
export function placeOf(shape, steps, index) {
  let place = 0;
  shape.forEach((size, axis) => {
    place = place * Math.ceil(size / steps[axis]) + Math.floor(index[axis] / steps[axis]);
  });
  return place;
}

// What a cell of a heat map needs a sign for; empty for an ordinary number.
export function signOf(value, limit) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "above" : "below";
  return Math.abs(value) > limit * (1 + 1e-9) ? "clipped" : "";
}
export const SIGNS = { NaN: "× NaN", above: "▲ +∞", below: "▼ −∞", clipped: "• clipped" };
