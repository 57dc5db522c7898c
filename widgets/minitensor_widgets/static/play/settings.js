// The controls of a playground: native inputs, each with its label; what cannot act is left out.
import { html } from "../dom.js";
import { number } from "../values.js";

const NAMES = { given: "your arrays", own: "own points" },
  AMOUNTS = [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1],
  FIELDS = [
    ["data", "Data"],
    ["points", "Points", { min: 4, max: 1000 }],
    ["noise", "Noise", { min: 0, max: 0.5, step: 0.05 }],
    ["train", "Training share, %", { min: 10, max: 90, step: 5 }],
    ["batch", "Batch size", { min: 1, max: 1000 }],
    ["optimizer", "Optimiser", ["adam", "sgd", "momentum", "rmsprop"]],
    ["learning_rate", "Learning rate", { min: 0.000001, max: 100, step: "any" }],
    ["l1", "L1", AMOUNTS],
    ["l2", "L2", AMOUNTS],
    ["activation", "Activation", ["tanh", "relu", "sigmoid", "linear"]],
    ["hidden", "Hidden layers"],
    ["seed", "Seed", { min: 0, max: 2147483647 }],
  ];

export const labelled = (text, made) => html("label", {}, text, made);

export function choice(options, value, changed) {
  const known = options.includes(value) ? options : [...options, value];
  const made = html(
    "select",
    {},
    known.map((name) => html("option", { value: name }, NAMES[name] ?? String(name))),
  );
  made.value = value;
  made.onchange = () =>
    changed(known.find((name) => String(name) === made.value));
  return made;
}

function amount(ends, value, changed) {
  const made = html("input", { type: "number", step: 1, ...ends, value: number(value, 4) });
  made.onchange = () => {
    const wanted = made.valueAsNumber;
    if (Number.isFinite(wanted)) changed(Math.max(ends.min, Math.min(ends.max, wanted)));
    else made.value = number(value, 4);
  };
  return made;
}

// How many hidden layers, and the width of each.
function layers(widths, changed) {
  const depth = amount({ min: 0, max: 4 }, widths.length, (n) =>
    changed(Array.from({ length: n }, (_, i) => widths[i] ?? 4)),
  );
  const each = widths.map((width, i) =>
    labelled(
      `Neurons in layer ${i + 1}`,
      amount({ min: 1, max: 8 }, width, (n) => changed(widths.map((w, j) => (j === i ? n : w)))),
    ),
  );
  return [labelled("Hidden layers", depth), each];
}

// `set({name: value})` when one is changed.
export function settingFields({ settings, acts, sets }, set) {
  return FIELDS.filter(([name]) => acts.includes(name)).map(([name, text, kind]) => {
    const value = settings[name],
      changed = (to) => set({ [name]: to });
    if (name === "hidden") return layers(value, changed);
    const list = name === "data" ? sets : kind;
    const made = Array.isArray(list) ? choice(list, value, changed) : amount(kind, value, changed);
    made.dataset.name = name;
    return labelled(text, made);
  });
}
