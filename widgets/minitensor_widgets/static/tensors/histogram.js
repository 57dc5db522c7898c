// The distribution of a tensor: bars, statistics, a logarithmic scale, and every bin as a table.
import { frame, html, lifetime, listen, remount } from "../dom.js";
import { number, shapeText } from "../values.js";
import { bars } from "./bars.js";
import { factsOf } from "../facts.js";

function binTable({ edges, counts, before }) {
  const same = before && before.edges.join() === edges.join(),
    heads = ["from", "to", "elements", ...(same ? ["before"] : [])];
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, heads.map((name) => html("th", { scope: "col" }, name)))),
    html(
      "tbody",
      {},
      counts.map((count, i) =>
        html(
          "tr",
          {},
          html("td", {}, number(edges[i], 4)),
          html("td", {}, number(edges[i + 1], 4)),
          html("td", {}, String(count)),
          same ? html("td", {}, String(before.counts[i])) : null,
        ),
      ),
    ),
  );
}

function mount({ model, el, signal }) {
  const own = lifetime(signal),
    record = model.get("histogram"),
    name = record.name ? `${record.name}: ` : "",
    title = `${name}${record.dtype} ${shapeText(record.shape)}`,
    view = frame(el, title, own.signal, factsOf(record.value).join(" · "));
  const place = html("div"),
    listed = html("details", {}, html("summary", {}, "All bins as a table")),
    box = html("input", { type: "checkbox" }),
    log = html("label", { class: "mt-axis-of" }, box, "logarithm of the counts");
  view.bar.hidden = !record.counts.length;
  view.bar.append(log);
  const told = [record.note];
  if (record.outside) told.push(`${record.outside} elements lie outside the bins.`);
  if (record.before) told.push("Filled: now. Outlined: before the last update.");
  view.panel.append(
    html("div", {}, told.filter(Boolean).map((text) => html("p", {}, text))),
    place,
    record.counts.length ? listed : "",
  );
  view.body.append(view.panel);
  listed.addEventListener(
    "toggle",
    () => listed.childElementCount < 2 && listed.append(binTable(record)),
    { signal: own.signal },
  );
  const changed = () => {
    model.set("log", box.checked);
    model.save_changes();
  };
  box.addEventListener("change", changed, { signal: own.signal });
  const paint = () => {
    box.checked = model.get("log");
    if (record.counts.length)
      place.replaceChildren(
        bars(record, { signal: own.signal, say: view.say, log: box.checked }),
      );
  };
  paint();
  listen(model, own.signal, { "change:log": paint });
  return () => own.abort();
}

export const render = (host) => remount(host, "histogram", mount);
export default { render };
