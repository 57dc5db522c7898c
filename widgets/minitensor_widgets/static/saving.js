// Offer a text as a file.
import { html } from "./dom.js";

export function saveText(name, text) {
  const link = Object.assign(html("a"), {
    download: name,
    href: URL.createObjectURL(new Blob([text])),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link), 1e4);
}
