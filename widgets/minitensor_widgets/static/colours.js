// Twin of colours.py: told apart by those who see few colours.
export const HUES = ["--mt-op", "--mt-grad", "--mt-input", "--mt-backward", "--mt-dim", "--mt-variable"];
export const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 2"];
const VIRIDIS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

export function diverging(part) {
  const far = Math.min(1, Math.abs(part)),
    end = part < 0 ? [0, 114, 178] : [213, 94, 0];
  return end.map((c) => Math.round(247 + (c - 247) * far));
}

export function sequential(part) {
  const place = Math.min(1, Math.max(0, part)) * (VIRIDIS.length - 1),
    low = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return VIRIDIS[low].map((c, i) => Math.round(c + (VIRIDIS[low + 1][i] - c) * (place - low)));
}
export const css = (rgb) => `rgb(${rgb})`;
