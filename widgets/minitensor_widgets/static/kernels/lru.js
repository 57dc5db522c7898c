// Twin of cache.py: send the first accesses through a cache that keeps the lines used last.
export function cached(events, end, { line, lines, ways, element }) {
  const room = ways ?? lines,
    count = lines / room,
    sets = Array.from({ length: count }, () => new Map()),
    fetched = new Map(),
    missed = [];
  let [writes, written] = [0, 0];
  for (let at = 0; at < end; at++) {
    const write = events[at] & 1,
      place = Math.floor(events[at] / (2 * line)),
      held = sets[place % count];
    let changed = held.get(place);
    if (changed === undefined) {
      missed.push(at);
      fetched.set(place, (fetched.get(place) ?? 0) + 1);
      changed = 0;
      if (held.size === room) {
        const [oldest, dirty] = held.entries().next().value;
        written += dirty;
        held.delete(oldest);
      }
    } else held.delete(place);
    held.set(place, changed | write);
    writes += write;
  }
  const held = new Map(sets.flatMap((set) => [...set]));
  const dirty = [...held.values()].reduce((sum, one) => sum + one, 0);
  return {
    ...{ held, fetched, missed, writes, reads: end - writes },
    ...{ hits: end - missed.length, moved: element * line * (missed.length + written + dirty) },
  };
}
