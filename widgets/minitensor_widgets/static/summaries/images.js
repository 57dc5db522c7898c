// Pictures, step by step: all of a batch, and for all of them size, channel, brightness, contrast.
import { html, linkTo } from "../dom.js";
import { CHANNELS, Pixels } from "./pixels.js";
import { PANES } from "./registry.js";
import { steppedPane } from "./stepped.js";

const PICTURE_SIZES = { fit: 0, "actual size": 1, "2 ×": 2, "4 ×": 4, "8 ×": 8 };

const pictureChoice = (label, names, act, signal) => {
  const made = html(
    "select",
    {},
    names.map((name, i) => html("option", { value: i }, name)),
  );
  made.addEventListener("change", () => act(+made.value), { signal });
  return html("label", { class: "mt-control" }, label, made);
};

// The tools of a pane, and how they stand.
function pictureTools(signal, redraw, shownEnds) {
  const look = { channel: 0, black: 0, white: 255, size: 0, smooth: false };
  const set = (news) => {
    Object.assign(look, news);
    black.value = look.black;
    white.value = look.white;
    said.textContent = `${look.black} to ${look.white}`;
    redraw();
  };
  const range = (label, act, ends) => {
    const made = html("input", { type: "range", step: 1, "aria-label": label, ...ends });
    made.addEventListener("input", () => act(+made.value), { signal });
    return made;
  };
  const black = range(
    "Black up to",
    (value) => set({ black: value, white: Math.max(look.white, value + 1) }),
    { min: 0, max: 254, value: 0 },
  );
  const white = range(
    "White from",
    (value) => set({ white: value, black: Math.min(look.black, value - 1) }),
    { min: 1, max: 255, value: 255 },
  );
  const said = html("span", { class: "mt-count" }, "0 to 255");
  const smooth = html("input", { type: "checkbox" });
  smooth.addEventListener("change", () => set({ smooth: smooth.checked }), { signal });
  const bar = html(
    "div",
    { class: "mt-bar", role: "group", "aria-label": "How pictures are shown" },
    pictureChoice(
      "Size",
      Object.keys(PICTURE_SIZES),
      (i) => set({ size: Object.values(PICTURE_SIZES)[i] }),
      signal,
    ),
    html("label", { class: "mt-control" }, smooth, "smooth"),
    pictureChoice("Show", CHANNELS, (channel) => set({ channel }), signal),
    html("span", { class: "mt-control mt-ends" }, "Black to white", black, white, said),
    linkTo("Stretch to the values", signal, () => {
      const [least, most] = shownEnds(),
        low = Math.min(254, least);
      if (least <= most) set({ black: low, white: Math.max(low + 1, most) });
    }),
    linkTo("Reset contrast", signal, () => set({ black: 0, white: 255 })),
  );
  return { look, bar };
}

function setupImages({ signal }) {
  const drawn = new Set(),
    all = () => [...drawn].flatMap((list) => [...list]);
  const { look, bar } = pictureTools(
    signal,
    () => all().forEach((picture) => picture.draw()),
    () => {
      const ends = all()
        .filter((one) => one.pixels)
        .map((one) => one.ends);
      return [Math.min(...ends.map(([a]) => a)), Math.max(...ends.map(([, b]) => b))];
    },
  );
  function make({ tag }) {
    const batch = html("div", { class: "mt-batch" }),
      caption = html("figcaption"),
      reading = html("div", { class: "mt-reading" }),
      el = html("figure", { class: "mt-pictures" }, batch, caption, reading),
      list = new Set();
    let own = null;
    drawn.add(list);
    const clear = () => {
      own?.abort();
      list.clear();
      caption.textContent = reading.textContent = "";
    };
    return {
      el,
      paint(entry) {
        clear();
        own = new AbortController();
        const pictures = entry?.pictures ?? [],
          many = pictures.length;
        pictures.forEach((picture, i) => {
          const name = `${tag}, step ${entry.step}, picture ${i + 1} of ${many}`;
          const told = (said, aloud) => {
            // Only what the keyboard reads is spoken: the pointer passes many pixels.
            reading.setAttribute("aria-live", aloud ? "polite" : "off");
            reading.textContent = many > 1 ? `picture ${i + 1}, ${said}` : said;
          };
          // One caption for those that are alike.
          const drawn = () => {
            const shown = [...list].map((one) => one.shown).filter(Boolean);
            caption.textContent = [...new Set(shown)].join(" · ");
          };
          const { signal } = own;
          list.add(new Pixels(picture, name, { look: () => look, told, drawn, signal, many }));
        });
        batch.replaceChildren(...[...list].map((one) => one.el));
        if (!many) caption.textContent = entry ? "No picture was recorded." : "";
      },
      dispose() {
        clear();
        drawn.delete(list);
      },
    };
  }
  return { make, tools: bar };
}
PANES.images = steppedPane("images", "pictures", setupImages);
