// A square of levels on a canvas, with a dark line where a level passes from one side to the other.
import { html } from "../dom.js";

const EDGE = [30, 30, 30],
  NOTHING = [40, 40, 40];

export function makeField(label, name) {
  return html("canvas", { class: name, role: "img", "aria-label": label });
}

// `colour` gives the colour of a level, `band` the part of the picture that it belongs to; the line
// between two parts is dark, or darker than the picture by the factor `line`.
export function paintField(canvas, levels, { colour, band, none, line }) {
  const side = Math.round(Math.sqrt(levels.length));
  if (!side) return;
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d"),
    image = context.createImageData(side, side),
    known = new Map();
  const bandOf = (level) => (band && level !== none ? band(level) : null);
  const crosses = (at, other) => {
    const [a, b] = [bandOf(levels[at]), bandOf(levels[other])];
    return a !== null && b !== null && a !== b;
  };
  levels.forEach((level, i) => {
    if (!known.has(level)) known.set(level, level === none ? NOTHING : colour(level));
    const edge =
      band &&
      (((i + 1) % side && crosses(i, i + 1)) || (i + side < levels.length && crosses(i, i + side)));
    const own = known.get(level);
    image.data.set(!edge ? own : line ? own.map((c) => c * line) : EDGE, 4 * i);
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}
