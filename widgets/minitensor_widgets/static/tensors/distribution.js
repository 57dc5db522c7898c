// The distribution of tensors: nine percentiles each, over steps or side by side, and as a table.
import { frame, html, lifetime, remount } from "../dom.js";
import { ticks } from "../plot.js";
import { readable } from "../reading.js";
import { BAND_NAMES, Bands, bandLegend, bandWords } from "../summaries/bands.js";
import { count } from "../units.js";
import { number } from "../values.js";

function wordsOf({ steps }, item) {
  const name = steps ? `step ${item.name}` : item.name,
    parts = [item.size ? bandWords(item.bands) : "no elements"];
  if (item.zeros) parts.push(`${number((100 * item.zeros) / item.size, 3)} % zeros`);
  if (item.nans) parts.push(`${item.nans} NaN`);
  if (item.infs) parts.push(`${item.infs} infinite`);
  return `${name && `${name}: `}${parts.join(", ")}`;
}

function heading({ name, steps, columns }) {
  const one = columns.length === 1 && !steps,
    title = name || (columns.length === 1 ? columns[0].name : ""),
    what = steps ? "step" : "tensor",
    many = one ? count(columns[0].size, "element") : count(columns.length, what);
  return title ? `${title}: distribution of ${many}` : `Distribution of ${many}`;
}

function columnTable({ steps, columns }) {
  const head = (text, scope) => html("th", { scope }, text),
    heads = [steps ? "step" : "tensor", ...BAND_NAMES, "elements", "zeros", "NaN", "infinite"];
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, heads.map((name) => head(name, "col")))),
    html(
      "tbody",
      {},
      columns.map((item) =>
        html(
          "tr",
          {},
          head(item.name, "row"),
          BAND_NAMES.map((_, k) => html("td", {}, item.bands ? number(item.bands[k]) : "none")),
          [item.size, item.zeros, item.nans, item.infs].map((n) => html("td", {}, String(n))),
        ),
      ),
    ),
  );
}

function mountDistribution({ model, el, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    record = model.get("distribution"),
    { columns, steps } = record,
    title = heading(record),
    view = frame(el, title, signal, record.note),
    last = columns.length - 1;
  view.bar.hidden = true;
  const legend = html("ul", { class: "mt-key", "aria-label": "What the bands are" });
  legend.append(...bandLegend().map((item) => html("li", {}, item)));
  const { root, text, figure } = readable("", "one"),
    cells = html("div", { class: "mt-bands-table" }),
    listed = html("details", { class: "mt-list" }, html("summary", {}, "Numbers"), cells);
  const places = steps
    ? {
        values: steps,
        title: "step",
        marks: ticks(steps[0] ?? 0, steps.at(-1) ?? 0)
          .filter(Number.isInteger)
          .map((v) => [v, number(v, 8)]),
      }
    : { names: columns.map(({ name }) => name) };
  const still =
    columns.length === 1 ? wordsOf(record, columns[0]) : "Arrow keys or the pointer read it.";
  if (!columns.length) {
    view.body.append(html("p", { class: "mt-empty" }, "Nothing to show yet."));
    return () => own.abort();
  }
  // As wide as it is seen, so that letters have their size; 20 are the space beside it.
  const room = view.root.clientWidth - 20;
  places.wide = room > 0 ? Math.max(280, Math.min(640, room)) : 420;
  const drawn = new Bands(columns.map(({ bands }) => bands), places),
    picture = drawn.paint(title);
  root.replaceChild(picture, root.firstChild);
  root.setAttribute("aria-label", `${title}: arrow keys read it`);
  root.setAttribute("aria-valuemax", last);
  root.tabIndex = 0;
  text.textContent = still;
  view.body.replaceWith(legend, html("div", { class: "mt-plots mt-one" }, figure), listed);
  let at = last;
  const read = (to) => {
    at = Math.max(0, Math.min(to, last));
    drawn.read(at);
    text.textContent = wordsOf(record, columns[at]);
    text.style.minHeight = `${text.offsetHeight}px`; // what is below it stays where it is
    root.setAttribute("aria-valuenow", at);
    root.setAttribute("aria-valuetext", text.textContent);
  };
  const clear = () => {
    drawn.clear();
    text.textContent = still;
  };
  const acts = {
    keydown(event) {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (event.key === "Escape") clear();
      if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      read(at + by);
      event.preventDefault();
    },
    pointermove({ clientX }) {
      const box = picture.getBoundingClientRect(),
        scale = picture.viewBox.baseVal.width / box.width;
      read(drawn.under((clientX - box.left) * scale).at);
    },
    pointerleave: clear,
    focusin: () => read(at),
    focusout: clear,
  };
  for (const [name, act] of Object.entries(acts)) root.addEventListener(name, act, { signal });
  listed.addEventListener("toggle", () => cells.replaceChildren(columnTable(record)), { signal });
  return () => own.abort();
}

export const render = (host) => remount(host, "distribution", mountDistribution);
export default { render };
