// What is known of a run: the record, and what came since.
export class Store {
  load(record) {
    this.plots = new Map();
    for (const kind of ["scalars", "histograms"])
      for (const { name, lines } of record[kind]) {
        const copy = lines.map((line) =>
          kind === "scalars"
            ? { ...line, x: [...line.x], y: line.y.map((v) => (typeof v === "string" ? +v : v)) }
            : { ...line, items: [...line.items] },
        );
        this.plots.set(`${kind} ${name}`, { kind, name, lines: copy });
      }
  }

  line(kind, name, run) {
    const key = `${kind} ${name}`;
    if (!this.plots.has(key)) this.plots.set(key, { kind, name, lines: [] });
    const plot = this.plots.get(key);
    let line = plot.lines.find((other) => other.run === run);
    if (!line) plot.lines.push((line = { run, x: [], y: [], items: [], count: 0 }));
    plot.stale = true;
    return line;
  }

  take({ scalars, histograms }, buffers) {
    const [numbers, cells] = buffers.map(
      ({ buffer, byteOffset, byteLength }) =>
        new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength)),
    );
    let at = 0;
    const next = (from, many) => [...from.subarray(at, (at += many))];
    for (const [name, run, many] of scalars) {
      const line = this.line("scalars", name, run);
      line.x.push(...next(numbers, many));
      line.y.push(...next(numbers, many));
      line.count += many;
    }
    at = 0;
    for (const [name, run, item] of histograms) {
      const line = this.line("histograms", name, run);
      line.items.push({ ...item, counts: next(cells, item.counts) });
      line.count += 1;
    }
  }
}
