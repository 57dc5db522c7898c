// Twin of spacing.py: numbers along an axis of values.
import { tickTexts, ticks } from "./plot.js";

// Pairs of a round number and its text, few enough to stand side by side where so many letters
// have room; and from where they are counted.
export function spaced(ends, letters) {
  const tried = [5, 3, 2].map((most) => tickTexts(ticks(...ends, false, most))),
    longest = (made) => Math.max(...made.map(([, text]) => text.length)),
    fits = ([made]) => made.length && (longest(made) + 1) * made.length <= letters;
  return tried.find(fits) ?? tried[1];
}
