"""Sounds: checked, drawn, kept as they were recorded. `static/summaries/audio.js` plays them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ..svg import text
from ..units import plural, size_text
from ..values import clip
from .keeping import found, head, keep, moment, note, series_of
from .markdown import markdown
from .waves import loudness, outline, wave

KIND = "audio"
COLUMNS, MOST_CLIPS, MOST_DRAWN = 240, 6, 4
OUTLINE_BYTES = 8 * COLUMNS
WIDTH, TALL = 660.0, 48.0


def record(log: Any, budget: int) -> list[dict[str, Any]]:
    """The cards of all series of sounds of a log, in so many bytes.

    The outline of a kept step is always there; the sound itself where it fits.
    """
    series = list(series_of(log, KIND))
    sizes = [[_outlines(clips) for clips in own.clips] for own in series]
    kept = keep(sizes, budget)
    left = budget - sum(own[at] for own, ats in zip(sizes, kept, strict=True) for at in ats)
    heard = [[_sounds(own.clips[at]) for at in ats] for own, ats in zip(series, kept, strict=True)]
    sounding = keep(heard, left)
    return [card(*parts) for parts in zip(series, kept, sounding, strict=True)]


def _outlines(clips: Sequence[bytes]) -> int:
    return OUTLINE_BYTES * min(MOST_CLIPS, len(clips))


def _sounds(clips: Sequence[bytes]) -> int:
    return sum(len(data) * 4 // 3 for data in clips[:MOST_CLIPS])


def card(series: Any, kept: Sequence[int], sounding: Sequence[int]) -> dict[str, Any]:
    """One series of sounds.

    Args:
        series: `mt.summary` AudioClips.
        kept: the indices of the steps that are kept.
        sounding: which of those are kept with the sounds themselves.
    """
    entries = []
    for i, at in enumerate(kept):
        clips = _clips(series, at)[:MOST_CLIPS]
        if i in sounding:
            for made, data in zip(clips, series.clips[at], strict=False):
                if "problem" not in made:
                    made["data"] = base64.b64encode(data).decode("ascii")
        entries.append({**moment(series, at), "clips": clips})
    notes = [note(len(kept), len(series), "sounds")]
    most = max((len(clips) for clips in series.clips), default=0)
    if most > MOST_CLIPS:
        notes.append(f"Of {most} sounds of a step, the first {MOST_CLIPS} are kept here.")
    return {**head(series), "note": " ".join(filter(None, notes)), "entries": entries}


def _clips(series: Any, at: int) -> list[dict[str, Any]]:
    """What is known of each sound of a step."""
    labels = [*series.labels[at]] + [""] * len(series.clips[at])
    return [_known(data, label) for data, label in zip(series.clips[at], labels, strict=False)]


def _known(data: bytes, label: str) -> dict[str, Any]:
    made: dict[str, Any] = {"label": markdown(label) if label else []}
    try:
        sound = wave(data)
    except ValueError as error:
        return {**made, "problem": str(error)}
    return {
        **made,
        "seconds": sound.seconds,
        "rate": sound.rate,
        "channels": sound.samples.shape[1],
        "bytes": len(data),
        "loud": loudness(sound),
        "outline": outline(sound, COLUMNS),
    }


def answer(log: Any, asked: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The sounds of one step, for a page that has Python behind it.

    Raises:
        LookupError: when there is no such step.
    """
    series, at = found(log, KIND, asked)
    made, buffers = _clips(series, at), []
    for own, data in zip(made, series.clips[at], strict=True):
        if "problem" not in own:
            own["part"] = len(buffers)
            buffers.append(data)
    return {**moment(series, at), "clips": made}, buffers


def facts(clip_: Mapping) -> str:
    """Duration, rate, channels and loudness of a sound in words.

    Example:
        >>> facts({"seconds": 1.5, "rate": 8000, "channels": 1, "loud": "silent"})
        '1.5 s, 8000 Hz, mono, silent'
    """
    if "problem" in clip_:
        return clip_["problem"]
    names = {1: "mono", 2: "stereo"}
    channels = names.get(clip_["channels"], f"{clip_['channels']} channels")
    return f"{clip_['seconds']:.3g} s, {clip_['rate']} Hz, {channels}, {clip_['loud']}"


def figure(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> tuple[str, float]:
    """The waves of the last step of the first few cards, and the height of it all."""
    parts, y = [], 0.0
    for own in cards[:MOST_DRAWN]:
        last = own["entries"][-1] if own["entries"] else None
        where = f", step {last['step']}" if last else ""
        parts.append(text(10, y + 14, clip(f"{own['tag']} ({own['run']}){where}", 90)))
        clips = last["clips"] if last else []
        if clips and clips[0].get("outline"):
            parts.append(_drawn(clips[0]["outline"], y + 22))
            y += TALL
        said = facts(clips[0]) if clips else own["note"] or "No sound yet."
        more = f" · the first of {len(clips)}" if len(clips) > 1 else ""
        parts.append(text(10, y + 34, clip(said + more, 105), "s"))
        y += 44
    if len(cards) > MOST_DRAWN:
        parts.append(text(10, y + 12, f"… {len(cards) - MOST_DRAWN} more series of sounds", "s"))
        y += 20
    return "".join(parts), y


def _drawn(columns: Sequence[Sequence[int]], y: float) -> str:
    """The outline of a wave: along the upper ends, and back along the lower ones."""
    middle, half = y + TALL / 2, TALL / 2 - 1
    wide = WIDTH / len(columns)

    def points(ends: Sequence[tuple[int, int]], least: float) -> list[str]:
        return [
            f"{10 + i * wide:.1f},{middle - half * end / 100 + least:.1f}"
            f" {10 + (i + 1) * wide:.1f},{middle - half * end / 100 + least:.1f}"
            for i, end in ends
        ]

    upper = points([(i, high) for i, (_, high) in enumerate(columns)], -0.4)
    lower = points([(i, low) for i, (low, _) in enumerate(columns)], 0.4)
    back = [" ".join(reversed(pair.split(" "))) for pair in reversed(lower)]
    line = f'<path class="ax" d="M10,{middle:.1f}h{WIDTH:.0f}"/>'
    return f'{line}<polygon fill="#0072b2" points="{" ".join([*upper, *back])}"/>'


def words(cards: Sequence[Mapping], runs: Sequence[Mapping]) -> list[str]:
    """A sentence for each card: its steps, and how the last one sounds."""
    made = []
    for own in cards:
        begin = f"{own['tag']} in run {own['run']}: {plural(len(own['steps']), 'step')}"
        clips = own["entries"][-1]["clips"] if own["entries"] else []
        if not clips:
            made.append(f"{begin}; no sound is kept here.")
            continue
        size = f" ({size_text(clips[0]['bytes'])})" if "bytes" in clips[0] else ""
        said = facts(clips[0])
        made.append(f"{begin}; the last at step {own['entries'][-1]['step']}: {said}{size}.")
    return made
