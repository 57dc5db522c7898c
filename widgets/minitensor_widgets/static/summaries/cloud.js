// A cloud of points on a canvas: turned, moved, enlarged, pointed at. It knows places and looks,
// not what the points are.
import { html } from "../dom.js";
import { SHAPE_COUNT, blend, makeStamp, packColour, press } from "./stamps.js";

const [LEVELS, SIZES, GRASP] = [8, 3, 14];
const NOWHERE = -32768;

export function unpackShorts(data, signed) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  return new (signed ? Int16Array : Uint16Array)(bytes.buffer);
}
const turned = ([a, b, c], cos, sin, i, j) => {
  // The rows of a rotation, turned about the axis that is neither i nor j.
  const rows = [a, b, c].map((row) => [...row]);
  for (let k = 0; k < 3; k++) {
    rows[i][k] = cos * [a, b, c][i][k] - sin * [a, b, c][j][k];
    rows[j][k] = sin * [a, b, c][i][k] + cos * [a, b, c][j][k];
  }
  return rows;
};

export class Cloud {
  // Of each point: `hue` (a place in `shades`), `shape`, and `states`: 0 for one as it is, 1 faint,
  // 2 large, 3 hidden. `over(paint, cloud)` draws above the points.
  constructor(signal, over) {
    Object.assign(this, { over, shades: [], stamps: new Map() });
    this.canvas = html("canvas", { class: "mt-cloud", role: "img" });
    this.context = this.canvas.getContext("2d");
    this.fit();
    const again = () => this.draw();
    const sized = new ResizeObserver(() => this.resize());
    sized.observe(this.canvas);
    const themed = new MutationObserver(again);
    for (const element of [document.documentElement, document.body])
      themed.observe(element, { attributes: true });
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
      matchMedia(query).addEventListener("change", again, { signal });
    signal.addEventListener("abort", () => {
      sized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(this.waiting);
      this.canvas.width = this.canvas.height = 0;
    });
  }

  place({ data, width }, flat) {
    this.given = unpackShorts(data, true);
    this.width = width;
    this.flat = flat || width < 3;
    this.count = this.given.length / width;
    for (const name of ["x", "y", "depth"]) this[name] = new Float32Array(this.count);
    this.order = new Uint32Array(this.count);
    if (this.states?.length !== this.count) this.states = new Uint8Array(this.count);
    this.draw();
  }

  fit() {
    Object.assign(this, { zoom: 1, shift: [0, 0] });
    this.rotation = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    this.draw();
  }

  // Turn by two angles: about the upright and about the level axis of the screen.
  turn(across, down) {
    const to = turned(this.rotation, Math.cos(across), Math.sin(across), 0, 2);
    this.rotation = turned(to, Math.cos(down), -Math.sin(down), 1, 2);
    this.draw();
  }

  move(dx, dy) {
    this.shift = [this.shift[0] + dx, this.shift[1] + dy];
    this.draw();
  }

  enlarge(by) {
    const zoom = Math.max(0.3, Math.min(40, this.zoom * by)),
      part = zoom / this.zoom;
    this.zoom = zoom;
    this.shift = this.shift.map((far) => far * part);
    this.draw();
  }

  resize() {
    const { clientWidth: wide, clientHeight: tall } = this.canvas,
      sharp = Math.min(2, globalThis.devicePixelRatio || 1);
    if (!wide) return;
    const size = [wide * sharp, tall * sharp].map(Math.round);
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1])
      [this.canvas.width, this.canvas.height] = size;
    Object.assign(this, { wide, tall, sharp, picture: this.context.createImageData(...size) });
    this.stamps.clear();
    this.draw();
  }

  draw() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      if (this.picture && this.given && this.hue) this.paint();
    });
  }

  // Colours as the theme has them now: read from the style sheet, packed for the picture.
  colours() {
    const style = getComputedStyle(this.canvas),
      probe = html("i", { class: "mt-probe" });
    const key = `${style.color} ${style.backgroundColor}`;
    if (key === this.theme) return;
    this.theme = key;
    this.canvas.parentNode.append(probe);
    const read = (value) => {
      probe.style.color = value;
      return packColour(getComputedStyle(probe).color);
    };
    const back = read("var(--mt-under)");
    this.palette = this.shades.map((value) => {
      const full = read(value);
      return Array.from({ length: LEVELS }, (_, i) =>
        blend(full, back, 0.75 + (0.25 * i) / (LEVELS - 1)),
      );
    });
    this.faint = this.shades.map((value) => blend(read(value), back, 0.22));
    probe.remove();
  }

  // What the points look like: `shades` are colours of the style sheet.
  dress({ shades, hue, shape }) {
    Object.assign(this, { shades, hue, shape, theme: null });
    this.draw();
  }

  project() {
    const { given, width, x, y, depth, rotation, flat } = this,
      scale = (this.scale =
        ((Math.min(this.wide, this.tall) / 2 - 12) / 32767) * this.zoom * (flat ? 1 : 0.8)),
      [a, b, c] = rotation,
      [left, top] = [this.wide / 2 + this.shift[0], this.tall / 2 + this.shift[1]];
    for (let i = 0, at = 0; i < this.count; i++, at += width) {
      const u = given[at],
        v = width > 1 ? given[at + 1] : 0,
        w = flat ? 0 : given[at + 2];
      if (u === NOWHERE) {
        x[i] = NaN;
        continue;
      }
      x[i] = left + scale * (flat ? u : a[0] * u + a[1] * v + a[2] * w);
      y[i] = top - scale * (flat ? v : b[0] * u + b[1] * v + b[2] * w);
      depth[i] = flat ? 1 : (c[0] * u + c[1] * v + c[2] * w) / 92000 + 0.5;
    }
  }

  // Points from far to near: counted into 256 layers.
  sort() {
    const { depth, order, count } = this,
      starts = new Uint32Array(257);
    const layer = (i) => Math.max(0, Math.min(255, (depth[i] * 255) | 0));
    for (let i = 0; i < count; i++) starts[layer(i) + 1]++;
    for (let i = 1; i < 257; i++) starts[i] += starts[i - 1];
    for (let i = 0; i < count; i++) order[starts[layer(i)]++] = i;
  }

  stamp(shape, size) {
    const key = shape * 10 + size;
    if (!this.stamps.has(key)) {
      const { count } = this,
        few = count < 400 ? 1.5 : count < 3000 ? 1.2 : count < 6000 ? 1 : 0.8,
        radius = [2.1, 2.6, 3.1, 5.2][size] * this.sharp * few;
      this.stamps.set(key, makeStamp(shape % SHAPE_COUNT, radius));
    }
    return this.stamps.get(key);
  }

  paint() {
    this.colours();
    this.project();
    this.sort();
    const { order, x, y, depth, sharp, picture, flat, states } = this,
      pixels = new Uint32Array(picture.data.buffer),
      { width: wide, height: tall } = picture;
    pixels.fill(0);
    const put = (i, state) => {
      const hue = this.hue[i],
        level = Math.max(0, Math.min(LEVELS - 1, (depth[i] * LEVELS) | 0)),
        size =
          state === 2 ? SIZES : flat ? 1 : Math.max(0, Math.min(SIZES - 1, (depth[i] * SIZES) | 0)),
        colour =
          state === 1 ? this.faint[hue] : this.palette[hue][state === 2 ? LEVELS - 1 : level];
      press(
        pixels,
        wide,
        tall,
        this.stamp(this.shape[i], size),
        (x[i] * sharp) | 0,
        (y[i] * sharp) | 0,
        colour,
      );
    };
    for (const wanted of [1, 0, 2])
      for (const i of order) if (states[i] === wanted && !Number.isNaN(x[i])) put(i, wanted);
    this.context.putImageData(picture, 0, 0);
    this.context.setTransform(sharp, 0, 0, sharp, 0, 0);
    this.over(this.context, this);
    this.frames = (this.frames ?? 0) + 1;
  }

  // The point at a place of the canvas: the nearest within reach, the front one where they meet.
  at(px, py) {
    let [found, best] = [-1, GRASP * GRASP];
    for (let i = 0; i < this.count; i++) {
      if (this.states[i] === 3) continue;
      const far = (this.x[i] - px) ** 2 + (this.y[i] - py) ** 2 - 20 * this.depth[i];
      if (far < best) [found, best] = [i, far];
    }
    return found;
  }

  // The points inside a closed line around them.
  within(line) {
    const inside = [];
    for (let i = 0; i < this.count; i++) {
      if (this.states[i] === 3) continue;
      let odd = false;
      for (let k = 0, j = line.length - 1; k < line.length; j = k++) {
        const [ax, ay] = line[k],
          [bx, by] = line[j];
        if (
          ay > this.y[i] !== by > this.y[i] &&
          this.x[i] < ((bx - ax) * (this.y[i] - ay)) / (by - ay) + ax
        )
          odd = !odd;
      }
      if (odd) inside.push(i);
    }
    return inside;
  }
}
