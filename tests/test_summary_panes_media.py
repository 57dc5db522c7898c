"""Pictures, sounds, texts and precision-recall curves of the dashboard: records, figures, words."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import wave as standard
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest

import minitensor as mt
from minitensor.summary.series import AudioClips, Images, PrecisionRecall, Texts
from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.summaries import audio, images, pr_curves, text
from minitensor_widgets.summaries.dashboard import dashboard
from minitensor_widgets.summaries.keeping import keep, note
from minitensor_widgets.summaries.samples import Log
from minitensor_widgets.summaries.waves import Wave, loudness, outline, wave

from .summary_media import media, picture, pictures, precision, sounds, texts, tone

PANES = {"images": images, "audio": audio, "text": text, "pr_curves": pr_curves}
RUNS = [{"name": "train"}]


def record(kind, *series, budget=100_000):
    return PANES[kind].record(Log(series), budget)


def steps(count):
    return np.arange(count, dtype=np.int64), np.arange(count) * 1.0


def images_of(*each, run="train", tag="x"):
    size = np.ones(len(each), np.int64)
    return Images(run, tag, *steps(len(each)), list(each), size, size)


# ---- what is kept


def test_the_last_step_is_kept_first_and_then_the_ends_of_halves():
    assert keep([[10] * 9], 10) == [[8]]
    assert keep([[10] * 9], 30) == [[0, 4, 8]]
    assert keep([[10] * 9], 55) == [[0, 2, 4, 6, 8]]
    assert keep([[10] * 9], 1000) == [list(range(9))]


def test_no_series_starves_for_another_and_none_shows_an_old_step_for_its_last():
    assert keep([[90, 90], [10, 10], [10, 10]], 40) == [[], [0, 1], [0, 1]]
    assert keep([[1, 1, 500]], 100) == [[]]
    assert keep([[], [5]], 100) == [[], [0]]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11, 97])
@pytest.mark.parametrize("budget", [0, 7, 100, 10**6])
def test_what_is_kept_fits_and_ends_with_the_last(count, budget):
    sizes = [[(7 * i) % 13 + 1 for i in range(count)] for _ in range(3)]
    kept = keep(sizes, budget)
    assert sum(own[i] for own, ats in zip(sizes, kept, strict=True) for i in ats) <= budget
    for ats in kept:
        assert ats == sorted(set(ats))
        assert not ats or ats[-1] == count - 1
        assert len(ats) <= 10


def test_a_note_says_how_many_were_left_out():
    assert note(3, 3) == ""
    assert note(1, 5).startswith("1 of 5 steps")
    assert "too large" in note(0, 5, "pictures")


# ---- pictures


def test_a_picture_that_another_library_wrote_is_known(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    for kind, mode in (
        ("PNG", "RGB"),
        ("PNG", "L"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("JPEG", "RGB"),
    ):
        data = io.BytesIO()
        pillow.new(mode, (7, 5)).save(data, kind)
        made = images.picture(data.getvalue())
        assert made == {"kind": f"image/{kind.lower()}", "width": 7, "height": 5}


@pytest.mark.parametrize("data", [
    b"", b"GIF89a", b"<svg onload=alert(1)>", picture(8, 0)[:40], picture(8, 0)[:-4],
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\xff\xd8\xff\xe0\x00\x04\x00\x00\x00\x00",
    picture(8, 0).replace(b"IDAT", b"IDAX"), b"\x89PNG\r\n\x1a\n" + bytes(100),
])  # fmt: skip
def test_what_is_no_picture_is_a_sentence(data):
    made = images.picture(data)
    assert set(made) == {"problem"}
    assert re.fullmatch(r"This .+\.", made["problem"])


def test_a_picture_that_unpacks_to_too_many_pixels_is_not_shown():
    head = struct.pack(">II", 50_000, 50_000) + b"\x08\x00\x00\x00\x00"
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts
    ]
    made = images.picture(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert made == {"problem": "A picture of 50000 × 50000 pixels is not shown here."}


def test_pictures_travel_byte_for_byte():
    series = pictures()
    (card,) = record("images", series)
    assert card["steps"] == [0, 10, 20, 30]
    for entry, given in zip(card["entries"], series.pictures, strict=True):
        assert [base64.b64decode(one["data"]) for one in entry["pictures"]] == given
    assert list(card["about"]) == [
        {"is": "p", "of": ["Rings that ", {"is": "em", "of": ["grow"]}, "."]}
    ]


def test_little_room_keeps_the_last_pictures_and_says_so():
    one = len(picture(16, 0))
    series = images_of(*[[picture(16, i)] for i in range(30)])
    (card,) = record("images", series, budget=5 * one)
    assert card["entries"][-1]["step"] == 29
    assert 1 < len(card["entries"]) < 5
    assert card["note"].startswith(f"{len(card['entries'])} of 30 steps are kept here")


def test_a_batch_too_large_is_cut_and_says_so():
    series = images_of([picture(16, i) for i in range(20)])
    (card,) = record("images", series, budget=6 * len(picture(16, 0)))
    shown = len(card["entries"][0]["pictures"])
    assert 1 <= shown < 6
    assert f"Of 20 pictures of a step, the first {shown} are kept here." in card["note"]


def test_pictures_too_large_for_an_output_are_named():
    (card,) = record("images", images_of([picture(64, 0)]), budget=100)
    assert card["entries"] == []
    assert "too large" in card["note"]
    assert images.words([card], RUNS) == ["x in run train: step 0; no picture is kept here."]


def test_python_answers_with_the_pictures_of_any_step():
    series = images_of([picture(4, 0), b"broken"], [picture(4, 9)])
    content, buffers = images.answer(Log([series]), {"run": "train", "tag": "x", "at": 0})
    assert content["step"] == 0
    assert content["pictures"][0]["part"] == 0
    assert "problem" in content["pictures"][1]
    assert buffers == [picture(4, 0)]


@pytest.mark.parametrize("asked", [
    {}, {"run": "train", "tag": "x"}, {"run": "train", "tag": "x", "at": 5},
    {"run": "train", "tag": "x", "at": -1},
    {"run": "no", "tag": "x", "at": 0}, {"run": "train", "tag": "no", "at": 0},
    {"run": 1, "tag": [], "at": "0"},
])  # fmt: skip
def test_a_step_that_is_not_there_is_a_lookup_error(asked):
    with pytest.raises(LookupError, match="No step"):
        images.answer(Log([images_of([picture(4, 0)])]), asked)


# ---- sounds


def written(samples, rate=8000, width=2):
    """A WAV file as Python's own module writes it."""
    data = io.BytesIO()
    with standard.open(data, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return data.getvalue()


RANDOM = np.random.default_rng(0)
WHOLE = RANDOM.integers(-(2**15), 2**15, (100, 2))


@pytest.mark.parametrize(("samples", "width", "expected"), [
    (WHOLE.astype("<i2"), 2, WHOLE / 2**15),
    ((WHOLE // 256 + 128).astype(np.uint8), 1, (WHOLE // 256) / 128),
    ((WHOLE * 65536).astype("<i4"), 4, WHOLE / 2**15),
])  # fmt: skip
def test_sounds_that_pythons_own_module_wrote_are_read(samples, width, expected):
    found = wave(written(samples, 22_050, width))
    assert found.rate == 22_050
    assert found.seconds == pytest.approx(100 / 22_050)
    np.testing.assert_allclose(found.samples, expected, atol=1e-6)


def test_24_bits_and_floats_are_read():
    raw = b"".join(int(value).to_bytes(3, "little", signed=True) for value in WHOLE[:, 0] * 256)
    data = io.BytesIO()
    with standard.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(8000)
        file.writeframes(raw)
    np.testing.assert_allclose(wave(data.getvalue()).samples[:, 0], WHOLE[:, 0] / 2**15, atol=1e-6)
    floats = RANDOM.normal(size=50).astype("<f4")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, 8000, 32000, 4, 32)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", 200) + floats.tobytes()
    np.testing.assert_array_equal(
        wave(struct.pack("<4sI", b"RIFF", len(body)) + body).samples[:, 0], floats
    )


def test_what_scipy_reads_is_what_is_read():
    wavfile = pytest.importorskip("scipy.io.wavfile")
    rate, samples = wavfile.read(io.BytesIO(tone(440.0)))
    found = wave(tone(440.0))
    assert found.rate == rate
    np.testing.assert_allclose(found.samples[:, 0], samples / 2**15, atol=1e-7)


GOOD = tone(220.0, 0.01)


@pytest.mark.parametrize("data", [
    b"", b"ID3", b"RIFF", GOOD[:12], GOOD[:30], GOOD[:-7], b"RIFF\0\0\0\0WAVE" + bytes(64),
    GOOD.replace(b"fmt ", b"fmx "), GOOD.replace(b"data", b"dato"), GOOD[:20] + b"\x55" + GOOD[21:],
    GOOD[:22] + b"\xff\xff" + GOOD[24:], GOOD[:24] + bytes(4) + GOOD[28:],
    GOOD[:34] + b"\x0c" + GOOD[35:],
])  # fmt: skip
def test_what_is_no_sound_is_a_sentence(data):
    with pytest.raises(ValueError, match=r"^(This|The|Samples) .+\.$"):
        wave(data)


def test_any_bytes_are_a_sound_or_a_sentence():
    random = np.random.default_rng(1)
    for _ in range(300):
        data = bytearray(GOOD)
        for at in random.integers(0, 60, 4):
            data[at] = random.integers(256)
        try:
            found = wave(bytes(data))
        except ValueError:
            continue
        assert found.samples.ndim == 2


def test_an_outline_is_the_least_and_greatest_of_each_column():
    samples = RANDOM.uniform(-1, 1, (1000, 2)).astype(np.float32)
    found = outline(wave(written((samples * 32767).astype("<i2"))), 10)
    for column, (low, high) in enumerate(found):
        part = samples[column * 100 : column * 100 + 100]
        assert low == pytest.approx(100 * part.min(), abs=1)
        assert high == pytest.approx(100 * part.max(), abs=1)
    assert outline(wave(written(np.zeros((0, 1), "<i2"))), 10) == []
    assert len(outline(wave(written(np.zeros((3, 1), "<i2"))), 10)) == 3


def test_loudness_in_words():
    full = np.full((100, 1), 32767, "<i2")
    told = "perhaps clipped: 100 % of the samples are at full scale"
    assert loudness(wave(written(full))) == told
    sine = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)[:, None]
    assert loudness(Wave(16_000, sine.astype(np.float32))) == "peak 100 % of full scale"
    cut = np.clip(1.5 * sine, -1, 1).astype(np.float32)
    assert loudness(Wave(16_000, cut)).startswith("perhaps clipped: 53")
    assert loudness(wave(written(full // 2))) == "peak 50 % of full scale"
    assert loudness(wave(written(full * 0))) == "silent"


def test_sounds_travel_byte_for_byte_and_outlines_stay_where_they_do_not_fit():
    series = sounds()
    (card,) = record("audio", series)
    assert base64.b64decode(card["entries"][-1]["clips"][0]["data"]) == series.clips[-1][0]
    (card,) = record("audio", series, budget=8000)
    kept = ["data" in entry["clips"][0] for entry in card["entries"]]
    assert kept == [False, False, False]
    assert all(entry["clips"][0]["outline"] for entry in card["entries"])


def test_a_broken_sound_says_so():
    series = AudioClips("train", "x", *steps(1), [[b"noise", tone(220.0)]], [["", ""]])
    (card,) = record("audio", series)
    first, second = card["entries"][0]["clips"]
    assert first["problem"].startswith("This is no WAV file")
    assert second["rate"] == 8000
    content, buffers = audio.answer(Log([series]), {"run": "train", "tag": "x", "at": 0})
    assert [clip.get("part") for clip in content["clips"]] == [None, 0]
    assert buffers == [tone(220.0)]


# ---- texts


def texts_of(*values):
    made = [np.array(value, object) for value in values]
    return Texts("train", "x", *steps(len(made)), made)


def test_texts_of_each_rank():
    entries = record("text", texts_of("*a*", ["a", "b"], [["a", "b"], ["c", "d"]]))[0]["entries"]
    assert list(entries[0]["text"]) == [{"is": "p", "of": [{"is": "em", "of": ["a"]}]}]
    assert [len(row) for row in entries[1]["rows"]] == [1, 1]
    assert [len(row) for row in entries[2]["rows"]] == [2, 2]
    deep = text.content(np.full((2, 3, 4), "x", object))
    assert (len(deep["rows"]), len(deep["rows"][0])) == (3, 4)
    assert deep["note"] == "The first part of a text of shape (2, 3, 4)."


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 2, 3)])
def test_empty_tables(shape):
    made = text.content(np.empty(shape, object))
    assert sum(len(row) for row in made["rows"]) == 0


def test_a_huge_table_is_cut_and_says_so():
    made = text.content(np.full((1000, 3), "x", object))
    assert len(made["rows"]) == 133
    assert made["note"] == "The beginning of a table of 1000 × 3 texts."
    assert len(text.content(np.full((2, 5000), "x", object))["rows"][0]) == 400


def test_many_texts_keep_the_last():
    (card,) = record("text", texts_of(*[f"text {i}" for i in range(100)]))
    assert len(card["entries"]) == 30
    assert card["entries"][-1]["step"] == 99
    assert card["note"].startswith("30 of 100 steps")


# ---- precision and recall


def test_curves_are_rows_by_name():
    (card,) = record("pr_curves", precision())
    last = card["entries"][-1]
    assert last["tp"][0] == 100
    assert last["recall"] == pytest.approx([tp / 100 for tp in last["tp"]])


def test_the_area_is_scikit_learns_average_precision():
    metrics = pytest.importorskip("sklearn.metrics")
    truth = RANDOM.integers(0, 2, 300)
    scores = np.round(np.clip(truth * 0.3 + RANDOM.uniform(0, 0.7, 300), 0, 1), 2)
    rows = [[], []]
    for cut in np.linspace(0, 1, 101):
        found = scores >= cut - 1e-9
        tp = int((found & (truth == 1)).sum())
        rows[0].append(tp / max(1, int(found.sum())))
        rows[1].append(tp / truth.sum())
    expected = metrics.average_precision_score(truth, scores)
    assert pr_curves.area({"precision": rows[0], "recall": rows[1]}) == (
        pytest.approx(expected, abs=1e-6)
    )


def test_many_runs_share_the_figure_of_a_tag():
    cards = record("pr_curves", *[precision(run=f"run {i}") for i in range(9)])
    drawn, height = pr_curves.figure(cards, RUNS)
    assert drawn.count('class="cv"') == 12  # six curves, each with its line in the legend
    assert "and 3 more runs" in drawn
    assert height > 200


# ---- all of them


def test_what_the_engine_recorded_is_what_is_shown(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pixels = RANDOM.integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    sound = RANDOM.uniform(-1, 1, (1, 50, 1)).astype(np.float32)
    truth = RANDOM.integers(0, 2, 40).astype(bool)
    with mt.summary.create_file_writer(tmp_path).as_default(step=7):
        mt.summary.image("i", pixels)
        mt.summary.audio("a", sound, 8000)
        mt.summary.text("t", [["*x*", "y"]])
        mt.summary.pr_curve("p", truth, truth.astype(np.float32))
    kinds = dashboard(tmp_path).record["kinds"]
    assert {kind: cards[0]["steps"] for kind, cards in kinds.items()} == {
        kind: [7] for kind in PANES
    }
    for made, given in zip(kinds["images"][0]["entries"][0]["pictures"], pixels, strict=True):
        data = io.BytesIO(base64.b64decode(made["data"]))
        np.testing.assert_array_equal(np.asarray(pillow.open(data)), given)
    clip = kinds["audio"][0]["entries"][0]["clips"][0]
    np.testing.assert_allclose(
        wave(base64.b64decode(clip["data"])).samples, sound[0], atol=1 / 32768
    )
    assert kinds["text"][0]["entries"][0]["rows"][0][0][0]["of"] == [{"is": "em", "of": ["x"]}]
    assert kinds["pr_curves"][0]["entries"][0]["tp"][0] == truth.sum()


def test_a_dashboard_of_media_is_drawn_said_and_repeatable():
    made, again = dashboard(media()), dashboard(media())
    assert made.to_html() == again.to_html()
    ElementTree.fromstring(made.to_svg())
    lines = made.description().splitlines()
    assert len(lines) == 5
    assert "the last has 2 pictures of 16 × 16 pixels" in lines[1]
    assert "mono" in lines[2]
    assert "average precision of 0.9" in lines[4]


@pytest.mark.parametrize("kind", PANES)
def test_nothing_recorded_yet_is_said(kind):
    empty = {
        "images": images_of(),
        "audio": AudioClips("train", "x", *steps(0), [], []),
        "text": texts_of(),
        "pr_curves": PrecisionRecall("train", "x", *steps(0), np.zeros((0, 6, 5), np.float32)),
    }[kind]
    cards = record(kind, empty)
    drawn, height = PANES[kind].figure(cards, RUNS)
    ElementTree.fromstring(f"<svg>{drawn}</svg>")
    assert height >= 0
    assert len(PANES[kind].words(cards, RUNS)) == 1


@pytest.mark.parametrize("kind", PANES)
def test_many_cards_are_counted_in_the_figure(kind):
    make = {"images": pictures, "audio": sounds, "text": texts, "pr_curves": precision}[kind]
    cards = record(kind, *[make(tag=f"tag {i}") for i in range(12)], budget=10**6)
    drawn, _ = PANES[kind].figure(cards, RUNS)
    assert re.search(r"… (8|9) more", drawn)
    assert len(PANES[kind].words(cards, RUNS)) == 12


def test_hostile_strings_stay_text_in_the_figure():
    bad = HOSTILE[0]
    log = Log([
        pictures(bad, HOSTILE[1]), sounds(bad, HOSTILE[2]), precision(bad, HOSTILE[3]),
        Texts(bad, HOSTILE[4], *steps(1), [np.array(HOSTILE[1], object)], description=HOSTILE[0]),
        images_of([b"<svg onload=alert(1)>"], run=bad, tag="broken"),
    ])  # fmt: skip
    made = dashboard(log)
    root = ElementTree.fromstring(made.to_svg())
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert tags <= {"svg", "style", "rect", "path", "polygon", "text", "g", "image"}
    assert not [name for e in root.iter() for name in e.attrib if name.startswith("on")]
    addresses = [e.get("href") for e in root.iter() if e.get("href")]
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    json.dumps(made.record)
