"""The playground in a browser: live with its Python behind it, and frozen without."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

import minitensor as mt
from minitensor_widgets import samples
from minitensor_widgets.play.playing import Play
from minitensor_widgets.play.session import Session
from minitensor_widgets.play.settings import Settings

from .hosted import heard, host, settled

TRAITS = ("scene", "settings", "playing", "step", "selected")


@pytest.fixture
def page(open_page: Any) -> Any:
    return open_page()


def live(page: Any, **given: Any) -> Any:
    """A live playground on the page, its first picture painted."""
    pytest.importorskip("anywidget")
    from minitensor_widgets.live.playground import Playground

    widget = Playground(**given)
    host(page.page, widget, TRAITS)
    page.page.wait_for_function("window.heard > 0")
    page.page.wait_for_function("document.querySelector('.mt-moment').textContent")
    return widget


def frozen(page: Any, **settings: Any) -> Any:
    session = Session(Settings(**settings))
    for _ in range(6):
        session.look()
        session.advance(10)
    session.look()
    return page.island(Play(session.record()))


def steps(page: Any) -> int:
    return int(page.text(".mt-moment").split(" · ")[0].removeprefix("step "))


# ---- pictures flow


def test_pictures_flow_while_it_plays_and_stop_when_it_is_paused(page: Any) -> None:
    widget = live(page)
    page.named("Play").click()
    heard(page, 5)
    page.named("Pause").click()
    settled(page)
    made = steps(page)
    assert made >= 40
    assert widget.step == made
    assert "of the training points are right" in page.text(".mt-views > p")
    assert "Margin" in page.text(".mt-live")
    count = page.page.evaluate("asked.length")
    settled(page)
    assert page.page.evaluate("asked.length") == count


def test_one_question_at_a_time(page: Any) -> None:
    live(page)
    page.named("Play").click()
    heard(page, 10)
    page.named("Pause").click()
    settled(page)
    wants = page.page.evaluate("asked.map((q) => q.want)")
    assert wants == list(range(1, len(wants) + 1))
    assert page.page.evaluate("heard") == len(wants)


def test_two_views_show_the_same_and_ask_no_more_each(page: Any) -> None:
    live(page)
    page.page.evaluate("""() => {
        const el = document.body.appendChild(document.createElement("div"));
        widget.render({ model, el, signal: controller.signal });
    }""")
    page.page.set_viewport_size({"width": 1000, "height": 2600})
    page.named("Play").first.click()
    heard(page, 12)
    assert page.page.evaluate("asked.length - heard") <= 2, "one question of each is on its way"
    page.named("Pause").last.click()
    settled(page)
    first, second = page.page.locator(".mt-moment").all_inner_texts()
    assert first == second
    assert page.named("Play").count() == 2


def test_nothing_is_asked_while_it_is_out_of_sight(page: Any) -> None:
    live(page)
    page.named("Play").click()
    heard(page, 2)
    page.page.evaluate("document.body.prepend(Object.assign(document.createElement('div'), "
                       "{ style: 'height:5000px' })); scrollTo(0, 0)")  # fmt: skip
    settled(page)
    before = page.page.evaluate("asked.length")
    settled(page)
    assert page.page.evaluate("asked.length") == before
    page.page.evaluate("document.querySelector('#host').scrollIntoView()")
    heard(page, 2)


def test_nothing_is_asked_while_the_tab_is_hidden(page: Any) -> None:
    live(page)
    page.named("Play").click()
    heard(page, 2)
    hide = """(state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.page.evaluate(hide, "hidden")
    settled(page)
    before = page.page.evaluate("asked.length")
    settled(page)
    assert page.page.evaluate("asked.length") == before
    page.page.evaluate(hide, "visible")
    heard(page, 2)


def test_a_silent_kernel_is_told_of_after_three_seconds_and_the_picture_stays(page: Any) -> None:
    live(page)
    page.page.clock.install()
    page.page.evaluate("deaf = true")
    picture = "document.querySelector('.mt-plane-field').toDataURL()"
    before = page.page.evaluate(picture)
    page.named("One step").click()
    page.page.clock.run_for(2500)
    assert page.text(".mt-away") == ""
    page.page.clock.run_for(1000)
    assert "Kernel not reachable" in page.text(".mt-away")
    assert page.page.evaluate(picture) == before
    page.page.evaluate("deaf = false")
    page.named("Play").click()
    page.page.wait_for_function("document.querySelector('.mt-away').textContent === ''")


def test_a_late_answer_takes_the_word_back(page: Any) -> None:
    live(page)
    page.page.clock.install()
    page.page.evaluate("deaf = true")
    page.named("One step").click()
    page.page.clock.run_for(3500)
    assert "Kernel not reachable" in page.text(".mt-away")
    page.page.evaluate("toPython({ content: asked.at(-1) }).then(hear)")
    page.page.wait_for_function("document.querySelector('.mt-away').textContent === ''")
    assert steps(page) == 1


def test_a_question_that_was_dropped_is_asked_again(page: Any) -> None:
    widget = live(page)
    assert widget._answering.acquire()
    release = threading.Timer(0.3, widget._answering.release)
    release.start()
    page.page.get_by_text("Show the Python for this").click()
    page.page.wait_for_function("document.querySelector('.mt-list pre').textContent.length > 100")
    release.join()


# ---- controls


def test_a_learning_rate_in_single_precision_is_written_in_few_digits(page: Any) -> None:
    live(page, learning_rate=0.05000000074505806)
    assert page.page.get_by_label("Learning rate").input_value() == "0.05"


def test_settings_are_native_inputs_that_python_hears(page: Any) -> None:
    widget = live(page)
    page.page.get_by_role("combobox", name="Data").select_option("xor")
    page.page.wait_for_function("document.querySelector('.mt-title').textContent.includes('xor')")
    assert widget.settings["data"] == "xor"
    page.page.get_by_label("Learning rate").fill("0.5")
    page.press("Tab")
    settled(page)
    assert widget.settings["learning_rate"] == 0.5
    page.page.get_by_label("Hidden layers").fill("3")
    page.press("Tab")
    page.page.get_by_label("Neurons in layer 3").wait_for()
    settled(page)
    assert widget.settings["hidden"] == [4, 2, 4]
    assert page.page.locator("button.mt-neuron").count() == 4 + 2 + 4 + 1


def test_controls_that_cannot_act_are_not_there(page: Any) -> None:
    live(page, model=lambda x: x[:, 0], step=lambda x, y: 1.0)
    labels = page.page.locator(".mt-settings label").all_inner_texts()
    assert [text.split("\n")[0] for text in labels] == [
        "Data", "Points", "Noise", "Training share, %", "Batch size", "Seed",
    ]  # fmt: skip
    assert page.page.get_by_text("Loss surface").is_hidden()
    assert page.page.locator(".mt-panel").is_hidden()
    assert "not drawn" in page.text(".mt-net-place")


def test_python_leads_the_page(page: Any) -> None:
    widget = live(page)
    widget.run(25)
    page.page.evaluate("toPython({}).then(hear)")
    page.page.wait_for_function("document.querySelector('.mt-moment').textContent.includes('25')")
    widget.playing = True
    page.page.evaluate("toPython({}).then(hear)")
    heard(page, 3)
    page.named("Pause").click()
    settled(page)
    assert widget.playing is False


def test_reset_begins_again(page: Any) -> None:
    live(page)
    first = page.text(".mt-moment")
    for _ in range(3):
        page.named("One step").click()
        settled(page)
    assert steps(page) == 3
    page.named("Reset").click()
    settled(page)
    assert page.text(".mt-moment") == first


# ---- neurons and weights


def test_an_edge_is_chosen_by_mouse_and_its_number_typed(page: Any) -> None:
    widget = live(page)
    edge = page.page.locator('[data-edge="0:3:0"]')
    edge.dispatch_event("click")
    assert page.page.evaluate("document.activeElement.dataset.row") == "0"
    assert "Into neuron 4 of layer 1" in page.panel()
    page.page.keyboard.type("-2.5")
    page.press("Enter")
    settled(page)
    assert float(widget._session.training.network.weights()[0]["w"][0][3]) == -2.5
    assert "mt-minus" in page.page.locator(".mt-weight").nth(3).get_attribute("class")


def test_everything_can_be_done_by_keyboard_alone(page: Any) -> None:
    widget = live(page)
    focused = "document.activeElement.dataset.key ?? document.activeElement.textContent.trim()"
    page.press("Tab", "Tab")
    assert page.page.evaluate(focused) == "One step"
    page.press("Enter")
    settled(page)
    page.press("ArrowRight")
    settled(page)
    assert steps(page) == 2
    page.page.locator("button.mt-neuron").first.focus()
    page.press("ArrowDown", "ArrowRight", "ArrowUp")
    assert page.page.evaluate(focused) == "1:0"
    page.press("Enter")
    assert "Into neuron 1 of layer 2" in page.panel()
    assert page.page.locator('button.mt-neuron[tabindex="0"]').count() == 1
    page.page.get_by_label("weight of neuron 3").focus()
    page.press("Control+a")
    page.page.keyboard.type("3")
    page.press("Enter")
    settled(page)
    assert widget._session.training.network.weights()[1]["w"][2][0] == 3.0
    page.page.get_by_label("On the edges").focus()
    page.press("g")
    settled(page)
    assert "gradient" in page.panel()
    page.page.get_by_text("Loss surface around").focus()
    page.press("Enter", "Tab", "Tab", "Enter")
    page.page.wait_for_selector(".mt-slice")
    assert "The loss here is" in page.text(".mt-slice")


def test_own_points_are_put_by_mouse_and_by_keys(page: Any) -> None:
    widget = live(page, data="own")
    stage = page.page.locator(".mt-plane-stage").first
    box = stage.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    settled(page)
    assert widget._session.training.placed[0] == pytest.approx([-0.75, 0.0, 0.0], abs=0.02)
    stage.focus()
    for _ in range(10):
        page.press("Shift+ArrowRight")
    page.press("ArrowUp", "2")
    settled(page)
    assert widget._session.training.placed[1] == pytest.approx([1.5, 0.06, 1.0], abs=0.02)
    assert page.page.locator(".mt-point").count() == 2
    page.named("Play").click()
    heard(page, 4)
    page.named("Pause").click()
    settled(page)
    assert "100 % right" in page.text(".mt-moment")
    stage.focus()
    page.press("Delete")
    settled(page)
    assert page.page.locator(".mt-point").count() == 1
    page.named("One step").click()
    settled(page)
    assert "at least one point of each class" in page.text(".mt-problem")


def test_dead_neurons_say_so(page: Any) -> None:
    widget = live(page, activation="relu")
    for row in (0, 1, -1):
        widget._orders.append(["weight", 0, row, 2, -1.0 if row < 0 else 0.0])
    page.named("One step").click()
    settled(page)
    neuron = page.page.locator('[data-key="0:2"]')
    assert "dead: zero for all points" in neuron.get_attribute("aria-label")
    assert "mt-dead" in neuron.get_attribute("class")


def test_an_error_stops_it_and_shows_the_line(page: Any) -> None:
    calls = []

    def step(x: Any, y: Any) -> float:
        calls.append(1)
        if len(calls) > 25:
            raise ValueError("the loss ran away")
        return 0.5

    widget = live(page, model=lambda x: x[:, 0] - 0.1, step=step)
    page.named("Play").click()
    page.page.wait_for_selector(".mt-problem")
    settled(page)
    assert "the loss ran away" in page.text(".mt-problem")
    assert 'raise ValueError("the loss ran away")' in page.text(".mt-problem")
    assert widget.playing is False
    assert steps(page) == 25
    assert page.named("Play").is_visible()


def test_a_learners_slow_model_gives_ten_pictures_a_second(page: Any) -> None:
    w = mt.Variable([[1.0], [1.0]])

    def model(x: Any) -> Any:
        # Not fast: a hundred operations, one at a time.
        out = x @ w
        for _ in range(100):
            out = out * 1.0
        return out

    def step(x: Any, y: Any) -> Any:
        with mt.GradientTape() as tape:
            loss = mt.reduce_mean((mt.sigmoid(model(x)) - y) ** 2)
        w.assign_sub(tape.gradient(loss, w))
        return loss

    live(page, model=model, step=step, variables=[w])
    page.named("Play").click()
    heard(page, 3)
    took = page.page.evaluate("""async () => {
        const start = performance.now(), first = heard;
        while (heard < first + 20) await new Promise((go) => setTimeout(go, 5));
        return (performance.now() - start) / 20;
    }""")
    assert took < 250, "10 a second on an idle machine; four times that on a busy one"
    page.named("Pause").click()
    settled(page)


# ---- the program


def test_the_program_is_shown_and_copied(page: Any) -> None:
    live(page)
    page.named("One step").click()
    settled(page)
    page.page.get_by_text("Show the Python for this").click()
    settled(page)
    assert "while done < 1:" in page.text(".mt-list pre")
    write = "{ value: { writeText: (text) => { window.copied = text; } } }"
    page.page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {write})")
    page.named("Copy").click()
    assert page.page.evaluate("copied").startswith("import numpy as np")
    page.page.evaluate("void (navigator.clipboard.writeText = () => { throw new Error(); })")
    page.named("Copy").click()
    assert page.page.evaluate("getSelection().toString()").startswith("import numpy as np")


# ---- live and frozen


@pytest.mark.parametrize("where", ["frozen", "live"])
def test_hostile_words_stay_text(page: Any, where: str) -> None:
    bad = "".join(samples.HOSTILE)
    if where == "live":
        widget = live(page)
        scene = {**widget.scene, "title": bad, "measure": bad, "sets": [bad, "circle"]}
        frame = {"step": 1, "accuracy": [1, 1], "layers": [], "slopes": [], "reading": bad,
                 "losses": [1, 2]}  # fmt: skip
        problem = {"text": bad, "file": bad, "line": 3, "source": bad}
        surface = {"kind": bad, "rows": [[1, 2], [3, None]], "here": 1, "reading": bad}
        content = {"frame": frame, "units": [], "problem": problem, "program": bad,
                   "surface": surface}  # fmt: skip
        page.page.evaluate(
            "({ scene, content }) => hear({ state: { scene }, "
            "messages: [{ content, buffers: [btoa('x'.repeat(10000))] }] })",
            {"scene": json.loads(json.dumps(scene)), "content": content},
        )
        settled(page)
    else:
        record = Session(Settings()).record()
        record |= {"title": bad, "reading": bad, "measure": bad, "program": bad,
                   "problem": {"text": bad, "file": bad, "line": 1, "source": bad}}  # fmt: skip
        page.island(Play(record))
    tags = page.page.evaluate(
        "[...new Set([...document.querySelectorAll('.mt *')].map((e) => e.localName))]"
    )
    assert not {"img", "script", "a", "iframe"} & set(tags)
    assert samples.HOSTILE[0] in page.text(".mt-title")
    assert samples.HOSTILE[0] in page.text(".mt-problem")


@pytest.mark.parametrize("where", ["frozen", "live"])
def test_targets_are_large_and_named_and_narrow_pages_are_not_overflown(
    page: Any, where: str
) -> None:
    page.page.set_viewport_size({"width": 360, "height": 700})
    (live if where == "live" else frozen)(page, hidden=[8, 8, 8])
    page.page.locator("button.mt-neuron").first.click()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in page.page.locator(".mt :is(button, input, select, summary)").all():
        if not target.is_visible():
            continue
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24, target.evaluate("e => e.outerHTML")
        named = target.evaluate("e => e.ariaLabel || e.innerText || e.labels?.[0]?.innerText")
        assert named, target.evaluate("e => e.outerHTML")


def test_dispose_leaves_nothing_and_asks_nothing(page: Any) -> None:
    live(page)
    page.named("Play").click()
    heard(page, 2)
    page.page.evaluate("dispose()")
    assert page.page.evaluate("document.getElementById('host').childElementCount") == 0
    assert page.page.evaluate("Object.values(listeners).flat().length") == 0
    before = page.page.evaluate("asked.length")
    settled(page)
    assert page.page.evaluate("asked.length") == before
