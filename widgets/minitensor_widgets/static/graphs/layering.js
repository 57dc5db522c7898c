// Twin of layering.py: same arithmetic, same order. Edges are [a, b, leave, enter, light].
export const GAP_Y = 36;
const GAP_X = 18,
  GAP_PORT = 8,
  SWEEPS = 8,
  LIGHT = 0.01,
  TILT = 0.001;
const lists = (n) => Array.from({ length: n }, () => []);
const mean = (values) => values.reduce((total, v) => total + v, 0) / values.length;
export const pairs = (list) => list.slice(1).map((b, i) => [list[i], b]);

function topological(count, edges) {
  const inputs = lists(count),
    isEnd = Array(count).fill(true),
    seen = [],
    walked = Array(count).fill(0),
    order = [];
  for (const [a, b] of edges) {
    inputs[b].push(a);
    isEnd[a] = false;
  }
  const roots = [...isEnd.keys()].sort((v, w) => isEnd[w] - isEnd[v]);
  for (const root of roots) {
    const path = seen[root] ? [] : [root];
    seen[root] = true;
    while (path.length) {
      const v = path[path.length - 1];
      if (walked[v] === inputs[v].length) {
        order.push(path.pop());
        continue;
      }
      const u = inputs[v][walked[v]++];
      if (!seen[u]) {
        seen[u] = true;
        path.push(u);
      }
    }
  }
  return order;
}

function rank(count, edges, ports) {
  const order = topological(count, edges),
    position = [],
    later = lists(count);
  const isSource = Array(count).fill(true);
  order.forEach((v, i) => {
    position[v] = i;
  });
  for (const [a, b] of edges) {
    if (position[a] < position[b]) later[a].push(b);
    isSource[b] = false;
  }
  const rows = ports.map((port) => (port === "in" ? 0 : 1));
  for (const v of order) for (const w of later[v]) rows[w] = Math.max(rows[w], rows[v] + 1);
  for (const v of [...order].reverse())
    if (isSource[v] && later[v].length && !ports[v])
      rows[v] = Math.max(rows[v], Math.min(...later[v].map((w) => rows[w])) - 1);
  const last = Math.max(...rows) + 1;
  return rows.map((row, v) => (ports[v] === "out" ? last : row));
}

function withBends(rowsOf, edges, order) {
  const rows = lists(Math.max(...rowsOf) + 1),
    up = lists(rowsOf.length),
    down = lists(rowsOf.length);
  const position = [];
  order.forEach((v, i) => {
    position[v] = i;
    rows[rowsOf[v]].push(v);
  });
  const chains = edges.map(([a, b, leave, enter]) => {
    const chain = [a];
    for (let row = rowsOf[a] + 1; row < rowsOf[b]; row++) {
      rows[row].push(up.length);
      position.push(position[a]);
      chain.push(up.length);
      up.push([]);
      down.push([]);
    }
    chain.push(b);
    if (rowsOf[a] < rowsOf[b])
      for (const [v, w] of pairs(chain)) {
        const shift = (v === a ? leave : 0) - (w === b ? enter : 0);
        down[v].push([w, -shift]);
        up[w].push([v, shift]);
      }
    return chain;
  });
  for (const row of rows) row.sort((v, w) => position[v] - position[w]);
  const light = up.map((near, v) => down[v].length > 0 && !near.length);
  edges.forEach(([a, , , , free], i) => {
    light[a] &&= free;
    for (const v of chains[i].slice(1, -1)) light[v] = free;
  });
  return { rows: rows.filter((row) => row.length), up, down, chains, light };
}

function reorder({ rows, up, down }) {
  const at = [];
  const number = (row) =>
    row.forEach((v, i) => {
      at[v] = i;
    });
  rows.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const near = sweep % 2 ? down : up;
    for (const row of sweep % 2 ? rows.slice(0, -1).reverse() : rows.slice(1)) {
      const want = new Map(
        row.map((v) => [
          v,
          near[v].length ? mean(near[v].map(([u, d]) => at[u] + d * TILT)) : at[v],
        ]),
      );
      row.sort((v, w) => want.get(v) - want.get(w));
      number(row);
    }
  }
}

export function isotonic(want, gaps, weight) {
  const offset = [0],
    blocks = [];
  for (const gap of gaps) offset.push(offset[offset.length - 1] + gap);
  want.forEach((w, i) => {
    blocks.push([w - offset[i], weight[i], 1]);
    while (blocks.length > 1 && blocks[blocks.length - 2][0] > blocks[blocks.length - 1][0]) {
      const [m, total, count] = blocks.pop(),
        pool = blocks[blocks.length - 1];
      pool[0] = (pool[0] * pool[1] + m * total) / (pool[1] + total);
      pool[1] += total;
      pool[2] += count;
    }
  });
  return blocks.flatMap(([m, , count]) => Array(count).fill(m)).map((m, i) => m + offset[i]);
}

function spread({ rows, up, down, light }, widths, stiff) {
  const x = [];
  const firm = up.map((near) => {
    const kept = near.filter(([u]) => !light[u]);
    return kept.length ? kept : near;
  });
  for (const row of rows) {
    let edge = 0;
    for (const v of row) {
      x[v] = edge + widths[v] / 2;
      edge += widths[v] + GAP_X;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const near = sweep % 2 ? down : firm;
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const want = row.map((v) =>
        near[v].length ? mean(near[v].map(([u, d]) => x[u] + d)) : x[v],
      );
      const gaps = pairs(row).map(([a, b]) => (widths[a] + widths[b]) / 2 + GAP_X);
      isotonic(
        want,
        gaps,
        row.map((v) => stiff[v]),
      ).forEach((value, i) => {
        x[row[i]] = value;
      });
    }
  }
  return x;
}

export function place(sizes, edges, ports, gap) {
  const count = sizes.length;
  if (!count) return { x: [], y: [], routes: [], width: 0, height: 0 };
  const rowsOf = rank(count, edges, ports);
  const layers = withBends(rowsOf, edges, topological(count, edges));
  const bends = layers.up.length - count,
    more = (value) => Array(bends).fill(value);
  const widths = [...sizes.map(([w]) => w), ...more(4)],
    heights = [...sizes.map(([, h]) => h), ...more(0)];
  reorder(layers);
  const stiff = [...ports.map((port) => (port ? 8 : 1)), ...more(8)];
  let x = spread(
    layers,
    widths,
    stiff.map((firm, v) => (layers.light[v] ? LIGHT : firm)),
  );
  const y = [],
    middle = [],
    tall = [];
  let top = 0,
    above = 0;
  layers.rows.forEach((row, i) => {
    const height = Math.max(...row.map((v) => heights[v]));
    if (i) top += height && above ? gap : GAP_PORT;
    for (const v of row) {
      const spare = (height - heights[v]) / 2;
      const lower = heights[v] ? !!layers.down[v].length - !!layers.up[v].length : 0;
      y[v] = top + height / 2 + lower * spare;
      middle[v] = top + height / 2;
      tall[v] = height;
    }
    top += height;
    above = height;
  });
  const left = Math.min(...x.map((value, v) => value - widths[v] / 2));
  x = x.map((value) => value - left);
  const right = Math.max(...x.map((value, v) => value + widths[v] / 2));
  let side = right;
  const routes = edges.map(([a, b, leave, enter], i) => {
    const start = [x[a] + leave, y[a] + heights[a] / 2],
      end = [x[b] + enter, y[b] - heights[b] / 2];
    if (rowsOf[a] >= rowsOf[b]) {
      side += 12;
      return [start, [side, start[1]], [side, end[1]], end];
    }
    const bent = layers.chains[i]
      .slice(1, -1)
      .flatMap((v) =>
        (tall[v] ? [-1, 1] : [1]).map((half) => [x[v], middle[v] + (half * tall[v]) / 2]),
      );
    const below = [start[0], middle[a] + tall[a] / 2],
      above = [end[0], middle[b] - tall[b] / 2];
    const leaving = below[1] - start[1] > 1 ? [start, below] : [start];
    const arriving = end[1] - above[1] > 1 ? [above, end] : [end];
    return [...leaving, ...bent, ...arriving];
  });
  return {
    x: x.slice(0, count),
    y: y.slice(0, count),
    routes,
    width: side > right ? side + 6 : right,
    height: top,
  };
}
