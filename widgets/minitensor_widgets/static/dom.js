// Elements and values. Every string goes in as text or attribute: nothing is ever parsed as markup.

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== ""),
  );
  return element;
}
export const html = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Drawn, not typed: no font has all of these signs.
const ICONS = {
  "First step": "M4,3v10M13,3L6,8l7,5z",
  "Previous step": "M11,3L4,8l7,5z",
  Play: "M4,2l9,6l-9,6z",
  Pause: "M5,3v10M11,3v10",
  "Next step": "M5,3l7,5l-7,5z",
  "Last step": "M12,3v10M3,3l7,5l-7,5z",
  "Zoom out": "M3,8h10",
  "Zoom in": "M3,8h10M8,3v10",
  "Fit into view": "M2,6v-4h4M10,2h4v4M14,10v4h-4M6,14h-4v-4",
  "Open all scopes": "M2,2h12v12h-12zM5,8h6M8,5v6",
  "Close all scopes": "M2,2h12v12h-12zM5,8h6",
};
export function relabel(made, label) {
  made.setAttribute("aria-label", label);
  made.title = label;
  made.replaceChildren(
    svg(
      "svg",
      { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
      svg("path", { d: ICONS[label] }),
    ),
  );
}
// A button out of use keeps the focus: `disabled` would drop it, and with it the arrow keys.
export function button(label, signal, action) {
  const made = html("button", { type: "button" });
  relabel(made, label);
  made.addEventListener(
    "click",
    () => {
      if (made.getAttribute("aria-disabled") !== "true") action();
    },
    { signal },
  );
  return made;
}

export const sourceLine = (source) =>
  source &&
  html(
    "div",
    { class: "mt-source" },
    html("small", {}, `${source.file}:${source.line}`),
    html("code", {}, source.text),
  );

export function linkTo(text, signal, act) {
  const link = html("button", { type: "button", class: "mt-link" }, text);
  link.addEventListener("click", act, { signal });
  return link;
}

// JupyterLab takes plain arrow keys for itself and cancels them, even on a slider: keep ours.
export function frame(host, title, signal, note) {
  const root = html("div", { class: "mt", role: "group", "aria-label": title });
  root.addEventListener(
    "keydown",
    (event) => {
      if (
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey &&
        !(event.shiftKey && event.key === "Enter")
      )
        event.stopPropagation();
    },
    { signal },
  );
  const live = html("div", { class: "mt-live", role: "status", "aria-live": "polite" });
  const bar = html("div", { class: "mt-bar", role: "toolbar", "aria-label": "Controls" });
  const panel = html("div", {
    class: "mt-panel",
    tabindex: 0,
    role: "region",
    "aria-label": `Details of ${title}`,
  });
  const body = html("div", { class: "mt-body" });
  root.append(
    html(
      "div",
      { class: "mt-title" },
      html("b", {}, title),
      html("span", {}, note),
    ),
    bar,
    body,
    live,
  );
  host.append(root);
  host.classList.add(VIEWER); // joined code begins with it: style sheets are of one viewer only
  signal.addEventListener("abort", () => root.remove());
  return {
    root,
    bar,
    body,
    panel,
    say: (text) => {
      live.textContent = text;
    },
  };
}

export function lifetime(signal) {
  const own = new AbortController();
  signal?.addEventListener("abort", () => own.abort());
  return own;
}

// Hear of changes of the model, by name, as long as a view lives.
export function listen(model, signal, acts) {
  for (const [name, act] of Object.entries(acts)) model.on(name, act);
  signal.addEventListener("abort", () => {
    for (const [name, act] of Object.entries(acts)) model.off?.(name, act);
  });
}

// Draw anew when Python gives the widget another record.
export function remount(host, name, mount) {
  let dispose = mount(host);
  const again = () => {
    dispose();
    dispose = mount(host);
  };
  host.model.on(`change:${name}`, again);
  return () => {
    host.model.off?.(`change:${name}`, again);
    dispose();
  };
}
