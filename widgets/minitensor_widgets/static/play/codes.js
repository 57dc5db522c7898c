// Twin of codes.py: pictures of numbers as texts, a letter for the difference to the cell before.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export function readLevels(text) {
  let level = 0;
  return Uint8Array.from(
    text ?? "",
    (letter) => (level = (level + Math.max(0, LETTERS.indexOf(letter))) % 64),
  );
}
