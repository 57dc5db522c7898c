// Elements as Python source that numpy reads.
function written(value, single) {
  if (Number.isNaN(value)) return "np.nan";
  if (!Number.isFinite(value)) return value > 0 ? "np.inf" : "-np.inf";
  if (!single) return String(value);
  // The fewest digits that still give the same number in single precision.
  for (let digits = 1; digits < 9; digits++) {
    const text = String(+value.toPrecision(digits));
    if (Math.fround(+text) === Math.fround(value)) return text;
  }
  return String(+value.toPrecision(9));
}

function nested(list, shape) {
  if (!shape.length) return list[0];
  if (shape.length === 1) return `[${list.join(", ")}]`;
  const size = list.length / shape[0],
    parts = Array.from({ length: shape[0] }, (_, i) =>
      nested(list.slice(i * size, (i + 1) * size), shape.slice(1)),
    );
  return `[${parts.join(", ")}]`;
}

export function literal(numbers, shape, dtype) {
  const single = ["float32", "float16", "bfloat16"].includes(dtype),
    list = Array.from(numbers, (value) =>
      dtype === "bool" ? (value ? "True" : "False") : written(value, single),
    ),
    type = dtype === "bfloat16" ? "float32" : dtype;
  return `np.array(${nested(list, shape)}, dtype=np.${type})`;
}

// Give a text to the clipboard, or show it where that is not allowed.
export async function copied(text, place, say) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${text.length} characters.`);
  } catch {
    place.hidden = false;
    place.textContent = text;
    getSelection()?.selectAllChildren(place);
    say("The browser does not let a page copy here: the text is shown and selected.");
  }
}
