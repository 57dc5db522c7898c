// Predict first: the next gradient is asked for before it is shown. The score stays on this page.
import { html } from "../dom.js";
import { brief, leaves, shapeText } from "../values.js";

const close = (given, wanted) =>
  given === wanted ||
  (Number.isNaN(given) && Number.isNaN(wanted)) ||
  Math.abs(given - wanted) <= 0.001 + 0.01 * Math.abs(wanted);
const numberOf = (text) => {
  const word = text.trim().toLowerCase().replace(",", ".").replace("−", "-");
  if (/^-?inf/.test(word)) return word[0] === "-" ? -Infinity : Infinity;
  return word ? Number(word) : undefined;
};

// The element that is asked for: the first that is not 0, or the first.
function chosen(value) {
  const all = leaves(value.text),
    at = Math.max(
      0,
      all.findIndex((text) => Number(text) !== 0),
    );
  let rest = at;
  const place = [...value.shape].reverse().map((n) => {
    const i = rest % n;
    rest = Math.floor(rest / n);
    return i;
  });
  return {
    text: all[at],
    name: value.shape.length ? `element [${place.reverse().join(", ")}] of ` : "",
  };
}

export class Quiz {
  constructor(steps, labelOf, signal) {
    Object.assign(this, { steps, labelOf, signal });
    this.on = false;
    this.right = this.total = 0;
    this.asked = -1;
  }

  // Whether step number `at` has to be predicted before it is taken; asks once.
  stops(at, to) {
    const send = this.steps[at]?.sends.find(
      ({ after }) => after && leaves(after.text).length !== 0,
    );
    const large = this.steps[at]?.sends.find(({ after }) => after?.shape.length);
    if (!this.on || to !== at + 1 || this.asked === at || !(send ?? large)) return false;
    this.asked = at;
    this.ask(this.steps[at], send ?? large, !send);
    return true;
  }

  ask(step, send, byShape) {
    const name = this.labelOf(send.to),
      { text, name: element } = byShape ? { text: "", name: "" } : chosen(send.after);
    const given = [
      step.upstream && `g = ${brief(step.upstream)} has arrived`,
      send.before && `${name} has ${brief(send.before)} so far`,
    ].filter(Boolean);
    this.question = byShape
      ? `Which shape will the gradient of ${name} have after it? Type the sizes, as in 32, 10.`
      : `What will ${element}the gradient of ${name} be after it?`;
    const field = html("input", { type: "text", autocomplete: "off", "aria-label": this.question });
    const reply = html("p", { class: "mt-reply" });
    const form = html(
      "form",
      { class: "mt-quiz" },
      field,
      html("button", { type: "submit", class: "mt-link" }, "Check"),
    );
    const check = (event) => {
      event.preventDefault();
      if (reply.textContent) this.proceed();
      if (!field.value.trim() || reply.textContent) return;
      const sizes = field.value.match(/\d+/g) ?? [];
      const right = byShape
        ? String(sizes.map(Number)) === String(send.after.shape)
        : close(numberOf(field.value), Number(text.replace("inf", "Infinity")));
      this.total++;
      if (right) this.right++;
      reply.textContent = `${right ? "✓ Right" : "✗ Not quite"}: it is ${byShape ? shapeText(send.after.shape) : text}. ${this.reason(send)} ${this.score()} Enter takes the step.`;
      this.say(reply.textContent);
    };
    form.addEventListener("submit", check, { signal: this.signal });
    this.field = field;
    this.elements = [
      html("div", { class: "mt-head" }, "Predict: ", step.title),
      step.rule && html("p", {}, "local rule: ", html("code", {}, step.rule)),
      given.length ? html("p", {}, `${given.join("; ")}.`) : null,
      html("p", {}, this.question),
      form,
      reply,
    ].filter(Boolean);
  }

  reason(send) {
    const sum = send.before
      ? `${brief(send.before)} + ${brief(send.value)} = ${brief(send.after)}`
      : "";
    const rule =
      send.unbroadcast || `${send.rule}${send.rule_numbers ? ` = ${send.rule_numbers}` : ""}`;
    return `Because ${[rule, sum].filter(Boolean).join(", then ")}.`;
  }

  score() {
    return `${this.right} of ${this.total} right.`;
  }
}
