// Twin of replay.py: what is known after the first `count` steps.
import { brief } from "../values.js";

// Whether a step starts the backward pass; there is none from numbers that cannot vary.
const seeds = (step) => step.phase === "seed" && (step.upstream ?? step.value);

export function replay(record, count) {
  const states = new Map(),
    later = new Set(record.steps.filter((s) => s.phase === "forward").map((s) => s.node));
  for (const { id, value } of record.graph.nodes)
    states.set(id, {
      value: later.has(id) ? null : value,
      computed: !later.has(id),
      gradient: null,
      norm: null,
      state: "none",
      arrived: 0,
      expected: 0,
    });
  for (const step of record.steps) {
    if (seeds(step)) states.get(step.node).state = "waiting";
    for (const send of step.sends)
      Object.assign(states.get(send.to), { state: "waiting", expected: send.expected });
  }
  for (const step of record.steps.slice(0, count)) {
    const here = states.get(step.node);
    if (step.phase === "forward") Object.assign(here, { value: step.value, computed: true });
    else if (seeds(step))
      Object.assign(here, {
        gradient: step.upstream ?? step.value,
        norm: step.norm,
        state: "final",
        arrived: 1,
        expected: 1,
      });
    // What has to be summed first arrives with the next step.
    for (const { to, after, norm, arrived, expected } of step.sends.filter((send) => send.after))
      Object.assign(states.get(to), {
        gradient: after,
        norm,
        arrived,
        expected,
        state: arrived >= expected ? "final" : "partial",
      });
  }
  return states;
}

export const valueText = (state) =>
  state.computed ? `= ${brief(state.value)}` : "= not yet computed";
export const gradientText = ({ state, gradient, arrived, expected }) =>
  ({
    none: () => "∇ none flows here",
    waiting: () => "∇ not yet computed",
    partial: () => `∇ ${brief(gradient)} (${arrived} of ${expected})`,
    final: () => `∇ ${brief(gradient)}`,
  })[state]();
