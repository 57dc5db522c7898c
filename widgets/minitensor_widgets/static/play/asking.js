// One question to the kernel at a time: the next is asked when the answer is painted.
const LATE = 3000,
  PACE = 66;

export const bytes = (buffer) =>
  new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset ?? 0, buffer.byteLength);

export class Asker {
  // `question()` is what is asked now, `flows()` whether to go on asking, `answered` paints,
  // `reachable(yes)` hears when the kernel falls silent and when it is back.
  constructor(model, root, signal, { question, flows, answered, reachable }) {
    Object.assign(this, { model, signal, question, flows, reachable });
    this.id = Math.random().toString(36).slice(2);
    Object.assign(this, { want: 0, orders: [], waiting: false, again: false, seen: true });
    const heard = (content, buffers) => {
      reachable(true);
      if (!content.dropped) answered(content, buffers ?? []);
      if (content.view === this.id && content.want === this.want) this.next(content.dropped);
    };
    model.on("msg:custom", heard);
    const watch = new IntersectionObserver(([entry]) => this.look(entry.isIntersecting));
    watch.observe(root);
    const look = () => this.look(this.seen);
    document.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", () => {
      model.off?.("msg:custom", heard);
      watch.disconnect();
      clearTimeout(this.late);
      clearTimeout(this.soon);
    });
  }

  look(seen) {
    this.seen = seen;
    if (this.visible && (this.flows() || this.again)) this.ask();
  }

  get visible() {
    return this.seen && document.visibilityState === "visible";
  }

  order(...order) {
    this.orders.push(order);
    this.ask();
  }

  ask(extra) {
    if (extra) this.extra = extra;
    if (this.waiting || !this.visible || this.signal.aborted) {
      this.again = true;
      return;
    }
    clearTimeout(this.soon);
    Object.assign(this, { again: false, waiting: true, asked: performance.now() });
    const content = { want: ++this.want, view: this.id, do: this.orders, ...this.question() };
    Object.assign(content, this.extra);
    Object.assign(this, { orders: [], asking: this.extra, extra: null });
    this.late = setTimeout(() => this.silent(), LATE);
    try {
      this.model.send?.(content);
    } catch {
      this.silent();
    }
  }

  silent() {
    clearTimeout(this.late);
    this.waiting = false;
    this.reachable(false);
  }

  next(dropped) {
    clearTimeout(this.late);
    this.waiting = false;
    if (dropped) this.extra ??= this.asking;
    if (!this.again && !dropped && !this.flows()) return;
    const spent = performance.now() - this.asked;
    this.soon = setTimeout(() => this.ask(), Math.max(this.again ? 0 : 8, PACE - spent));
  }
}
