// What all panes share: the runs, how they look, where the reader points, and how to ask Python.
import { DASHES, HUES } from "../colours.js";

const PATIENCE = 3000;
const LOOKS = ["smoothing", "axis", "log", "outliers", "hidden", "filter"];

// A, B, … Z, AA: a run's sign where colour and dashes do not tell it apart.
function letterOf(i) {
  const last = String.fromCharCode(65 + (i % 26));
  return i < 26 ? last : letterOf(Math.floor(i / 26) - 1) + last;
}

// 36 pairs of colour and dash; the first six runs differ in both.
export const looksOf = (names, hidden) =>
  names.map((name, i) => ({
    name,
    letter: letterOf(i),
    colour: `var(${HUES[i % HUES.length]})`,
    dash: DASHES[(i + Math.floor(i / HUES.length)) % DASHES.length],
    hidden: hidden.includes(name),
  }));

// An observable: `shared.log` reads, `shared.set("log", true)` writes, `shared.on("log", act)`
// hears.
// `on` gives the function that ends the hearing. What the reader set outlives a change of the
// output:
// a dashboard that comes to life, or freezes, finds it by the record's `session`.
export function sharedOf(model, signal) {
  const acts = {},
    { session } = model.get("dashboard"),
    kept = session ? ((globalThis.minitensorLooks ??= {})[session] ??= {}) : {},
    shared = {
      at: null,
      runs: [],
      folds: kept.folds ?? {}, // which parts are open, by name
      on(name, act) {
        (acts[name] ??= new Set()).add(act);
        const end = () => acts[name].delete(act);
        signal.addEventListener("abort", end);
        return end;
      },
      tell: (name) => [...(acts[name] ?? [])].forEach((act) => act(shared[name])),
      set(name, value) {
        if (shared[name] === value) return;
        shared[name] = value;
        if (LOOKS.includes(name) || name === "folds") kept[name] = value;
        if (LOOKS.includes(name)) {
          model.set(name, value);
          model.save_changes();
        }
        shared.tell(name);
      },
    };
  for (const name of LOOKS) {
    shared[name] = kept[name] ?? model.get(name);
    const heard = () => shared.set(name, model.get(name));
    model.on(`change:${name}`, heard);
    signal.addEventListener("abort", () => model.off?.(`change:${name}`, heard));
  }
  return shared;
}

// `ask(kind, args)` gives what Python's module of that kind answers, { content, buffers }; null
// where
// no Python is, or while it is busy; `ask.live` says whether there is one.
export function asker(model, signal, say) {
  const waiting = new Map(),
    view = Math.random().toString(36).slice(2);
  let count = 0;
  if (!model.send) return async () => null;
  const heard = (content, buffers) => {
    const done = waiting.get(content.answer);
    waiting.delete(content.answer);
    if (done && content.fault) say(content.fault);
    done?.(content.fault ? null : { content, buffers });
  };
  model.on("msg:custom", heard);
  signal.addEventListener("abort", () => model.off?.("msg:custom", heard));
  const ask = (what, args) =>
    new Promise((done) => {
      const name = `${view} ${++count}`;
      waiting.set(name, done);
      model.send({ ask: name, what, args });
      setTimeout(() => {
        if (!waiting.delete(name)) return;
        if (!signal.aborted) say("Python does not answer: a cell may be running");
        done(null);
      }, PATIENCE);
    });
  return Object.assign(ask, { live: true });
}
