"""The backward stepper on a page: predicting, jumping, comparing lengths, stepping over groups."""

import numpy as np
import pytest

import minitensor as mt
from minitensor_widgets import samples, step
from minitensor_widgets.graphs.grouping import step_groups
from minitensor_widgets.graphs.records import steps_record


@pytest.fixture
def page(open_page):
    return open_page(reduced_motion="reduce")


def scalar_tape():
    a, b = mt.Variable(2.0, name="a"), mt.Variable(3.0, name="b")
    with mt.GradientTape() as tape:
        y = a * b + mt.sin(a)
    return tape, y


def vanishing():
    w, h = mt.Variable(np.eye(4, dtype="f") * 0.05), mt.Variable(mt.ones((1, 4)))
    with mt.GradientTape() as tape:
        for _ in range(5):
            h = mt.tanh(h @ w)
        loss = mt.reduce_sum(h)
    return tape, loss


def switch(page, name):
    page.page.get_by_label(name).check()


def answer(page, text):
    page.page.keyboard.type(text)
    page.press("Enter")
    return page.text(".mt-reply")


def test_a_prediction_is_asked_for_checked_and_explained(page):
    page.island(step(*scalar_tape(), at=6))
    switch(page, "predict first")
    page.named("Next step").click()
    assert page.place() == "6 / 9"
    assert "What will the gradient of a be after it?" in page.panel()
    assert "g = 1 has arrived; a has -0.4161 so far" in page.panel()
    reply = answer(page, "2.58")
    assert reply.startswith("✓ Right: it is 2.584. Because g · b = 1 · 3, then -0.4161 + 3 = 2.584")
    assert "1 of 1 right" in reply
    page.press("Enter")
    assert page.place() == "7 / 9"
    assert "predicted: 1 of 1 right" in page.panel()


def test_a_wrong_prediction_gets_the_value_and_the_reason(page):
    page.island(step(*scalar_tape(), at=5))
    switch(page, "predict first")
    page.named("Next step").click()
    assert answer(page, "1").startswith(
        "✗ Not quite: it is -0.4161. Because g · cos(a) = 1 · cos(2)"
    )
    page.named("Next step").click()
    assert page.place() == "6 / 9"


def test_a_prediction_can_be_skipped_and_forward_steps_are_not_asked_for(page):
    page.island(step(*scalar_tape(), at=0))
    switch(page, "predict first")
    for _ in range(4):
        page.named("Next step").click()
    assert page.place() == "4 / 9"
    page.named("Next step").click()
    assert page.place() == "4 / 9"
    page.named("Next step").click()
    assert page.place() == "5 / 9"


def test_the_score_is_not_part_of_what_is_saved(page):
    page.widget("graphs/stepper", steps=step(*scalar_tape()).record, step=6)
    switch(page, "predict first")
    page.named("Next step").click()
    answer(page, "3")
    page.press("Enter")
    assert page.place() == "7 / 9"
    saved = page.page.evaluate("sent[sent.length - 1]")
    assert sorted(saved) == ["collapsed", "graph", "selected", "step", "steps"]


def test_an_element_of_a_tensor_is_named_and_the_shape_of_a_large_one_is_asked_for(page):
    page.island(step(samples.matmul_steps(), at=7))
    switch(page, "predict first")
    page.named("Next step").click()
    assert "What will element [0, 0] of the gradient of w be" in page.panel()
    x = mt.Variable(mt.ones((9, 9)))
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(x * 2.0)
    page.island(step(tape, y, at=3))
    switch(page, "predict first")
    page.named("Next step").click()
    assert "Which shape will the gradient of multiply have" in page.panel()
    assert answer(page, "9, 9").startswith("✓ Right: it is (9, 9).")


def test_a_selected_node_leads_to_its_steps_and_lists_its_contributions(page):
    page.island(step(*scalar_tape(), at=9))
    page.click("n:n0")
    table = page.page.get_by_role("table", name="Contributions")
    cells = table.locator("td").all_inner_texts()
    assert cells == ["sin", "-0.4161", "-0.4161", "multiply", "3", "2.584"]
    slopes = page.page.get_by_role("table", name="Measured slopes")
    assert slopes.locator("td").all_inner_texts() == ["", "2.5839", "2.5839"]
    page.named("go to its gradient").click()
    assert page.place() == "6 / 9"
    assert slopes.count() == 0, "the gradient is not final yet"
    page.named("sin").first.click()
    page.named("go to its forward step").click()
    assert page.place() == "2 / 9"
    page.named("go to its backward step").click()
    assert page.place() == "6 / 9"
    assert "upstream 1 × local derivative -0.4161 = -0.4161" in page.panel()


def test_lengths_of_gradients_say_that_they_vanish(page):
    page.island(step(*vanishing(), at=100))
    assert "log₁₀‖∇‖" not in page.page.locator(".mt-svg").text_content()
    switch(page, "gradient sizes")
    assert (
        "The length falls by a factor of 10⁵, from 2 at matmul_4 to 1.25e-5 at matmul"
        in page.panel()
    )
    assert page.page.locator(".mt-lengths li").count() == 13
    assert page.page.locator(".mt-size").count() == 13
    assert "log₁₀‖∇‖ = 0.3" in page.page.locator(".mt-svg").text_content()


def test_the_first_operation_that_makes_nan_is_marked(page):
    x = mt.Variable([0.0, 4.0])
    with mt.GradientTape() as tape:
        y = mt.reduce_sum(mt.math.log(x - 1.0))
    page.island(step(tape, y))
    assert "log is the first operation that makes NaN" in page.text(".mt-trouble")
    assert page.page.locator(".mt-first").count() == 1
    label = page.page.locator("[data-key]:has(.mt-first)").get_attribute("aria-label")
    assert label.endswith("NaN or infinity starts here")


def test_an_inner_gradient_leads_to_what_it_differentiates(page):
    x = mt.Variable(2.0)
    with mt.GradientTape() as outer:
        with mt.GradientTape() as inner:
            y = x * x * x
        g = inner.gradient(y, x)
    page.island(step(outer, g, at=8))
    assert "part of the gradient of" in page.panel()
    page.page.locator(".mt-panel p", has_text="part of the gradient").get_by_role("button").click()
    assert "an inner gradient recorded for it" in page.panel()


def test_the_line_that_runs_is_marked_among_its_neighbours(page):
    page.island(step(*scalar_tape(), at=1))
    lines = page.page.locator(".mt-program code")
    assert lines.count() == 5
    current = page.page.locator('.mt-program [aria-current="true"]').inner_text()
    assert "y = a * b + mt.sin(a)" in current


def test_a_faster_speed_holds_while_it_plays(page):
    page.page.clock.install()
    page.island(step(*scalar_tape()))
    page.named("Play").click()
    page.page.get_by_label("Speed").select_option("fast")
    page.page.clock.run_for(400)
    assert page.place() == "1 / 9"
    page.page.clock.run_for(4000)
    assert page.place() == "9 / 9"
    page.page.get_by_label("Speed").focus()
    page.press("ArrowUp")
    assert page.place() == "9 / 9"


def many_steps():
    """Two scopes of 300 operations each, one after the other."""
    nodes = [samples.node("n0", "x", "variable", 1.0)]
    nodes += [samples.node(f"n{i}", "identity", "op", 1.0, scope=f"half{(i - 1) // 300}")
              for i in range(1, 601)]  # fmt: skip
    edges = [samples.edge(f"n{i}", f"n{i + 1}") for i in range(600)]
    forward = [samples.step("forward", f"n{i}", f"forward {i}", f"{i} is computed.",
                            value=samples.value(1.0)) for i in range(1, 601)]  # fmt: skip
    seed = samples.step("seed", "n600", "seed", "Start with 1.", upstream=samples.value(1.0))
    backward = [
        samples.step("backward", f"n{i}", f"backward {i}", f"{i} sends 1.",
                     upstream=samples.value(1.0),
                     sends=[samples.send(f"n{i - 1}", "g", "1", 1.0, 1.0)])
        for i in range(600, 0, -1)
    ]  # fmt: skip
    return {"version": 1, "graph": samples.graph("long", nodes, edges), "target": "n600",
            "steps": [*forward, seed, *backward], "sources": ["n0"]}  # fmt: skip


def test_a_long_pass_is_stepped_over_by_scope_and_opened(page):
    page.island(step(many_steps()))
    page.named("Next step").click()
    assert page.place() == "300 / 1201"
    assert "forward through half0" in page.panel()
    live = page.page.locator('[aria-live="polite"]')
    assert live.text_content() == ("forward through half0: 300 steps as one. Goes out: identity 1.")
    for place in (600, 601, 901, 1201):
        page.press("ArrowRight")
        assert page.place() == f"{place} / 1201"
    assert "x" in page.panel().split("goes out")[1]
    page.named("step inside").click()
    assert page.place() == "902 / 1201" or "taken as one" in page.panel()
    page.page.locator(".mt-panel").get_by_role("button", name="back to").first.click()
    assert "taken as one" in page.panel()
    page.press("ArrowLeft")
    assert page.place() == "901 / 1201"


def test_every_task_can_be_done_with_the_keyboard(page):
    page.island(step(*scalar_tape()))
    page.page.get_by_role("slider").focus()
    page.press("ArrowRight", "ArrowRight", "End", "Home")
    assert page.place() == "0 / 9"
    page.page.get_by_label("predict first").focus()
    page.press("Space")
    assert page.page.get_by_label("predict first").is_checked()
    page.press("End", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight")
    page.press(*"2.6", "Enter", "Enter")
    assert page.place() == "7 / 9"
    page.focus("n:n0")
    page.press("Enter")
    for _ in range(12):
        page.press("Tab")
        if page.page.evaluate("document.activeElement.textContent") == "go to its gradient":
            break
    page.press("Enter")
    assert page.place() == "6 / 9"


def hostile():
    record = samples.hostile_steps()
    bad = samples.HOSTILE
    record["checks"] = [{"node": "n0", "text": bad[0], "agrees": False, "rows": [list(bad[:3])]}]
    source = {"file": bad[1], "line": 1, "text": bad[2]}
    record["trouble"] = {"node": "n3", "phase": "forward", "text": bad[3], "source": source}
    record["lines"] = {bad[1]: {"1": bad[0], "2": bad[4]}}
    record["derives"] = {"n3": "n2"}
    return record


def test_hostile_texts_stay_texts(page):
    page.island(step(hostile(), at=9))
    page.focus("n:n0")
    page.press("Enter")
    switch(page, "gradient sizes")
    switch(page, "predict first")
    assert samples.HOSTILE[0] in page.panel()
    assert page.page.locator(".mt img, .mt script, .mt svg svg").count() == 0
    record = many_steps()
    for node in record["graph"]["nodes"]:
        node["scope"] = samples.HOSTILE[0]
    page.island(step(record))
    page.named("Next step").click()
    assert page.page.locator(".mt img").count() == 0


def test_the_groups_of_a_record_are_made_by_the_view():
    record = steps_record(many_steps())
    titles = [group["title"] for group in step_groups(record) if "half" in group["title"]]
    assert titles[0] == "forward through half0"
    assert "backward through half0" in titles


def test_nothing_is_left_when_it_is_disposed_of(page):
    page.widget("graphs/stepper", steps=step(*scalar_tape()).record)
    switch(page, "predict first")
    page.named("Last step").click()
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.querySelector('.mt') === null")


def test_the_node_of_the_first_step_shown_is_in_view(page):
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        y = x
        for _ in range(30):
            y = mt.sin(y)
    page.island(step(tape, y, collapsed=[], at=30))
    page.page.wait_for_function(
        """() => {
            const box = (name) => document.querySelector(name).getBoundingClientRect();
            const [now, view] = [box(".mt-now"), box(".mt-svg")];
            return view.top <= now.top && now.top <= view.bottom - now.height / 2;
        }"""
    )


def test_a_step_shows_its_node_and_those_it_sends_to(page):
    page.page.set_viewport_size({"width": 900, "height": 700})
    x = mt.Variable(1.0)
    with mt.GradientTape() as tape:
        y = x
        for _ in range(14):
            y = mt.tanh(y)
    island = step(tape, y, at=18)
    record = island.record["steps"][17]
    page.island(island)
    canvas = page.page.locator(".mt-svg").bounding_box()
    for name in [record["node"], *(send["to"] for send in record["sends"])]:
        box = page.page.locator(f'[data-key="n:{name}"]').bounding_box()
        assert canvas["y"] <= box["y"]
        assert box["y"] + box["height"] <= canvas["y"] + canvas["height"]
