// The curves of a card, from the record or from Python's buffers, and what is computed of them.
import { smoothed } from "../series.js";

const decodedLines = new WeakMap();
const DAY_LONG = 86400;
// Lengths of time between two marks of an axis, in seconds.
const MARK_SPANS = [
  1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, DAY_LONG, 2 * DAY_LONG,
    7 * DAY_LONG,
];

const summed = (differences, scale = 1) => {
  let at = 0;
  return Float64Array.from(differences, (step) => (at += step) * scale);
};
const valuesOf = (list) => Float64Array.from(list, (v) => (v === null ? NaN : +v));

// Steps and times are written as differences; what came in buffers is as it is.
export function curveOf(line) {
  if (line.x instanceof Float64Array) return line;
  if (!decodedLines.has(line))
    decodedLines.set(line, {
      ...line,
      x: summed(line.x),
      t: summed(line.t, 1e-3),
      y: valuesOf(line.y),
      m: line.m && valuesOf(line.m),
    });
  return decodedLines.get(line);
}

// The curves of a message, in the order of its head: [tag, curve, whether it replaces all].
export function unpacked(head, [exact, rough]) {
  const view = ({ buffer, byteOffset, byteLength }) =>
      buffer.slice(byteOffset, byteOffset + byteLength),
    far = new Float64Array(view(exact)),
    near = new Float32Array(view(rough));
  let [a, b] = [0, 0];
  return head.map(([tag, run, many, anew, count, nans, infs]) => {
    const [x, t, y] = [0, many, 2 * many].map((by) => far.slice(a + by, a + by + many)),
      [m, n] = [0, many].map((by) => near.slice(b + by, b + by + many));
    a += 3 * many;
    b += 2 * many;
    return [tag, { run, x, t, y, m: Float64Array.from(m), n, count, nans, infs }, anew];
  });
}

const joinedArrays = (one, other) => {
  const made = new Float64Array(one.length + other.length);
  made.set(one);
  made.set(other, one.length);
  return made;
};

function longer(line, more) {
  const made = { run: line.run };
  for (const name of ["count", "nans", "infs"]) made[name] = line[name] + more[name];
  for (const name of ["x", "t", "y"]) made[name] = joinedArrays(line[name], more[name]);
  made.m = joinedArrays(line.m ?? line.y, more.m);
  made.n = joinedArrays(line.n ?? new Float64Array(line.x.length).fill(1), more.n);
  return made;
}

// Put what Python sent into the cards of a record: new points, or all points of a curve anew.
export function takeLines(cards, { lines }, buffers) {
  for (const [tag, curve, anew] of unpacked(lines, buffers)) {
    let card = cards.find((one) => one.tag === tag);
    if (!card) cards.push((card = { tag, description: "", lines: [] }));
    const at = card.lines.findIndex(({ run }) => run === curve.run);
    if (at < 0) card.lines.push(curve);
    else card.lines[at] = anew ? curve : longer(curveOf(card.lines[at]), curve);
  }
}

// Smoothed as TensorBoard does, as long as a point stands for itself alone.
export function softOf(line, weight) {
  if (!weight) return line.y;
  if (line.soft?.weight !== weight)
    line.soft = { weight, y: smoothed(line.y, weight, line.m ?? line.y, line.n, line.x) };
  return line.soft.y;
}

// Where the points are along an axis.
export function along(line, axis) {
  if (axis === "step") return line.x;
  if (axis === "wall") return line.t;
  return (line.since ??= line.t.map((time) => time - line.t[0]));
}

// The least and the greatest of some numbers, of those that stand `within` two ends.
export function reachOf(arrays, [low, high] = [-Infinity, Infinity], within = arrays) {
  let [least, most] = [Infinity, -Infinity];
  arrays.forEach((values, k) => {
    const x = within[k];
    for (let i = 0; i < values.length; i++)
      if (Number.isFinite(values[i]) && x[i] >= low && x[i] <= high) {
        if (values[i] < least) least = values[i];
        if (values[i] > most) most = values[i];
      }
  });
  return [least, most];
}

// The 5th and the 95th percentile, a little apart: TensorBoard's way to leave outliers out.
export function innerReach(arrays) {
  const all = Float64Array.from(arrays.flatMap((values) =>
    [...values].filter(Number.isFinite))).sort();
  if (all.length < 5) return null;
  const [low, high] = [0.05, 0.95].map((part) => all[Math.round(part * (all.length - 1))]),
    room = (high - low) * 0.1;
  return high > low ? [low - room, high + room] : null;
}

const twoDigits = (n) => String(n).padStart(2, "0");
export function hourText(seconds, axis) {
  if (axis === "wall") {
    const date = new Date(seconds * 1000);
    return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`;
  }
  const s = Math.round(seconds),
    hours = Math.floor(s / 3600),
    clock = `${hours ? twoDigits(Math.floor(s / 60) % 60) : Math.floor(s / 60)}:${twoDigits(s % 60)}`;
  return hours ? `${hours}:${clock}` : clock;
}

// Marks of an axis of time; none where it spans less than a few seconds: numbers will do.
export function timeMarks([low, high], axis) {
  if (axis === "step" || high - low < 4) return null;
  const step = MARK_SPANS.find((span) =>
    (high - low) / span <= 5) ?? Math.ceil((high - low) / 5 / DAY_LONG) * DAY_LONG,
    zone = axis === "wall" ? new Date(low * 1000).getTimezoneOffset() * 60 : 0,
    marks = [];
  for (let at = Math.ceil((low - zone) / step) * step + zone; at <= high; at += step) {
    const date = new Date(at * 1000);
    marks.push([
      at,
      axis === "wall" && step >= DAY_LONG ? `${date.getMonth() + 1}/${date.getDate()}`
        : hourText(at, axis),
    ]);
  }
  return marks;
}
