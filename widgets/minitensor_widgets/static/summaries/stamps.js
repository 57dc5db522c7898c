// Points as stamps of pixels: a small shape in one colour, put into a picture many thousand times.
const EDGE = 4;
const INSIDE = [
  (x, y) => x * x + y * y < 1,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.85,
  (x, y) => y < 0.8 && y > 2 * Math.abs(x) - 1.1,
  (x, y) => Math.abs(x) + Math.abs(y) < 1.2,
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.38 && Math.max(Math.abs(x), Math.abs(y)) < 1.1,
];
export const SHAPE_COUNT = INSIDE.length;

// The pixels of a shape around its middle: their places, and how much of each is covered, to 255.
export function makeStamp(shape, radius) {
  const reach = Math.ceil(radius * 1.25),
    cells = [];
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      let hits = 0;
      for (let i = 0; i < EDGE * EDGE; i++) {
        const u = x + ((i % EDGE) + 0.5) / EDGE - 0.5,
          v = y + (Math.floor(i / EDGE) + 0.5) / EDGE - 0.5;
        hits += INSIDE[shape](u / radius, v / radius);
      }
      if (hits) cells.push([x, y, Math.round((255 * hits) / (EDGE * EDGE))]);
    }
  const part = (k) => Int16Array.from(cells, (cell) => cell[k]);
  return { x: part(0), y: part(1), cover: part(2), reach };
}

// Mix of two colours, bytes in the order of the picture; `cover` of 255 is the first alone.
function mixed(a, b, cover) {
  const rest = 255 - cover,
    low = ((a & 0xff00ff) * cover + (b & 0xff00ff) * rest) >>> 8,
    middle = (((a >>> 8) & 0xff) * cover + ((b >>> 8) & 0xff) * rest) >>> 8;
  return ((255 << 24) | (low & 0xff00ff) | (middle << 8)) >>> 0;
}

// Put a stamp into a picture of 32-bit pixels; 0 is a pixel where nothing is yet.
export function press(pixels, wide, tall, stamp, atX, atY, colour) {
  const { x, y, cover, reach } = stamp,
    whole = atX >= reach && atY >= reach && atX < wide - reach && atY < tall - reach;
  for (let i = 0; i < x.length; i++) {
    const px = atX + x[i],
      py = atY + y[i];
    if (!whole && (px < 0 || py < 0 || px >= wide || py >= tall)) continue;
    const at = py * wide + px,
      much = cover[i],
      before = pixels[at];
    pixels[at] =
      much === 255
        ? colour
        : before
          ? mixed(colour, before, much)
          : ((much << 24) | (colour & 0xffffff)) >>> 0;
  }
}

// "rgb(1, 2, 3)" as one 32-bit number in the order of a picture's bytes.
export function packColour(text) {
  const [r, g, b] = text.match(/[\d.]+/g).map(Number);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}
export const blend = (a, b, part) => mixed(a, b, Math.round(255 * part));
