// Find nodes by name, op, kind, shape or scope, one after the other.
import { prefixes } from "./layout.js";
import { html, linkTo } from "../dom.js";
import { shapeText } from "../values.js";

const FEWEST = 10;
const words = (node) =>
  [node.label, node.op, node.kind, shapeText(node.shape), node.scope, ...Object.entries(node.attrs)]
    .join(" ")
    .toLowerCase();

// `found(hits)` hears of new hits, before anything is drawn.
export function search({ pane, bar, say, signal, found }) {
  if (pane.record.nodes.length < FEWEST) return;
  const field = html("input", {
    type: "search",
    class: "mt-search",
    placeholder: "Find a node",
    "aria-label": "Find a node by name, operation or shape; Enter goes to the next one",
  });
  const count = html("span", { class: "mt-count", "aria-hidden": "true" });
  let hits = [],
    at = -1;
  const look = () => {
    const wanted = field.value.trim().toLowerCase();
    hits = wanted ? pane.record.nodes.filter((node) => words(node).includes(wanted)) : [];
    const apart = (node) => (node.label.toLowerCase() === wanted ? 0 : 1);
    hits.sort((a, b) => apart(a) - apart(b));
    at = -1;
    count.textContent = wanted ? `${hits.length} found` : "";
    if (wanted) say(count.textContent);
    found(new Set(hits.map((node) => node.id)));
  };
  const go = (by) => {
    if (!hits.length) return;
    at = (Math.max(at, by < 0 ? 0 : -1) + by + hits.length) % hits.length;
    const { id } = hits[at],
      around = prefixes(pane.byId.get(id).scope);
    const closed = pane.model.get("collapsed");
    if (around.some((path) => closed.includes(path)))
      pane.collapse(closed.filter((path) => !around.includes(path)));
    pane.select(id);
    pane.focus(pane.standIn(id), false);
    pane.reveal(pane.standIn(id));
    count.textContent = `${at + 1} of ${hits.length}`;
  };
  field.addEventListener("input", look, { signal });
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") {
        field.value = "";
        look();
      } else return;
      event.preventDefault();
    },
    { signal },
  );
  const step = (sign, label, by) => {
    const made = linkTo(sign, signal, () => go(by));
    made.setAttribute("aria-label", label);
    return made;
  };
  bar.append(field, step("↑", "Previous hit", -1), step("↓", "Next hit", 1), count);
}
