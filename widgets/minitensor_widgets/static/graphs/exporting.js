// Save or copy the picture as SVG, PNG, DOT, Mermaid or JSON: made here, without a server.
import { html, linkTo } from "../dom.js";
import { shapeText } from "../values.js";
import { outer, scopesOf } from "./layout.js";
import { whatFlows } from "./scene.js";

const STYLES =
  "fill fill-opacity stroke stroke-width stroke-dasharray opacity font-family font-size text-anchor paint-order";
const DOT = { op: "box", variable: "oval", input: "hexagon", constant: "octagon" };
const MERMAID = { op: '["]', variable: '(["])', input: '{{"}}', constant: '[/"/]' };

// Colours and fonts come from the page: write what they are into the copy.
function asSvg({ canvas, viewport }) {
  const copy = canvas.cloneNode(true),
    from = canvas.querySelectorAll("*");
  [...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(from[i]);
    for (const name of ["class", "role", "tabindex", "data-key", "style"])
      element.removeAttribute(name);
    for (const name of STYLES.split(" ")) element.setAttribute(name, style.getPropertyValue(name));
  });
  const { width, height } = viewport;
  const { backgroundColor } = getComputedStyle(canvas.closest(".mt"));
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
    copy.setAttribute(name, value);
  copy.setAttribute("style", `background:${backgroundColor}`);
  copy.lastChild.removeAttribute("transform");
  return new XMLSerializer().serializeToString(copy);
}

async function asPng(pane) {
  const image = new Image(),
    { width, height } = pane.viewport,
    scale = Math.min(2, 8000 / Math.max(width, height));
  image.src = `data:image/svg+xml,${encodeURIComponent(asSvg(pane))}`;
  await image.decode();
  const canvas = html("canvas", { width: width * scale, height: height * scale });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done));
}

// A graph as text: scopes with what lies in them, then edges.
function nested({ nodes, edges }, { open, close, leaf, edge }) {
  const paths = scopesOf(nodes),
    names = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const walk = (scope) => [
    ...nodes.filter((node) => node.scope === scope).map((node) => leaf(names.get(node.id), node)),
    ...paths.flatMap((path, i) =>
      outer(path) === scope ? [open(i, path.split("/").pop()), ...walk(path), close] : [],
    ),
  ];
  const ends = edges.map((one) =>
    edge(names.get(one.source), names.get(one.target), whatFlows(one)),
  );
  return [...walk(""), ...ends];
}
const about = (node) => [node.label, shapeText(node.shape)];
const kindOf = ({ kind }, kinds) => kinds[kind] ?? kinds.op;

function asDot(record, across) {
  const text = (parts) => JSON.stringify(parts.join("\n"));
  const lines = nested(record, {
    open: (i, name) => `subgraph cluster_${i} { label=${text([name])};`,
    close: "}",
    leaf: (name, node) => `${name} [label=${text(about(node))}, shape=${kindOf(node, DOT)}];`,
    edge: (a, b, shape) => `${a} -> ${b} [label=${text([shape])}];`,
  });
  return ["digraph {", `rankdir=${across ? "LR" : "TB"};`, ...lines, "}\n"].join("\n");
}

function asMermaid(record, across) {
  const text = (parts) =>
    `"${parts.join(" ").replace(/["<>&#;\n]/g, (sign) => `#${sign.charCodeAt(0)};`)}"`;
  const lines = nested(record, {
    open: (i, name) => `subgraph s${i}[${text([name])}]`,
    close: "end",
    leaf: (name, node) => name + kindOf(node, MERMAID).replace('"', () => text(about(node))),
    edge: (a, b, shape) => `${a} -->|${text([shape])}| ${b}`,
  });
  return [`flowchart ${across ? "LR" : "TB"}`, ...lines, ""].join("\n");
}

const FORMATS = {
  svg: asSvg,
  png: asPng,
  dot: (pane) => asDot(pane.record, pane.drawn.across),
  mermaid: (pane) => asMermaid(pane.record, pane.drawn.across),
  json: (pane) => JSON.stringify(pane.record),
};

export function exporting({ bar, pane, say, signal }) {
  const names = Object.keys(FORMATS);
  const format = html(
    "select",
    { "aria-label": "Format" },
    names.map((name) => html("option", { value: name }, name)),
  );
  const save = async () => {
    const name = format.value,
      made = await FORMATS[name](pane),
      file = `graph.${name === "mermaid" ? "mmd" : name}`;
    const link = Object.assign(html("a"), {
      download: file,
      href: URL.createObjectURL(new Blob([made])),
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link), 1e4);
    say(`saved ${file}`);
  };
  const copy = async () => {
    if (format.value === "png") return say("A PNG can only be saved.");
    try {
      await navigator.clipboard.writeText(await FORMATS[format.value](pane));
      say("copied");
    } catch {
      say("This page may not write to the clipboard: save instead.");
    }
  };
  bar.append(
    html(
      "details",
      { class: "mt-save" },
      html("summary", {}, "Save as…"),
      format,
      linkTo("Save", signal, save),
      linkTo("Copy", signal, copy),
    ),
  );
}
