"""Marking what must not be heard, with the keyboard and with the mouse."""

from __future__ import annotations

import pytest

from tests.browser.conftest import visit


@pytest.fixture
def sound(page, site):
    visit(page, site.addresses["sound"])
    page.locator("[data-part=spans][data-open]").wait_for()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    return page


def marked(page) -> list[str]:
    return page.locator("[data-spans] li").all_inner_texts()


def go(page, seconds: float) -> None:
    page.get_by_label("Time", exact=True).fill(str(seconds))
    page.locator("body").click(position={"x": 1, "y": 1})


def test_the_keyboard_plays_steps_marks_bleeps_removes_and_takes_back(sound):
    press = sound.keyboard.press
    press(" ")
    sound.wait_for_function(
        "() => !document.querySelector('video').paused && document.querySelector('video').currentTime > 0.3"
    )
    press(" ")
    sound.wait_for_function("() => document.querySelector('video').paused")
    go(sound, 2)
    assert sound.locator("[data-clock]").inner_text() == "0:02.00 of 1:00.00"
    press("[")
    assert marked(sound) == ["0:02.00 to 0:03.00, silence"]
    press("Shift+ArrowRight")
    press("ArrowRight")
    press("ArrowRight")
    press("]")
    assert marked(sound) == ["0:02.00 to 0:03.20, silence"]
    press("b")
    assert marked(sound) == ["0:02.00 to 0:03.20, bleep"]
    press("Shift+ArrowRight")
    press("[")
    assert marked(sound) == ["0:02.00 to 0:03.20, bleep", "0:04.20 to 0:05.20, silence"]
    press("Delete")
    assert marked(sound) == ["0:02.00 to 0:03.20, bleep"]
    press("z")
    assert len(marked(sound)) == 2
    press("y")
    assert len(marked(sound)) == 1
    press("p")
    assert sound.locator("[data-clock]").inner_text().startswith("0:02.00")
    press("l")
    sound.wait_for_function("() => !document.querySelector('video').paused")
    sound.wait_for_function("() => document.querySelector('video').paused")
    assert sound.locator("[data-clock]").inner_text().startswith("0:03.9")
    go(sound, 3)
    press("[")  # within the chosen span, which stays whole
    assert marked(sound) == ["0:02.00 to 0:03.20, bleep", "0:03.00 to 0:04.00, silence"]


def test_what_is_marked_is_saved_is_there_again_and_is_silent_in_between(sound):
    go(sound, 10)
    box = sound.locator("[data-lane]").bounding_box()
    sound.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    sound.mouse.down()
    sound.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    sound.mouse.up()
    assert marked(sound)[0].startswith(("0:30.0", "0:29.9"))
    sound.get_by_label("From, seconds").fill("20")
    sound.get_by_label("To, seconds").fill("21.5")
    sound.get_by_label("To, seconds").press("Tab")
    assert marked(sound) == ["0:20.00 to 0:21.50, silence"]
    sound.get_by_role("button", name="Save the spans").click()
    sound.get_by_text("1 span saved.").wait_for()
    sound.get_by_role("button", name="As it will be").click()
    go(sound, 20.5)
    assert sound.evaluate("() => document.querySelector('video').volume") == 0
    go(sound, 22)
    assert sound.evaluate("() => document.querySelector('video').volume") == 1
    sound.reload()
    sound.locator("[data-part=spans][data-open]").wait_for()
    sound.get_by_role("button", name="0:20.00 to 0:21.50, silence").click()
    sound.get_by_role("button", name="Remove").click()
    sound.get_by_role("button", name="Save the spans").click()
    sound.get_by_text("0 spans saved.").wait_for()


def test_where_somebody_speaks_is_looked_for_on_request(sound):
    sound.get_by_role("button", name="Find where somebody speaks").click()
    sound.get_by_text("Nobody was heard to speak. The machine may be wrong: listen to it.").wait_for()


def test_what_is_marked_of_a_search_that_was_stopped_says_up_to_where(sound):
    later = []

    def answer(route):
        if route.request.post_data_json["start_us"]:
            later.append(route)
        else:
            route.fulfill(json={"spans": [[1_000_000, 2_000_000]], "end_us": 30_000_000})

    sound.route(sound.locator("[data-speech]").get_attribute("data-speech"), answer)
    sound.get_by_role("button", name="Find where somebody speaks").click()
    sound.get_by_text("Listened to 0:30.00").wait_for()
    sound.get_by_role("button", name="Stop", exact=True).click()
    while not later:
        sound.wait_for_timeout(20)
    later[0].fulfill(json={"spans": [], "end_us": 40_000_000})
    sound.get_by_role("button", name="Mark all").click()
    said = "1 span marked, up to 0:40.00. The machine may miss voices: listen to it."
    assert sound.locator("[data-said]").inner_text() == said
