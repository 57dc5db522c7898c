// How a tensor lies in memory: strides, and at which place each element of a corner is.
import { html } from "../dom.js";
import { sizeText } from "../units.js";
import { shapeText } from "../values.js";

const CORNER = [4, 6];

export const offsetOf = ({ strides, itemsize }, index) =>
  index.reduce((sum, i, axis) => sum + i * strides[axis], 0) / itemsize;

export function memory(tensor, [rows, columns]) {
  const { shape, strides, itemsize } = tensor,
    inElements = strides.map((stride) => stride / itemsize);
  const fact = (name, text) => [html("dt", {}, name), html("dd", {}, text)];
  const facts = html(
    "dl",
    {},
    fact("bytes", sizeText(tensor.bytes)),
    shape.length
      ? [
          fact("strides", `${shapeText(inElements)} elements, ${shapeText(strides)} bytes`),
          fact("order", tensor.layout),
        ]
      : null,
    fact("memory", tensor.memory),
  );
  if (rows < 0 || !shape.every(Boolean)) return facts;
  const [tall, wide] = [rows, columns].map((axis, k) => Math.min(shape[axis], CORNER[k])),
    list = (length) => Array.from({ length }, (_, i) => i);
  const place = (i, j) => i * inElements[rows] + j * inElements[columns];
  return [
    facts,
    html(
      "p",
      { class: "mt-dim" },
      `Element (i, j) of axes ${rows} and ${columns} lies `,
      `i × ${inElements[rows]} + j × ${inElements[columns]} places from the first:`,
    ),
    html(
      "table",
      { "aria-label": "Places in memory" },
      html(
        "thead",
        {},
        html("tr", {}, html("td"), list(wide).map((j) => html("th", { scope: "col" }, `j=${j}`))),
      ),
      html(
        "tbody",
        {},
        list(tall).map((i) =>
          html(
            "tr",
            {},
            html("th", { scope: "row" }, `i=${i}`),
            list(wide).map((j) => html("td", {}, String(place(i, j)))),
          ),
        ),
      ),
    ),
  ];
}
