// What is shown of a graph: how deep, which way it runs, blocks in groups, only what differs.
import { html, linkTo } from "../dom.js";
import { renamed } from "./blocks.js";
import { scopesOf } from "./layout.js";

// A button that stays pressed; `isOn` tells whether it is.
function toggle(text, { bar, signal }, isOn, act) {
  const made = linkTo(text, signal, act);
  bar.append(made);
  return () => made.setAttribute("aria-pressed", String(isOn()));
}

function depths({ bar, pane, signal }) {
  const depth = (path) => path.split("/").length,
    paths = () => scopesOf(pane.record.nodes),
    deeper = (n) => paths().filter((path) => depth(path) > n),
    deepest = Math.max(0, ...paths().map(depth));
  if (deepest < 2) return () => {};
  const option = (n) =>
    html("option", { value: n }, n === deepest ? `depth ${n}: all` : `depth ${n}`);
  const choice = html(
    "select",
    { "aria-label": "Open scopes to this depth" },
    html("option", { value: "", hidden: "" }, "depth …"),
    [...Array(deepest + 1).keys()].map(option),
  );
  bar.append(choice);
  const update = () => {
    const closed = pane.model.get("collapsed"),
      same = (list) => list.length === closed.length && list.every((path) => closed.includes(path));
    choice.value = [...Array(deepest + 1).keys()].find((n) => same(deeper(n))) ?? "";
  };
  const go = () => {
    pane.open(deeper(+choice.value));
    update(); // what is too much to show is not opened
  };
  choice.addEventListener("change", go, { signal });
  return update;
}

// Gives a function that brings the controls up to date. `regroup(collapsed)` follows the switch.
export function options(parts) {
  const { model, pane, record, regroup, differing } = parts,
    set = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };
  const across = () => model.get("direction") === "LR",
    grouped = () => model.get("grouped") ?? true;
  const updates = [
    depths(parts),
    toggle("Left to right", parts, across, () => set("direction", across() ? "TB" : "LR")),
  ];
  if (record.series?.length)
    updates.push(
      toggle("Group repeated blocks", parts, grouped, () => {
        regroup(renamed(record, model.get("collapsed"), !grouped()));
        set("grouped", !grouped());
      }),
    );
  if (record.nodes.some((node) => node.change))
    updates.push(
      toggle(
        "Only what differs",
        parts,
        () => differing.on,
        () => differing.flip(),
      ),
    );
  return () => {
    for (const update of updates) update();
  };
}
