// Groups of steps, taken as one step until they are opened.
import { html, linkTo } from "../dom.js";
import { brief, shapeText } from "../values.js";

const MOST_NAMED = 8;

export class Leaps {
  constructor(record) {
    Object.assign(this, record);
    this.opened = new Set();
  }

  // The outermost closed group that step number `i` belongs to.
  around(i) {
    return this.groups.find((g) => g.first <= i && i < g.last && !this.opened.has(g));
  }

  after(at) {
    return this.around(at)?.last ?? at + 1;
  }

  before(at) {
    return this.around(at - 1)?.first ?? at - 1;
  }

  // The group that was just taken as one step; whoever lands inside of a group opens it.
  taken(at) {
    let group = this.around(at - 1);
    while (group && at < group.last) {
      this.opened.add(group);
      group = this.around(at - 1);
    }
    return group;
  }

  // The innermost open group around a step.
  inside(at) {
    return this.groups.findLast((g) => g.first < at && at <= g.last && this.opened.has(g));
  }

  // What comes in and what goes out: [node, value] pairs.
  traffic({ first, last }) {
    const run = this.steps.slice(first, last),
      within = new Set(run.map((step) => step.node)),
      come = new Map(),
      gone = new Map();
    if (run[0].phase === "forward") {
      const values = new Map(this.steps.slice(0, last).map((step) => [step.node, step.value]));
      const constant = new Set();
      for (const { id, value, kind } of this.graph.nodes) {
        if (value) values.set(id, value);
        if (kind === "constant") constant.add(id);
      }
      for (const { source, target } of this.graph.edges)
        if (constant.has(source)) continue;
        else if (within.has(target) && !within.has(source)) come.set(source, values.get(source));
        else if (within.has(source) && !within.has(target)) gone.set(source, values.get(source));
    } else {
      for (const step of run)
        for (const { to, after } of step.sends) if (after && !within.has(to)) gone.set(to, after);
      for (const step of this.steps.slice(0, first)) {
        for (const { to, after } of step.sends) if (after && within.has(to)) come.set(to, after);
        if (step.phase === "seed" && within.has(step.node)) come.set(step.node, step.upstream);
      }
    }
    return { come: [...come], gone: [...gone] };
  }

  told(id, value) {
    return value ? brief(value) : shapeText(this.graph.nodes.find((node) => node.id === id).shape);
  }

  words(group, labelOf) {
    const list = this.traffic(group).gone.slice(0, MOST_NAMED);
    const gone = list.map(([id, value]) => `${labelOf(id)} ${this.told(id, value)}`).join(", ");
    return `${group.title}: ${group.last - group.first} steps as one. Goes out: ${gone || "nothing"}.`;
  }

  // `open` and `close` are called with a group.
  card(group, link, signal, open) {
    const { come, gone } = this.traffic(group);
    const list = (title, pairs) => [
      html("div", { class: "mt-sub" }, title),
      pairs
        .slice(0, MOST_NAMED)
        .map(([id, value]) => html("p", {}, link(id), this.told(id, value))),
      pairs.length > MOST_NAMED ? html("p", {}, `and ${pairs.length - MOST_NAMED} more`) : null,
      pairs.length ? null : html("p", { class: "mt-dim" }, "nothing"),
    ];
    const count = group.last - group.first;
    return [
      html("div", { class: "mt-head" }, group.title),
      html("p", {}, `${count} steps, ${group.first + 1} to ${group.last}, taken as one.`),
      linkTo("step inside", signal, () => open(group)),
      list("comes in", come),
      list("goes out", gone),
    ].flat(2);
  }
}
