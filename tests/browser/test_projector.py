"""The projector in a browser: turned, searched, selected, by mouse and by keys."""

import numpy as np
import pytest

from minitensor_widgets import (
    DashboardWidget,
    ProjectorWidget,
    assets,
    dashboard,
    projector,
    samples,
)

from ..test_projector import recorded
from .hosted import host
from .test_every_viewer import MODES, RULES, page_of

RANDOM = np.random.default_rng(5)
CLASSES = np.arange(90) % 3
POINTS = np.eye(6)[CLASSES] * 8 + RANDOM.normal(size=(90, 6))
WORDS = [f"word {i}" for i in range(90)]
LABELS = {"class": [f"c{c}" for c in CLASSES], "word": WORDS}
IMAGES = np.arange(90, dtype=np.uint8)[:, None, None] * np.ones((90, 4, 4), np.uint8)
TRAITS = ("points", "selected_points")


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def said(page):
    return page.text(".mt-points [role=status]")


def drawn(page):
    """How many pixels of the canvas are not empty, and a sum that tells pictures apart."""
    page.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go)))")
    return page.page.evaluate("""() => {
        const canvas = document.querySelector('.mt-cloud');
        const copy = new OffscreenCanvas(canvas.width, canvas.height)
            .getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        let [full, sum] = [0, 0];
        for (let i = 3; i < data.length; i += 4)
          if (data[i]) { full++; sum = (sum * 31 + i + data[i - 1]) % 1e9; }
        return [full, sum];
    }""")


def focus_stage(page):
    page.page.locator(".mt-stage").focus()


def shown(page, *given, **options):
    page.island(projector(*given, **options))
    page.page.wait_for_selector(".mt-stage")
    return page


def test_points_are_drawn_and_said(page):
    shown(page, POINTS, LABELS)
    assert drawn(page)[0] > 90 * 5
    label = page.page.locator(".mt-cloud").get_attribute("aria-label")
    assert label.startswith("PCA of 90 points of 6 dimensions, coloured by class. Variance")
    assert page.page.locator(".mt-legend li").all_inner_texts() == ["c0", "c1", "c2"]


def test_one_point_of_one_dimension_is_said_so(page):
    shown(page, [[1.0]])
    assert page.text(".mt-title") == "1 point of 1 dimension"
    label = page.page.locator(".mt-cloud").get_attribute("aria-label")
    assert label.startswith("PCA of 1 point of 1 dimension.")


def test_arrow_keys_turn_and_home_returns(page):
    shown(page, POINTS, LABELS)
    before = drawn(page)
    focus_stage(page)
    page.press("ArrowRight", "ArrowDown")
    turned = drawn(page)
    page.press("Home")
    assert drawn(page) == before != turned
    page.press("+", "+")
    assert drawn(page) not in (before, turned)
    page.named("Fit into view").click()
    assert drawn(page) == before


def test_dragging_turns_and_the_plane_is_moved(page):
    shown(page, POINTS, LABELS)
    area = page.page.locator(".mt-cloud").bounding_box()
    middle = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    before = drawn(page)
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] + 40, middle[1] + 10)
    page.page.mouse.up()
    assert drawn(page) != before
    page.page.get_by_label("in space").uncheck()
    flat = drawn(page)
    focus_stage(page)
    page.press("ArrowRight")
    assert drawn(page) != flat
    page.press("ArrowLeft")
    assert drawn(page) == flat


def test_points_are_walked_by_keys_and_their_nearest_are_those_in_all_dimensions(page):
    shown(page, POINTS, LABELS)
    page.page.get_by_label("Nearest by").select_option("euclidean")
    focus_stage(page)
    page.press("n", "n", "n", "p")
    page.page.wait_for_function("document.querySelector('.mt-points .mt-sub')")
    assert page.text(".mt-points .mt-panel .mt-head") == "Point 1"
    far = np.linalg.norm(POINTS - POINTS[1], axis=1)
    expected = np.argsort(far)[1:11]
    names = page.page.locator(".mt-panel [role=group] .mt-link").all_inner_texts()
    assert [int(name.split("(")[1].split(")")[0]) for name in names] == expected.tolist()
    assert float(names[0].split("· ")[1]) == pytest.approx(far[expected[0]], rel=5e-3)
    assert "in all 6 dimensions" in page.panel()
    assert said(page).startswith("Point 1 · c1 · word 1. Nearest: ")
    page.page.locator(".mt-panel [role=group] .mt-link").first.focus()
    page.press("ArrowRight", "Enter")
    assert page.text(".mt-points .mt-panel .mt-head") == f"Point {expected[1]}"
    focus_stage(page)
    page.press("Escape")
    assert page.page.locator(".mt-panel .mt-head").count() == 0


def test_labels_are_searched_and_what_is_found_is_selected(page):
    shown(page, POINTS, LABELS)
    page.page.get_by_label("Search in the labels").fill("word 7")
    assert said(page) == "11 points found"
    options = page.page.locator(".mt-panel select[size] option").all_inner_texts()
    assert options[0].endswith("word 7")
    page.named("Select what is found").click()
    expected = [i for i in range(90) if "word 7" in WORDS[i]]
    assert page.page.evaluate("document.querySelector('.mt-points').isConnected")
    assert "11 points selected" in page.panel()
    full = drawn(page)[0]
    page.named("Show only the selection").click()
    assert said(page) == f"{len(expected)} points are shown."
    assert drawn(page)[0] < full
    page.named("Show all, select none").click()
    assert "No point is selected." in page.panel()


def test_the_name_of_a_class_finds_that_class(page):
    numbers = 100 + np.arange(90) / 8
    shown(page, POINTS, {"class": np.arange(90) % 15, "size": numbers, "word": WORDS})
    for text in ("1", "c", "100.5", "word 8"):
        page.page.get_by_label("Search in the labels").fill(text)
        expected = sum(
            text in WORDS[i] or text == str(i % 15) or text == f"{numbers[i]:g}" for i in range(90)
        )
        assert said(page) == f"{expected} points found"
    page.page.get_by_label("Search in the labels").fill("1")
    options = page.page.locator(".mt-panel select[size] option").all_inner_texts()
    assert [option.split(" · ")[1] for option in options[:6]] == ["1"] * 6


def test_points_are_chosen_from_the_list_by_keys(page):
    shown(page, POINTS, LABELS, images=IMAGES)
    page.page.locator(".mt-panel select[size]").focus()
    page.press("ArrowDown", "ArrowDown")
    page.page.wait_for_selector(".mt-thumb")
    point = int(page.text(".mt-points .mt-panel .mt-head").split()[1])
    level = page.page.evaluate(
        "[...document.querySelector('.mt-thumb').getContext('2d').getImageData(1, 1, 1, 1).data]"
    )
    assert level == [point, point, point, 255]


def test_a_line_drawn_around_points_selects_them(page):
    widget = ProjectorWidget(POINTS, LABELS)
    host(page.page, widget, TRAITS)
    page.page.wait_for_selector(".mt-cloud")
    page.page.get_by_role("button", name="Select by drawing").click()
    area = page.page.locator(".mt-cloud").bounding_box()
    left, top, wide, tall = (area[key] for key in ("x", "y", "width", "height"))
    page.page.mouse.move(left + 4, top + 4)
    page.page.mouse.down()
    for x, y in ((wide - 4, 4), (wide - 4, tall - 4), (4, tall - 4)):
        page.page.mouse.move(left + x, top + y)
    page.page.mouse.up()
    page.page.wait_for_function("model.get('selected_points').length === 90")
    assert widget.selected_points == list(range(90))
    focus_stage(page)
    page.press("n", " ")
    page.page.wait_for_function("model.get('selected_points').length === 89")
    assert widget.selected_points == list(range(1, 90))


def test_python_selects_points(page):
    widget = ProjectorWidget(POINTS, LABELS)
    host(page.page, widget, TRAITS)
    widget.selected_points = [4, 5]
    page.page.evaluate("window.toPython({}).then(hear)")
    page.page.wait_for_function(
        "document.querySelector('.mt-panel').innerText.includes('2 points')"
    )


def test_with_python_the_nearest_are_of_all_points_and_tsne_is_computed(page):
    pytest.importorskip("sklearn")
    widget = ProjectorWidget(POINTS, LABELS)
    host(page.page, widget, TRAITS)
    page.page.wait_for_selector(".mt-cloud")
    focus_stage(page)
    page.press("n")
    page.page.wait_for_function(
        "document.querySelector('.mt-panel').innerText.includes('computed by Python')"
    )
    page.page.get_by_label("in space").uncheck()
    page.page.get_by_label("perplexity").fill("10")
    page.named("Compute t-SNE").click()
    page.page.wait_for_function(
        "document.querySelector('.mt-points [role=status]').innerText.includes('is drawn')",
        timeout=60_000,
    )
    assert page.page.get_by_label("Map").input_value() == "1"
    assert page.page.locator(".mt-cloud").get_attribute("aria-label").startswith("t-SNE, 2-D of 90")
    assert drawn(page)[0] > 90 * 5


def test_on_the_dashboard_there_is_a_cloud_for_each_embedding(page):
    log = recorded()
    page.island(dashboard(log))
    page.page.wait_for_selector(".mt-stage")
    assert page.page.locator(".mt-stage").count() == 2
    names = page.page.locator(".mt-points select").first.locator("option").all_inner_texts()
    assert names == ["PCA", "t-SNE, 2-D"]
    looks = ("smoothing", "axis", "log", "outliers", "hidden", "filter")
    host(page.page, DashboardWidget(dashboard(log).record, log), ("dashboard", *looks))
    page.page.wait_for_selector(".mt-stage")
    page.page.locator(".mt-stage").first.focus()
    page.press("n")
    page.page.wait_for_function(
        "document.querySelector('.mt-points .mt-panel').innerText.includes('computed by Python')"
    )


def test_a_column_of_numbers_is_a_scale(page):
    shown(page, POINTS, {"size": np.linspace(0, 2, 90)})
    assert page.text(".mt-legend").split() == ["size:", "dark", "0", "bright", "2"]
    before = drawn(page)
    page.page.get_by_label("Colour by").select_option("-1")
    assert drawn(page)[1] != before[1]


@pytest.mark.parametrize("points", [
    [[1.0, 2.0]], [[1.0], [2.0]], np.ones((5, 3)), [[0.0, 1.0], [np.nan, 1.0], [2.0, 2.0]],
], ids=["one", "line", "equal", "nan"])  # fmt: skip
def test_few_or_equal_points_are_walked(page, points):
    shown(page, points)
    focus_stage(page)
    page.press("n", "n", "ArrowRight", " ")
    assert drawn(page)[0] > 5
    assert "1 point selected" in page.panel()


@pytest.mark.parametrize("bad", samples.HOSTILE)
def test_hostile_strings_stay_text(page, bad):
    shown(page, POINTS, {bad: [bad] * 45 + ["b"] * 45, "word": [bad, *WORDS[1:]]}, name=bad)
    page.page.get_by_text("Points as a table").click()
    focus_stage(page)
    page.press("n")
    page.page.wait_for_selector("details table")
    assert page.page.locator(".mt :is(img, script, iframe)").count() == 0
    assert bad[:5] in page.text(".mt-legend")


@pytest.mark.parametrize("mode", MODES)
def test_rules_of_accessibility_hold(open_page, mode):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = open_page(reduced_motion="reduce", **MODES[mode])
    page.page.set_content(page_of(projector(POINTS, LABELS, images=IMAGES).to_html(static=False)))
    page.page.wait_for_selector(".mt-legend")
    focus_stage(page)
    page.press("n")
    page.page.get_by_text("Points as a table").click()
    page.page.wait_for_selector(".mt-sub")
    options = {"runOnly": RULES, "rules": {"color-contrast": {"enabled": mode != "forced colours"}}}
    found = axe.Axe().run(page.page, options=options)
    assert [
        (f["id"], [n["html"][:200] for n in f["nodes"]]) for f in found.response["violations"]
    ] == []


def test_nothing_is_lost_at_a_zoom_of_200_percent(page):
    shown(page, POINTS, LABELS, images=IMAGES)
    page.page.set_viewport_size({"width": 500, "height": 400})
    assert page.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_nothing_is_left_when_it_is_put_away(page):
    card = projector(POINTS, LABELS, images=IMAGES).record
    page.widget("summaries/points", points=card, selected_points=[3])
    page.page.wait_for_selector(".mt-legend")
    page.page.get_by_role("button", name="Turn", exact=True).click()
    page.page.evaluate("() => { window.dispose(); window.controller.abort(); }")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    left = page.page.evaluate("Object.values(listeners).flat().length")
    assert left == 0


def test_it_turns_by_itself_only_when_asked_and_fast(page):
    many = RANDOM.normal(size=(10_000, 8))
    shown(page, many, RANDOM.integers(0, 10, 10_000))
    before = drawn(page)
    page.page.wait_for_function("() => new Promise((go) => setTimeout(() => go(true), 200))")
    assert drawn(page) == before
    page.page.get_by_role("button", name="Turn", exact=True).click()
    frames = page.page.evaluate("""async () => {
        const times = [];
        for (let i = 0; i < 40; i++)
          times.push(await new Promise((go) => requestAnimationFrame(go)));
        const steps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
        return 1000 / steps[20];
    }""")
    assert frames >= 30
    assert drawn(page) != before


def test_the_code_is_small():
    assert len(assets.loading("summaries/points")) * 3 // 4 <= 17_000
