// A histogram: bars over an axis, walked by arrow keys; an older one stands behind, outlined.
import { html, svg } from "../dom.js";
import { ticks } from "../plot.js";
import { spaced } from "../spacing.js";
import { apart, number } from "../values.js";

const [WIDE, TALL, FOOT, HEAD, COUNTS, LETTER] = [284, 110, 18, 14, 38, 7.3];

// Round counts for the axis.
const countTicks = (most, log) =>
  (log ? ticks(1, most, true) : ticks(0, most)).filter(Number.isInteger);

export function bars({ edges, counts, before }, { signal, say, log = false }) {
  const all = [...edges, ...(before?.edges ?? [])],
    low = all.reduce((a, b) => Math.min(a, b)),
    high = all.reduce((a, b) => Math.max(a, b)),
    most = Math.max(1, ...counts, ...(before?.counts ?? [])),
    height = (count) => TALL * (log ? Math.log1p(count) / Math.log1p(most) : count / most),
    // The span of the largest numbers is infinite: halves are taken.
    part = Number.isFinite(high - low) ? 1 : 0.5,
    span = high * part - low * part || 1,
    x = (edge) => WIDE * ((edge * part - low * part) / span),
    [round, from] = spaced([low, high], WIDE / LETTER),
    // The ends themselves, where round numbers would take many digits.
    marks = from ? [low, high].map((v) => [v, number(v, apart([low, high], 4))]) : round;
  const bar = (name, ends) => (count, i) =>
    svg("rect", {
      class: name,
      x: x(ends[i]),
      y: HEAD + TALL - height(count),
      width: Math.max(0.5, x(ends[i + 1]) - x(ends[i]) - 0.6),
      height: height(count),
    });
  const word = (at, y, name, text) => svg("text", { x: at, y, class: name }, text);
  const mark = svg("rect", { class: "mt-at", y: HEAD, height: TALL, visibility: "hidden" });
  const drawn = svg(
    "svg",
    {
      viewBox: `${-COUNTS} 0 ${COUNTS + WIDE + 2} ${HEAD + TALL + FOOT}`,
      "aria-hidden": "true",
    },
    mark,
    countTicks(most, log).map((count) => [
      svg("path", { class: "mt-grid", d: `M0,${HEAD + TALL - height(count)}h${WIDE}` }),
      word(
        -4,
        HEAD + TALL - height(count) + 3.5,
        "mt-e",
        number(count, 4).replace(".00e+", "e"),
      ),
    ]),
    counts.map(bar("mt-bar-now", edges)),
    (before?.counts ?? []).map(bar("mt-bar-old", before?.edges)),
    svg("path", { class: "mt-axis", d: `M0,${HEAD}v${TALL}H${WIDE}` }),
    word(
      WIDE,
      10,
      "mt-e",
      `elements; most in a bin: ${most}${log ? ", heights are logarithms" : ""}`,
    ),
    marks.map(([value, text]) => {
      const half = (text.length * LETTER) / 2, // no text leaves the drawing
        at = Math.max(half, Math.min(WIDE + 2 - half, x(value)));
      return [
        svg("path", { class: "mt-axis", d: `M${x(value)},${HEAD + TALL}v3` }),
        word(at, HEAD + TALL + 14, "mt-m", text),
      ];
    }),
  );
  const read = html("p", { class: "mt-read" }, "Arrow keys walk from bin to bin."),
    total = counts.reduce((a, b) => a + b, 0);
  const root = html(
    "div",
    {
      class: "mt-bars",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "histogram",
      "aria-label": `Histogram of ${total} elements in ${counts.length} bins: arrow keys walk`,
    },
    drawn,
    read,
  );
  let at = -1;
  const go = (to) => {
    at = Math.max(0, Math.min(counts.length - 1, to));
    mark.setAttribute("x", x(edges[at]));
    mark.setAttribute("width", Math.max(1, x(edges[at + 1]) - x(edges[at])));
    mark.setAttribute("visibility", "visible");
    const ends = `from ${number(edges[at], 4)} to ${number(edges[at + 1], 4)}`;
    read.textContent = `Bin ${at + 1} of ${counts.length}, ${ends}: ${counts[at]}`;
    say(read.textContent);
  };
  const keys = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  root.addEventListener(
    "keydown",
    (event) => {
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      go(at + keys[event.key]);
    },
    { signal },
  );
  root.addEventListener(
    "click",
    (event) => {
      const box = drawn.getBoundingClientRect(),
        scale = (COUNTS + WIDE + 2) / box.width,
        along = Math.max(0, ((event.clientX - box.left) * scale - COUNTS) / WIDE),
        value = low * (1 - along) + high * along;
      go(edges.findLastIndex((edge) => edge <= value));
    },
    { signal },
  );
  return root;
}
