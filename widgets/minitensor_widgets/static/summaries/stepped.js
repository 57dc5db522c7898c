// Cards of series of pictures, sounds or texts: a head, a slider over the steps, a step's content.
import { html } from "../dom.js";
import { headingOf, middleCut } from "../reading.js";
import { swatch } from "./runs.js";
import { proseOf } from "./tree.js";

const ASKED = 24; // answers of Python that a card remembers

// The bytes of a picture or sound: in the record, or a buffer that Python sent.
export const bytesOf = ({ data, part }) =>
  part
    ? new Uint8Array(part.buffer ?? part, part.byteOffset ?? 0, part.byteLength)
    : Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));

// `view` has `el`, and `paint(entry)` and `dispose()`.
class SteppedCard {
  constructor(card, pane) {
    Object.assign(this, { pane, asked: new Map(), turn: 0 });
    this.view = pane.make(card);
    this.slider = html("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.slider.addEventListener("input", () => this.go(+this.slider.value), {
      signal: pane.signal,
    });
    this.place = html("span", { class: "mt-count" });
    this.steps = html("div", { class: "mt-steps" }, this.slider, this.place);
    this.note = html("p", { class: "mt-dim" });
    this.late = html("p", { class: "mt-dim", role: "status" });
    this.run = html("span", { class: "mt-dim mt-run" });
    this.root = html(
      "section",
      { class: "mt-card-stepped", "aria-label": `${middleCut(card.tag)}, run ${card.run}` },
      html("div", { class: "mt-card-head" }, headingOf(card.tag), this.run),
      proseOf(card.about),
      this.steps,
      this.view.el,
      this.late,
      this.note,
    );
    this.load(card);
  }

  // Which of all steps the slider leads to: those kept here, or all where Python can be asked.
  get places() {
    return this.pane.live ? this.card.steps.map((_, at) => at) : this.kept;
  }

  load(card) {
    const last = this.card && this.at === this.places.at(-1);
    this.card = card;
    this.entries = new Map(card.entries.map((entry) => [entry.at, entry]));
    this.kept = card.entries.map(({ at }) => at);
    if (this.at === undefined || last || !this.places.includes(this.at))
      this.at = this.places.at(-1);
    this.paint();
  }

  // The head and the slider; then the content.
  paint() {
    const { card, places, at } = this,
      end = places.length - 1;
    this.slider.max = Math.max(0, end);
    this.slider.value = Math.max(0, places.indexOf(at));
    this.steps.hidden = end < 0;
    this.slider.hidden = end < 1;
    this.note.textContent = this.pane.live ? "" : card.note;
    const run = this.pane.shared.runs.find(({ name }) => name === card.run);
    this.root.hidden = Boolean(run?.hidden);
    this.run.replaceChildren(
      ...(run ? [html("b", {}, run.letter), swatch(run)] : []),
      html("span", {}, card.run),
    );
    if (end >= 0) this.go(places.indexOf(at));
    else this.view.paint(null);
  }

  async go(place) {
    const { places, card } = this,
      turn = ++this.turn;
    this.at = places[place];
    const step = `step ${card.steps[this.at]}`,
      many = `${place + 1} of ${places.length}`;
    this.place.textContent = places.length > 1 ? `${step} (${many})` : step;
    this.slider.setAttribute("aria-valuetext", `${step}, ${many}`);
    const entry = this.entries.get(this.at) ?? this.asked.get(this.at) ?? (await this.ask(this.at));
    if (turn !== this.turn || this.pane.signal.aborted) return;
    this.late.textContent = entry ? "" : `Python does not answer: ${step} cannot be shown now.`;
    // News of other steps must not stop a sound that plays.
    const name = entry && `${entry.at} ${entry.time}`;
    if (name && name === this.painted) return;
    this.painted = name;
    this.view.paint(entry);
  }

  async ask(at) {
    const { run, tag } = this.card,
      answer = await this.pane.ask(this.pane.kind, { run, tag, at });
    if (!answer) return null;
    const entry = answer.content;
    for (const item of entry[this.pane.items] ?? [])
      if (item.part !== undefined) item.part = answer.buffers[item.part];
    this.asked.set(at, entry);
    if (this.asked.size > ASKED) this.asked.delete(this.asked.keys().next().value);
    return entry;
  }

  dispose() {
    this.turn++;
    this.view.dispose();
    this.root.remove();
  }
}

// A pane of such cards. `setup(pane)` gives `make(card)`, which gives a view, and perhaps `tools`;
// `items` is the field of an entry whose parts may come as buffers.
export const steppedPane = (kind, items, setup) => (host) => {
  const pane = { kind, items, live: host.ask.live, cards: new Map(), ...host },
    { make, tools } = setup(pane),
    list = html("div", { class: "mt-stepped" });
  pane.make = make;
  pane.el.append(...(tools ? [tools] : []), list);
  const ended = pane.shared.on("runs", () => pane.cards.forEach((card) => card.paint()));
  return {
    update(cards) {
      const wanted = new Set();
      for (const card of cards) {
        const key = JSON.stringify([card.run, card.tag]);
        wanted.add(key);
        if (pane.cards.has(key)) pane.cards.get(key).load(card);
        else pane.cards.set(key, new SteppedCard(card, pane));
        list.append(pane.cards.get(key).root);
      }
      for (const [key, card] of pane.cards)
        if (!wanted.has(key)) {
          card.dispose();
          pane.cards.delete(key);
        }
    },
    dispose() {
      ended();
      pane.cards.forEach((card) => card.dispose());
      pane.cards.clear();
      pane.el.replaceChildren();
    },
  };
};
