// The text of a program with the present line marked.
import { html } from "../dom.js";

export class Code {
  constructor(lines, name) {
    this.spans = lines.map((line) => html("span", {}, line || " "));
    this.pre = html(
      "pre",
      { class: "mt-code", tabindex: 0, role: "region", "aria-label": name },
      this.spans,
    );
  }

  mark(line) {
    this.spans.forEach((span, i) => {
      if (i === line - 1) span.setAttribute("aria-current", "step");
      else span.removeAttribute("aria-current");
    });
    const now = this.spans[line - 1];
    if (!now) return;
    const { pre } = this,
      top = now.offsetTop - pre.offsetTop;
    if (top < pre.scrollTop || top + now.offsetHeight > pre.scrollTop + pre.clientHeight)
      pre.scrollTop = top - pre.clientHeight / 2;
  }
}

// A button with words instead of a drawing.
export function wordButton(text, signal, act) {
  const made = html("button", { type: "button", class: "mt-word" }, text);
  made.addEventListener("click", act, { signal });
  return made;
}

export function sheet(head, rows, name) {
  const cells = (row) =>
    row.map((text, i) => html(i ? "td" : "th", i ? {} : { scope: "row" }, text));
  return html(
    "table",
    { "aria-label": name },
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        head.map((text) => (text ? html("th", { scope: "col" }, text) : html("td"))),
      ),
    ),
    html(
      "tbody",
      {},
      rows.map((row) => html("tr", {}, cells(row))),
    ),
  );
}
