// Twin of blocks.py: take away the scopes that hold repeated blocks together.
import { outer, prefixes, scopesOf } from "./layout.js";

const wrapsOf = (record) => new Set((record.series ?? []).map((series) => series.path));
const unwrapped = (scope, wraps) =>
  prefixes(scope)
    .filter((path) => !wraps.has(path))
    .map((path) => path.split("/").pop())
    .join("/");

export function withoutSeries(record) {
  const wraps = wrapsOf(record);
  const nodes = record.nodes.map((node) => ({ ...node, scope: unwrapped(node.scope, wraps) }));
  return { ...record, nodes, series: [] };
}

// The closed scopes by their names once blocks are grouped, or no longer are.
export function renamed(record, collapsed, grouped) {
  const wraps = wrapsOf(record),
    closed = new Set(collapsed),
    paths = scopesOf(record.nodes);
  if (grouped) return paths.filter((path) => wraps.has(path) || closed.has(unwrapped(path, wraps)));
  const hidden = (path) => closed.has(path) || (wraps.has(outer(path)) && closed.has(outer(path)));
  const shut = paths.filter((path) => !wraps.has(path) && hidden(path));
  return [...new Set(shut.map((path) => unwrapped(path, wraps)))];
}
