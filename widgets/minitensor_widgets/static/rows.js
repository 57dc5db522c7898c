// Numbers as a table to read and as text to take away.
import { html } from "./dom.js";
import { told } from "./series.js";
import { number } from "./values.js";

const ROWS = 200;
const cellText = (value) => (typeof value === "number" ? told(value) : value);

// The first row is the head, and the first cell of each other row names it.
export function rowTable([head, ...body]) {
  const far = Math.max(1, Math.ceil(body.length / ROWS)),
    shown = body.filter((_, i) => i % far === 0 || i === body.length - 1);
  return [
    far > 1 &&
      html("p", { class: "mt-dim" }, `Every ${far}th of ${body.length} rows; the CSV has all.`),
    html(
      "table",
      {},
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          head.map((name) => html("th", { scope: "col" }, name)),
        ),
      ),
      html(
        "tbody",
        {},
        shown.map(([step, ...rest]) =>
          html(
            "tr",
            {},
            html("th", { scope: "row" }, typeof step === "number" ? number(step) : step),
            rest.map((value) => html("td", {}, cellText(value))),
          ),
        ),
      ),
    ),
  ].filter(Boolean);
}

const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);
export const csv = (all) => all.map((row) => row.map(quoted).join(",")).join("\n");
