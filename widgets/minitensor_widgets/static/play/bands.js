// Bands of equal loss: viridis, made pale so that paths and marks stand out.
import { sequential } from "../colours.js";

const BANDS = 12;

// How levels from 0 to `most` look; `none` is no number.
export const bandLook = (most, none) => {
  const band = (level) => Math.floor((level * BANDS) / (most + 1));
  return {
    colour: (level) =>
      sequential((band(level) + 0.5) / BANDS).map((c) => Math.round(c + (255 - c) * 0.35)),
    band,
    none,
    line: 0.68,
  };
};
