// Twin of layout.py: scopes, ports, boxes. Keys: "n:" + node id, "s:" + scope path, "u:0:" + id.
import { size } from "../values.js";
import { GAP_Y, pairs, place } from "./layering.js";

export const PAD = 12,
  HEAD = 20,
  CLOSED_HEIGHT = 34,
  NAME_GAP = 9,
  CHAR = 7.3;
export const nodeOf = (key) => key.replace(/^(n|u:\d+):/, "");
export const prefixes = (scope) => {
  const parts = scope.split("/").filter(Boolean);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
};
export const scopesOf = (nodes) => [...new Set(nodes.flatMap(({ scope }) => prefixes(scope)))];
export const outer = (path) => path.split("/").slice(0, -1).join("/");
// Scopes that a trace writes the operations of a gradient into.
export const isBackward = (path) =>
  path.split("/").some((part) => /^gradients(_[0-9]+)?$/.test(part));
export const scopeName = (path) => {
  const name = path.split("/").pop();
  return isBackward(name) ? `∇ ${name}` : name;
};
export const nameWidth = (path) => CHAR * (size(scopeName(path)) + 2);

// Where a scope's name begins, and what its box needs more on the left and on the right.
function nameRoom(width, entries, needed) {
  const edges = [0, ...entries.sort((a, b) => a - b), width],
    room = needed + 2 * NAME_GAP;
  for (const [a, b] of pairs(edges))
    if (b - a >= room) return [(b < width || a === 0 ? a : b - room) + NAME_GAP, 0, 0];
  const before = edges[edges.length - 2],
    left = room - edges[1],
    right = room - (width - before);
  return left <= right ? [NAME_GAP, left, 0] : [before + NAME_GAP, 0, right];
}

function buildTree(nodes, collapsed) {
  const closed = new Set(collapsed),
    children = new Map([["", []]]),
    home = new Map(),
    count = new Map();
  for (const node of nodes) {
    let scope = "",
      hidden = false;
    for (const path of prefixes(node.scope)) {
      count.set(path, (count.get(path) ?? 0) + 1);
      if (hidden) continue;
      if (!children.has(path)) {
        children.set(path, []);
        children.get(scope).push("s:" + path);
        home.set("s:" + path, scope);
      }
      scope = path;
      hidden = closed.has(path);
    }
    home.set("n:" + node.id, scope);
    if (!hidden) children.get(scope).push("n:" + node.id);
  }
  const isOpen = (key) => key.startsWith("s:") && !closed.has(key.slice(2));
  const chain = (id) => {
    let scope = home.get("n:" + id);
    const boxes = closed.has(scope) ? [] : ["n:" + id];
    for (; scope; scope = home.get("s:" + scope)) boxes.push("s:" + scope);
    return boxes.reverse();
  };
  return { children, count, closed, home, isOpen, chain };
}

// A stub beside every user of a leaf that has many; `${leaf}\n${user}` leads to its key.
function stubsOf({ chain, children, closed, home, isOpen }, edges, mayBe) {
  const users = new Map(),
    found = new Map();
  if ([...children.values()].flat().filter((key) => !isOpen(key)).length < 15) return found;
  for (const { source, target } of edges)
    if (mayBe.has(source) && !closed.has(home.get("n:" + source)))
      users.set(source, (users.get(source) ?? new Set()).add(chain(target).pop()));
  for (const [leaf, boxes] of users) {
    if (boxes.size < 5) continue;
    const beside = children.get(home.get("n:" + leaf));
    beside.splice(beside.indexOf("n:" + leaf), 1);
    [...boxes].forEach((box, i) => {
      const stub = `u:${i}:${leaf}`;
      children.get(home.get(box)).push(stub);
      found.set(`${leaf}\n${box}`, stub);
    });
  }
  return found;
}

// A segment is [scope, start, end, source]; ports are named "<box\nsource" in, ">box\nsource" out.
function segmentsOf(up, down, shared) {
  const source = up[up.length - 1],
    segments = [];
  for (let j = up.length - 2; j >= shared; j--)
    segments.push([up[j].slice(2), up[j + 1], `>${up[j]}\n${source}`, source]);
  segments.push([shared ? up[shared - 1].slice(2) : "", up[shared], down[shared], source]);
  for (let j = shared; j < down.length - 1; j++)
    segments.push([down[j].slice(2), `<${down[j]}\n${source}`, down[j + 1], source]);
  return segments;
}

function findRoutes(tree, edges, stubs) {
  const routes = new Map();
  edges.forEach((edge, i) => {
    const down = tree.chain(edge.target),
      stub = stubs.get(`${edge.source}\n${down[down.length - 1]}`);
    const up = stub ? [...down.slice(0, -1), stub] : tree.chain(edge.source);
    let shared = 0;
    while (shared < Math.min(up.length, down.length) && up[shared] === down[shared]) shared++;
    if (shared === up.length || shared === down.length) return;
    const source = up[up.length - 1],
      target = down[down.length - 1],
      ends = JSON.stringify([source, target]);
    if (routes.has(ends)) routes.get(ends).edges.push(i);
    else routes.set(ends, { source, target, edges: [i], segments: segmentsOf(up, down, shared) });
  });
  return [...routes.values()];
}

function nest(tree, routes, sizes, across, turned) {
  const members = new Map(),
    placed = new Map(),
    offset = new Map(),
    names = new Map(),
    inset = new Map(),
    boxes = new Map();
  const edges = new Map([...tree.children.keys()].map((scope) => [scope, new Map()]));
  for (const route of routes)
    for (const segment of route.segments) {
      const inner = edges.get(segment[0]),
        key = JSON.stringify(segment);
      if (!inner.has(key)) inner.set(key, { index: inner.size, segment });
    }
  const made = new Set(routes.map((route) => route.target)),
    uses = new Map();
  for (const { source } of routes) uses.set(source, (uses.get(source) ?? 0) + 1);
  const light = (source) => uses.get(source) === 1 && !made.has(source);
  const portX = (box, side, source) => {
    const path = box.slice(2),
      at = tree.isOpen(box) ? (members.get(path)?.indexOf(`${side}${box}\n${source}`) ?? -1) : -1;
    return at < 0 ? 0 : placed.get(path).x[at] + inset.get(path)[0] - sizes.get(box)[0] / 2;
  };
  const enclose = (key, path) => {
    const { x, width, height } = placed.get(path),
      full = width + 2 * PAD;
    if (across) {
      const length = height + 2 * PAD + HEAD,
        spare = Math.max(0, nameWidth(path) + 2 * NAME_GAP - length);
      names.set(path, NAME_GAP);
      inset.set(path, [PAD + HEAD, PAD + HEAD + spare / 2]);
      sizes.set(key, [full + HEAD, length + spare]);
      return;
    }
    const entries = members.get(path).flatMap((member, i) => (member[0] === "<" ? x[i] + PAD : []));
    const [name, left, right] = nameRoom(full, entries, nameWidth(path));
    names.set(path, name);
    inset.set(path, [PAD + left, PAD + HEAD]);
    sizes.set(key, [full + left + right, height + 2 * PAD + HEAD]);
  };
  const arrange = (scope) => {
    for (const key of tree.children.get(scope)) {
      if (!key.startsWith("s:")) continue;
      const path = key.slice(2),
        name = size(scopeName(path));
      if (tree.isOpen(key)) {
        arrange(path);
        enclose(key, path);
      } else
        sizes.set(
          key,
          turned([
            Math.max(84, CHAR * (name + String(tree.count.get(path)).length + 6) + 12),
            CLOSED_HEIGHT,
          ]),
        );
    }
    const segments = [...edges.get(scope).values()].map((entry) => entry.segment);
    const list = [
      ...new Set([
        ...tree.children.get(scope),
        ...segments.flatMap(([, start, end]) => [start, end]),
      ]),
    ];
    const index = new Map(list.map((key, i) => [key, i]));
    members.set(scope, list);
    placed.set(
      scope,
      place(
        list.map((key) => sizes.get(key) ?? [4, 0]),
        segments.map(([, start, end, source]) => [
          index.get(start),
          index.get(end),
          portX(start, ">", source),
          portX(end, "<", source),
          light(source),
        ]),
        list.map((key) => ({ "<": "in", ">": "out" })[key[0]] ?? ""),
        across ? 108 : GAP_Y,
      ),
    );
  };
  const shift = (scope, left, top) => {
    offset.set(scope, [left, top]);
    const { x, y } = placed.get(scope);
    members.get(scope).forEach((key, i) => {
      if (!sizes.has(key)) return;
      const [w, h] = sizes.get(key),
        boxTop = top + y[i] - h / 2;
      const boxLeft = left + x[i] - w / 2;
      boxes.set(key, [boxLeft, boxTop, w, h]);
      if (!tree.isOpen(key)) return;
      const [right, down] = inset.get(key.slice(2));
      shift(key.slice(2), boxLeft + right, boxTop + down);
    });
  };
  arrange("");
  shift("", PAD, PAD);
  const points = (route) => {
    const path = [];
    for (const segment of route.segments) {
      const [left, top] = offset.get(segment[0]),
        { index } = edges.get(segment[0]).get(JSON.stringify(segment));
      for (const [x, y] of placed.get(segment[0]).routes[index]) {
        const end = path[path.length - 1];
        if (!end || Math.abs(end[0] - left - x) + Math.abs(end[1] - top - y) >= 0.01)
          path.push([left + x, top + y]);
      }
    }
    return path;
  };
  return { boxes, names, points, whole: placed.get("") };
}

// 1 when a line ends with a stretch straight down, else 0.
function falls(points) {
  const [before, end] = points.slice(-2);
  return points.length > 2 && Math.abs(before[0] - end[0]) < 0.01 ? 1 : 0;
}

function fanIn(lines, boxes, across) {
  const arriving = new Map();
  for (const line of lines) arriving.set(line.target, [...(arriving.get(line.target) ?? []), line]);
  for (const [target, group] of arriving) {
    const [x, , width] = boxes.get(target),
      step = Math.min(16, (width - (across ? 10 : 24)) / group.length);
    const from = ({ points }) => points[points.length - 2 - falls(points)][0];
    group.sort((a, b) => from(a) - from(b));
    group.forEach(({ points }, i) => {
      const middle = x + width / 2 + (i - (group.length - 1) / 2) * step;
      for (const point of points.slice(-1 - falls(points))) point[0] = middle;
    });
  }
}

export function layout(nodes, edges, sizes, collapsed, across, small = new Map()) {
  const turned = ([x, y, ...more]) => (across ? [y, x, ...more.reverse()] : [x, y, ...more]);
  const tree = buildTree(nodes, collapsed),
    stubs = stubsOf(tree, edges, small),
    routes = findRoutes(tree, edges, stubs);
  const known = [...sizes].map(([id, own]) => ["n:" + id, turned(own)]);
  for (const stub of stubs.values()) known.push([stub, turned(small.get(nodeOf(stub)))]);
  const { boxes, names, points, whole } = nest(tree, routes, new Map(known), across, turned);
  const lines = routes.map((route) => ({
    source: route.source,
    target: route.target,
    edges: route.edges,
    points: points(route),
  }));
  fanIn(lines, boxes, across);
  for (const line of lines) line.points = line.points.map(turned);
  const scopes = new Map();
  for (const [key, box] of boxes) {
    boxes.set(key, turned(box));
    if (!key.startsWith("s:")) continue;
    const path = key.slice(2),
      name = names.get(path) ?? 0;
    scopes.set(path, { closed: !tree.isOpen(key), count: tree.count.get(path), name });
  }
  const [width, height] = turned([whole.width + 2 * PAD, whole.height + 2 * PAD]);
  return { boxes, lines, scopes, width, height };
}
