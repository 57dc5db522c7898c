// The words beside the picture of a stepper: what a step is given, what it computes, what it sends.
import { html } from "../dom.js";
import { valuePane } from "../panes.js";
import { brief, leaves, shapeText } from "../values.js";
import { program, relatives } from "./evidence.js";

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

// "d x" over its shape, an equals sign, then each factor over its own.
function formula(send, name) {
  const { rule, rule_numbers: numbers } = send,
    whole = send.raw ?? send.value ?? send.after;
  const above = factors(rule),
    below = factors(numbers),
    fits = above.length === below.length;
  if (!fits)
    return html(
      "div",
      { class: "mt-formula" },
      html("code", {}, `d ${name} = ${rule}`),
      numbers ? html("code", { class: "mt-dim" }, numbers) : null,
    );
  const size = whole.shape.length ? shapeText(whole.shape) : brief(whole);
  const columns = [
    [`d ${name}`, size],
    ["=", ""],
    ...above.map((part, i) => [part, i % 2 ? "" : below[i]]),
  ];
  return html(
    "div",
    { class: "mt-formula" },
    columns.map(([up, down]) =>
      html("span", {}, html("code", {}, up), html("code", { class: "mt-dim" }, down)),
    ),
  );
}

function numbersOf(send) {
  const values = [
    [
      send.after ? "before un-broadcast" : "before it is summed",
      send.after ? send.raw : send.value,
    ],
    ["sent", send.after && send.value],
    ["accumulated before", send.before],
    ["accumulated after", send.after],
  ];
  const shown = values
    .filter(([, value]) => value)
    .map(([title, value]) => html("div", {}, html("small", {}, title), valuePane(value)));
  const open = leaves((send.value ?? send.after).text).length <= 12 && "";
  return html("details", { open }, html("summary", {}, "numbers"), shown);
}

function arrival(send) {
  const { arrived, expected } = send,
    state = arrived >= expected ? "final" : "partial";
  const count = `${arrived} of ${expected} ${expected === 1 ? "contribution" : "contributions"}`;
  return badge(`${SIGNS[state]} ${count}${state === "final" ? ", final" : ""}`);
}

// Upstream times local derivative, where both are numbers.
function product({ local, value }, upstream) {
  if (!local || !upstream) return null;
  const words = `upstream ${brief(upstream)} × local derivative ${local} = ${brief(value)}`;
  return html("p", { class: "mt-sum" }, words);
}

function sendCard(send, step, link, name) {
  const { before, after } = send,
    value = send.value ?? after;
  const sum = [before ? brief(before) : "nothing yet,", " + ", brief(value), " → "];
  return html(
    "div",
    { class: "mt-send" },
    sub("to ", link(send.to), after ? arrival(send) : badge("◌ summed in the next step")),
    step.phase === "unbroadcast" ? null : formula(send, name),
    product(send, step.upstream),
    send.unbroadcast
      ? html("p", {}, "broadcast undone: ", html("code", {}, send.unbroadcast))
      : null,
    after ? html("p", { class: "mt-sum" }, sum, html("b", {}, brief(after))) : null,
    value.shape.length || send.raw ? numbersOf(send) : null,
  );
}

// `link` makes a button that leads to a node, `labelOf` gives its name.
export function stepCard(step, record, link, labelOf) {
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
    head(badge(step.phase), step.title || labelOf(step.node)),
    html("p", {}, step.text),
    relatives(record, step.node, link),
    program(step.source, record.lines),
    value,
    upstream,
    rule,
    step.sends.map((send) => sendCard(send, step, link, labelOf(send.to))),
  ];
}
