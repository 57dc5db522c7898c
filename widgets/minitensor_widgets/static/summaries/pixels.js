// One picture: its pixels on a canvas, changed as asked, and read one by one.
import { html } from "../dom.js";
import { bytesOf } from "./stepped.js";

const [PICTURE_WIDE, PICTURE_TALL] = [280, 240]; // alone; in a batch, half of it
const PIXEL_WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
export const CHANNELS = ["all channels", "red", "green", "blue", "opacity"];

const isGrey = ({ data }) => {
  for (let i = 0; i < data.length; i += 4)
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
};
const isOpaque = ({ data }) => {
  for (let i = 3; i < data.length; i += 4) if (data[i] < 255) return false;
  return true;
};

// A copy with one channel as grey, and the values from `black` to `white` stretched over all.
function changedPixels(pixels, { channel, black, white }) {
  const made = new ImageData(pixels.width, pixels.height),
    scale = 255 / Math.max(1, white - black),
    from = pixels.data,
    to = made.data;
  for (let i = 0; i < from.length; i++) {
    const own = i % 4;
    if (own === 3) to[i] = channel ? 255 : from[i];
    else to[i] = (from[i - own + (channel ? channel - 1 : own)] - black) * scale;
  }
  return made;
}

export class Pixels {
  // `look()` says how all pictures of the pane are shown, `told(sentence)` hears what is read, and
  // `drawn()` that `shown` says anew what is seen; `many` there are in the batch.
  constructor(picture, name, { look, told, drawn, signal, many }) {
    Object.assign(this, { picture, name, look, told, drawn, many, at: null });
    this.canvas = html("canvas", { class: "mt-pixels", width: 1, height: 1 });
    this.mark = html("div", { class: "mt-pixel", hidden: "" });
    this.area = html(
      "div",
      { class: "mt-picture", tabindex: 0, role: "application", "aria-roledescription": "picture" },
      this.canvas,
      this.mark,
    );
    this.el = html("div", { class: "mt-one" }, this.area);
    const hear = (name, act) => this.area.addEventListener(name, act, { signal });
    hear("keydown", (event) => this.pressed(event));
    hear("pointermove", (event) => this.pointed(event));
    hear("pointerdown", (event) => this.pointed(event));
    this.load();
  }

  async load() {
    const { kind, problem } = this.picture;
    try {
      if (problem) throw new Error(problem);
      const file = new Blob([bytesOf(this.picture)], { type: kind }),
        bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }),
        { width, height } = bitmap;
      Object.assign(this.canvas, { width, height });
      this.paint = this.canvas.getContext("2d", { willReadFrequently: true });
      this.paint.drawImage(bitmap, 0, 0);
      bitmap.close();
      this.pixels = this.paint.getImageData(0, 0, width, height);
      this.grey = isGrey(this.pixels);
      this.opaque = isOpaque(this.pixels);
      this.draw();
    } catch (error) {
      const said = problem ?? "This browser cannot read the picture: its file is damaged.";
      this.el.replaceChildren(html("p", {}, `⚠ ${said}`));
    }
  }

  // CSS pixels for each pixel of the picture.
  get scale() {
    const { width, height } = this.pixels,
      part = this.many > 1 ? 0.5 : 1,
      fit = Math.min((part * PICTURE_WIDE) / width, (part * PICTURE_TALL) / height);
    return this.look().size || (fit > 1 ? Math.floor(fit) : fit);
  }

  draw() {
    if (!this.pixels) return;
    const look = this.look(),
      { width, height } = this.pixels,
      { scale } = this,
      plain = !look.channel && look.black === 0 && look.white === 255;
    this.paint.putImageData(plain ? this.pixels : changedPixels(this.pixels, look), 0, 0);
    this.canvas.style = `width:${width * scale}px;height:${height * scale}px;image-rendering:${
      look.smooth ? "auto" : "pixelated"
    }`;
    const kind = this.grey ? "grey" : "colour",
      shown = [
        `${width} × ${height} pixels, ${kind}${this.opaque ? "" : " with opacity"}`,
        `shown ${Number(scale.toPrecision(2))} × as large`,
      ];
    if (look.channel) shown.push(`${CHANNELS[look.channel]} only, as grey`);
    if (look.black !== 0 || look.white !== 255)
      shown.push(`values up to ${look.black} are black, from ${look.white} on white`);
    this.shown = shown.join("; ");
    this.drawn();
    const label = `${this.name}: ${shown[0]}. Arrow keys read the pixels`;
    this.area.setAttribute("aria-label", label);
    if (this.at) this.read(...this.at);
  }

  // The least and the greatest value of what is shown.
  get ends() {
    const { channel } = this.look();
    let [least, most] = [255, 0];
    this.pixels?.data.forEach((value, i) => {
      if (channel ? i % 4 !== channel - 1 : i % 4 === 3) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    });
    return [least, most];
  }

  read(x, y, aloud = false) {
    this.at = [x, y];
    const { scale } = this,
      i = (y * this.pixels.width + x) * 4,
      [red, green, blue, opacity] = this.pixels.data.subarray(i, i + 4),
      colour = this.grey ? `${red}` : `red ${red}, green ${green}, blue ${blue}`,
      size = Math.max(scale, 4);
    // A canvas keeps colours multiplied with their opacity, and so rounded.
    const about = opacity < 255 ? "about " : "",
      said = `row ${y}, column ${x}: ${about}${colour}`;
    this.told(this.opaque ? said : `${said}, opacity ${opacity}`, aloud);
    this.mark.hidden = false;
    this.mark.style = `left:${x * scale}px;top:${y * scale}px;width:${size}px;height:${size}px`;
  }

  pointed({ clientX, clientY }) {
    if (!this.pixels) return;
    const box = this.canvas.getBoundingClientRect(),
      x = Math.floor(((clientX - box.left) / box.width) * this.pixels.width),
      y = Math.floor(((clientY - box.top) / box.height) * this.pixels.height);
    if (x >= 0 && y >= 0 && x < this.pixels.width && y < this.pixels.height) this.read(x, y);
  }

  pressed(event) {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event,
      way = PIXEL_WAYS[key];
    if (!this.pixels || ctrlKey || metaKey || altKey || !(way || key === "Home" || key === "End"))
      return;
    const { width, height } = this.pixels,
      [x, y] = this.at ?? [0, 0],
      far = shiftKey ? 8 : 1,
      to = way ? [x + way[0] * far, y + way[1] * far] : [key === "Home" ? 0 : width - 1, y],
      into = (value, end) => Math.max(0, Math.min(end - 1, value));
    // The first key shows where reading begins.
    this.read(...(this.at ? [into(to[0], width), into(to[1], height)] : [0, 0]), true);
    this.mark.scrollIntoView({ block: "nearest", inline: "nearest" });
    event.preventDefault();
  }
}
