// The backward stepper: one recorded step at a time, nothing shown before it is computed.
import { Controls } from "../controls.js";
import { frame, html, lifetime, linkTo, remount, svg } from "../dom.js";
import { valuePane } from "../panes.js";
import { clip } from "../values.js";
import { stepCard } from "./cards.js";
import { Pane } from "./pane.js";
import { gradientText, replay, valueText } from "./replay.js";
import { inspector } from "./inspector.js";
import { opApart, SMALL } from "./scene.js";

const RING = "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0";
const MARKS = {
  none: ["M-4,0h8"],
  waiting: [RING],
  partial: [RING, "M0,-4a4,4 0 0 1 0,8z"],
  final: [RING],
};

// Value, gradient and sign of state in the box of a node.
function drawState(group, node, state, [x, y, w]) {
  const room = Math.floor((w - 24) / SMALL),
    gradient = clip(gradientText(state), room),
    middle = x + w / 2;
  const [value, below] = group.querySelectorAll(".mt-small");
  value.textContent = clip(valueText(state), room);
  below.textContent = gradient;
  below.classList.add("mt-gradient");
  below.setAttribute("x", middle + 7);
  group.querySelector(".mt-mark")?.remove();
  const place = `translate(${middle - ([...gradient].length * SMALL) / 2 - 3},${y + 44.5})`;
  const mark = { class: `mt-mark mt-is-${state.state}`, transform: place };
  group.append(
    svg(
      "g",
      mark,
      MARKS[state.state].map((d) => svg("path", { d })),
    ),
  );
  group.classList.toggle("mt-unknown", !state.computed);
  const kind = node.kind === "op" ? opApart(node) : node.kind,
    final = state.state === "final" && "final";
  const words = [node.label, kind, valueText(state), gradientText(state), final]
    .filter(Boolean)
    .join(", ");
  group.setAttribute("aria-label", words);
  group.querySelector("title").textContent = words;
}

// Mark the node of a step and the lines along which it is computed or sends.
function drawStep(pane, step, chosen) {
  const here = step && pane.standIn(step.node),
    sent = new Set(step?.sends.map((send) => pane.standIn(send.to)));
  for (const [key, group] of pane.items) {
    group.classList.toggle("mt-now", key === here);
    group.classList.toggle("mt-selected", chosen !== undefined && key === pane.standIn(chosen.id));
  }
  for (const { source, target, path } of pane.lines()) {
    const backward = target === here && sent.has(source),
      forward = step?.phase === "forward" && target === here;
    path.classList.toggle("mt-hot", backward || forward);
    path.setAttribute(backward ? "marker-start" : "marker-end", `url(#${pane.arrow})`);
    path.removeAttribute(backward ? "marker-end" : "marker-start");
  }
  if (here) pane.reveal(here);
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    record = model.get("steps"),
    { graph, steps } = record;
  const { bar, body, panel, root, say } = frame(
    host,
    graph.title,
    signal,
    `${steps.length} steps · ${graph.nodes.length} nodes`,
  );
  const select = (id) => {
    model.set("selected", id);
    model.save_changes();
  };
  const controls = new Controls(bar, signal, model, steps.length);
  const pane = new Pane({
    record: graph,
    model,
    bar,
    body,
    say,
    signal,
    stepping: true,
    select,
    painted: () => paint(),
  });
  const link = (id) => linkTo(pane.byId.get(id).label, signal, () => pane.show(id));
  body.append(panel);
  root.addEventListener("keydown", (event) => controls.pressed(event), { signal });

  function chosenCard(node, state) {
    const now = inspector(graph, { ...node, value: state.value }, link);
    const gradient = html("div", { class: "mt-sub" }, gradientText(state));
    return [html("hr"), now, gradient, state.gradient ? valuePane(state.gradient) : ""];
  }
  function paint() {
    const step = steps[controls.at - 1],
      states = replay(record, controls.at),
      chosen = pane.byId.get(model.get("selected"));
    for (const [key, group] of pane.items)
      if (key.startsWith("n:"))
        drawState(group, pane.byId.get(key.slice(2)), states.get(key.slice(2)), pane.boxOf(key));
    drawStep(pane, step, chosen);
    controls.paint(step);
    panel.replaceChildren(
      ...stepCard(step, link),
      ...(chosen ? chosenCard(chosen, states.get(chosen.id)) : []),
    );
    return step;
  }
  const speak = () => {
    const step = paint();
    say(step ? step.text || step.title : "start");
  };
  const redraw = () => pane.draw();
  const listeners = [
    ["change:step", speak],
    ["change:selected", paint],
    ["change:collapsed", redraw],
  ];
  for (const [event, act] of listeners) model.on(event, act);
  redraw();
  return () => {
    for (const [event, act] of listeners) model.off?.(event, act);
    own.abort();
    root.remove();
  };
}
export const render = (host) => remount(host, "steps", mount);
export default { render };
