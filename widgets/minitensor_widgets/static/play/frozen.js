// A run of a playground as it was left: a slider through its pictures, no kernel.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { Boundary, levelLook } from "./boundary.js";
import { readLevels } from "./codes.js";
import { NetworkView, neuronFacts } from "./network.js";
import { curves, fitting, momentText, problemBox, weightsPane } from "./report.js";

const MIDDLE = 31,
  NONE = 63;

function programPart(text) {
  return (
    text &&
    html(
      "details",
      { class: "mt-list" },
      html("summary", {}, "Show the Python for this"),
      html("pre", { tabindex: 0, role: "region", "aria-label": "Program" }, html("code", {}, text)),
    )
  );
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    play = model.get("play"),
    { frames, widths, measure } = play,
    end = frames.length - 1;
  const { bar, body, panel, root, say } = frame(host, play.title, signal, "");
  const controls = new Controls(bar, signal, model, end, "Picture", 250);
  bar.hidden = !end;
  const moment = html("div", { class: "mt-moment" }),
    plane = new Boundary(signal),
    lines = html("div", { class: "mt-curves" });
  const choose = (key) => {
    model.set("selected", key === model.get("selected") ? "" : key);
    model.save_changes();
  };
  const net = widths.length ? new NetworkView(widths, choose, signal) : null;
  const views = html(
    "div",
    { class: "mt-views" },
    play.problem && problemBox(play.problem),
    plane.element,
    net?.element,
    lines,
  );
  root.insertBefore(moment, body);
  body.append(views);
  if (net) body.append(panel);
  root.append(programPart(play.program));
  plane.scene(play);

  function paint() {
    const { at } = controls,
      now = frames[at],
      last = at === end && play.field;
    const words = last ? play.reading : momentText(now),
      selected = model.get("selected");
    moment.textContent = momentText(now);
    plane.paint(readLevels(last || now.field), levelLook(MIDDLE, NONE), words);
    net?.paint({
      layers: now.layers,
      maps: now.maps.map((layer) => layer.map(readLevels)),
      numbers: now.layers,
      look: { middle: MIDDLE, shades: levelLook(MIDDLE, NONE, false) },
      selected,
      word: "weight",
    });
    lines.replaceChildren(
      html("p", {}, last ? play.reading : ""),
      curves(play.curve, measure, fitting(lines, 560), now.step),
    );
    panel.replaceChildren(...weightsPane(selected && neuronFacts(selected, now.layers, widths)));
    controls.paint({ title: momentText(now) });
  }
  const stepped = () => {
    paint();
    if (!controls.timer || controls.at === end) say(momentText(frames[controls.at]));
  };
  bar.addEventListener("keydown", (event) => controls.pressed(event), { signal });
  listen(model, own.signal, { "change:step": stepped, "change:selected": paint });
  paint();
  return () => own.abort();
}
export const render = (host) => remount(host, "play", mount);
export default { render };
