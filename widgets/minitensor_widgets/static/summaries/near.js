// The nearest points of one: from Python, from what an output holds, or from the picture alone.
import { unpackShorts } from "./cloud.js";

const FEW = 10;

function held({ count, rows, far, most }, i) {
  const near = unpackShorts(rows),
    apart = far && unpackShorts(far);
  return Array.from({ length: count }, (_, k) => ({
    i: near[i * count + k],
    far: apart ? (apart[i * count + k] / 65535) * most : null,
  }));
}

// By the coordinates of the map that is shown, whatever way it is turned.
function inPicture({ given, width, count }, i) {
  const all = [];
  for (let j = 0; j < count; j++) {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (given[i * width + k] - given[j * width + k]) ** 2;
    if (j !== i && given[j * width] !== -32768) all.push([sum, j]);
  }
  return all
    .sort((a, b) => a[0] - b[0])
    .slice(0, FEW)
    .map(([, j]) => ({ i: j, far: null }));
}

// { found: [{ i, far, row, words }], source }: `i` is -1 for a point that is not drawn.
export async function pointsNear({ card, ask, cloud, placeOf }, i, metric) {
  const row = card.rows ? card.rows[i] : i,
    args = { tag: card.tag, run: card.run, drawn: cloud.count },
    answer = ask && (await ask("projector", { ...args, want: "near", row, count: FEW, metric }));
  if (answer?.content.near)
    return {
      found: answer.content.near.map((one) => ({ ...one, i: placeOf(one.row) })),
      source: `computed by Python in all ${card.dims} dimensions`,
    };
  const known = card.near[metric];
  if (known)
    return {
      found: held(known, i),
      source: `in all ${card.dims} dimensions, stored for the points drawn`,
    };
  return { found: inPicture(cloud, i), source: "in this picture only; all dimensions need Python" };
}
