"""The renderer in a real browser, on a page of its own: no kernel, no server, no network.

Islands are put on the page as they are; widgets get a model of four functions, as any host of
anywidget gives them.
"""

import pytest

from minitensor_widgets import samples, show, step
from minitensor_widgets.graphs.records import graph_record, steps_record


@pytest.fixture
def page(open_page):
    return open_page()


def test_stepping_by_keyboard_and_reading_the_numbers(page):
    page.island(step(samples.scalar_steps()))
    page.page.get_by_role("slider").focus()
    assert page.place() == "0 / 9"
    assert page.node("n2") == ["multiply", "= not yet computed", "∇ not yet computed"]
    page.press("ArrowRight")
    assert page.node("n2") == ["multiply", "= 6", "∇ not yet computed"]
    page.press(*["ArrowRight"] * 5)
    assert page.place() == "6 / 9"
    assert page.node("n0")[2] == "∇ -0.4161 (1 of 2)"
    assert page.page.locator('[data-key="n:n0"] .mt-is-partial').count() == 1
    page.press("ArrowRight")
    assert page.node("n0")[2] == "∇ 2.584"
    panel = page.panel()
    assert "backward through multiply" in panel
    assert "-0.4161 + 3 → 2.584" in panel
    assert "nothing yet, + 2 → 2" in panel
    assert "2 of 2 contributions, final" in panel
    page.press("Home")
    assert page.place() == "0 / 9"
    page.press("End", "ArrowRight", "ArrowLeft")
    assert page.place() == "8 / 9"


def test_the_rule_stands_over_its_numbers(page):
    page.island(step(samples.scalar_steps(), at=7))
    columns = page.page.locator(".mt-formula").first.locator("span")
    assert [part.split() for part in columns.all_inner_texts()] == [
        ["d", "a", "3"], ["="], ["g", "1"], ["*"], ["b", "3"],
    ]  # fmt: skip
    page.island(step(samples.matmul_steps(), at=8))
    columns = page.page.locator(".mt-formula").first.locator("span")
    assert columns.all_inner_texts()[0].split("\n") == ["d w", "(3, 2)"]
    assert columns.all_inner_texts()[2].split("\n") == ["aᵀ", "(3, 2)"]


def test_a_broadcast_is_undone_in_a_step_of_its_own(page):
    page.island(step(samples.matmul_steps(), at=6))
    assert "summed in the next step" in page.panel()
    assert page.node("n2")[2] == "∇ not yet computed"
    page.named("Next step").click()
    panel = page.panel()
    assert "undo the broadcast of b" in panel
    assert "sum over axis 0: (2, 2) → (2,)" in panel
    assert page.node("n2")[2] == "∇ [2, 2]"
    cells = page.page.locator(".mt-send tbody td").all_inner_texts()
    assert cells == ["1", "1", "1", "1", "2", "2", "2", "2"]


def test_buttons_step_and_keep_the_focus_at_the_end(page):
    page.island(step(samples.scalar_steps()))
    page.named("Next step").click()
    assert page.place() == "1 / 9"
    page.named("Last step").click()
    assert page.place() == "9 / 9"
    assert page.named("Last step").get_attribute("aria-disabled") == "true"
    page.press("ArrowLeft")
    assert page.place() == "8 / 9"
    page.named("First step").click()
    assert page.place() == "0 / 9"


def test_play_runs_to_the_end_and_stops(page):
    page.page.clock.install()
    page.island(step(samples.scalar_steps(), at=7))
    page.named("Play").click()
    assert page.named("Pause").count() == 1
    page.page.clock.run_for(5000)
    assert page.place() == "9 / 9"
    assert page.named("Play").count() == 1


def test_each_step_is_announced_once(page):
    page.island(step(samples.scalar_steps(), at=5))
    live = page.page.locator('[aria-live="polite"]')
    assert live.count() == 1
    page.named("Next step").click()
    assert live.text_content() == "sin sends g times cos(x) = -0.4161 to a: 1 of 2 contributions."


def test_up_and_down_walk_the_lines_while_left_and_right_step(page):
    page.island(step(samples.scalar_steps()))
    page.focus("n:n0")
    page.press("ArrowDown")
    assert page.focused() in ("n:n2", "n:n3")
    before = page.focused()
    page.press("ArrowRight")
    assert page.place() == "1 / 9"
    assert page.focused() == before
    page.press("Enter")
    assert "Multiply two tensors" in page.panel()


def test_scopes_open_and_close_by_click_enter_and_space(page):
    page.island(show(samples.scoped_graph(2)))
    assert "n:n3" in page.boxes()
    page.click("s:net/block0/first")
    assert "n:n3" not in page.boxes()
    assert page.focused() == "s:net/block0/first"
    page.press("Enter")
    assert "n:n3" in page.boxes()
    page.press("Space")
    assert "n:n3" not in page.boxes()
    page.named("Open all scopes").click()
    assert len(page.boxes()) == 24 + 7
    page.named("Close all scopes").click()
    assert page.boxes() == ["s:net", "n:n0", "n:n23"]


def test_a_closed_scope_stays_under_the_pointer(page):
    page.island(show(samples.scoped_graph(2)))
    scope = page.page.locator('[data-key="s:net/block0/first"] > rect')
    box = scope.bounding_box()
    for down in (0.9, 0.5):
        x, y = box["x"] + 8, box["y"] + down * box["height"]
        page.page.mouse.click(x, y)
        box = scope.bounding_box()
        assert box["x"] < x < box["x"] + box["width"]
        assert box["y"] < y < box["y"] + box["height"]


def test_arrows_follow_the_lines_and_tab_stops_once(page):
    page.island(show(samples.matmul_steps()["graph"]))
    assert page.page.locator('.mt-svg [tabindex="0"]').count() == 1
    page.focus("n:n1")
    page.press("ArrowDown")
    assert page.focused() == "n:n3"
    page.press("ArrowRight")
    assert page.focused() == "n:n2"
    page.press("ArrowDown", "ArrowDown")
    assert page.focused() == "n:n5"
    page.press("ArrowUp")
    assert page.focused() == "n:n4"
    page.focus("n:n1")
    page.press("ArrowUp")
    assert page.focused() == "s:dense"
    page.press("ArrowDown", "Space")
    assert page.focused() == "s:dense"
    assert "n:n1" not in page.boxes()
    assert page.page.locator('.mt-svg [tabindex="0"]').count() == 1


def test_selecting_shows_value_shape_source_and_rule(page):
    page.island(show(samples.matmul_steps()["graph"]))
    page.click("n:n3")
    panel = page.panel()
    for words in ("(2, 2)", "float32", "lesson cell:5", "loss = tf.reduce_sum(x @ w + b)",
                  "Matrix product", "g @ bᵀ", "dense", "mean -0.125"):  # fmt: skip
        assert words in panel
    table = page.page.locator(".mt-panel tbody td").all_inner_texts()
    assert table == ["-4", "3", "-5.5", "6"]
    page.named("w").click()
    assert page.focused() == "n:n1"
    assert "variable" in page.panel()
    page.press("Escape")
    assert "Select a node" in page.panel()


def test_hovering_marks_what_leads_here_and_what_follows(page):
    page.island(show(samples.matmul_steps()["graph"]))
    page.page.hover('[data-key="n:n3"] > .mt-box')
    assert page.page.locator(".mt-line.mt-before").count() == 2
    assert page.page.locator(".mt-line.mt-after").count() == 2
    page.page.mouse.move(5, 700)
    assert page.page.locator(".mt-line.mt-before").count() == 0


def test_zoom_by_button_and_with_ctrl_wheel_only(page):
    page.island(show(samples.scoped_graph(2)))
    stage = page.page.locator(".mt-svg > g")
    start = stage.get_attribute("transform")
    page.page.hover(".mt-svg")
    page.page.mouse.wheel(0, 100)
    assert stage.get_attribute("transform") == start
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -100)
    page.page.keyboard.up("Control")
    moved = "start => document.querySelector('.mt-svg > g').getAttribute('transform') !== start"
    page.page.wait_for_function(moved, arg=start)
    page.named("Fit into view").click()
    fitted = page.page.locator('[data-key="n:n23"]').bounding_box()
    view = page.page.locator(".mt-svg").bounding_box()
    assert fitted["y"] + fitted["height"] <= view["y"] + view["height"] + 1


def test_a_big_graph_opens_small_in_number_and_large_in_print(page):
    page.island(show(samples.scoped_graph(18)))
    assert len(page.boxes()) <= 60
    height = "t => parseFloat(getComputedStyle(t).fontSize) * t.getCTM().a"
    heights = page.page.eval_on_selector_all(".mt-svg text", f"all => all.map({height})")
    assert min(heights) >= 9


def test_the_list_reads_all_nodes(page):
    page.island(show(samples.matmul_steps()["graph"]))
    page.page.get_by_text("All nodes as a list").click()
    page.page.wait_for_selector(".mt-list li")
    items = page.page.locator(".mt-list li").all_inner_texts()
    assert items[3] == "matmul: operation, (2, 2) float32, in dense"


def test_two_outputs_of_the_same_picture_both_come_alive(page):
    island = show(samples.scalar_steps()["graph"])
    page.island(island, island)
    assert page.page.locator(".mt").count() == 2
    assert page.page.locator("img").count() == 0


@pytest.mark.parametrize("main", ["graphs/graph", "graphs/stepper"])
def test_hostile_names_stay_text(page, main):
    record = samples.hostile_steps()
    page.island(step(record, at=7) if main == "graphs/stepper" else show(record["graph"]))
    page.focus("n:n4")
    page.press("Enter")
    tags = page.page.evaluate(
        "[...new Set([...document.querySelectorAll('.mt *')].map(e => e.localName))]"
    )
    assert not {"img", "script", "a", "iframe"} & set(tags)
    handlers = page.page.evaluate(
        "[...document.querySelectorAll('.mt *')].flatMap(e => e.getAttributeNames())"
        ".filter(name => name.startsWith('on') || name === 'href')"
    )
    assert handlers == []
    assert "<img onerror=alert(1) src=x>" in page.text(".mt-title")


def luminance(colour):
    numbers = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in numbers]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def styles(page, selector, name):
    return page.page.eval_on_selector_all(
        selector, f"all => [...new Set(all.map(e => getComputedStyle(e).{name}))]"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_stand_out_in_both_schemes(open_page, scheme):
    page = open_page(color_scheme=scheme)
    page.island(step(samples.matmul_steps(), at=5))
    (ground,) = styles(page, ".mt", "backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    for selector in (".mt-panel p", ".mt-panel .mt-dim", ".mt-title span", ".mt-badge"):
        for colour in styles(page, selector, "color"):
            assert contrast(colour, ground) >= 4.5, (selector, colour)
    for fill in styles(page, ".mt-box", "fill"):
        for colour in styles(page, ".mt-svg .mt-node text", "fill"):
            assert contrast(colour, fill) >= 4.5, (colour, fill)
        for colour in styles(page, ".mt-box", "stroke"):
            assert contrast(colour, fill) >= 3
    for selector in (".mt-line", ".mt-box", ".mt-open rect"):
        for colour in styles(page, selector, "stroke"):
            assert contrast(colour, ground) >= 3, (selector, colour)


def test_jupyterlabs_theme_is_followed_live(page):
    page.island(show(samples.matmul_steps()["graph"]))
    for light in ("true", "false"):
        page.page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
        (ground,) = styles(page, ".mt", "backgroundColor")
        assert (luminance(ground) > 0.5) == (light == "true")


def test_targets_are_large_and_named_and_the_focus_shows(open_page):
    page = open_page(reduced_motion="reduce")
    page.island(step(samples.matmul_steps(), at=6))
    for target in page.page.locator(".mt button, .mt input, .mt summary").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert target.get_attribute("aria-label") or target.inner_text()
    page.page.get_by_role("slider").focus()
    page.press("Tab")
    assert styles(page, ":focus", "outlineWidth") == ["3px"]
    page.focus("n:n3")
    assert styles(page, ":focus .mt-box", "strokeWidth") == ["3.5px"]


def test_motion_is_reduced_when_asked(open_page):
    page = open_page(reduced_motion="reduce")
    page.island(show(samples.scalar_steps()["graph"]))
    assert styles(page, ".mt-line", "transitionDuration") == ["0s"]


def test_forced_colours_keep_the_shapes(open_page):
    page = open_page(forced_colors="active")
    page.island(step(samples.scalar_steps(), at=6))
    (text,) = styles(page, ".mt-node text", "fill")
    (ground,) = styles(page, ".mt-box", "fill")
    assert contrast(text, ground) >= 4.5


def test_a_narrow_page_is_not_overflown(page):
    page.page.set_viewport_size({"width": 360, "height": 700})
    page.island(step(samples.matmul_steps(), at=6))
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_plain_keys_do_not_reach_the_notebook_but_its_shortcuts_do(page):
    page.island(step(samples.scalar_steps()))
    page.page.evaluate(
        "window.heard = []; document.body.addEventListener('keydown', e => heard.push(e.key))"
    )
    page.page.get_by_role("slider").focus()
    page.press("ArrowDown", "ArrowRight", "Shift+Enter", "Control+b")
    heard = page.page.evaluate("window.heard.filter(k => !['Shift', 'Control'].includes(k))")
    assert heard == ["Enter", "b"]


def test_a_figure_stays_where_the_browser_is_too_old(page):
    page.page.add_init_script("delete window.DecompressionStream")
    page.page.goto("about:blank")
    page.page.set_content(show(samples.scalar_steps()["graph"]).to_html(static=False))
    page.page.wait_for_function("window.minitensorModules !== undefined")
    page.page.wait_for_timeout(100)
    assert page.page.locator("img").count() == 1
    assert page.page.locator(".mt").count() == 0
    assert len(page.faults) == 1
    assert "the figure stays static" in page.faults.pop()


def test_a_widget_and_python_lead_each_other(page):
    page.widget("graphs/stepper", steps=steps_record(samples.scalar_steps()))
    page.page.evaluate("model.fromPython('step', 6)")
    assert page.node("n0")[2] == "∇ -0.4161 (1 of 2)"
    page.named("Next step").click()
    assert page.page.evaluate("sent.at(-1).step") == 7
    page.page.evaluate("model.fromPython('selected', 'n3')")
    assert "Sine of an angle" in page.panel()
    page.click("n:n1")
    assert page.page.evaluate("sent.at(-1).selected") == "n1"


def test_a_graph_widget_is_led_by_python_too(page):
    page.widget("graphs/graph", graph=graph_record(samples.matmul_steps()["graph"]))
    page.page.evaluate("model.fromPython('collapsed', ['dense'])")
    assert sorted(page.boxes()) == ["n:n0", "n:n5", "s:dense"]
    page.click("s:dense")
    assert page.page.evaluate("sent.at(-1).collapsed") == []
    page.page.evaluate("model.fromPython('graph', { ...model.get('graph'), title: 'another' })")
    assert "another" in page.text(".mt-title")
    assert page.page.locator(".mt").count() == 1


@pytest.mark.parametrize("main", ["graphs/graph", "graphs/stepper"])
def test_dispose_leaves_nothing_behind(page, main):
    record = samples.scalar_steps()
    page.widget(main, steps=steps_record(record), graph=graph_record(record["graph"]))
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0


@pytest.mark.parametrize(("width", "below"), [(600, True), (1000, False)])
def test_words_go_below_the_picture_where_both_do_not_fit(page, width, below):
    page.page.set_viewport_size({"width": width, "height": 800})
    page.island(step(samples.matmul_steps()))
    view = page.page.locator(".mt-view").bounding_box()
    panel = page.page.locator(".mt-panel").bounding_box()
    assert (panel["y"] >= view["y"] + view["height"] - 1) == below
    assert page.page.locator(".mt-more").is_hidden()
