// What stands behind a gradient: its contributions, the measured slopes, the program's lines.
import { html, sourceLine } from "../dom.js";
import { brief } from "../values.js";

const column = (text) => html("th", { scope: "col" }, text);
const grid = (names, rows, caption) =>
  html(
    "table",
    { "aria-label": caption },
    html("thead", {}, html("tr", {}, names.map(column))),
    html(
      "tbody",
      {},
      rows.map((row) =>
        html(
          "tr",
          {},
          row.map((cell) => html("td", {}, cell)),
        ),
      ),
    ),
  );
const title = (text) => html("div", { class: "mt-sub" }, text);

// Every contribution that the first `count` steps brought to a node.
export function contributions(record, id, count, link) {
  const rows = record.steps
    .slice(0, count)
    .flatMap((step) => step.sends.map((send) => ({ ...send, from: step.node })))
    .filter(({ to, after }) => to === id && after);
  if (!rows.length) return [];
  const { arrived, expected } = rows[rows.length - 1];
  const cells = rows.map((send) => [
    link(send.from),
    brief(send.value ?? send.after),
    brief(send.after),
  ]);
  return [
    title(`contributions: ${arrived} of ${expected}`),
    grid(["from", "contribution", "sum so far"], cells, "Contributions"),
  ];
}

export function slopes(record, id) {
  const check = record.checks.find(({ node }) => node === id);
  if (!check) return [];
  const sign = check.agrees === null ? "" : check.agrees ? "✓ " : "✗ ";
  return [
    title("measured slopes"),
    html("p", {}, sign + check.text),
    check.rows.length
      ? html(
          "details",
          { open: check.rows.length <= 4 && "" },
          html("summary", {}, `${check.rows.length} compared`),
          grid(["element", "by the tape", "measured"], check.rows, "Measured slopes"),
        )
      : null,
  ];
}

// A node of an inner gradient, and the node that it is the gradient of; and back.
export function relatives({ derives }, id, link) {
  const made = Object.keys(derives).filter((key) => derives[key] === id);
  return [
    derives[id] ? html("p", {}, "part of the gradient of ", link(derives[id])) : null,
    made.length ? html("p", {}, "an inner gradient recorded for it: ", made.map(link)) : null,
  ];
}

// The learner's line with those around it, where they can be read.
export function program(source, lines) {
  const around = source && lines[source.file],
    known = Object.keys(around ?? {}).map(Number);
  const near = known.filter((n) => Math.abs(n - source.line) <= 2).sort((a, b) => a - b);
  if (!near.includes(source?.line)) return sourceLine(source);
  const indent = Math.min(...near.map((n) => (around[n].trim() ? around[n].search(/\S/) : 99)));
  const line = (n) =>
    html(
      "code",
      { "aria-current": n === source.line && "true" },
      `${n === source.line ? "▶" : " "}${String(n).padStart(4)}  ${around[n].slice(indent)}`,
    );
  return html(
    "div",
    { class: "mt-source mt-program" },
    html("small", {}, `${source.file}:${source.line}`),
    near.map(line),
  );
}
