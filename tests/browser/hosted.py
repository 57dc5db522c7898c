"""A widget in a bare page with its own Python behind it: messages and traits go both ways."""

from __future__ import annotations

import base64
import json
from typing import Any

HOST = """async ({ esm, css, state }) => {
  const listeners = (window.listeners = {}), dirty = {};
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const fire = (name, ...rest) => (listeners[name] ?? []).slice().forEach((act) => act(...rest));
  const hear = ({ state: news, messages }) => {
    for (const [name, value] of Object.entries(news))
      if (JSON.stringify(state[name]) !== JSON.stringify(value)) {
        state[name] = value;
        fire("change:" + name);
      }
    for (const { content, buffers } of messages) {
      const views = buffers.map((b) =>
        new DataView(Uint8Array.from(atob(b), (c) => c.charCodeAt(0)).buffer));
      window.heard = (window.heard ?? 0) + 1;
      fire("msg:custom", content, views);
    }
  };
  window.model = {
    get: (name) => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      dirty[name] = value;
      fire("change:" + name);
    },
    save_changes: () => {
      const news = { ...dirty };
      for (const name in dirty) delete dirty[name];
      window.toPython({ traits: news }).then(hear);
    },
    send: (content) => {
      (window.asked ??= []).push(content);
      if (!window.deaf) window.toPython({ content }).then(hear);
    },
    on: (event, act) => (listeners[event] ??= []).push(act),
    off: (event, act) => { listeners[event] = listeners[event].filter((one) => one !== act); },
  };
  window.hear = hear;
  const host = Object.assign(document.createElement("div"), { id: "host" });
  document.body.append(host);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  window.widget = widget;
  window.controller = new AbortController();
  const { signal } = window.controller;
  window.dispose = await widget.render({ model: window.model, el: host, signal });
}"""


def host(page: Any, widget: Any, names: tuple[str, ...]) -> None:
    """Show a widget on a page; `names` are its synced traits."""
    sent: list[dict[str, Any]] = []

    def send(content: Any, buffers: Any = ()) -> None:
        coded = [base64.b64encode(buffer).decode() for buffer in buffers or ()]
        sent.append({"content": content, "buffers": coded})

    def traits() -> dict[str, Any]:
        return json.loads(json.dumps({name: getattr(widget, name) for name in names}))

    def heard(message: dict[str, Any]) -> dict[str, Any]:
        for name, value in message.get("traits", {}).items():
            setattr(widget, name, value)
        if "content" in message:
            widget._asked(widget, message["content"], [])
        answers = sent[:]
        sent.clear()
        return {"state": traits(), "messages": answers}

    widget.send = send
    page.set_content("<!doctype html><html lang=en><title>t</title><body></body></html>")
    page.expose_function("toPython", heard)
    page.evaluate(HOST, {"esm": widget._esm, "css": widget._css, "state": traits()})
    page.wait_for_selector(".mt-title")


def heard(page: Any, count: int) -> None:
    """Wait for so many answers from now on."""
    now = page.page.evaluate("window.heard")
    page.page.wait_for_function(f"window.heard >= {now + count}")


def settled(page: Any) -> None:
    """Wait until nothing more is asked."""
    page.page.wait_for_function(
        "async () => { const n = window.heard;"
        " await new Promise((go) => setTimeout(go, 300)); return n === window.heard; }"
    )
