"""The compare page: two players as one."""

from __future__ import annotations

from tests.browser.conftest import problems_of, visit


def test_the_original_follows_the_version_when_it_is_sought_and_played(page, site):
    visit(page, site.addresses["derivative"])
    page.wait_for_function("() => document.querySelector('[data-leader]').readyState >= 1")
    page.wait_for_function("() => document.querySelector('[data-follower]').readyState >= 1")
    page.evaluate("document.querySelector('[data-leader]').currentTime = 1.5")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('[data-follower]').currentTime - 1.5) < 0.1"
    )
    page.evaluate("document.querySelector('[data-leader]').play()")
    page.wait_for_function("() => !document.querySelector('[data-follower]').paused")
    page.evaluate("document.querySelector('[data-leader]').pause()")
    page.wait_for_function("() => document.querySelector('[data-follower]').paused")


def opened(page, site):
    visit(page, site.addresses["derivative"])
    page.wait_for_function(
        "() => [...document.querySelectorAll('.compare video')].every((video) => video.readyState >= 1)"
    )
    return page


def times(page) -> list[float]:
    return page.evaluate("[...document.querySelectorAll('.compare video')].map((one) => one.currentTime)")


def test_by_keyboard_both_play_step_and_stop_at_the_same_frame(page, site):
    opened(page, site)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.compare video')]"
        ".every((video) => Math.abs(video.currentTime - 1.04) < 0.001)"
    )
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play").wait_for()
    page.wait_for_function(
        "() => { const [one, other] = [...document.querySelectorAll('.compare video')];"
        " return one.paused && other.paused && Math.abs(one.currentTime - other.currentTime) < 0.001; }"
    )
    assert times(page)[0] >= 1.04


def test_a_place_to_look_at_is_one_press_away(page, site):
    opened(page, site)
    page.get_by_role("button", name="0:02 to 0:03").press("Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.compare video')]"
        ".every((video) => video.paused && Math.abs(video.currentTime - 2) < 0.001)"
    )


def test_a_divider_and_a_larger_picture_are_there_for_mouse_and_keyboard(page, site):
    opened(page, site)
    stage = page.locator("[data-stage]")
    page.keyboard.press("v")
    boxes = [page.locator("[data-window]").nth(at).bounding_box() for at in (0, 1)]
    assert boxes[0] == boxes[1]
    box = boxes[0]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40, steps=4)
    page.mouse.up()
    assert abs(float(page.get_by_label("Original up to").input_value()) - 25) <= 1
    page.get_by_label("Original up to").press("End")
    assert stage.evaluate("one => one.style.getPropertyValue('--divider')") == "100%"
    page.keyboard.press("v")
    page.get_by_label("Original up to").wait_for(state="hidden")
    page.keyboard.press("z")
    stage.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    place = "one => ['--zoom', '--x', '--y'].map((name) => one.style.getPropertyValue(name))"
    assert stage.evaluate(place) == ["2", "100%", "50%"]
    assert times(page) == [0, 0]


def test_on_a_phone_each_line_of_a_card_has_its_name_above_and_its_limit_in_sight(open_context, site):
    page = open_context("alice", viewport={"width": 390, "height": 844}).new_page()
    opened(page, site)
    line = page.get_by_role("row").filter(has_text="Finds the person").first
    name, limit = line.get_by_role("rowheader").bounding_box(), line.get_by_role("cell").last.bounding_box()
    assert name["width"] > 250
    assert line.get_by_role("cell").first.bounding_box()["width"] > 100
    assert name["y"] + name["height"] <= limit["y"]
    assert limit["x"] + limit["width"] <= 390
    assert problems_of(page) == []
