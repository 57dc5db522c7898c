// Sounds, step by step: the wave, and the browser's own player. Nothing plays unasked.
import { html, svg } from "../dom.js";
import { count, sizeText } from "../units.js";
import { number } from "../values.js";
import { PANES } from "./registry.js";
import { bytesOf, steppedPane } from "./stepped.js";
import { proseOf } from "./tree.js";

const [WAVE_WIDE, WAVE_TALL] = [480, 64];

const soundFacts = ({ seconds, rate, channels, loud }) =>
  [
    `${number(seconds, 3)} s`,
    `${rate} Hz`,
    { 1: "mono", 2: "stereo" }[channels] ?? count(channels, "channel"),
    loud,
  ].join(", ");

// The least and the greatest sample of each column.
function waveOf(outline, alt) {
  const middle = WAVE_TALL / 2,
    wide = WAVE_WIDE / Math.max(1, outline.length),
    path = outline.map(
      ([low, high], i) =>
        `M${(i * wide).toFixed(1)},${(middle - (high / 100) * (middle - 2) - 0.5).toFixed(1)}` +
        `h${wide.toFixed(2)}V${(middle - (low / 100) * (middle - 2) + 0.5).toFixed(1)}` +
        `h-${wide.toFixed(2)}z`,
    );
  const cursor = svg("path", { class: "mt-cursor", d: "" });
  const made = svg(
    "svg",
    {
      class: "mt-wave",
      viewBox: `0 0 ${WAVE_WIDE} ${WAVE_TALL}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": alt,
    },
    svg("path", { class: "mt-axis", d: `M0,${middle}H${WAVE_WIDE}` }),
    svg("path", { class: "mt-loud", d: path.join("") }),
    cursor,
  );
  made.move = (part) => cursor.setAttribute("d", `M${part * WAVE_WIDE},0V${WAVE_TALL}`);
  return made;
}

function soundOf(clip, name, addresses) {
  const label = proseOf(clip.label),
    warning = (text) => html("p", {}, `⚠ ${text}`);
  if (clip.problem) return html("div", { class: "mt-sound" }, label, warning(clip.problem));
  const facts = soundFacts(clip),
    wave = waveOf(clip.outline, `Wave of ${name}: ${facts}`),
    heard = clip.data !== undefined || clip.part !== undefined,
    parts = [label, wave, html("p", { class: "mt-dim" }, facts)];
  if (!heard) {
    const size = sizeText(clip.bytes);
    parts.push(html("p", {}, `The sound (${size}) is too large to be kept here. With live=True it is played.`));
  } else {
    const address = URL.createObjectURL(new Blob([bytesOf(clip)], { type: "audio/wav" }));
    addresses.push(address);
    const player = html("audio", { controls: "", preload: "metadata", src: address });
    player.setAttribute("aria-label", name);
    player.addEventListener("timeupdate", () =>
      wave.move(player.currentTime / (clip.seconds || 1)),
    );
    player.addEventListener("error", () =>
      player.replaceWith(warning("This browser cannot play the sound.")),
    );
    parts.push(player);
  }
  return html("div", { class: "mt-sound" }, parts);
}

function audioView({ tag }) {
  const el = html("div", { class: "mt-sounds" }),
    addresses = [];
  const clear = () => {
    for (const player of el.querySelectorAll("audio")) {
      player.pause();
      player.removeAttribute("src"); // or it goes on loading what is no longer there
      player.load();
    }
    for (const address of addresses.splice(0)) URL.revokeObjectURL(address);
  };
  return {
    el,
    paint(entry) {
      clear();
      const clips = entry?.clips ?? [],
        name = (i) => `${tag}, step ${entry.step}${clips.length > 1 ? `, sound ${i + 1}` : ""}`;
      el.replaceChildren(...clips.map((clip, i) => soundOf(clip, name(i), addresses)));
      if (!clips.length)
        el.textContent = entry ? "No sound was recorded." : "No sound is kept here.";
    },
    dispose: clear,
  };
}
PANES.audio = steppedPane("audio", "clips", () => ({ make: audioView }));
