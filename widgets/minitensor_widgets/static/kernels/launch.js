// A launch of a kernel: blocks and threads, memory, problems and score.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { count } from "../units.js";
import { clip, number } from "../values.js";
import { Cells, gridShape, keepReachable, place } from "./cells.js";
import { Code, sheet, wordButton } from "./code.js";
import { Replay, cellSize, indexText } from "./replay.js";

const MOST_BUTTONS = 512;
const VERBS = ["reads", "writes", "changes"];
const LETTERS = ["R", "W", "A"];

// What a cell holds: nothing yet, a number, or NaN and infinity as words.
const known = (value, digits = 3) =>
  value === null || value === undefined
    ? "?"
    : typeof value === "string"
      ? value
      : number(value, digits);
// A number in five characters: fewer digits, then a power of ten.
function fitting(value) {
  const texts = [3, 2, 1].map((digits) => known(value, digits));
  if (typeof value === "number") texts.push(value.toExponential(0).replace("+", ""));
  return texts.find((text) => text.length <= 5) ?? clip(texts.at(-1), 5);
}

const problemText = ({ kind, text, fix, count: times }) =>
  `${kind}: ${text} ${times > 1 ? `This happens ${times} times. ` : ""}${fix}`;

class Memory {
  constructor(replay) {
    this.replay = replay;
    this.cells = replay.arrays.map(
      (array) =>
        new Cells(
          array,
          cellSize(array),
          gridShape(array.shape)[0] === 1 ? 14 : array.shape.at(-1),
        ),
    );
    this.root = html(
      "div",
      { class: "mt-arrays" },
      this.cells.map(({ name, svg }, i) =>
        html(
          "figure",
          {},
          html("figcaption", {}, `${name} ${replay.arrays[i].dtype}, ${replay.arrays[i].space}`),
          svg && replay.arrays[i].before.length
            ? svg
            : html("p", { class: "mt-dim" }, "too large, or too empty, to be drawn"),
        ),
      ),
    );
  }

  paint({ start, end, block }) {
    const { replay } = this,
      held = replay.held(end, block);
    const touched = replay.arrays.map(() => new Map());
    for (const { array, flat, kind } of replay.moves.slice(start, end))
      touched[array].set(flat, (touched[array].get(flat) ?? new Set()).add(kind));
    this.cells.forEach((cells, i) => {
      const array = replay.arrays[i];
      if (!cells.drawn || !array.before.length) return;
      const wide = cells.cell >= 30,
        marks = [],
        wrong = replay.problems.filter(
          (item) => item.array === array.name && item.cell >= 0 && end && item.at <= end,
        );
      const bad = new Set(wrong.map(({ cell }) => cell));
      for (const [flat, kinds] of touched[i]) {
        const kind = kinds.has(1) || kinds.has(2) ? "mt-wrote" : "mt-read";
        marks.push(cells.box(flat, kind));
      }
      for (const flat of bad) marks.push(cells.box(flat, "mt-wrong", 1, 2));
      held[i].forEach((value, flat) => {
        const kinds = [...(touched[i].get(flat) ?? [])].sort();
        const sign = (bad.has(flat) ? "✕" : "") + kinds.map((kind) => LETTERS[kind]).join("");
        if (sign && cells.cell >= 12)
          marks.push(cells.sign(flat, sign, "mt-kind", 0, wide ? -8 : 0));
        if (wide) marks.push(cells.sign(flat, fitting(value), "mt-in", 0, 8));
      });
      const said = [...touched[i]].slice(0, 12).map(([flat, kinds]) => {
        const verbs = [...kinds].sort().map((kind) => VERBS[kind]);
        return `${verbs.join(" and ")} ${place(array, flat)}, now ${known(held[i][flat])}`;
      });
      cells.paint(marks, `${cells.name}: ${said.join("; ") || "not touched in this step"}`);
    });
  }
}

class Threads {
  constructor(replay, model, signal) {
    Object.assign(this, { replay, model, block: -1, buttons: [], current: 0 });
    this.all = replay.blocks * replay.threads <= MOST_BUTTONS;
    this.root = html("div", { class: "mt-blocks", role: "group", "aria-label": "Threads" });
    this.root.addEventListener("click", (event) => this.clicked(event), { signal });
    this.root.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  // One button for each thread: of all blocks, or of the block at work.
  build(block) {
    if (this.buttons.length && (this.all || block === this.block)) return;
    const { replay } = this,
      shown = this.all ? Array.from({ length: replay.blocks }, (_, i) => i) : [block],
      held = this.root.contains(document.activeElement);
    this.block = block;
    this.buttons = [];
    this.current = 0;
    this.root.replaceChildren(
      ...shown.map((of) =>
        html(
          "div",
          { class: "mt-block", "data-block": of },
          html("small", {}, `block ${indexText(of, replay.grid)}`),
          html(
            "div",
            { style: `--mt-across:${Math.min(replay.block[0], 16)}` },
            Array.from({ length: replay.threads }, (_, thread) => {
              const made = html(
                "button",
                { type: "button", tabindex: -1, "data-thread": `${of}:${thread}` },
                indexText(thread, replay.block).replace(/[()]/g, ""),
              );
              this.buttons.push(made);
              return made;
            }),
          ),
        ),
      ),
    );
    this.buttons[0].tabIndex = 0;
    if (held) this.buttons[0].focus();
  }

  paint(step, at) {
    this.build(step.block);
    const { replay } = this,
      chosen = this.model.get("selected"),
      done = new Map();
    for (const { block, thread } of replay.moves.slice(step.start, step.end)) {
      const key = `${block}:${thread}`;
      done.set(key, (done.get(key) ?? 0) + 1);
    }
    const wrong = new Set(
      replay.problems.filter((p) => at && p.at <= step.end).map((p) => `${p.block}:${p.thread}`),
    );
    for (const made of this.buttons) {
      const key = made.dataset.thread,
        [block, thread] = key.split(":").map(Number),
        times = done.get(key) ?? 0;
      made.classList.toggle("mt-busy", times > 0);
      made.classList.toggle("mt-trouble", wrong.has(key));
      made.setAttribute("aria-pressed", String(key === chosen));
      const trouble = wrong.has(key) ? ", with a problem" : "";
      const who = replay.who(block, thread).replace(/[()]/g, ""); // as the button has it
      const name = `${who}: ${count(times, "access")} in this step${trouble}`;
      made.setAttribute("aria-label", name);
      made.title = name;
    }
  }

  clicked({ target }) {
    const made = target.closest("[data-thread]");
    if (!made) return;
    this.focusable(this.buttons.indexOf(made));
    this.choose(made.dataset.thread === this.model.get("selected") ? "" : made.dataset.thread);
  }

  choose(selected) {
    this.model.set("selected", selected);
    this.model.set("step", 1);
    this.model.save_changes();
  }

  focusable(at) {
    this.buttons[this.current].tabIndex = -1;
    this.current = at;
    this.buttons[at].tabIndex = 0;
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.model.get("selected")) this.choose("");
    const across = Math.min(this.replay.block[0], 16),
      { current, buttons } = this;
    const to = {
      ...{ ArrowRight: current + 1, ArrowLeft: current - 1, ArrowDown: current + across },
      ...{ ArrowUp: current - across, Home: 0, End: buttons.length - 1 },
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (!buttons[to]) return;
    this.focusable(to);
    buttons[to].focus();
  }
}

function tell(replay, at, end, selected, step) {
  if (!at) return "Nothing has happened yet. The steps are the phases of each block.";
  if (selected) {
    const { kind, line, array, flat, block, thread } = replay.moves[step.start];
    const now = known(replay.held(step.end, block)[array][flat]);
    const cell = place(replay.arrays[array], flat),
      who = replay.who(block, thread);
    const what = `${VERBS[kind]} ${cell}, ${kind ? "now" : "which is"} ${now}`;
    return `${who}, access ${at} of ${end}, line ${line}: ${what}.`;
  }
  const moves = replay.moves.slice(step.start, step.end),
    writes = moves.filter(({ kind }) => kind).length,
    busy = new Set(moves.map(({ thread }) => thread)).size;
  const until = step.stops.length
    ? `to the barrier at line ${step.stops.join(" and line ")}`
    : "to its end";
  return (
    `Block ${indexText(step.block, replay.grid)} runs ${until}: ` +
    `${count(moves.length - writes, "read")} and ${count(writes, "write")} ` +
    `by ${count(busy, "thread")}.`
  );
}

function tables(replay) {
  const score = replay.score.map(({ name, most, total }) => [name, String(most), String(total)]);
  const lines = replay.lines.map((item) => [
    `line ${item.line}, ${item.array}`,
    String(item.requests),
    item.space === "shared"
      ? `${count(item.conflicts, "turn")} lost to bank conflicts`
      : `${count(item.segments, "segment")}, ${item.fewest} would do`,
  ]);
  return [
    html("div", { class: "mt-sub" }, "Score"),
    sheet(["", "busiest thread", "all threads"], score, "Score"),
    html("div", { class: "mt-sub" }, "What memory makes of it"),
    sheet(["", "warps ask", "cost"], lines, "Memory traffic by line"),
    html(
      "details",
      {},
      html("summary", {}, "The same kernel as CUDA C"),
      html("pre", { tabindex: 0, role: "region", "aria-label": "CUDA C" }, replay.cuda),
    ),
  ];
}

// The problems as buttons that lead to where they happened.
function problemButtons(replay, signal, go) {
  return replay.problems.map((problem) => {
    const made = html(
      "button",
      { type: "button", class: "mt-problem" },
      `✕ ${problemText(problem)}`,
    );
    const phase = replay.phases.findIndex(
      ({ block, start, end }) =>
        block === problem.block && start <= problem.at && problem.at <= end,
    );
    made.addEventListener("click", () => go(phase < 0 ? replay.phases.length : phase + 1), {
      signal,
    });
    return made;
  });
}

const LEGEND =
  "R read, W written, A changed by an atomic operation in this step · ✕ problem · " +
  "? nobody has written it · choose a thread to follow its accesses";

class LaunchView {
  constructor({ model, el: host }, signal) {
    const replay = new Replay(model.get("launch")),
      found = count(replay.problems.length, "problem").replace(/^0/, "no"),
      size = `${count(replay.blocks, "block")} of ${count(replay.threads, "thread")}`;
    Object.assign(
      this,
      { model, replay },
      frame(host, `${replay.name}: ${size}, ${found}`, signal),
    );
    const pause = Math.max(150, Math.min(1100, 8000 / (this.length || 1)));
    this.controls = new Controls(this.bar, signal, model, this.length, "Step", pause);
    this.memory = new Memory(replay);
    this.threads = new Threads(replay, model, signal);
    this.source = new Code(replay.source, "Kernel");
    this.told = html("p", { class: "mt-said" });
    this.everyone = wordButton("All threads", signal, () => this.toPhase());
    this.bar.append(this.everyone);
    const legend = html("p", { class: "mt-dim" }, LEGEND);
    const left = [this.told, this.threads.root, this.memory.root, legend];
    this.body.append(html("div", { class: "mt-lab" }, left), this.panel);
    const trouble = problemButtons(replay, signal, (step) => this.all(step));
    const note = replay.note ? html("p", {}, replay.note) : "";
    this.panel.append(this.source.pre, ...trouble, note, ...tables(replay));
    for (const { line, other } of replay.problems)
      for (const at of [line, other]) this.source.spans[at - 1]?.classList.add("mt-faulty");
    keepReachable(this.memory.root, signal);
  }

  get length() {
    const selected = this.model.get("selected");
    return selected ? this.replay.of(selected).length : this.replay.phases.length;
  }

  // Back from one thread to all of them, at a phase.
  all(step) {
    this.model.set("selected", "");
    this.controls.go(step);
  }

  toPhase() {
    const { start } = this.replay.step(this.controls.at, this.model.get("selected"));
    this.all(this.replay.phases.findIndex((one) => one.start <= start && start < one.end) + 1);
  }

  paint() {
    const { controls, model, replay, told } = this,
      selected = model.get("selected");
    controls.end = this.length;
    controls.slider.max = controls.end;
    const { at, end } = controls,
      step = replay.step(at, selected);
    told.textContent = tell(replay, at, end, selected, step);
    this.threads.paint(step, at);
    this.memory.paint(step);
    this.source.mark(step.line);
    this.everyone.setAttribute("aria-pressed", String(!selected));
    controls.paint(at ? { title: told.textContent } : undefined);
  }
}

function mount(given) {
  const own = lifetime(given.signal),
    { model } = given,
    view = new LaunchView(given, own.signal),
    { bar, controls, root, say, told } = view;
  const moved = () => {
    view.paint();
    if (!controls.timer || controls.at === controls.end) say(told.textContent);
  };
  bar.addEventListener("keydown", (event) => controls.pressed(event), { signal: own.signal });
  listen(model, own.signal, { "change:step": moved, "change:selected": moved });
  view.paint();
  return () => own.abort();
}
export const render = (host) => remount(host, "launch", mount);
export default { render };
