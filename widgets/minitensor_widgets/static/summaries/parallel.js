// Parallel coordinates: an upright axis for each column and a line across them for each run.
import { html, svg } from "../dom.js";
import { clip, number } from "../values.js";

const [AXIS_WIDE, TALL_PLOT, MOST_AXES, MOST_WORDS] = [110, 190, 9, 12];
const NO_NUMBERS = ["NaN", "Infinity", "-Infinity"];
export const cellWords = (value) =>
  value === null
    ? "–"
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : typeof value === "number"
        ? number(value, 4)
        : String(value);
const numeric = (value) => typeof value === "number" && Number.isFinite(value);

// How a column is laid on its axis, from 0 below to 1 above; null for one that cannot be.
function laneOf({ name, kind }, values) {
  const known = values.filter((value) => value !== null && !NO_NUMBERS.includes(value));
  if (!known.length) return null;
  if (known.every(numeric)) {
    const [low, high] = [Math.min(...known), Math.max(...known)],
      log = low > 0 && high / low >= 50,
      at = log ? Math.log : (value) => value,
      reach = at(high) - at(low);
    return {
      name,
      kind,
      note: log ? "logarithmic" : "",
      ends: [low, high].map((value) => number(value, 3)),
      at: (value) => (numeric(value) ? (reach ? (at(value) - at(low)) / reach : 0.5) : null),
    };
  }
  const names = [...new Set(known.map(cellWords))].sort();
  if (names.length > MOST_WORDS) return null;
  return {
    name,
    kind,
    note: "",
    names,
    at(value) {
      const place = value === null ? -1 : names.indexOf(cellWords(value));
      return place < 0 ? null : names.length > 1 ? place / (names.length - 1) : 0.5;
    },
  };
}

const upright = (part) => 30 + (TALL_PLOT - 60) * (1 - part);

function drawAxis(axis, x) {
  const marks = axis.names
    ? axis.names.map((name) => [axis.at(name), name])
    : [
        [0, axis.ends[0]],
        [1, axis.ends[1]],
      ];
  return svg(
    "g",
    {},
    svg("path", { class: "mt-axis", d: `M${x},${upright(1)}V${upright(0)}` }),
    svg("text", { x, y: 14, class: "mt-m" }, clip(axis.name, 16)),
    marks.map(([part, words]) =>
      svg("text", { x: x + 4, y: upright(part) + (part ? -3 : 11) }, clip(words, 12)),
    ),
    axis.note ? svg("text", { x, y: TALL_PLOT - 4, class: "mt-m" }, axis.note) : null,
  );
}

function pathOf(row, axes) {
  let [path, pen] = ["", "M"];
  axes.forEach(({ at, column }, k) => {
    const part = at(row.values[column]);
    if (part === null) pen = "M";
    else {
      path += `${pen}${AXIS_WIDE * (k + 0.5)},${upright(part).toFixed(1)}`;
      pen = "L";
    }
  });
  return path;
}

export function parallelPlot({ card, rows, look, chosen, choose, signal }) {
  const all = card.columns
      .map((column, i) => {
        const axis = laneOf(
          column,
          card.rows.map(({ values }) => values[i]),
        );
        return axis && { ...axis, column: i };
      })
      .filter(Boolean),
    axes = all.slice(0, MOST_AXES);
  if (axes.length < 2 || rows.length < 2) return "";
  const wide = AXIS_WIDE * axes.length,
    lines = rows.map((row) => {
      const { colour = "var(--mt-op)", dash = "" } = look(row.run) ?? {},
        path = pathOf(row, axes);
      return svg(
        "g",
        { "data-run": row.run, class: row.run === chosen ? "mt-chosen" : null },
        svg("path", { class: "mt-hp-hit", d: path }),
        svg("path", {
          class: "mt-curve",
          style: `stroke:${colour}`,
          "stroke-dasharray": dash,
          d: path,
        }),
      );
    });
  const names = axes.map(({ name }) => name).join(", "),
    drawing = svg(
      "svg",
      {
        class: "mt-plot mt-hp-plot",
        viewBox: `0 0 ${wide} ${TALL_PLOT}`,
        style: `max-width:${wide}px`,
        role: "img",
      },
      axes.map((axis, k) => drawAxis(axis, AXIS_WIDE * (k + 0.5))),
      lines,
    ),
    root = html("div", { class: "mt-hp-lines", tabindex: 0, role: "application" }, drawing);
  drawing.setAttribute("aria-label", `A line for each of ${rows.length} runs across ${names}`);
  root.setAttribute(
    "aria-label",
    "Runs as lines: arrow keys go from run to run, in the order of the table",
  );
  root.addEventListener(
    "click",
    ({ target }) => choose(target.closest("[data-run]")?.getAttribute("data-run") ?? undefined),
    { signal },
  );
  root.addEventListener(
    "keydown",
    (event) => {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key],
        at = rows.findIndex(
          ({ run }) => run === root.querySelector(".mt-chosen")?.getAttribute("data-run"),
        ),
        to =
          { Home: 0, End: rows.length - 1 }[event.key] ??
          Math.max(0, Math.min(rows.length - 1, at + by));
      if (Number.isNaN(to) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      choose(rows[to].run);
    },
    { signal },
  );
  const rest = all.length - axes.length;
  return html(
    "div",
    {},
    root,
    rest > 0
      ? html("p", { class: "mt-dim" }, `The first ${MOST_AXES} columns of ${all.length}.`)
      : "",
  );
}
