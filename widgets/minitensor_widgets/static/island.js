// Without a kernel: hold the state in the page, and put the live view where the figure is.
function modelOf(state) {
  const listeners = {},
    of = (event) => (listeners[event.slice(7)] ??= []);
  return {
    get: (name) => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      of(`change:${name}`).forEach((act) => act());
    },
    save_changes() {},
    on: (event, act) => {
      of(event).push(act);
    },
    off: (event, act) => {
      of(event).splice(of(event).indexOf(act), 1);
    },
  };
}

export function upgrade(id, json) {
  for (const host of document.querySelectorAll(`#${id}`)) {
    if (host.dataset.live) continue;
    host.dataset.live = "1";
    const figure = host.firstElementChild,
      live = document.createElement("div");
    host.append(live);
    try {
      render({ model: modelOf(JSON.parse(json)), el: live });
      live.prepend(Object.assign(document.createElement("style"), { textContent: CSS_TEXT }));
      host.removeAttribute("style");
      figure.remove();
    } catch (error) {
      live.remove();
      console.error("minitensor: the figure stays static", error);
    }
  }
}
