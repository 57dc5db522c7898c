"""The kernel lab in a browser: loop nests and a cache, blocks of threads and their problems."""

import re

import numpy as np
import pytest

from minitensor_widgets import Cache, Launch, LoopNest, assets, cuda, kernel, launch, loops, samples
from minitensor_widgets.kernels.cache import traffic

from ..kernel_programs import TPB, block_sum
from .conftest import HOST
from .test_harness import contrast, luminance, styles


@kernel
def faulty(a, out):
    part = cuda.shared.array(TPB, np.float32)
    t = cuda.threadIdx.x
    part[t] = a[t]
    out[t] = part[(t + 1) % TPB] + a[t + 1]


def summed():
    return launch(block_sum, 2, TPB, (np.arange(12, dtype=np.float32), np.zeros(2), 12))


def wrong():
    return launch(faulty, 1, TPB, (np.arange(8, dtype=np.float32), np.zeros(8)))


@pytest.fixture
def page(open_page):
    return open_page()


def shown(page, island):
    page.page.set_content(f"<!doctype html><body>{island.to_html(static=False)}</body>")
    page.page.wait_for_selector(".mt-count", state="attached")
    return page


def slider(page):
    page.page.get_by_role("slider").focus()


def table(page, name):
    """The rows of a table: what stands left, and the cells."""
    rows = page.page.locator(f'table[aria-label="{name}"] tbody tr')
    return {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows.all()
    }


def present(page):
    """The lines of code that are marked."""
    return page.page.locator(".mt-code [aria-current]").all_inner_texts()


def said(page):
    return page.text(".mt-said")


# ---- loops


def test_each_access_is_named_and_counted(page):
    shown(page, loops("matmul"))
    assert page.place() == "0 / 864"
    assert "the cache is empty" in said(page)
    slider(page)
    page.press("ArrowRight")
    assert said(page) == (
        "i = 0, j = 0, k = 0: reads C[0, 0]. ✕ miss: the line C[0, 0] to C[0, 3] is fetched."
    )
    assert present(page) == ["                C[i, j] += A[i, k] * B[k, j]"]
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert said(page) == "i = 0, j = 0, k = 0: writes C[0, 0]. ✓ hit: its line is in the cache."
    assert said(page) in page.text(".mt-live")
    counts = table(page, "Counts")
    assert [counts[name][0] for name in ("reads", "writes", "cache hits", "cache misses")] == [
        *("3", "1", "1", "3"),
    ]
    assert counts["operations"] == ["2", "432"]
    label = page.page.locator(".mt-cells").nth(2).get_attribute("aria-label")
    assert label.startswith("C (6, 6): 1 line of it in the cache; i = 0")


@pytest.mark.parametrize(("line", "lines"), [(4, 4), (4, 16), (8, 8), (16, 32)])
def test_the_cache_of_the_page_counts_as_that_of_python(page, line, lines):
    made = loops("matmul", shape=(5, 6, 7), order="jki")
    shown(page, made)
    page.page.get_by_label("elements in a line").select_option(str(line))
    page.page.get_by_label("lines in the cache").select_option(str(lines))
    found = traffic(made.record["events"], Cache(line, lines))
    counts = table(page, "Counts")
    assert counts["cache misses"][1] == str(found.misses)
    assert counts["cache hits"][1] == str(found.hits)
    assert table(page, "Misses of other orders")["▶ jki"][0] == str(found.misses)
    assert f"{found.misses} misses" in page.text(".mt-live")
    slider(page)
    page.press("End")
    assert table(page, "Counts")["cache misses"][0] == str(found.misses)


def test_sets_of_lines_count_as_in_python(page):
    made = loops("matmul", shape=(8, 8, 8), cache=Cache(4, 8, 2))
    shown(page, made)
    assert table(page, "Counts")["cache misses"][-1] == str(made.misses)
    assert (
        table(page, "Counts")["moved, 4 B an element"][-1]
        == f"{float(f'{made.moved / 1e3:.3g}'):g} kB"
    )


def test_the_next_miss_is_found(page):
    shown(page, loops("matmul"))
    next_miss = page.named("Next miss")
    steps = []
    for _ in range(5):
        next_miss.click()
        assert "✕ miss" in said(page)
        steps.append(page.place())
    assert steps == ["1 / 864", "2 / 864", "3 / 864", "7 / 864", "11 / 864"]


def test_playing_runs_through_a_nest_quickly(page):
    page.page.clock.install()
    shown(page, loops("matmul", shape=(2, 2, 2)))
    page.named("Play").click()
    page.page.clock.run_for(10_000)
    assert page.place() == "32 / 32"


def test_a_long_nest_shows_its_turns(page):
    def touch(a):
        for i in range(100):
            for j in range(300):
                a[i, j] = 1.0

    shown(page, loops(touch, (100, 300)))
    assert not page.page.locator(".mt-bar").is_visible()
    assert "30,000 accesses" in page.panel()
    assert table(page, "Counts for each turn")["i = 0 … 1"] == ["0", "600", "150"]


def test_a_mistake_in_a_nest_is_shown(page):
    def beyond(a):
        for i in range(4):
            a[i] = a[i + 1]

    shown(page, loops(beyond, (4,)))
    assert "✕ Line 3: a[4] is outside of a of shape (4,)" in page.panel()


# ---- launches


def test_phases_run_from_barrier_to_barrier(page):
    shown(page, summed())
    assert page.text(".mt-title") == "block_sum: 2 blocks of 8 threads, no problems"
    assert page.place() == "0 / 10"
    slider(page)
    page.press("ArrowRight")
    assert said(page) == "Block 0 runs to the barrier at line 6: 8 reads and 8 writes by 8 threads."
    assert present(page) == ["    cuda.syncthreads()"]
    page.press("ArrowRight")
    assert (
        said(page) == "Block 0 runs to the barrier at line 11: 8 reads and 4 writes by 4 threads."
    )
    assert page.page.locator(".mt-busy").count() == 4
    label = page.page.locator(".mt-cells").nth(2).get_attribute("aria-label")
    assert label.startswith("cache (8,): reads and writes cache[0], now 4;")
    page.press("End")
    assert "Block 1 runs to its end" in said(page)
    label = page.page.locator(".mt-cells").nth(1).get_attribute("aria-label")
    assert label == "out (2,): reads out[1]" or "writes out[1], now 38" in label


def test_what_nobody_wrote_is_a_question_mark_and_no_zero(page):
    shown(page, summed())
    texts = page.page.locator(".mt-cells").nth(2).locator("text").all_text_contents()
    assert texts == ["?"] * 8
    slider(page)
    page.press("End")
    assert "?" not in page.page.locator(".mt-cells").nth(2).locator("text").all_text_contents()


def test_a_thread_is_followed_through_its_accesses(page):
    shown(page, summed())
    threads = page.page.locator("[data-thread]")
    assert threads.count() == 16
    threads.nth(9).click()
    assert page.place() == "1 / 8"
    assert said(page) == "thread 1 of block 1, access 1 of 8, line 5: reads a[9], which is 9."
    assert threads.nth(9).get_attribute("aria-pressed") == "true"
    page.named("Next step").click()
    assert said(page) == "thread 1 of block 1, access 2 of 8, line 5: writes cache[1], now 9."
    assert present(page) == ["    cache[t] = a[i] if i < size else 0.0"]
    page.named("Last step").click()
    assert page.place() == "8 / 8"
    page.named("All threads").click()
    assert page.place() == "8 / 10"
    assert "Block 1" in said(page)


def test_threads_are_walked_by_arrows_chosen_by_enter_and_left_by_escape(page):
    shown(page, summed())
    assert page.page.locator('.mt-blocks [tabindex="0"]').count() == 1
    page.page.eval_on_selector("[data-thread]", "button => button.focus()")
    focused = "document.activeElement.dataset.thread"
    page.press("ArrowRight", "ArrowRight")
    assert page.page.evaluate(focused) == "0:2"
    page.press("ArrowDown")
    assert page.page.evaluate(focused) == "1:2"
    page.press("Enter")
    assert said(page).startswith("thread 2 of block 1, access 1")
    assert page.page.evaluate(focused) == "1:2"
    page.press("Escape")
    assert said(page).startswith("Block 0")
    page.press("End")
    assert page.page.evaluate(focused) == "1:7"
    page.press("Space")
    assert said(page).startswith("thread 7 of block 1")


def test_problems_are_in_words_at_their_line_cell_and_thread(page):
    shown(page, wrong())
    problems = page.page.locator(".mt-problem")
    assert problems.count() == 2
    assert "✕ out of bounds: Line 5: thread 7 reads a[8]" in problems.nth(0).inner_text()
    assert "✕ race: Lines 5 and 4" in problems.nth(1).inner_text()
    assert page.page.locator(".mt-faulty").all_inner_texts() == [
        "    part[t] = a[t]",
        "    out[t] = part[(t + 1) % TPB] + a[t + 1]",
    ]
    assert page.page.locator(".mt-wrong").count() == 0, "nothing has happened yet"
    problems.nth(1).focus()
    page.press("Enter")
    assert page.place() == "1 / 1"
    assert page.page.locator(".mt-wrong").count() == 1
    cell = page.page.locator(".mt-cells").nth(2).locator("text").all_text_contents()
    assert "✕RW" in cell
    assert page.page.locator(".mt-trouble").count() == 2
    assert "with a problem" in page.page.locator(".mt-trouble").first.get_attribute("aria-label")


def test_score_memory_and_cuda_text_are_beside_the_kernel(page):
    shown(page, summed())
    assert table(page, "Score")["shared reads"] == ["7", "30"]
    traffic_rows = table(page, "Memory traffic by line")
    assert traffic_rows["line 5, a"] == ["2", "2 segments, 2 would do"]
    assert traffic_rows["line 10, cache"][1] == "0 turns lost to bank conflicts"
    page.page.locator("summary").click()
    assert "__syncthreads();" in page.page.locator("details pre").inner_text()


def test_many_threads_are_shown_one_block_at_a_time(page):
    a = np.arange(2048, dtype=np.float32)

    @kernel
    def fill(a):
        a[cuda.grid(1)] = 1.0

    shown(page, launch(fill, 8, 256, (a,)))
    assert page.page.locator("[data-thread]").count() == 256
    slider(page)
    page.press("End")
    assert page.page.locator("[data-thread]").first.get_attribute("data-thread") == "7:0"


def test_a_launch_without_accesses_is_shown(page):
    @kernel
    def nothing(a):
        pass

    shown(page, launch(nothing, 1, 2, (np.zeros((0, 3)),)))
    slider(page)
    page.press("End")
    assert said(page) == "Block 0 runs to its end: 0 reads and 0 writes by 0 threads."
    page.page.locator("[data-thread]").first.click()
    assert page.place() == "0 / 0"


# ---- both

ISLANDS = {
    "loops": lambda: LoopNest(loops("matmul").record, 301),
    "launch": lambda: Launch(summed().record, 2),
    "problems": lambda: Launch(wrong().record, 1),
}


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_both_schemes(open_page, scheme, make):
    page = shown(open_page(color_scheme=scheme), make())
    (ground,) = styles(page, ".mt", "backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    words = ".mt-panel :is(p, td, th, span), .mt-lab :is(p, figcaption, small), .mt-problem"
    for colour in styles(page, words, "color"):
        assert contrast(colour, ground) >= 4.5, colour


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
def test_targets_are_large_and_named_and_narrow_pages_are_not_overflown(page, make):
    page.page.set_viewport_size({"width": 360, "height": 700})
    shown(page, make())
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in page.page.locator(".mt :is(button, input, summary, select)").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        named = target.get_attribute("aria-label") or target.inner_text()
        assert named or target.evaluate("e => e.labels.length")


@pytest.mark.parametrize("make", ISLANDS.values(), ids=ISLANDS)
def test_everything_is_reached_by_tab(page, make):
    shown(page, make())
    reached = set()
    for _ in range(30):
        page.press("Tab")
        reached.add(page.page.evaluate("document.activeElement.localName"))
    assert {"button", "input", "pre", "div"} <= reached


def hostile():
    """Every text of both records, replaced."""
    nest, made = loops("matmul", shape=(2, 2, 2)).record, wrong().record
    words = [*samples.HOSTILE]
    nest |= {"title": words[0], "note": words[1], "variables": [*words[:2], words[3]]}
    nest["source"] = [words[i % 5] for i in range(5)]
    nest["problems"] = [{"line": 1, "text": words[2]}]
    nest["compare"][0]["name"] = nest["arrays"][0]["name"] = words[4]
    made |= {"title": words[0], "note": words[1], "cuda": words[3]}
    made["source"] = [words[i % 5] for i in range(5)]
    for item in made["arrays"]:
        item |= {"name": words[0], "dtype": words[1], "space": words[2]}
    for item in made["problems"]:
        item |= {"kind": words[0], "text": words[1], "fix": words[4], "array": words[0]}
    for item in made["lines"] + made["score"]:
        item |= {"name": words[0], "array": words[1], "space": words[3]}
    made["values"] = [words[0]] * len(made["values"])
    return {"kernels/loops": {"loops": nest}, "kernels/launch": {"launch": made}}


MAINS = ["kernels/loops", "kernels/launch"]


@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize("widget", [True, False])
def test_hostile_words_stay_text(page, main, widget):
    state = hostile()[main]
    if widget:
        held(page, main, state)
    else:
        record = next(iter(state.values()))
        shown(page, LoopNest(record) if main == "kernels/loops" else Launch(record))
    slider(page)
    page.press("ArrowRight", "End")
    tags = page.page.evaluate(
        "[...new Set([...document.querySelectorAll('.mt *')].map(e => e.localName))]"
    )
    assert not {"img", "script", "a", "iframe"} & set(tags)
    assert samples.HOSTILE[0] in page.text(".mt-title")


def held(page, main, state):
    page.page.set_content("<!doctype html><body></body>")
    state = {"step": 0, "selected": "", "line": 4, "lines": 8, **state}
    page.page.evaluate(HOST, {"esm": assets.esm(main), "css": assets.css(main), "state": state})
    page.page.wait_for_selector(".mt-count")


@pytest.mark.parametrize("main", MAINS)
def test_widgets_are_led_by_python_and_leave_nothing_behind(page, main):
    states = {
        "kernels/loops": {"loops": loops("matmul").record},
        "kernels/launch": {"launch": summed().record},
    }
    held(page, main, states[main])
    page.page.evaluate("model.fromPython('step', 1)")
    assert page.place().startswith("1 /")
    page.named("Next step").click()
    assert page.page.evaluate("sent.at(-1).step") == 2
    if main == "kernels/launch":
        page.page.evaluate("model.fromPython('selected', '1:3')")
        assert said(page).startswith("thread 3 of block 1, access 2")
    else:
        for lines in (16, 12):
            page.page.evaluate("lines => model.fromPython('lines', lines)", lines)
            menu = page.page.get_by_label("lines in the cache")
            assert menu.input_value() == str(lines)
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


def test_a_widget_is_drawn_anew_for_another_record(page):
    held(page, "kernels/loops", {"loops": loops("matmul").record})
    other = loops("conv2d").record
    page.page.evaluate("record => model.fromPython('loops', record)", other)
    assert page.text(".mt-title") == "conv2d, order ijuv"
    assert page.page.locator(".mt").count() == 1


@pytest.mark.parametrize("main", MAINS)
def test_the_code_of_a_viewer_is_small(main):
    assert len(assets.loading(main)) * 3 // 4 <= 12_000
    assert len(assets.esm(main)) <= 25_000


def test_stepping_is_quick_in_the_longest_nest(page):
    made = loops("matmul", shape=(17, 17, 17), order="kji")
    assert len(made.record["events"]) == 4 * 17**3
    shown(page, made)
    slider(page)
    page.press("End")
    milliseconds = page.page.evaluate(
        """() => {
            const back = document.querySelector('[aria-label="Previous step"]');
            const begin = performance.now();
            for (let i = 0; i < 10; i++) { back.click(); document.body.offsetHeight; }
            return (performance.now() - begin) / 10;
        }"""
    )
    print(milliseconds)
    assert milliseconds < 100
    assert re.match(r"\d+ / 19652", page.place())
