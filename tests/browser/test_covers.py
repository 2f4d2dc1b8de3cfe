"""Looking at a version frame by frame, and drawing covers over it, with mouse and keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.conftest import visit


@pytest.fixture
def sketch(page, site):
    visit(page, f"{site.addresses['derivative']}covers/")
    page.locator("[data-part=covers][data-open]").wait_for()
    page.wait_for_function("() => document.querySelector('.stage video').readyState >= 2")
    return page


def clock(page) -> str:
    return page.locator("[data-clock]").inner_text()


def drag(page, start, end) -> None:
    """Draw from one place of the picture to another, each as shares of its sides."""
    box = page.locator("[data-stage]").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()


def box_px(page) -> list[int]:
    return [int(page.get_by_label(name).input_value()) for name in ("Left, pixels", "Top", "Right", "Bottom")]


def test_the_keyboard_steps_by_frames_and_seconds_and_the_picture_follows(sketch):
    assert clock(sketch).startswith("0:00.00, frame 1 of ")
    sketch.keyboard.press("ArrowRight")
    sketch.keyboard.press("ArrowRight")
    assert clock(sketch).startswith("0:00.08, frame 3 of ")
    sketch.wait_for_function(
        "() => Math.abs(document.querySelector('.stage video').currentTime - 0.1) < 0.001"
    )
    sketch.keyboard.press("Shift+ArrowRight")
    assert clock(sketch).startswith("0:01.08, frame 28 of ")
    sketch.keyboard.press("ArrowLeft")
    assert clock(sketch).startswith("0:01.04, frame 27 of ")
    sketch.get_by_label("Frame", exact=True).press("End")
    assert clock(sketch).endswith("frame 1500 of 1500")
    sketch.get_by_label("Frame", exact=True).press("Home")
    assert clock(sketch).startswith("0:00.00, frame 1 of ")
    sketch.keyboard.press(" ")
    sketch.wait_for_function("() => !document.querySelector('.stage video').paused")
    sketch.keyboard.press(" ")
    sketch.wait_for_function("() => document.querySelector('.stage video').paused")
    sketch.get_by_role("button", name="Original").click()
    sketch.wait_for_function("() => !document.querySelectorAll('.stage video')[1].hidden")


def test_whoever_is_to_be_left_as_they_are_is_shown_first(sketch):
    sketch.get_by_label("Person 2, seen 0:08 to 0:10").check()
    sketch.get_by_text("Person 2 is seen here, and would be in the new version.").wait_for()
    assert clock(sketch).startswith("0:09.00")
    assert sketch.get_by_role("button", name="Original").get_attribute("aria-pressed") == "true"
    assert sketch.get_by_label("Why they are left as they are").is_visible()


def test_a_cover_is_drawn_moved_named_ended_taken_back_saved_and_there_again(sketch):
    drag(sketch, (0.1, 0.1), (0.3, 0.5))
    assert box_px(sketch) == [32, 18, 96, 90]
    drag(sketch, (0.2, 0.3), (0.3, 0.3))
    assert box_px(sketch) == [64, 18, 128, 90]
    sketch.keyboard.press("z")
    assert box_px(sketch) == [32, 18, 96, 90]
    sketch.get_by_label("What it is").fill("name badge")
    sketch.get_by_label("What it is").press("Tab")
    for _ in range(3):
        sketch.locator("[data-forward]").click()
    sketch.keyboard.press("]")
    sketch.get_by_role("button", name="name badge, 0:00.00 to 0:00.12").wait_for()
    make = sketch.get_by_role("button", name="Make another version")
    assert make.is_disabled()
    sketch.get_by_text("Save the covers first.").wait_for()
    sketch.get_by_role("button", name="Save the covers").click()
    sketch.get_by_text("1 cover saved.").wait_for()
    assert make.is_enabled()
    sketch.reload()
    sketch.get_by_role("button", name="name badge, 0:00.00 to 0:00.12").click()
    assert box_px(sketch) == [32, 18, 96, 90]
    sketch.keyboard.press("Delete")
    sketch.get_by_role("button", name="Save the covers").click()
    sketch.get_by_text("0 covers saved.").wait_for()
    assert make.is_disabled()
    sketch.get_by_text("Nothing differs from this version yet").wait_for()


def test_without_a_mouse_a_cover_is_begun_and_set_by_numbers(sketch):
    sketch.keyboard.press("d")
    assert box_px(sketch) == [128, 72, 192, 108]
    for name, value in (("Right", "300"), ("Bottom", "170")):
        sketch.get_by_label(name).fill(value)
        sketch.get_by_label(name).press("Tab")
    assert box_px(sketch) == [128, 72, 300, 170]
    sketch.get_by_label("Right").fill("3")
    sketch.get_by_label("Right").press("Tab")
    assert sketch.get_by_label("Right").evaluate("field => !field.validity.valid")


def test_a_cover_follows_what_it_was_drawn_around_and_a_correction_stays(sketch):
    for _ in range(12):
        sketch.keyboard.press("ArrowRight")
    # The block of frame 13 of the film: its middle at 12/50 of the width.
    drag(sketch, (0.24 - 0.15, 0.58), (0.24 + 0.15, 0.92))
    before = box_px(sketch)
    sketch.get_by_role("button", name="Follow").click()
    sketch.get_by_text("Look at it frame by frame").or_(sketch.get_by_text("Correct the box here")).wait_for()
    after = box_px(sketch)
    assert after[0] > before[0] + 40
    assert abs((after[2] - after[0]) - (before[2] - before[0])) <= 12
