// Embeddings: each a cloud of points with its controls, its labels, and what is near what.
import { button, html, linkTo } from "../dom.js";
import { count } from "../units.js";
import { number } from "../values.js";
import { Cloud } from "./cloud.js";
import { ChosenPoints } from "./chosen.js";
import { colouring, legendOf, lookBy, wordAt } from "./marks.js";
import { canvasKeys, canvasPointer } from "./pointing.js";
import { PANES } from "./registry.js";

const TITLES = { pca: "PCA", tsne: "t-SNE" },
  MOST_PICTURES = 3000;
const option = (value, text) => html("option", { value }, text);
export const sizeWords = (card) =>
  `${count(card.count, "point")} of ${count(card.dims, "dimension")}`;
const labelled = (text, input) => html("label", { class: "mt-control" }, text, input);
const box = (checked) => {
  const made = html("input", { type: "checkbox" });
  made.checked = checked;
  return made;
};

class PointView {
  constructor({ ask, signal, card, chosen, titled }) {
    Object.assign(this, { ask, signal, card });
    this.cloud = new Cloud(signal, (paint) => this.over(paint));
    this.places = card.rows && new Map(card.rows.map((row, i) => [row, i]));
    this.status = html("p", { class: "mt-dim", role: "status" });
    this.told = html("p", { class: "mt-dim" });
    this.legend = html("div", { class: "mt-legend" });
    this.stage = html(
      "div",
      { class: "mt-stage", tabindex: 0, role: "application" },
      this.cloud.canvas,
    );
    this.chosen = new ChosenPoints(this, chosen);
    this.bar = html("div", { class: "mt-bar", role: "toolbar", "aria-label": "Picture" });
    this.root = html(
      "div",
      { class: "mt-points" },
      titled ? html("div", { class: "mt-head" }, card.tag, " ", html("small", {}, card.run)) : "",
      this.bar,
      html(
        "div",
        { class: "mt-points-body" },
        html("div", { class: "mt-points-main" }, this.stage, this.legend, this.told, this.status),
        this.chosen.root,
      ),
      card.notes.map((note) => html("p", { class: "mt-dim" }, note)),
    );
    this.controls();
    canvasPointer(this);
    canvasKeys(this);
    this.colour();
    this.show();
  }

  hear(element, event, act) {
    element.addEventListener(event, act, { signal: this.signal });
    return element;
  }

  // The place of a row among the points drawn; -1 for one that is not drawn.
  placeOf = (row) => (this.places ? (this.places.get(row) ?? -1) : row);
  rowOf = (i) => (this.card.rows ? this.card.rows[i] : i);

  controls() {
    const { card, cloud, signal } = this,
      columns = colouring(card.columns);
    this.map = html("select", {}, this.mapOptions());
    this.space = box(card.dims > 2);
    this.by = html(
      "select",
      {},
      option("-1", "nothing"),
      columns.map(({ name }, i) => option(i, name)),
    );
    this.by.value = columns.length
      ? Math.max(
          0,
          columns.findIndex(({ kind }) => kind === "class"),
        )
      : -1;
    this.lasso = html("button", { type: "button", "aria-pressed": "false" }, "Select by drawing");
    this.spin = html("button", { type: "button", "aria-pressed": "false" }, "Turn");
    this.pictures = box(false);
    this.hear(this.map, "change", () => this.show());
    this.hear(this.space, "change", () => this.show());
    this.hear(this.by, "change", () => this.colour());
    this.hear(this.pictures, "change", () => cloud.draw());
    for (const made of [this.lasso, this.spin])
      this.hear(made, "click", () => {
        made.setAttribute("aria-pressed", String(made.ariaPressed !== "true"));
        this.spinning();
      });
    if (card.sprite) {
      this.image = Object.assign(new Image(), { src: card.sprite.data });
      this.hear(this.image, "load", () => cloud.draw());
    }
    this.bar.append(
      labelled("Map", this.map),
      labelled("in space", this.space),
      labelled("Colour by", this.by),
      button("Zoom out", signal, () => cloud.enlarge(0.8)),
      button("Zoom in", signal, () => cloud.enlarge(1.25)),
      button("Fit into view", signal, () => cloud.fit()),
      this.spin,
      this.lasso,
      ...(card.sprite && card.maps[0].drawn <= MOST_PICTURES
        ? [labelled("thumbnails", this.pictures)]
        : []),
      ...(this.ask.live ? this.asking() : []),
    );
  }

  mapOptions() {
    return this.card.maps.map(({ method, width }, i) =>
      option(i, `${TITLES[method] ?? method}${method === "pca" ? "" : `, ${width}-D`}`),
    );
  }

  // t-SNE is computed by Python in a thread: how it goes is asked each second.
  asking() {
    const input = html("input", { type: "number", min: 2, max: 200, value: 30 }),
      go = linkTo("Compute t-SNE", this.signal, async () => {
        const perplexity = Math.max(1, +input.value || 30),
          args = { want: "tsne", perplexity, components: this.space.checked ? 3 : 2 };
        go.setAttribute("aria-disabled", "true");
        const answer = await this.until({ ...args, tag: this.card.tag, run: this.card.run });
        go.removeAttribute("aria-disabled");
        if (!answer || this.signal.aborted) return;
        this.card.maps.push(answer);
        this.map.replaceChildren(...this.mapOptions());
        this.map.value = this.card.maps.length - 1;
        this.show();
        this.say(`t-SNE of ${answer.drawn} points is drawn.`);
      });
    return [labelled("perplexity", input), go];
  }

  async until(args) {
    this.say("t-SNE is being computed …");
    for (;;) {
      const answer = await this.ask("projector", { ...args, drawn: this.cloud.count }),
        { map, error, running } = answer?.content ?? {};
      if (map || this.signal.aborted) return map;
      if (running === undefined) {
        this.say(error ?? "Python does not answer, so there is no t-SNE.");
        return null;
      }
      this.told.textContent = `t-SNE is being computed: ${Math.round(running)} s`;
      await new Promise((go) => setTimeout(go, 1000));
    }
  }

  say(text) {
    this.status.textContent = text;
  }

  get column() {
    return colouring(this.card.columns)[+this.by.value];
  }

  show() {
    const map = this.card.maps[+this.map.value || 0],
      deep = map.width > 2 && this.space.checked;
    this.space.disabled = map.width < 3 && !this.ask.live;
    this.cloud.place(map, !deep);
    if (!this.cloud.hue || this.cloud.hue.length !== this.cloud.count) this.colour();
    const shares = map.explained.slice(0, deep ? 3 : 2).map((part) => `${number(100 * part, 3)} %`),
      trust = map.trust[deep ? 1 : 0];
    const words = [
      shares.length
        ? `Variance of the axes: ${shares.join(", ")}.`
        : "Only near points mean something.",
      trust === null ? "" : `Neighbours right: ${trust.toFixed(2)} of 1 (trustworthiness).`,
      map.drawn < this.cloud.count ? `${map.drawn} points have a place.` : "",
    ];
    this.told.textContent = words.filter(Boolean).join(" ");
    this.name(deep);
    this.spinning();
  }

  name(deep) {
    const { card, column } = this,
      by = column ? `, coloured by ${column.name}` : "",
      title = this.map.selectedOptions[0].text,
      keys = deep ? "Arrow keys turn it, with Shift they move it" : "Arrow keys move it";
    this.cloud.canvas.setAttribute(
      "aria-label",
      `${title} of ${sizeWords(card)}${by}. ${this.told.textContent}`,
    );
    this.stage.setAttribute(
      "aria-label",
      `Cloud of points. ${keys}; plus and minus zoom; n and p go from point to point; ` +
        "Space selects; Escape lets go.",
    );
  }

  colour() {
    const { card, cloud, column } = this;
    cloud.dress(lookBy(column, (card.rows ?? { length: card.count }).length));
    this.legend.replaceChildren(...[legendOf(column)].flat());
    if (cloud.given) this.name(!cloud.flat);
  }

  spinning() {
    cancelAnimationFrame(this.next);
    if (this.spin.ariaPressed !== "true" || this.cloud.flat) return;
    const step = () => {
      if (this.signal.aborted) return;
      this.cloud.turn(0.012, 0);
      this.next = requestAnimationFrame(step);
    };
    step();
  }

  // Above the points: thumbnails, the axes, lines to the nearest, names.
  over(paint) {
    const { cloud, card, chosen } = this,
      style = getComputedStyle(cloud.canvas);
    if (this.pictures.checked && this.image.complete) this.thumbnails(paint);
    paint.font = `12px ${style.fontFamily}`;
    paint.lineWidth = 1.5;
    paint.strokeStyle = paint.fillStyle = style.color;
    if (!cloud.flat) this.axes(paint);
    chosen.over(paint, (i, strong) => {
      const words = card.columns.length ? wordAt(card.columns[0], i) : String(this.rowOf(i));
      const at = [cloud.x[i] + 7, cloud.y[i] - 6];
      paint.font = `${strong ? "bold " : ""}12px ${style.fontFamily}`;
      paint.strokeStyle = style.backgroundColor;
      paint.lineWidth = 4;
      paint.strokeText(words, ...at);
      paint.fillText(words, ...at);
      paint.strokeStyle = style.color;
      paint.lineWidth = 1.5;
    });
  }

  axes(paint) {
    const [a, b] = this.cloud.rotation,
      [x, y] = [34, this.cloud.tall - 34];
    for (let k = 0; k < 3; k++) {
      paint.beginPath();
      paint.moveTo(x, y);
      paint.lineTo(x + 24 * a[k], y - 24 * b[k]);
      paint.stroke();
      paint.fillText(String(k + 1), x + 30 * a[k] - 3, y - 30 * b[k] + 4);
    }
  }

  thumbnails(paint) {
    const { cloud, card } = this,
      [w, h] = card.sprite.size,
      part = Math.max(1, 18 / Math.max(w, h));
    for (const i of cloud.order)
      if (cloud.states[i] !== 3 && !Number.isNaN(cloud.x[i])) {
        const row = this.rowOf(i),
          from = [(row % card.sprite.across) * w, Math.floor(row / card.sprite.across) * h];
        const to = [cloud.x[i] - (w * part) / 2, cloud.y[i] - (h * part) / 2];
        paint.globalAlpha = cloud.states[i] === 1 ? 0.2 : 1;
        paint.drawImage(this.image, ...from, w, h, ...to, w * part, h * part);
      }
    paint.globalAlpha = 1;
  }
}

export function projectorPane({ el, shared, ask, signal, chosen, titled = true }) {
  let views = [];
  const drop = () => {
    for (const { own, view } of views) {
      own.abort();
      view.root.remove();
    }
    views = [];
  };
  const hide = () => {
    for (const { view } of views)
      view.root.hidden = shared?.runs.find(({ name }) => name === view.card.run)?.hidden ?? false;
  };
  shared?.on("runs", hide);
  signal.addEventListener("abort", drop);
  return {
    update(cards) {
      const same = ({ view: { card } }, i) =>
        card.tag === cards[i].tag &&
        card.run === cards[i].run &&
        card.maps[0].data === cards[i].maps[0].data;
      if (views.length === cards.length && views.every(same)) return;
      drop();
      views = cards.map((card) => {
        const own = new AbortController();
        const view = new PointView({ ask, signal: own.signal, card, chosen, titled });
        el.append(view.root);
        return { own, view };
      });
      hide();
    },
    select: (rows) => views.forEach(({ view }) => view.chosen.take(rows)),
    dispose: drop,
  };
}
PANES.projector = projectorPane;
