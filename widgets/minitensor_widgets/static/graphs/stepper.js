// The backward stepper: one recorded step at a time, nothing shown before it is computed.
import { Controls } from "../controls.js";
import { frame, html, lifetime, linkTo, listen, remount } from "../dom.js";
import { valuePane } from "../panes.js";
import { stepCard } from "./cards.js";
import { contributions, program, relatives, slopes } from "./evidence.js";
import { inspector } from "./inspector.js";
import { Leaps } from "./leaps.js";
import { Pane } from "./pane.js";
import { Quiz } from "./quiz.js";
import { gradientText, replay } from "./replay.js";
import { lengthOf, scaleOf, sizesCard } from "./sizes.js";
import { speedChoice, toggleBox } from "./speed.js";
import { drawState, drawStep } from "./states.js";

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    record = model.get("steps"),
    { graph, steps } = record;
  let sizes = false;
  const { bar, body, panel, root, say } = frame(
    host,
    graph.title,
    signal,
    `${steps.length} steps · ${graph.nodes.length} nodes · ${graph.note}`,
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
  const labelOf = (id) => pane.byId.get(id).label.split(" = ")[0];
  const link = (id) => linkTo(pane.byId.get(id).label, signal, () => pane.show(id));
  const proceed = () => {
    go(controls.at + 1);
    panel.focus();
  };
  const quiz = Object.assign(new Quiz(steps, labelOf, signal), { say, proceed }),
    leaps = new Leaps(record),
    { trouble } = record;
  body.append(panel);

  const go = controls.go.bind(controls);
  controls.go = (to) => {
    if (!quiz.stops(controls.at, to)) return go(to);
    if (controls.timer) controls.stop();
    panel.replaceChildren(...quiz.elements);
    quiz.field.focus({ preventScroll: true });
    say(quiz.question);
  };
  controls.next = () => leaps.after(controls.at);
  controls.previous = () => leaps.before(controls.at);
  const predict = (on) => {
    Object.assign(quiz, { on, asked: -1 });
    paint();
  };
  const measure = (on) => {
    sizes = on;
    paint();
  };
  speedChoice(controls, bar, signal);
  toggleBox("predict first", bar, signal, predict);
  toggleBox("gradient sizes", bar, signal, measure);
  const pressed = (event) => {
    if (!event.target.matches("select, input[type=text]")) controls.pressed(event);
  };
  root.addEventListener("keydown", pressed, { signal });

  // Opening a group steps into it, closing it steps over it.
  const leap = (group, open) => {
    leaps.opened[open ? "add" : "delete"](group);
    go(open ? group.first + 1 : group.last);
    panel.focus();
  };
  // The last step of a kind that a node had: its forward step, its backward step.
  function jumps(id) {
    const jump = (text, wanted) => {
      const at = steps.findIndex(wanted);
      return at < 0 ? null : linkTo(text, signal, () => go(at + 1));
    };
    const back = ({ node, phase }) => node === id && phase === "backward";
    return [
      jump("go to its forward step", ({ node, phase }) => node === id && phase === "forward"),
      jump("go to its backward step", back),
      steps.some(back)
        ? null
        : jump("go to its gradient", ({ sends }) => sends.some((s) => s.to === id)),
    ];
  }
  function chosenCard(node, state) {
    const now = inspector(graph, { ...node, value: state.value }, link);
    const gradient = html("div", { class: "mt-sub" }, gradientText(state));
    return [
      html("hr"),
      now,
      jumps(node.id),
      relatives(record, node.id, link),
      gradient,
      state.gradient ? valuePane(state.gradient) : "",
      contributions(record, node.id, controls.at, link),
      state.state === "final" ? slopes(record, node.id) : null,
    ];
  }
  const warning = () =>
    trouble &&
    html(
      "div",
      { class: "mt-trouble" },
      html("p", {}, "⚠ ", trouble.text, " ", link(trouble.node)),
      program(trouble.source, record.lines),
    );
  function now(step, group) {
    if (group) return leaps.card(group, link, signal, (it) => leap(it, true));
    const around = leaps.inside(controls.at);
    const close = around && linkTo(`back to ${around.title}`, signal, () => leap(around, false));
    return [close, stepCard(step, record, link, labelOf)];
  }
  function drawAll(states) {
    const scale = sizes && scaleOf([...states.values()].map(lengthOf));
    for (const [key, group] of pane.items) {
      if (!key.startsWith("n:")) continue;
      const id = key.slice(2),
        state = states.get(id),
        share = sizes ? scale(lengthOf(state)) : undefined;
      drawState(group, pane.byId.get(id), state, pane.boxOf(key), share, trouble?.node === id);
    }
  }
  function paint() {
    const group = leaps.taken(controls.at),
      step = steps[controls.at - 1],
      states = replay(record, controls.at),
      chosen = pane.byId.get(model.get("selected"));
    drawAll(states);
    drawStep(pane, step, chosen);
    controls.paint(step);
    const parts = [
      quiz.total ? html("p", { class: "mt-dim" }, `predicted: ${quiz.score()}`) : null,
      warning(),
      sizes ? sizesCard(record, states, controls.at, link, labelOf) : null,
      now(step, group),
      chosen ? chosenCard(chosen, states.get(chosen.id)) : null,
    ];
    panel.replaceChildren(...parts.flat(Infinity).filter(Boolean));
    return group ? leaps.words(group, labelOf) : step ? step.text || step.title : "start";
  }
  pane.viewport.opened = () =>
    drawStep(pane, steps[controls.at - 1], pane.byId.get(model.get("selected")));
  const speak = () => say(paint());
  const redraw = () => pane.draw();
  listen(model, own.signal, {
    "change:step": speak,
    "change:selected": paint,
    "change:collapsed": redraw,
  });
  redraw();
  return () => own.abort();
}
export const render = (host) => remount(host, "steps", mount);
export default { render };
