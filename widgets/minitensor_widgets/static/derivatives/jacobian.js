// A Jacobian: the map of its elements, what kind of matrix it is, and one element in words.
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { number, shapeText } from "../values.js";
import { MatrixMap, elementText, indexText, rangeText } from "./map.js";

const FEW = 64;
const legend = ({ nans, infinities }) =>
  "blue < 0 < orange, the stronger the larger; empty: exactly zero" +
  (nans || infinities ? "; ×: NaN, ∞: infinite" : "");

function structure({ structure: found, note, error }) {
  if (error) return [html("div", { class: "mt-head" }, "No Jacobian"), html("p", {}, error)];
  const { name, text, hint, decided, facts } = found,
    upper = (words) => words.charAt(0).toUpperCase() + words.slice(1),
    said = `${upper(name)}: `;
  return [
    html("div", { class: "mt-head" }, upper(name)),
    html("p", {}, text.startsWith(said) ? upper(text.slice(said.length)) : text),
    hint && html("p", {}, hint),
    facts.length
      ? html(
          "ul",
          { class: "mt-traits" },
          facts.map((fact) => html("li", {}, fact)),
        )
      : "",
    decided && html("p", { class: "mt-dim" }, decided),
    note && html("p", { class: "mt-dim" }, note),
  ];
}

function numbers({ dtype, minimum, maximum, zeros, nans, infinities }) {
  const parts = [dtype];
  if (minimum !== null) parts.push(`from ${number(minimum)} to ${number(maximum)}`);
  parts.push(`${number(zeros * 100, 3)} % zeros`);
  if (nans) parts.push(`${nans} NaN`);
  if (infinities) parts.push(`${infinities} infinite`);
  return html("p", { class: "mt-dim" }, parts.join(" · "));
}

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

function blockText({ block, rows, columns }) {
  return block[0] * block[1] === 1
    ? ""
    : `${sizeOf(rows)} × ${sizeOf(columns)} elements are too many to draw: each cell shows the ` +
        `one farthest from zero among ${block[0]} × ${block[1]}.`;
}

function elementWords(record, [i, j]) {
  const { output, input, rows, columns, block, cells } = record;
  const by = (name, shape, part, at) =>
    shape.length ? `${name}[${rangeText(shape, part, at)}]` : name;
  return `∂ ${by(output, rows, block[0], i)} / ∂ ${by(input, columns, block[1], j)} = ${elementText(cells[i][j])}`;
}

function asTable({ cells, rows, columns, output, input }) {
  const heads = cells[0].map((_, j) => html("th", { scope: "col" }, indexText(columns, j) || input));
  const line = (row, i) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, indexText(rows, i) || output),
      row.map((value) => html("td", {}, elementText(value))),
    );
  return html(
    "details",
    { class: "mt-list" },
    html("summary", {}, "As a table: rows are outputs, columns inputs"),
    html(
      "div",
      { class: "mt-wide", tabindex: 0, role: "region", "aria-label": "Table of elements" },
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, html("td"), heads)),
        html("tbody", {}, cells.map(line)),
      ),
    ),
  );
}

function mount({ model, el: host, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    record = model.get("jacobian"),
    { rows, columns, cells, block } = record;
  const sizes = record.error
    ? ""
    : `output ${shapeText(rows)}, input ${shapeText(columns)}: ${sizeOf(rows)} × ${sizeOf(columns)}`;
  const { bar, body, panel, root, say } = frame(host, record.title, signal, sizes);
  bar.remove();
  const parse = (text) => {
    const at = text.split(",").map(Number);
    return cells[at[0]]?.[at[1]] === undefined ? null : at;
  };
  const map = cells.length
    ? new MatrixMap(record, signal, (at) => {
        model.set("selected", at ? at.join() : "");
        model.save_changes();
      })
    : null;
  const chosen = html("p", { class: "mt-head" });
  panel.append(...structure(record).filter(Boolean));
  if (map) {
    body.append(map.element);
    panel.append(numbers(record), html("hr"), chosen);
    const words = [blockText(record), legend(record)].filter(Boolean);
    panel.append(...words.map((text) => html("p", { class: "mt-dim" }, text)));
    if (sizeOf(rows) * sizeOf(columns) <= FEW) root.append(asTable(record));
  }
  body.append(panel);
  const paint = () => {
    const at = map && parse(model.get("selected"));
    map?.show(at);
    chosen.textContent = at ? elementWords(record, at) : "Walk to an element to read it.";
    return at;
  };
  const selected = () => {
    if (paint()) say(chosen.textContent);
  };
  listen(model, own.signal, { "change:selected": selected });
  paint();
  return () => own.abort();
}
export const render = (host) => remount(host, "jacobian", mount);
export default { render };
