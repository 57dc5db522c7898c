"""The pane of embeddings: a card for each, with PCA, what else was recorded, and its labels."""

from __future__ import annotations

import base64
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..records import plain
from ..values import clip
from .clouds import TALL, cloud, words_of
from .labels import word_of
from .points import MOST_DRAWN, TITLES, Cloud, drawable, even, map_record

_METHODS = tuple(TITLES)


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all embeddings. Coordinates recorded beside one (`<name>_tsne`) are its maps."""
    cards = []
    found = [one for one in log.embeddings() if _is_drawn(one)]
    alone = [one for one in found if _home(one, found) is None]
    for one in alone:
        made = cloud_of(log, one)
        for other in found:
            method = other.name.rpartition("_")[2]
            if method != "pca" and _home(other, found) is one:
                made.place(method, other.vectors[made.kept])
        card = made.record(budget // len(alone), _sprite(one))
        cards.append(card | {"tag": plain(one.name), "run": plain(one.run)})
    return cards


def _is_drawn(one: Any) -> bool:
    """Whether any point of an embedding is made of numbers."""
    return bool(drawable(one.vectors).any())


def problems(log: Any) -> list[str]:
    """A sentence for each embedding that has no card."""
    return [
        f"The embedding {clip(plain(one.name), 60)!r} of run {plain(one.run)!r} is not drawn: each "
        "of its points holds NaN or infinity."
        for one in log.embeddings() if not _is_drawn(one)
    ]  # fmt: skip


def _home(one: Any, found: Sequence[Any]) -> Any:
    """The embedding whose picture this one is."""
    name, _, method = one.name.rpartition("_")
    if method not in _METHODS or one.vectors.shape[1] > 3:
        return None
    fits = (other for other in found if (other.run, other.name) == (one.run, name))
    home = next(fits, None)
    return home if home is not None and len(home.vectors) == len(one.vectors) else None


_clouds: dict[tuple, Cloud] = {}


def cloud_of(log: Any, one: Any) -> Cloud:
    """The points of an embedding that was read, with PCA; the last eight are kept for next time."""
    labels = tuple(map(tuple, one.labels)) if len(one.labels) == len(one.vectors) else ()
    vectors = one.vectors.shape, one.vectors.tobytes()
    key = str(log.logdir), one.run, one.name, hash(vectors), hash(labels), tuple(one.columns)
    if key not in _clouds:
        made = Cloud(one.vectors, list(labels) or None, one.columns if labels else None, one.name)
        made.place("pca")
        while len(_clouds) > 7:
            _clouds.pop(next(iter(_clouds)), None)
        _clouds[key] = made
    return _clouds[key]


def _sprite(one: Any) -> dict[str, Any] | None:
    """The thumbnails of an embedding that was read, if they are a PNG."""
    data = one.sprite
    if not data or not one.thumbnail or data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return None
    (width,) = struct.unpack(">I", data[16:20])
    coded = base64.b64encode(data).decode("ascii")
    across = max(1, width // max(1, one.thumbnail[0]))
    return {"data": f"data:image/png;base64,{coded}", "size": [*one.thumbnail], "across": across}


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The first cards, one below the other."""
    parts = [
        f'<g transform="translate(0,{i * TALL:.0f})">{cloud(card)}</g>'
        for i, card in enumerate(cards)
    ]
    return "".join(parts), TALL * len(cards)


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """Each cloud in a sentence or two."""
    return [" ".join(words_of(card)) for card in cards]


class Answers:
    """What a page asks of one cloud: nearest points, and t-SNE, which runs in a thread.

    Args:
        made: the cloud.
        rows: which of its points the page draws.
    """

    def __init__(self, made: Cloud, rows: Sequence[int]) -> None:
        self.cloud, self.rows = made, list(rows)
        self._jobs: dict[tuple, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def answer(self, args: Mapping) -> dict[str, Any]:
        """Answer a question that is one; {} otherwise."""
        try:
            if args.get("want") == "near":
                return self._near(int(args["row"]), int(args["count"]), str(args["metric"]))
            if args.get("want") == "tsne":
                return self._tsne(int(args["components"]), float(args["perplexity"]))
        except (KeyError, TypeError, ValueError):
            pass  # the page is not trusted to ask well
        return {}

    def _near(self, row: int, count: int, metric: str) -> dict[str, Any]:
        from .neighbours import METRICS, nearest

        kept = self.cloud.kept
        at = int(kept.searchsorted(row))
        if metric not in METRICS or at >= len(kept) or kept[at] != row:
            return {}
        found = nearest(self.cloud.points, at, max(1, min(100, count)), metric)
        return {
            "near": [
                {"row": int(kept[i]), "far": far,
                 "words": [word_of(column, i) for column in self.cloud.columns]}
                for i, far in found
            ]
        }  # fmt: skip

    def _tsne(self, components: int, perplexity: float) -> dict[str, Any]:
        """Where the work stands: begun now, running, failed, or done with a map."""
        if components not in (2, 3) or not 1 <= perplexity <= 1000:
            return {}
        with self._lock:
            job = self._jobs.get((components, perplexity))
            if job is None:
                job = self._jobs[components, perplexity] = {"began": time.monotonic()}
                work = threading.Thread(
                    target=self._work, args=(job, components, perplexity), daemon=True
                )
                work.start()
        if "map" in job:
            return {"map": job["map"]}
        return {"error": job["error"]} if "error" in job else {
            "running": round(time.monotonic() - job["began"], 1)
        }  # fmt: skip

    def _work(self, job: dict[str, Any], components: int, perplexity: float) -> None:
        try:
            how = {"components": components, "perplexity": perplexity}
            job["map"] = map_record(self.cloud.place("tsne", **how), self.rows)
        except Exception as error:  # said on the page; a thread has nobody to raise to
            job["error"] = clip(str(error), 400)


_answers: dict[tuple[int, int], Answers] = {}


def answer(log: Any, args: Mapping) -> tuple[dict[str, Any], list[bytes]]:
    """What the pane asks of an embedding, found by its tag and run."""
    asked = (args.get("tag"), args.get("run"))
    found = (one for one in log.embeddings() if (plain(one.name), plain(one.run)) == asked)
    one = next(found, None)
    if one is None:
        return {}, []
    made, drawn = cloud_of(log, one), args.get("drawn")
    most = drawn if isinstance(drawn, int) and drawn > 0 else MOST_DRAWN
    known = _answers.get((id(made), most))
    if known is None or known.cloud is not made:
        while len(_answers) > 7:
            _answers.pop(next(iter(_answers)), None)
        known = _answers[id(made), most] = Answers(made, even(len(made.points), most))
    return known.answer(args), []
