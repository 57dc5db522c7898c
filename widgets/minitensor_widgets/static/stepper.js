// The backward stepper: one recorded step at a time, nothing shown before it is computed.
import { button, frame, html, inspector, lifetime, relabel, remount, sourceLine, svg, valuePane } from "./dom.js";
import { createPane } from "./pane.js";
import { brief, gradientText, leaves, replay, valueText } from "./replay.js";
import { clip, opApart, SMALL } from "./scene.js";

const PAUSE = 1100, WAITING = "not yet computed";
const RING = "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0";
const MARKS = { none: ["M-4,0h8"], waiting: [RING], partial: [RING, "M0,-4a4,4 0 0 1 0,8z"], final: [RING] };
const SIGNS = { partial: "◐", final: "●" };

// Cut "g * b" and "1 × 3" at the operators outside brackets, to set each factor over its number or shape.
function factors(text) {
  const parts = [""];
  let depth = 0;
  text.split(" ").forEach((word) => {
    if (!depth && ["*", "×", "@", "+", "-", "/", "·"].includes(word)) parts.push(word, "");
    else parts[parts.length - 1] += (parts[parts.length - 1] ? " " : "") + word;
    depth += word.split("(").length - word.split(")").length;
  });
  return parts;
}
function formula(rule, numbers) {
  const above = factors(rule), below = factors(numbers);
  if (above.length !== below.length) return html("div", { class: "mt-formula" }, html("code", {}, rule), numbers ? html("code", {}, numbers) : null);
  return html("div", { class: "mt-formula" }, above.map((part, i) => html("span", {}, html("code", {}, part), html("code", { class: "mt-dim" }, i % 2 ? "" : below[i]))));
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given), { signal } = own, record = model.get("steps"), { graph, steps } = record, end = steps.length;
  const { bar, body, panel, root, say } = frame(host, graph, signal, `backward pass in ${end} steps · ${graph.nodes.length} nodes`);
  const select = (id) => { model.set("selected", id); model.save_changes(); };
  const at = () => Math.max(0, Math.min(end, model.get("step")));
  const go = (to) => { model.set("step", Math.max(0, Math.min(end, to))); model.save_changes(); };
  let timer = null;
  function stop() { clearInterval(timer); timer = null; relabel(play, "Play"); }
  const back = [button("First step", signal, () => go(0)), button("Previous step", signal, () => go(at() - 1))];
  const play = button("Play", signal, () => {
    if (timer) return stop();
    if (at() === end) go(0);
    timer = setInterval(() => { go(at() + 1); if (at() === end) stop(); }, PAUSE);
    relabel(play, "Pause");
  });
  const forth = [button("Next step", signal, () => go(at() + 1)), button("Last step", signal, () => go(end))];
  const slider = html("input", { type: "range", min: 0, max: end, step: 1, "aria-label": "Step" }), count = html("span", { class: "mt-count" });
  slider.addEventListener("input", () => go(+slider.value), { signal });
  bar.append(...back, play, ...forth, slider, count);
  const pane = createPane({ record: graph, model, bar, body, say, signal, stepping: true, select, painted: () => paint() });
  body.append(panel);
  const show = (id) => { select(id); const key = pane.standIn(id); if (key) pane.focus(key); };
  root.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at() + 1, ArrowLeft: at() - 1, Home: 0, End: end }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    go(to);
    event.preventDefault();
  }, { signal });

  const name = (id) => pane.byId.get(id).label;
  function drawState(group, node, state) {
    const [x, , w] = pane.boxOf("n:" + node.id), y = pane.boxOf("n:" + node.id)[1], texts = group.querySelectorAll(".mt-small");
    const room = Math.floor((w - 24) / SMALL), gradient = clip(gradientText(state), room);
    texts[0].textContent = clip(valueText(state), room);
    texts[1].textContent = gradient;
    texts[1].classList.add("mt-gradient");
    texts[1].setAttribute("x", x + w / 2 + 7);
    group.querySelector(".mt-mark")?.remove();
    const left = x + w / 2 - ([...gradient].length * SMALL) / 2 - 3;
    group.append(svg("g", { class: `mt-mark mt-is-${state.state}`, transform: `translate(${left},${y + 44.5})` }, MARKS[state.state].map((d) => svg("path", { d }))));
    group.classList.toggle("mt-unknown", !state.computed);
    const parts = [node.label, node.kind === "op" ? opApart(node) : node.kind, valueText(state), gradientText(state), state.state === "final" ? "final" : ""];
    const words = parts.filter(Boolean).join(", ");
    group.setAttribute("aria-label", words);
    group.querySelector("title").textContent = words;
  }
  function sendCard(send) {
    const { arrived, expected } = send, state = arrived >= expected ? "final" : "partial";
    const link = html("button", { type: "button", class: "mt-link" }, name(send.to));
    link.addEventListener("click", () => show(send.to), { signal });
    const scalar = !send.value.shape.length;
    return html("div", { class: "mt-send" },
      html("div", { class: "mt-sub" }, "to ", link, html("span", { class: "mt-badge" }, `${SIGNS[state]} ${arrived} of ${expected} ${expected === 1 ? "contribution" : "contributions"}${state === "final" ? ", final" : ""}`)),
      formula(send.rule, send.rule_numbers),
      send.unbroadcast ? html("p", { class: "mt-un" }, "broadcast undone: ", html("code", {}, send.unbroadcast)) : null,
      html("p", { class: "mt-sum" }, html("span", {}, send.before ? brief(send.before) : WAITING), " + ", html("span", {}, brief(send.value)), " → ", html("b", {}, brief(send.after))),
      scalar ? null : html("details", { open: leaves(send.value.text).length <= 12 && "" }, html("summary", {}, "numbers"),
        [["before un-broadcast", send.raw], ["sent", send.value], ["accumulated before", send.before], ["accumulated after", send.after]]
          .filter(([, value]) => value).map(([title, value]) => html("div", {}, html("small", {}, title), valuePane(value)))));
  }
  function stepCard(step) {
    if (!step) return [html("div", { class: "mt-head" }, "Start"), html("p", {}, "Nothing is computed yet. Press the right arrow key or “Next step”.")];
    const upstream = step.upstream && [html("div", { class: "mt-sub" }, step.phase === "seed" ? "starts with g" : "arrives: g"), valuePane(step.upstream)];
    return [
      html("div", { class: "mt-head" }, html("span", { class: "mt-badge" }, step.phase), step.title), html("p", {}, step.text), sourceLine(step.source),
      ...(step.value ? [html("div", { class: "mt-sub" }, step.phase === "result" ? "gradient" : "value"), valuePane(step.value)] : []), ...(upstream ?? []),
      step.rule ? html("p", {}, "local rule: ", html("code", {}, step.rule)) : null, ...step.sends.map(sendCard),
    ].filter(Boolean);
  }
  function paint() {
    const now = at(), step = steps[now - 1], states = replay(record, now), chosen = pane.byId.get(model.get("selected"));
    const here = step && pane.standIn(step.node), sent = new Set(step?.sends.map((send) => pane.standIn(send.to)));
    for (const [key, group] of pane.items) {
      group.classList.toggle("mt-now", key === here);
      group.classList.toggle("mt-selected", chosen !== undefined && key === pane.standIn(chosen.id));
      if (key.startsWith("n:")) drawState(group, pane.byId.get(key.slice(2)), states.get(key.slice(2)));
    }
    for (const { source, target, path } of pane.lines()) {
      const backward = target === here && sent.has(source), forward = step?.phase === "forward" && target === here;
      path.classList.toggle("mt-hot", backward || forward);
      path.setAttribute(backward ? "marker-start" : "marker-end", `url(#${pane.arrow})`);
      path.removeAttribute(backward ? "marker-end" : "marker-start");
    }
    slider.value = now;
    slider.setAttribute("aria-valuetext", step ? `${now} of ${end}: ${step.title}` : "start");
    count.textContent = `${now} / ${end}`;
    back.forEach((made) => made.setAttribute("aria-disabled", String(now === 0)));
    forth.forEach((made) => made.setAttribute("aria-disabled", String(now === end)));
    const state = chosen && states.get(chosen.id);
    panel.replaceChildren(...stepCard(step), ...(chosen ? [html("hr"), inspector(graph, { ...chosen, value: state.value }, signal, show),
      html("div", { class: "mt-sub" }, gradientText(state)), state.gradient ? valuePane(state.gradient) : ""] : []));
    if (here) pane.reveal(here);
  }
  const speak = () => { const step = steps[at() - 1]; paint(); say(step ? step.text || step.title : "start"); };
  model.on("change:step", speak);
  model.on("change:selected", paint);
  model.on("change:collapsed", pane.draw);
  pane.draw();
  return () => {
    for (const [event, act] of [["change:step", speak], ["change:selected", paint], ["change:collapsed", pane.draw]]) model.off?.(event, act);
    clearInterval(timer);
    own.abort();
    root.remove();
  };
}
export const render = (host) => remount(host, "steps", mount);
export default { render };
