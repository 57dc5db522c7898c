"""What a page does not know yet: which points of which curves, and which cards are out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .records import PANES, Chosen, pane
from .sending import Part, packed

Message = tuple[dict[str, Any], list[bytes]]
ANEW, STEP, HELD = 600, 200, 4000
"""The points of a curve that is sent whole, of a piece of it, and those a page may gather."""
TABLES = ("hparams",)
BYTES = 64_000
POINT = 32
CARD_BYTES = 24_000
AT_ONCE = 60
"""So many curves are sent at a time: the page draws in between."""
FIRST = 12
OTHERS = 12
"""So many curves that nobody looks at are sent at a time: the page may not be able to say where it
is while a cell runs."""


class News:
    """What was sent of a log, and what there is to send.

    Args:
        log: what `minitensor.summary.read` gave, or the part of it that is shown.
        record: what the page has.
    """

    def __init__(self, log: Any, record: Mapping) -> None:
        self.log = log
        self.visible: dict[str, list[str]] | None = None
        self._turn = 0
        self.start(record)

    def start(self, record: Mapping) -> None:
        """The page was given a record."""
        self.tags = self._known = self.log.tags()
        self._told: dict[str, list] = {}
        self._sent: dict[tuple[str, str], tuple[int, int]] = {}
        for card in record["kinds"].get("scalars", []):
            for line in card["lines"]:
                held = len(line["x"])
                coarse = held < line["count"] and held < ANEW // 2
                self._sent[card["tag"], line["run"]] = line["count"], HELD if coarse else held
        self._counts = {key: self._count(*key) for key in self._cards()}

    @property
    def is_other(self) -> bool:
        """Whether there are runs or tags of which the page knows nothing."""
        return self.log.tags() != self.tags

    def messages(self) -> Iterator[Message]:
        """All that is new of the cards that are seen, and some of what is not."""
        now = self.log.tags()  # files that are written anew, or removed, take tags away
        self._known = {
            run: {tag: kind for tag, kind in tags.items() if now.get(run, {}).get(tag) == kind}
            for run, tags in self.tags.items()
        }
        yield from self._curves()
        for kind, tags in self._changed():
            log = Chosen(self.log, frozenset(tags).__contains__)
            yield {"cards": {kind: pane(kind).record(log, CARD_BYTES * len(tags))}}, []
        yield from self._tables()

    def _tables(self) -> Iterator[Message]:
        """The table of all runs, where it is seen and says something new."""
        for kind in TABLES:
            if not (self.visible or {}).get(kind):
                continue
            cards = pane(kind).record(self.log, CARD_BYTES)
            if cards != self._told.get(kind):
                self._told[kind] = cards
                yield {"cards": {kind: cards}}, []

    # Curves.

    def _curves(self) -> Iterator[Message]:
        curves = [(tag, run) for run, tags in self._known.items()
                  for tag, kind in tags.items() if kind == "scalars"]  # fmt: skip
        seen = set(self._seen("scalars", sorted({tag for tag, _ in curves})))
        first = [key for key in curves if key[0] in seen]
        others = [key for key in curves if key[0] not in seen]
        if others:
            self._turn = (self._turn + OTHERS) % len(others)
            first += (others[self._turn :] + others[: self._turn])[:OTHERS]
        found = []
        for tag, run in first:
            if len(found) < AT_ONCE and (part := self._part(tag, run, tag in seen)):
                found.append(part)
        for anew, most in ((True, ANEW), (False, STEP)):
            yield from _messages([part for part in found if part[4] == anew], most)

    def _part(self, tag: str, run: str, seen: bool) -> Part | None:
        series = self.log.scalars(tag, run)
        sent, held = self._sent.get((tag, run), (0, HELD))
        more = len(series) - sent
        anew = more < 0 or (held >= HELD and (more > 0 or seen))
        if not more and not anew:
            return None
        self._sent[tag, run] = (
            len(series),
            min(ANEW, len(series)) if anew else held + min(more, STEP),
        )
        return tag, series, 0 if anew else sent, None, anew

    # Cards of other kinds.

    def _cards(self) -> list[tuple[str, str]]:
        """The kinds and tags whose cards are made anew when something is added."""
        return sorted({(kind, tag) for tags in self._known.values() for tag, kind in tags.items()
                       if kind != "scalars"})  # fmt: skip

    def _count(self, kind: str, tag: str) -> int:
        get = getattr(self.log, {"text": "texts"}.get(kind, kind))
        runs = [run for run, tags in self._known.items() if tags.get(tag) == kind]
        return sum(len(get(tag, run)) for run in runs)

    def _changed(self) -> Iterator[tuple[str, list[str]]]:
        panes = {"histograms": ("histograms", "distributions")}
        for kind in sorted({kind for kind, _ in self._cards()}):
            tags = [tag for known, tag in self._cards() if known == kind]
            for shown in panes.get(kind, (kind,)):
                if shown not in PANES:
                    continue
                news = []
                for tag in self._seen(shown, tags):
                    count = self._count(kind, tag)
                    if self._counts.get((shown, tag), self._counts.get((kind, tag))) != count:
                        self._counts[shown, tag] = count
                        news.append(tag)
                if news:
                    yield shown, news

    def _seen(self, kind: str, tags: list[str]) -> list[str]:
        """The tags of a kind that are seen; the first ones as long as the page has not said."""
        if self.visible is None:
            return tags[:FIRST] if kind == "scalars" else []
        known = frozenset(tags)
        return [tag for tag in self.visible.get(kind, []) if tag in known]


def _messages(parts: list[Part], most: int) -> Iterator[Message]:
    """Curves in messages of about 64 kB."""
    each = BYTES // (POINT * most)
    for first in range(0, len(parts), each):
        head, buffers = packed(parts[first : first + each], most)
        yield {"news": {"kind": "scalars", **head}}, buffers
