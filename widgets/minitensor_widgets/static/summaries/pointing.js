// Pointing at a cloud: drag, draw around points, wheel with Ctrl, and the same by keys.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const [TURN, STEP] = [0.1, 24];

export function canvasPointer(view) {
  const { cloud, stage, chosen } = view;
  let drag = null;
  const at = (event) => {
    const area = cloud.canvas.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  };
  view.hear(stage, "pointerdown", (event) => {
    if (event.button) return;
    const line = view.lasso.ariaPressed === "true" ? [at(event)] : null;
    drag = { from: at(event), last: at(event), line };
    chosen.line = line;
    stage.setPointerCapture(event.pointerId);
  });
  view.hear(stage, "pointermove", (event) => {
    const now = at(event);
    if (!drag) return chosen.hover(cloud.at(...now));
    const [dx, dy] = [now[0] - drag.last[0], now[1] - drag.last[1]];
    drag.last = now;
    if (drag.line) {
      drag.line.push(now);
      cloud.draw();
    } else if (cloud.flat || event.shiftKey) cloud.move(dx, dy);
    else cloud.turn(dx / 150, dy / 150);
  });
  view.hear(stage, "pointerup", (event) => {
    if (!drag) return;
    const far = Math.hypot(...at(event).map((v, k) => v - drag.from[k]));
    if (drag.line && drag.line.length > 2) chosen.select(cloud.within(drag.line), event.shiftKey);
    else if (far < 4) chosen.pick(cloud.at(...at(event)));
    chosen.line = drag = null;
    cloud.draw();
  });
  view.hear(stage, "pointercancel", () => (chosen.line = drag = null));
  view.hear(stage, "pointerleave", () => chosen.hover(-1));
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      cloud.enlarge(Math.exp(-event.deltaY / 300));
    },
    { signal: view.signal, passive: false },
  );
}

export function canvasKeys(view) {
  const { cloud, stage, chosen } = view;
  const acts = {
    "+": () => cloud.enlarge(1.25),
    "=": () => cloud.enlarge(1.25),
    "-": () => cloud.enlarge(0.8),
    Home: () => cloud.fit(),
    n: () => chosen.step(1),
    p: () => chosen.step(-1),
    " ": () => chosen.toggle(),
    Escape: () => chosen.clear(),
  };
  view.hear(stage, "keydown", (event) => {
    const way = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(way || acts[event.key])) return;
    event.preventDefault();
    if (!way) acts[event.key]();
    else if (cloud.flat || event.shiftKey) cloud.move(way[0] * STEP, way[1] * STEP);
    else cloud.turn(way[0] * TURN, way[1] * TURN);
  });
}
