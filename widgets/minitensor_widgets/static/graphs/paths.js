// All nodes on the ways between two nodes, whichever of them comes first.
function reach(edges, id, from, to) {
  const next = new Map(),
    seen = new Set([id]);
  for (const edge of edges) next.set(edge[from], [...(next.get(edge[from]) ?? []), edge[to]]);
  for (const at of seen) for (const other of next.get(at) ?? []) seen.add(other);
  return seen;
}

export function between({ nodes, edges }, one, other) {
  const way = (a, b) => {
    const after = reach(edges, a, "source", "target"),
      before = reach(edges, b, "target", "source");
    return after.has(b) ? nodes.filter(({ id }) => after.has(id) && before.has(id)) : [];
  };
  const found = way(one, other);
  return found.length ? found : way(other, one);
}
