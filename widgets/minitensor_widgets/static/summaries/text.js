// Texts, and tables of them, step by step.
import { html } from "../dom.js";
import { PANES } from "./registry.js";
import { steppedPane } from "./stepped.js";
import { treeOf } from "./tree.js";

const textTable = (rows) =>
  html(
    "table",
    {},
    html(
      "tbody",
      {},
      rows.map((row) =>
        html(
          "tr",
          {},
          row.map((cell) => html("td", {}, treeOf(cell))),
        ),
      ),
    ),
  );

function textView() {
  const el = html("div", { class: "mt-prose mt-text", tabindex: 0, role: "region" });
  el.setAttribute("aria-label", "Text of this step");
  return {
    el,
    paint(entry) {
      if (!entry) el.replaceChildren("No text is kept here.");
      else if (entry.rows)
        el.replaceChildren(
          ...(entry.rows.length ? [textTable(entry.rows)] : ["An empty table."]),
          html("p", { class: "mt-dim" }, entry.note),
        );
      else el.replaceChildren(...treeOf(entry.text));
    },
    dispose() {},
  };
}
PANES.text = steppedPane("text", "", () => ({ make: textView }));
