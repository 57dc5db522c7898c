// One cloud of points by itself: the pane of the dashboard in a frame of its own.
import { frame, lifetime, listen, remount } from "../dom.js";
import { projectorPane, sizeWords } from "./projector.js";
import { asker } from "./shared.js";

function mountPoints({ model, el, signal: given }) {
  const own = lifetime(given),
    { signal } = own,
    card = model.get("points"),
    title = `${card.name ? `${card.name}: ` : ""}${sizeWords(card)}`;
  const { root, bar, body, say } = frame(el, title, signal, "");
  bar.remove();
  const chosen = (rows) => {
    model.set("selected_points", rows);
    model.save_changes();
  };
  const ask = asker(model, signal, say),
    pane = projectorPane({ el: body, ask, signal, chosen, titled: false });
  pane.update([card]);
  const select = () => pane.select(model.get("selected_points"));
  listen(model, signal, { "change:selected_points": select });
  select();
  return () => {
    own.abort();
    root.remove();
  };
}

export const render = (host) => remount(host, "points", mountPoints);
export default { render };
