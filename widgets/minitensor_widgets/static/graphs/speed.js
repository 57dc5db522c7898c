// How fast the steps follow each other when they are played.
import { html } from "../dom.js";

const PAUSES = [
  ["slow", 2400],
  ["normal", 1100],
  ["fast", 350],
];

export function speedChoice(controls, bar, signal) {
  const choice = html(
    "select",
    { "aria-label": "Speed" },
    PAUSES.map(([name, pause]) =>
      html("option", { value: pause, selected: pause === controls.pause && "" }, name),
    ),
  );
  const choose = () => {
    controls.pause = +choice.value;
    if (!controls.timer) return;
    controls.stop();
    controls.start();
  };
  choice.addEventListener("change", choose, { signal });
  bar.append(choice);
}

// A switch in the bar; `act` gets whether it is on.
export function toggleBox(text, bar, signal, act) {
  const box = html("input", { type: "checkbox", "aria-label": text });
  box.addEventListener("change", () => act(box.checked), { signal });
  bar.append(html("label", { class: "mt-toggle" }, box, text));
}
