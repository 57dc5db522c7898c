// Value, gradient and sign of state in the boxes of the picture, and the lines of a step.
import { svg } from "../dom.js";
import { clip } from "../values.js";
import { gradientText, valueText } from "./replay.js";
import { opApart, SMALL } from "./scene.js";
import { lengthBar, lengthText } from "./sizes.js";

const RING = "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0";
const MARKS = {
  none: ["M-4,0h8"],
  waiting: [RING],
  partial: [RING, "M0,-4a4,4 0 0 1 0,8z"],
  final: [RING],
};

// `share` is how long the bar of the gradient's length is; undefined where lengths are not shown.
export function drawState(group, node, state, [x, y, w, h], share, trouble) {
  const room = Math.floor((w - 24) / SMALL),
    words = share === undefined || state.state === "none" ? gradientText(state) : lengthText(state),
    gradient = clip(words, room),
    middle = x + w / 2;
  const [value, below] = group.querySelectorAll(".mt-small");
  value.textContent = clip(valueText(state), room);
  below.textContent = gradient;
  below.classList.add("mt-gradient");
  below.setAttribute("x", middle + 7);
  for (const old of group.querySelectorAll(".mt-mark, .mt-size, .mt-first")) old.remove();
  const place = `translate(${middle - ([...gradient].length * SMALL) / 2 - 3},${y + 44.5})`;
  const mark = { class: `mt-mark mt-is-${state.state}`, transform: place };
  group.append(
    svg(
      "g",
      mark,
      MARKS[state.state].map((d) => svg("path", { d })),
    ),
    ...(share ? [lengthBar(share, [x, y, w, h])] : []),
    ...(trouble ? [svg("text", { class: "mt-first", x: x + 6, y: y + 15 }, "⚠")] : []),
  );
  group.classList.toggle("mt-unknown", !state.computed);
  const kind = node.kind === "op" ? opApart(node) : node.kind,
    final = state.state === "final" && "final";
  const told = [
    node.label,
    kind,
    valueText(state),
    words,
    final,
    trouble && "NaN or infinity starts here",
  ]
    .filter(Boolean)
    .join(", ");
  group.setAttribute("aria-label", told);
  group.querySelector("title").textContent = told;
}

// Mark the node of a step and the lines along which it is computed or sends.
export function drawStep(pane, step, chosen) {
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
  if (!here) return;
  const boxes = [here, ...sent].map((key) => pane.boxOf(key)).filter(Boolean),
    [left, top, right, bottom] = boxes.reduce(
      ([a, b, c, d], [x, y, w, h]) => [
        Math.min(a, x),
        Math.min(b, y),
        Math.max(c, x + w),
        Math.max(d, y + h),
      ],
      [Infinity, Infinity, -Infinity, -Infinity],
    );
  const { viewport } = pane,
    { clientWidth, clientHeight } = pane.canvas,
    fits = (size, room) => size * viewport.k + 24 <= room;
  if (fits(right - left, clientWidth) && fits(bottom - top, clientHeight))
    viewport.reveal([left, top, right - left, bottom - top], bottom - top);
  else pane.reveal(here);
}
