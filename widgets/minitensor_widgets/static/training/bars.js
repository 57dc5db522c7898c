// How far a run is: a line for each bar. What is read aloud changes at most once a second.
import { html } from "../dom.js";

export class Bars {
  constructor() {
    this.root = html("div", { class: "mt-bars" });
    this.rows = [];
    this.told = 0;
  }

  row() {
    const fill = html("div", { class: "mt-fill" }),
      track = html(
        "div",
        { class: "mt-progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
        fill,
      ),
      label = html("span"),
      facts = html("span", { class: "mt-facts" }),
      root = html("div", { class: "mt-bar-row" }, label, track, facts);
    return { root, fill, track, label, facts };
  }

  paint(bars, said) {
    while (this.rows.length < bars.length) this.rows.push(this.row());
    this.rows.length = bars.length;
    const now = Date.now(),
      tell = now - this.told >= 1000 || bars.some(({ state }) => state !== "running");
    if (tell) this.told = now;
    bars.forEach(({ label, share, state, sign, words, facts }, i) => {
      const row = this.rows[i],
        all = words && words !== said ? [words, ...facts] : facts,
        text = [sign, all.join(" · ")].filter(Boolean).join(" ");
      row.root.dataset.state = state;
      row.label.textContent = label;
      row.facts.textContent = text;
      row.track.classList.toggle("mt-unknown", share === null);
      row.fill.style.width = `${(share ?? 0) * 100}%`;
      if (!tell && row.track.hasAttribute("aria-label")) return;
      row.track.setAttribute("aria-label", label || "Progress");
      row.track.setAttribute("aria-valuetext", text);
      if (share === null) row.track.removeAttribute("aria-valuenow");
      else row.track.setAttribute("aria-valuenow", Math.floor(share * 100));
    });
    this.root.replaceChildren(...this.rows.map(({ root }) => root));
  }
}
