// What is looked for, pointed at and selected among the points, and what is near it.
import { html, linkTo } from "../dom.js";
import { number } from "../values.js";
import { search, wordAt } from "./marks.js";
import { pointsNear } from "./near.js";

const [MOST_LISTED, MOST_ROWS] = [200, 100];

export class ChosenPoints {
  constructor(view, heard) {
    const { card, signal } = view;
    Object.assign(this, {
      view,
      heard,
      picked: -1,
      over_: -1,
      near: [],
      selected: new Set(),
      found: null,
    });
    this.only = null;
    this.input = html("input", {
      type: "search",
      "aria-label": "Search in the labels",
      placeholder: "search",
    });
    this.list = html("select", { size: 5, "aria-label": "Points" });
    this.metric = html(
      "select",
      {},
      ["cosine", "euclidean"].map((name) => html("option", {}, name)),
    );
    this.details = html("div");
    this.count = html("p", {}, "No point is selected.");
    const link = (text, act) => linkTo(text, signal, act);
    this.acts = html(
      "div",
      {},
      link("Select what is found", () => this.select(this.found ?? this.all())),
      link(
        "Select it and the nearest",
        () => this.picked >= 0 && this.select([this.picked, ...this.drawn()]),
      ),
      link("Show only the selection", () => this.isolate()),
      link("Show all, select none", () => this.clear()),
    );
    this.table = html("details", {}, html("summary", {}, "Points as a table"));
    this.root = html(
      "div",
      {
        class: "mt-panel",
        tabindex: 0,
        role: "region",
        "aria-label": `Points of ${card.name || "the cloud"}`,
      },
      card.columns.length ? this.input : null,
      this.list,
      this.details,
      html("label", { class: "mt-control" }, "Nearest by", this.metric),
      this.count,
      this.acts,
      this.table,
    );
    view.hear(this.input, "input", () => this.seek());
    view.hear(this.list, "change", () => this.pick(+this.list.value));
    view.hear(this.metric, "change", () => this.pick(this.picked));
    view.hear(this.table, "toggle", () => this.tabulate());
    this.fill();
  }

  all() {
    const { length } = this.view.card.rows ?? { length: this.view.card.count };
    return Array.from({ length }, (_, i) => i);
  }

  drawn() {
    return this.near.map(({ i }) => i).filter((i) => i >= 0);
  }

  title(i) {
    const { card, rowOf } = this.view;
    return [rowOf(i), ...card.columns.map((column) => wordAt(column, i))].join(" · ");
  }

  seek() {
    const text = this.input.value,
      { card, cloud } = this.view;
    this.found = text.trim() ? search(card.columns, cloud.count, text) : null;
    this.fill();
    this.restate();
    this.view.say(this.found ? `${this.found.length} points found` : "");
  }

  fill() {
    const from = this.found ?? this.all(),
      rest = from.length - MOST_LISTED;
    this.list.replaceChildren(
      ...from.slice(0, MOST_LISTED).map((i) => html("option", { value: i }, this.title(i))),
      ...(rest > 0 ? [html("option", { disabled: "" }, `… ${rest} more: search for them`)] : []),
    );
    this.list.value = this.picked;
  }

  // The next point among those found, or all.
  step(by) {
    const from = this.found?.length ? this.found : this.all(),
      at = from.indexOf(this.picked);
    this.pick(from[at < 0 ? 0 : (at + by + from.length) % from.length]);
  }

  hover(i) {
    if (i === this.over_) return;
    this.over_ = i;
    this.view.cloud.draw();
  }

  async pick(i) {
    const { view, metric } = this;
    this.picked = i;
    this.near = [];
    this.list.value = i;
    this.restate();
    this.details.replaceChildren();
    if (i < 0) return;
    this.detail(i, null);
    const answer = await pointsNear(view, i, metric.value);
    if (this.picked !== i || view.signal.aborted) return;
    this.near = answer.found;
    this.restate();
    this.detail(i, answer);
    const names = answer.found.slice(0, 5).map((one) => this.nameOf(one));
    view.say(`Point ${this.title(i)}. Nearest: ${names.join(", ")}.`);
  }

  nameOf({ i, words, row }) {
    const { card, rowOf } = this.view,
      first = words?.[0] ?? (i >= 0 && card.columns.length ? wordAt(card.columns[0], i) : null),
      place = row ?? rowOf(i);
    return first === null ? `point ${place}` : `${first} (${place})`;
  }

  detail(i, answer) {
    const { card, rowOf, signal } = this.view,
      rows = card.columns.map((column) => [
        html("dt", {}, column.name),
        html("dd", {}, wordAt(column, i)),
      ]);
    const near = answer?.found.map((one) =>
      linkTo(
        `${this.nameOf(one)}${one.far === null ? "" : ` · ${number(one.far, 3)}`}`,
        signal,
        () => (one.i < 0 ? this.view.say("This point is not drawn.") : this.pick(one.i)),
      ),
    );
    this.details.replaceChildren(
      html("div", { class: "mt-head" }, `Point ${rowOf(i)}`),
      this.thumbnail(i),
      html("dl", {}, rows),
      ...(near ? [html("div", { class: "mt-sub" }, "Nearest points"), this.oneStop(near)] : []),
      answer ? html("p", { class: "mt-dim" }, `${answer.source}.`) : "",
    );
  }

  // Buttons as one Tab stop: arrow keys go from one to the next.
  oneStop(links) {
    const group = html("div", { role: "group", "aria-label": "Nearest points" }, links);
    links.forEach((link, k) => (link.tabIndex = k ? -1 : 0));
    this.view.hear(group, "keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key],
        to = links[links.indexOf(event.target) + by];
      if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    });
    return group;
  }

  thumbnail(i) {
    const { card, image, rowOf } = this.view;
    if (!card.sprite || !image.complete) return "";
    const [w, h] = card.sprite.size,
      canvas = html("canvas", { width: w, height: h, class: "mt-thumb", role: "img" }),
      row = rowOf(i),
      { across } = card.sprite;
    canvas.setAttribute("aria-label", `Thumbnail of point ${row}`);
    const from = [(row % across) * w, Math.floor(row / across) * h];
    canvas.getContext("2d").drawImage(image, ...from, w, h, 0, 0, w, h);
    return canvas;
  }

  select(points, more = false) {
    this.selected = new Set([...(more ? this.selected : []), ...points]);
    this.changed();
  }

  toggle() {
    if (this.picked < 0) return;
    if (!this.selected.delete(this.picked)) this.selected.add(this.picked);
    this.changed();
  }

  changed() {
    this.restate();
    this.view.say(this.count.textContent);
    this.heard?.([...this.selected].sort((a, b) => a - b).map(this.view.rowOf));
  }

  // Rows that Python selects.
  take(rows) {
    this.selected = new Set(rows.map(this.view.placeOf).filter((i) => i >= 0));
    this.restate();
  }

  isolate() {
    const some = this.selected.size ? [...this.selected] : (this.found ?? []);
    this.only = some.length ? new Set(some) : null;
    this.restate();
    this.view.say(this.only ? `${this.only.size} points are shown.` : "Nothing is selected yet.");
  }

  clear() {
    this.only = null;
    this.input.value = "";
    this.found = null;
    this.fill();
    this.pick(-1);
    if (this.selected.size) this.select([]);
    else this.restate();
  }

  restate() {
    const { cloud } = this.view,
      { selected, only } = this,
      found = this.found && new Set(this.found),
      large = new Set([this.picked, ...this.drawn()]);
    const faint = (i) => (selected.size ? !selected.has(i) : found ? !found.has(i) : false);
    cloud.states = Uint8Array.from({ length: cloud.count ?? 0 }, (_, i) =>
      large.has(i) || (selected.has(i) && selected.size <= 500)
        ? 2
        : only && !only.has(i)
          ? 3
          : faint(i)
            ? 1
            : 0,
    );
    const { size } = selected;
    this.count.textContent = size
      ? `${size} point${size > 1 ? "s" : ""} selected`
      : "No point is selected.";
    cloud.draw();
  }

  over(paint, name) {
    const { cloud } = this.view,
      { picked, near, line } = this;
    if (picked >= 0 && !Number.isNaN(cloud.x[picked])) {
      for (const i of this.drawn()) {
        paint.beginPath();
        paint.moveTo(cloud.x[picked], cloud.y[picked]);
        paint.lineTo(cloud.x[i], cloud.y[i]);
        paint.stroke();
      }
      near.slice(0, 5).forEach(({ i }) => i >= 0 && name(i));
      paint.beginPath();
      paint.arc(cloud.x[picked], cloud.y[picked], 9, 0, 7);
      paint.stroke();
      name(picked, true);
    }
    if (this.over_ >= 0 && this.over_ !== picked) name(this.over_, true);
    if (!line) return;
    paint.beginPath();
    line.forEach(([x, y]) => paint.lineTo(x, y));
    paint.closePath();
    paint.stroke();
  }

  tabulate() {
    if (this.table.childElementCount > 1) return;
    const { card, rowOf } = this.view,
      heads = ["point", ...card.columns.map(({ name }) => name)],
      rows = this.all().slice(0, MOST_ROWS);
    const line = (i) => [
      html("th", { scope: "row" }, String(rowOf(i))),
      card.columns.map((column) => html("td", {}, wordAt(column, i))),
    ];
    this.table.append(
      html(
        "table",
        {},
        html(
          "thead",
          {},
          html(
            "tr",
            {},
            heads.map((name) => html("th", { scope: "col" }, name)),
          ),
        ),
        html(
          "tbody",
          {},
          rows.map((i) => html("tr", {}, line(i))),
        ),
      ),
      this.all().length > MOST_ROWS
        ? html("p", {}, `The first ${MOST_ROWS}; search lists others.`)
        : "",
    );
  }
}
