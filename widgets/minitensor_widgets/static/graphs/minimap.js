// The whole picture in small, where it does not fit: click or drag to move what is seen.
import { svg } from "../dom.js";

export function minimap(pane) {
  const { canvas, signal, viewport } = pane,
    boxes = svg("path"),
    view = svg("rect"),
    map = svg(
      "svg",
      { class: "mt-map", "aria-hidden": "true", preserveAspectRatio: "none" },
      boxes,
      view,
    );
  canvas.after(map);
  const set = (element, attributes) => {
    for (const name in attributes) element.setAttribute(name, attributes[name]);
  };
  viewport.watch = () => {
    const { height, k, width, x, y } = viewport,
      scale = Math.min(120 / width, 80 / height),
      long = (length) => Math.max(28, length * scale);
    // It hides nothing that a learner looks at.
    const over = (key) => {
      const box = pane.drawn && key && pane.boxOf(key);
      if (!box) return false;
      const [left, bottom] = [box[0] * k + x, (box[1] + box[3]) * k + y];
      return left < long(width) + 10 && bottom > canvas.clientHeight - long(height) - 10;
    };
    const chosen = pane.model.get("selected"),
      off = viewport.fits || over(pane.current) || (chosen && over("n:" + chosen));
    map.classList.toggle("mt-off", !!off);
    if (off) return;
    set(map, { viewBox: `0 0 ${width} ${height}`, width: long(width), height: long(height) });
    const seen = { width: canvas.clientWidth / k, height: canvas.clientHeight / k };
    set(view, { x: -x / k, y: -y / k, ...seen });
    const rect = ([left, top, w, h]) => `M${left},${top}h${w}v${h}h${-w}z`;
    if (boxes.of === pane.drawn) return;
    boxes.of = pane.drawn;
    set(boxes, { d: [...pane.items.keys()].map((key) => rect(pane.boxOf(key))).join("") });
  };
  const go = (event) => {
    if (!(event.buttons & 1)) return;
    const { left, top, width, height } = map.getBoundingClientRect(),
      { k } = viewport;
    viewport.moved = true;
    viewport.move(
      canvas.clientWidth / 2 - ((event.clientX - left) / width) * viewport.width * k,
      canvas.clientHeight / 2 - ((event.clientY - top) / height) * viewport.height * k,
    );
  };
  map.addEventListener("pointerdown", go, { signal });
  map.addEventListener("pointermove", go, { signal });
}
