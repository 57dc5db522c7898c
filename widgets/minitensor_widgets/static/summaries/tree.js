// Twin of summaries/markdown.py: a tree of plain data as elements, each made by its name.
import { html } from "../dom.js";

const GROWN = new Set(
  "blockquote br code del em hr li ol p pre strong table tbody td th thead tr ul".split(" "),
);

// Links lead to hosts, by http or https, and nowhere else; null takes the attribute away.
export const webAddress = (text) => (/^https?:\/\/[^\s@]+$/i.test(text) ? text : null);

function grownOf(node) {
  const inside = treeOf(node.of);
  if (node.is === "a") {
    const where = { href: webAddress(node.to), title: node.to };
    return html("a", { ...where, rel: "noopener noreferrer", target: "_blank" }, inside);
  }
  if (GROWN.has(node.is)) {
    const grown = html(node.is, { start: node.start }, inside);
    grown.style.textAlign = node.align ?? "";
    return grown;
  }
  // Headings of a text stand below those of the page.
  if (/^h[1-6]$/.test(node.is)) return html(`h${Math.min(6, +node.is[1] + 3)}`, {}, inside);
  return html("p", { class: "mt-plain" }, inside);
}
export const treeOf = (nodes) =>
  nodes.map((node) => (typeof node === "string" ? node : grownOf(node)));
export const proseOf = (nodes) =>
  nodes.length ? html("div", { class: "mt-prose" }, treeOf(nodes)) : null;
