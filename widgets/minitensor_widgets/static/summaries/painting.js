// Curves on a canvas: quick enough to draw twenty of them anew while a slider moves.

// The pixel of a value, quickly: NaN or infinity for what has no place.
function placing({ ends, first, last, log, at }) {
  const [low, high] = log ? ends.map(Math.log10) : ends,
    scale = (last - first) / (high - low);
  if (!Number.isFinite(high - low)) return (v) => at(v) ?? NaN;
  return log
    ? (v) => first + (Math.log10(v) - low) * scale
    : (v) => first + (v - low) * scale;
}

// Of the points in one column of pixels only the first, the least, the greatest and the last
// matter.
function traceCurve(path, xs, ys, px, py, ratio, steps) {
  let pen = false,
    alone = false,
    column = 0,
    low = 0,
    high = 0,
    latest = 0;
  const flush = () => {
    if (alone) path.arc(column, latest, 2, 0, 7); // a point without neighbours
    if (!pen || low === high) return;
    path.lineTo(column, low);
    path.lineTo(column, high);
    path.lineTo(column, latest);
  };
  for (let i = 0; i < xs.length; i++) {
    const a = px(xs[i]),
      b = py(ys[i]);
    if (steps[i] < steps[i - 1]) {
      flush(); // another training, in the same run
      pen = alone = false;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      flush();
      pen = alone = false;
    } else if (pen && Math.floor(a * ratio) === Math.floor(column * ratio)) {
      low = Math.min(low, b);
      high = Math.max(high, b);
      latest = b;
    } else {
      alone = false;
      flush();
      if (pen) path.lineTo(a, b);
      else path.moveTo(a, b);
      [alone, pen, column, low, high, latest] = [!pen, true, a, b, b, b];
    }
  }
  flush();
}

// Where a run's name is put: at the end of its curve, none over another.
export function aside(places, [top, bottom], apart = 9) {
  const order = places.map((_, i) => i).sort((i, k) => places[i] - places[k]),
    found = [];
  let last = top - apart;
  for (const i of order) found[i] = last = Math.max(places[i], last + apart);
  let below = bottom + apart;
  for (const i of order.reverse()) found[i] = below = Math.min(found[i], below - apart);
  return found;
}

export class Painting {
  constructor(canvas, width, [x, y]) {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1),
      paint = canvas.getContext("2d");
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round((y.first + 6) * ratio);
    paint.scale(ratio, ratio);
    paint.beginPath();
    paint.rect(x.first - 2, y.last - 2, x.last - x.first + 4, y.first - y.last + 4);
    paint.clip();
    paint.lineJoin = paint.lineCap = "round";
    Object.assign(this, { paint, ratio, px: placing(x), py: placing(y) });
  }

  // A line of one pixel is drawn twenty times as fast as a wider one: many are made of such lines.
  curve(xs, ys, { colour, dash, faint, quick, steps }) {
    const { paint, px, py, ratio } = this,
      wide = faint ? 1 : 1.7,
      lines = quick ? Math.max(1, Math.round(wide * ratio)) : 1;
    paint.strokeStyle = colour;
    paint.globalAlpha = faint ? 0.3 : 1;
    paint.lineWidth = quick ? 1 / ratio : wide;
    paint.setLineDash(faint || !dash ? [] : dash.split(" ").map(Number));
    const path = new Path2D();
    traceCurve(path, xs, ys, px, py, ratio, steps);
    for (let k = 0; k < lines; k++) {
      const off = (k - (lines - 1) / 2) / ratio;
      paint.save();
      paint.translate(off / 2, off);
      paint.stroke(path);
      paint.restore();
    }
  }
}
