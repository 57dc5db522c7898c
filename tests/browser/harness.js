// What a host gives a widget, and a way to play Python: model.fromPython(name, value).
async ({ esm, css, state }) => {
  const listeners = {}, log = (window.sent = []);
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const fire = (name) => (listeners["change:" + name] ?? []).forEach((act) => act());
  window.listeners = listeners;
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { if (state[name] !== value) { state[name] = value; fire(name); } },
    save_changes: () => log.push(structuredClone({ ...state, graph: 0, steps: 0 })),
    on: (event, act) => (listeners[event] ??= []).push(act),
    off: (event, act) => { listeners[event] = listeners[event].filter((other) => other !== act); },
    fromPython: (name, value) => { state[name] = value; fire(name); },
  };
  const host = document.createElement("div");
  host.id = "host";
  document.body.append(host);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  window.controller = new AbortController();
  const { signal } = window.controller;
  window.dispose = await widget.render({ model: window.model, el: host, signal });
}
