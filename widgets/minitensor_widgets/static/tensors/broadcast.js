// Broadcasting, step by step: shapes as given, aligned from the right, stretched, and the result.
import { Controls } from "../controls.js";
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { shapeText } from "../values.js";

const STAGES = [
  ["given", "The shapes as they are given."],
  ["aligned", "The shapes are aligned from the right, last axis under last axis."],
  ["stretched", "Missing axes count as 1, and a size of 1 is stretched to that of the others."],
  ["result", "Each element of the result is computed from the elements at the same place."],
];
const sizeWord = (size) => (size === null ? "?" : String(size));

// One operand on one axis: what stands there, and how it looks.
function cellOf(axis, which, stage) {
  const there = axis.there[which],
    size = sizeWord(axis.sizes[which]);
  if (stage < 2) return there ? [size, ""] : ["", "mt-none"];
  if (axis.state === "conflict")
    return there ? [size, size === "1" ? "" : "mt-clash"] : ["", "mt-none"];
  const end = sizeWord(axis.size);
  if (!there) return [`+ 1 → ${end}`, "mt-stretch"];
  return size === end || size === "?" ? [size, ""] : [`${size} → ${end}`, "mt-stretch"];
}

function alignmentTable({ operands, axes, fits, shape }, stage) {
  const head = axes.map((_, i) => html("th", { scope: "col" }, stage ? `axis ${i}` : ""));
  const lines = operands.map(({ name, shape: own }, which) => {
    const cells = axes.map((axis) => cellOf(axis, which, stage));
    // As written, a shape begins at the left.
    if (!stage) cells.push(...cells.splice(0, axes.length - own.length));
    return html(
      "tr",
      {},
      html("th", { scope: "row" }, `${name} ${shapeText(own)}`),
      cells.map(([text, look]) => html("td", { class: look || null }, text)),
    );
  });
  if (stage === 3)
    lines.push(
      html(
        "tr",
        { class: "mt-result" },
        html("th", { scope: "row" }, fits ? `result ${shapeText(shape)}` : "no result"),
        axes.map(({ state, size }) =>
          state === "conflict"
            ? html("td", { class: "mt-clash" }, "✗ conflict")
            : html("td", {}, sizeWord(size)),
        ),
      ),
    );
  return html(
    "table",
    { class: "mt-align" },
    html("thead", {}, html("tr", {}, html("td"), head)),
    html("tbody", {}, lines),
  );
}

const cellGrid = (name, rows, copies) =>
  html(
    "figure",
    {},
    html("figcaption", {}, name),
    html(
      "table",
      { class: "mt-cells", "aria-label": name },
      html(
        "tbody",
        {},
        rows.map((row, i) =>
          html(
            "tr",
            {},
            row.map((text, j) => html("td", { class: copies?.[i][j] ? "mt-copy" : null }, text)),
          ),
        ),
      ),
    ),
  );

function pictures({ operands, pairs }, stage) {
  const found = operands.flatMap(({ name, own, stretched }) => {
    const shown = (stage > 1 && stretched) || own;
    return shown ? [cellGrid(name, shown.text, shown.copy)] : [];
  });
  if (stage === 3 && pairs.length) found.push(cellGrid("result: what meets in each cell", pairs));
  return found;
}

function mount({ model, el, signal }) {
  const own = lifetime(signal),
    record = model.get("broadcast"),
    shapes = record.operands.map(({ shape }) => shapeText(shape)).join(" and "),
    title = record.fits ? `Broadcasting ${shapes}` : `${shapes} do not fit`;
  const view = frame(el, title, own.signal, record.note);
  const controls = new Controls(view.bar, own.signal, model, STAGES.length - 1);
  view.root.addEventListener(
    "keydown",
    (event) => {
      if (event.target !== controls.slider) controls.pressed(event);
    },
    { signal: own.signal },
  );
  view.panel.classList.add("mt-align-pane");
  view.body.append(view.panel);

  function paint() {
    const { at } = controls,
      [name, told] = STAGES[at],
      fails = at > 1 && !record.fits,
      words = fails ? [...record.clash, record.hint] : [told];
    controls.paint({ title: name });
    view.panel.replaceChildren(
      html("div", { class: "mt-head" }, fails ? "conflict" : name),
      ...words.map((text) => html("p", {}, text)),
      alignmentTable(record, at),
      html("div", { class: "mt-pictures" }, pictures(record, at)),
    );
    view.say(`${name}. ${words.join(" ")}`);
  }
  paint();
  listen(model, own.signal, { "change:step": paint });
  return () => own.abort();
}

export const render = (host) => remount(host, "broadcast", mount);
export default { render };
