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

// Of the points in one column of pixels only the first, the least, the greatest and the last matter.
function traceCurve(paint, xs, ys, px, py, ratio) {
  let pen = false,
    column = 0,
    low = 0,
    high = 0,
    latest = 0;
  const flush = () => {
    if (!pen || low === high) return;
    paint.lineTo(column, low);
    paint.lineTo(column, high);
    paint.lineTo(column, latest);
  };
  for (let i = 0; i < xs.length; i++) {
    const a = px(xs[i]),
      b = py(ys[i]);
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      flush();
      pen = false;
    } else if (pen && Math.floor(a * ratio) === Math.floor(column * ratio)) {
      low = Math.min(low, b);
      high = Math.max(high, b);
      latest = b;
    } else {
      flush();
      if (pen) paint.lineTo(a, b);
      else {
        paint.moveTo(a, b);
        paint.lineTo(a + 0.01, b); // a point without neighbours is a dot
      }
      [pen, column, low, high, latest] = [true, a, b, b, b];
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
  constructor(canvas, width, [x, y], box) {
    const ratio = (box / width) * Math.min(2, globalThis.devicePixelRatio || 1),
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

  // Dashes of a curve that goes up and down all the time cannot be told apart, and take long.
  curve(xs, ys, { colour, dash, faint }) {
    const { paint, px, py, ratio } = this;
    paint.strokeStyle = colour;
    paint.globalAlpha = faint ? 0.3 : 1;
    paint.lineWidth = faint ? 1 : 1.7;
    paint.setLineDash(faint || !dash ? [] : dash.split(" ").map(Number));
    paint.beginPath();
    traceCurve(paint, xs, ys, px, py, ratio);
    paint.stroke();
  }
}
