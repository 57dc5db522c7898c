// The words beside the picture of a stepper: what a step is given, what it computes, what it sends.
import { html, sourceLine } from "../dom.js";
import { valuePane } from "../panes.js";
import { brief, leaves } from "../values.js";

const OPERATORS = ["*", "×", "·", "@", "+", "-", "−", "/"];
const SIGNS = { partial: "◐", final: "●" };
const head = (...children) => html("div", { class: "mt-head" }, children);
const sub = (...children) => html("div", { class: "mt-sub" }, children);
const badge = (text) => html("span", { class: "mt-badge" }, text);

// Cut "g * b" and "1 × 3" at the operators outside brackets, to set each factor over its number.
function factors(text) {
  const parts = [""];
  let depth = 0;
  for (const word of text.split(" ")) {
    const last = parts.length - 1;
    if (!depth && OPERATORS.includes(word)) parts.push(word, "");
    else parts[last] += (parts[last] ? " " : "") + word;
    depth += word.split("(").length - word.split(")").length;
  }
  return parts;
}

function formula(rule, numbers) {
  const above = factors(rule),
    below = factors(numbers),
    fits = above.length === below.length;
  const columns = above.map((part, i) =>
    html(
      "span",
      {},
      html("code", {}, part),
      html("code", { class: "mt-dim" }, i % 2 ? "" : below[i]),
    ),
  );
  const plain = [html("code", {}, rule), numbers ? html("code", {}, numbers) : null];
  return html("div", { class: "mt-formula" }, fits ? columns : plain);
}

function numbersOf(send) {
  const values = [
    ["before un-broadcast", send.raw],
    ["sent", send.value],
    ["accumulated before", send.before],
    ["accumulated after", send.after],
  ];
  const shown = values
    .filter(([, value]) => value)
    .map(([title, value]) => html("div", {}, html("small", {}, title), valuePane(value)));
  const open = leaves(send.value.text).length <= 12 && "";
  return html("details", { open }, html("summary", {}, "numbers"), shown);
}

function sendCard(send, link) {
  const { arrived, expected } = send,
    state = arrived >= expected ? "final" : "partial";
  const count = `${arrived} of ${expected} ${expected === 1 ? "contribution" : "contributions"}`;
  return html(
    "div",
    { class: "mt-send" },
    sub(
      "to ",
      link(send.to),
      badge(`${SIGNS[state]} ${count}${state === "final" ? ", final" : ""}`),
    ),
    formula(send.rule, send.rule_numbers),
    send.unbroadcast
      ? html("p", {}, "broadcast undone: ", html("code", {}, send.unbroadcast))
      : null,
    html(
      "p",
      { class: "mt-sum" },
      send.before ? brief(send.before) : "not yet computed",
      " + ",
      brief(send.value),
      " → ",
      html("b", {}, brief(send.after)),
    ),
    send.value.shape.length ? numbersOf(send) : null,
  );
}

// `link` makes a button that leads to a node.
export function stepCard(step, link) {
  if (!step)
    return [
      head("Start"),
      html("p", {}, "Nothing is computed yet. Press the right arrow key or “Next step”."),
    ];
  const value = step.value && [
    sub(step.phase === "result" ? "gradient" : "value"),
    valuePane(step.value),
  ];
  const upstream = step.upstream && [
    sub(step.phase === "seed" ? "starts with g" : "arrives: g"),
    valuePane(step.upstream),
  ];
  const rule = step.rule && html("p", {}, "local rule: ", html("code", {}, step.rule));
  return [
    head(badge(step.phase), step.title),
    html("p", {}, step.text),
    sourceLine(step.source),
    value,
    upstream,
    rule,
    step.sends.map((send) => sendCard(send, link)),
  ]
    .flat()
    .filter(Boolean);
}
