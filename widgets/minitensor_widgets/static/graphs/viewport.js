// What part of the picture is seen, and how large: dragging, zooming, fitting, bringing into view.
export const TALLEST = 520;
const NARROWEST = 340,
  WIDEST = 560;
const LARGEST = 1.15;
const SMALLEST = 0.9; // below it the smallest text would have less than 9 pixels

export class Viewport {
  constructor(canvas, stage, more, signal) {
    Object.assign(this, {
      canvas,
      stage,
      more,
      k: 1,
      x: 0,
      y: 0,
      width: 0,
      height: 0,
      moved: false,
    });
    this.drag = null;
    this.seen = 0;
    const on = (type, act, options) => canvas.addEventListener(type, act, { signal, ...options });
    on("pointerdown", (event) => this.grab(event));
    on("pointermove", (event) => this.pull(event));
    on("wheel", (event) => this.wheel(event), { passive: false });
    const watch = new ResizeObserver(() => this.resized());
    watch.observe(canvas);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  move(x, y, k = this.k) {
    Object.assign(this, { x, y, k });
    const { clientWidth: w, clientHeight: h } = this.canvas;
    this.stage.setAttribute("transform", `translate(${x},${y}) scale(${k})`);
    this.fits =
      Math.min(x, y) >= -20 && x + this.width * k <= w + 20 && y + this.height * k <= h + 20;
    this.more.hidden = this.fits;
    this.watch?.();
  }

  center(k) {
    const x = (this.canvas.clientWidth - this.width * k) / 2;
    const y = (this.canvas.clientHeight - this.height * k) / 2;
    this.move(Math.max(4, x), Math.max(0, y), k);
  }

  // Opens readable; what does not fit is reached by dragging or walking.
  open() {
    const across = this.canvas.clientWidth / this.width;
    const fitting = Math.min(LARGEST, across, TALLEST / (this.height + 4));
    const k = fitting < SMALLEST ? 1 : fitting;
    this.setHeight(Math.max(150, this.height * k + 4));
    this.center(k);
  }

  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    this.center(Math.min(LARGEST, clientWidth / this.width, clientHeight / this.height));
  }

  setHeight(height) {
    this.canvas.style.height = `${Math.min(TALLEST, height)}px`;
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const k = Math.max(0.1, Math.min(6, this.k * factor)),
      part = k / this.k;
    this.moved = true;
    this.move(x - (x - this.x) * part, y - (y - this.y) * part, k);
  }

  pan(key) {
    const by = { ArrowUp: [0, 80], ArrowDown: [0, -80], ArrowLeft: [80, 0], ArrowRight: [-80, 0] };
    this.moved = true;
    this.move(this.x + by[key][0], this.y + by[key][1]);
  }

  reveal([x, y, w, h], tall = Math.min(h, 60)) {
    const edge = 12,
      { clientWidth, clientHeight } = this.canvas;
    const shift = (at, length, offset, room) =>
      Math.min(0, room - edge - ((at + length) * this.k + offset)) ||
      Math.max(0, edge - (at * this.k + offset));
    const right = shift(x, w, this.x, clientWidth);
    this.move(this.x + right, this.y + shift(y, tall, this.y, clientHeight));
  }

  grab(event) {
    this.drag = { x: event.clientX, y: event.clientY, from: [this.x, this.y], far: false };
  }

  pull(event) {
    const { drag } = this;
    if (!drag || !(event.buttons & 1)) return;
    const x = event.clientX - drag.x,
      y = event.clientY - drag.y;
    if (!drag.far && Math.abs(x) + Math.abs(y) < 5) return;
    if (!drag.far) this.canvas.setPointerCapture(event.pointerId);
    drag.far = this.moved = true;
    this.move(drag.from[0] + x, drag.from[1] + y);
  }

  // Whether the click that ends now was a drag.
  dragged() {
    const { far } = this.drag ?? { far: false };
    this.drag = null;
    return far;
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
  }

  resized() {
    if (this.canvas.clientWidth === this.seen) return;
    this.seen = this.canvas.clientWidth;
    if (this.moved) return;
    this.open();
    this.opened?.();
  }

  // A new picture: keep a box where it was, or open afresh.
  show({ width, height }, kept) {
    Object.assign(this, { width, height });
    // Room for the whole picture comes before room for words beside it: they can go below.
    const room = Math.max(NARROWEST, Math.min(WIDEST, width * SMALLEST));
    if (!kept) this.canvas.parentNode.style.flexBasis = `${room}px`;
    if (kept) {
      this.setHeight(Math.max(this.canvas.clientHeight, height * this.k + 4));
      const { box, k } = { box: kept.box, k: this.k };
      const near = (start, pointer, length) =>
        Math.max(Math.min(start, pointer - 8), pointer + 8 - length * k);
      this.move(
        near(kept.x, kept.at[0], box[2]) - box[0] * k,
        near(kept.y, kept.at[1], box[3]) - box[1] * k,
      );
    } else if (this.seen) this.open();
  }
}
