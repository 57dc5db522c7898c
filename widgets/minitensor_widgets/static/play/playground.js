// The playground, live: it asks the kernel for a picture, paints it, and asks for the next.
import { button, frame, html, lifetime, linkTo, listen, relabel } from "../dom.js";
import { Asker, bytes } from "./asking.js";
import { Boundary, levelLook } from "./boundary.js";
import { NetworkView, neuronFacts } from "./network.js";
import { curves, fitting, momentText, problemBox, weightsPane } from "./report.js";
import { choice, labelled, settingFields } from "./settings.js";
import { slicePane } from "./slice.js";

const MIDDLE = 127,
  NONE = 255,
  CELLS = 400,
  SPEEDS = { "1 step": 1, "10 steps": 10, "as many as fit": 1000 },
  AWAY =
    "Kernel not reachable: it is busy with a cell, or it has gone. The last picture stays; " +
    "press Play to try again.";

class Live {
  constructor({ model, el: host }, own) {
    const { signal } = own;
    Object.assign(this, { model, signal, numbers: "weights", speed: 10, rows: [] });
    const { bar, body, panel, root, say } = frame(host, "", signal, "");
    Object.assign(this, { bar, panel, root, say });
    this.title = root.querySelector(".mt-title b");
    this.asker = new Asker(model, root, signal, {
      question: () => this.question(),
      flows: () => model.get("playing"),
      answered: (content, buffers) => this.answered(content, buffers),
      reachable: (yes) => this.reachable(yes),
    });
    this.plane = new Boundary(signal);
    this.plane.placing({
      put: (x, y, label) => this.placed("point", x, y, label),
      take: (x, y) => this.placed("remove", x, y),
      chosen: () => this.label ?? 0,
      say,
    });
    this.fields = html("fieldset", { class: "mt-settings", "aria-label": "Settings" });
    this.moment = html("div", { class: "mt-moment" });
    this.away = html("div", { class: "mt-away", role: "status" });
    this.problem = html("div", { class: "mt-curves" });
    this.tools = html("div", { class: "mt-tools" });
    this.net = html("div", { class: "mt-net-place" });
    this.reading = html("p");
    this.lines = html("div", { class: "mt-curves" });
    const { problem, plane, net, tools, reading, lines } = this,
      views = [problem, plane.element, net, tools, reading, lines];
    body.append(html("div", { class: "mt-views" }, views), panel);
    root.insertBefore(this.fields, body);
    root.insertBefore(this.moment, body);
    root.insertBefore(this.away, body);
    root.append(this.slicePart(), this.programPart());
    this.buttons();
  }

  // ---- asking

  question() {
    const flowing = this.model.get("playing"),
      once = this.once ?? 0;
    this.once = 0;
    return {
      steps: flowing ? this.speed : once,
      flowing,
      gradients: this.numbers === "gradients",
      curve: !this.rows.length,
    };
  }

  answered(content, buffers) {
    if (content.problem && this.model.get("playing")) this.play(false);
    if (content.frame) this.take(content, buffers);
    this.problem.replaceChildren(problemBox(content.problem));
    if (content.program !== undefined) this.code.textContent = content.program;
    if (content.surface !== undefined)
      this.slice.replaceChildren(content.surface ? slicePane(content.surface) : "");
    if (content.surface) this.say(content.surface.reading);
  }

  take({ frame: now, units, curve }, buffers) {
    if (curve) this.rows = curve;
    if (this.rows.length && now.step < this.rows.at(-1)[0]) this.rows = [];
    if (now.step === this.rows.at(-1)?.[0]) this.rows.pop();
    this.rows.push([now.step, ...now.losses]);
    if (this.rows.length > 800) this.rows = this.rows.filter((_, i) => i % 2 === 0);
    this.now = now;
    this.levels = bytes(buffers[0]);
    this.maps = units.map((n, k) => {
      const all = bytes(buffers[k + 1]);
      return Array.from({ length: n }, (_, i) => all.subarray(CELLS * i, CELLS * (i + 1)));
    });
    this.paint();
  }

  reachable(yes) {
    this.away.textContent = yes ? "" : AWAY;
    this.stalled = !yes;
    this.paintPlay();
  }

  placed(...order) {
    this.asker.order(...order);
    this.say(order[0] === "point" ? `point of class ${order[3]}` : "point taken away");
  }

  // ---- what can be pressed

  buttons() {
    const { signal } = this;
    const start = () => this.play(this.stalled || !this.model.get("playing"));
    this.start = button("Play", signal, start);
    const once = html("button", { type: "button" }, "One step");
    const reset = html("button", { type: "button" }, "Reset");
    once.addEventListener("click", () => this.oneStep(), { signal });
    const again = () => {
      this.play(false);
      this.asker.order("reset");
    };
    reset.addEventListener("click", again, { signal });
    const speed = choice(Object.keys(SPEEDS), "10 steps", (name) => {
      this.speed = SPEEDS[name];
    });
    this.bar.append(this.start, once, reset, labelled("between pictures", speed));
    this.bar.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "ArrowRight" || event.target.localName !== "button") return;
        this.oneStep();
        event.preventDefault();
      },
      { signal },
    );
  }

  oneStep() {
    this.once = 1;
    if (this.model.get("playing")) this.play(false);
    else this.asker.ask();
  }

  play(yes) {
    this.model.set("playing", yes);
    this.model.save_changes();
    this.asker.ask();
  }

  slicePart() {
    this.slice = html("div");
    let kind = "random";
    const kinds = { "two random directions": "random", "gradient and random": "gradient" };
    const names = choice(Object.keys(kinds), "two random directions", (name) => {
      kind = kinds[name];
    });
    const act = () => this.asker.ask({ ask: "surface", kind });
    this.slices = html(
      "details",
      { class: "mt-list" },
      html("summary", {}, "Loss surface around these weights"),
      html(
        "div",
        { class: "mt-tools" },
        labelled("along", names),
        linkTo("Compute", this.signal, act),
      ),
      this.slice,
    );
    return this.slices;
  }

  programPart() {
    this.code = html("code");
    const text = html(
      "pre",
      { tabindex: 0, role: "region", "aria-label": "Program" },
      this.code,
    );
    const copy = linkTo("Copy", this.signal, async () => {
      try {
        await navigator.clipboard.writeText(this.code.textContent);
        this.say("copied");
      } catch {
        getSelection().selectAllChildren(text);
        this.say("selected: copy it with Ctrl+C");
      }
    });
    this.program = html(
      "details",
      { class: "mt-list" },
      html("summary", {}, "Show the Python for this"),
      copy,
      text,
    );
    this.program.addEventListener("toggle", () => this.fresh(), { signal: this.signal });
    return this.program;
  }

  fresh() {
    if (this.program.open) this.asker.ask({ ask: "program" });
  }

  // ---- what Python says

  scene() {
    const scene = this.model.get("scene"),
      held = document.activeElement?.dataset?.name;
    this.title.textContent = scene.title;
    this.root.setAttribute("aria-label", scene.title);
    const act = (wanted) => this.asker.order("settings", wanted);
    this.fields.replaceChildren(...settingFields(scene, act).flat(3));
    if (held) this.fields.querySelector(`[data-name="${held}"]`)?.focus();
    const own = scene.settings.data === "own";
    this.plane.placeable = own;
    this.plane.scene(scene);
    const shape = scene.widths.join();
    if (shape !== this.shape) this.network(scene.widths);
    this.shape = shape;
    this.slices.hidden = !scene.slices;
    this.toolbox(scene, own);
  }

  network(widths) {
    const choose = (key, row) => this.choose(key, row);
    this.view = widths.length ? new NetworkView(widths, choose, this.signal) : null;
    const none =
      "The neurons of this model are not drawn: they are where it is a Sequential of Dense layers.";
    this.net.replaceChildren(this.view?.element ?? html("p", { class: "mt-dim" }, none));
  }

  toolbox({ gradients }, own) {
    const made = [];
    if (own) {
      const label = choice([0, 1], this.label ?? 0, (to) => (this.label = to));
      made.push(labelled("Class of the next point", label), "Click the picture to put it.");
    }
    if (gradients) {
      const numbers = choice(["weights", "gradients"], this.numbers, (to) => {
        this.numbers = to;
        this.asker.ask();
      });
      made.push(labelled("On the edges", numbers));
    }
    this.tools.replaceChildren(...made);
  }

  choose(key, row) {
    this.model.set("selected", row === undefined && key === this.model.get("selected") ? "" : key);
    this.model.save_changes();
    if (row !== undefined) this.panel.querySelector(`[data-row="${row}"]`)?.select();
  }

  // ---- painting

  paint() {
    const { now, model } = this;
    if (!now) return;
    const scene = model.get("scene"),
      words = now.reading || momentText(now);
    this.moment.textContent = momentText(now);
    this.plane.paint(this.levels, levelLook(MIDDLE, NONE), words);
    if (this.view && now.layers.length === scene.widths.length)
      this.view.paint({
        layers: now.layers,
        maps: this.maps,
        numbers: now.slopes.length ? now.slopes : now.layers,
        look: { middle: MIDDLE, shades: levelLook(MIDDLE, NONE, false) },
        selected: model.get("selected"),
        word: now.slopes.length ? "gradient" : "weight",
      });
    this.lines.replaceChildren(curves(this.rows, scene.measure, fitting(this.lines, 560)));
    this.reading.textContent = now.reading;
    if (now.reading && now.reading !== this.said) this.say(`${momentText(now)}. ${now.reading}`);
    this.said = now.reading;
    this.details();
  }

  details() {
    // A number that is being typed stays.
    if (this.panel.contains(document.activeElement) && this.model.get("playing")) return;
    const { now, model } = this,
      key = model.get("selected");
    const facts = now && key ? neuronFacts(key, now.layers, model.get("scene").widths) : null;
    const row = document.activeElement?.dataset?.row;
    const slopes = now?.slopes.length ? now.slopes : null;
    const edit = (index, value) =>
      this.asker.order("weight", facts.layer, index, facts.column, value);
    this.panel.replaceChildren(...(this.view ? weightsPane(facts, slopes, edit) : []));
    this.panel.hidden = !this.view;
    if (row) this.panel.querySelector(`[data-row="${row}"]`)?.focus();
  }

  paintPlay() {
    const goes = this.model.get("playing") && !this.stalled,
      label = goes ? "Pause" : "Play";
    if (this.start.title !== label) relabel(this.start, label);
  }
}

function mount(host) {
  const own = lifetime(host.signal),
    { model } = host,
    live = new Live(host, own);
  const on = {
    "change:scene": () => live.scene(),
    "change:settings": () => live.asker.ask(),
    "change:playing": () => {
      live.paintPlay();
      live.asker.ask();
      if (!model.get("playing")) live.fresh();
    },
    "change:step": () => live.asker.ask(),
    "change:selected": () => live.paint(),
  };
  listen(model, own.signal, on);
  live.scene();
  live.paintPlay();
  live.details();
  live.asker.ask();
  return () => own.abort();
}
export const render = mount;
export default { render };
