"""Participants sign on the pad, with a mouse or a finger; what they drew survives an error and is kept."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import problems_of, visit
from tests.browser.seed import PASSWORD
from tests.browser.test_consent_story import recruit

WAY = ((0.2, 0.7), (0.35, 0.2), (0.5, 0.8), (0.7, 0.3))


def on_screen(pad: Locator) -> list[tuple[float, float]]:
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in WAY]


def draw_with_mouse(page: Page, pad: Locator) -> None:
    first, *rest = on_screen(pad)
    page.mouse.move(*first)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def draw_with_finger(page: Page, pad: Locator) -> None:
    session = page.context.new_cdp_session(page)
    first, *rest = on_screen(pad)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        where = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    touch("touchStart", first)
    for point in rest:
        touch("touchMove", point)
    touch("touchEnd")


def drawn_on(page: Page) -> list:
    return json.loads(page.locator("input[name=drawing]").input_value() or "[]")


@pytest.mark.parametrize("draw", [draw_with_mouse, draw_with_finger])
def test_signature_is_drawn_cleared_kept_after_an_error_and_recorded(open_context, site, draw):
    page = open_context("alice", has_touch=True, viewport={"width": 900, "height": 1100}).new_page()
    recruit(page, site)
    page.wait_for_selector("html[data-ready]")
    pad = page.locator("canvas.pad")
    draw(page, pad)
    expect(page.locator("#draw-state")).to_have_text("Drawn with 1 stroke.")
    page.get_by_role("button", name="Clear").click()
    assert drawn_on(page) == []
    draw(page, pad)
    strokes = drawn_on(page)
    assert len(strokes[0]) >= len(WAY)
    assert all(0 <= x <= 1000 and 0 <= y <= 300 for x, y in strokes[0])
    page.get_by_label("Record the consultation").check()
    page.get_by_label("Your own password").fill("wrong")
    page.get_by_role("button", name="Countersign and record").click()
    expect(page.get_by_role("alert")).to_contain_text("not your password")
    open_context.forgive("422")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#draw-state")).to_have_text("Drawn with 1 stroke.")
    assert drawn_on(page) == strokes
    assert problems_of(page) == []
    page.get_by_label("Your own password").fill(PASSWORD)
    page.get_by_role("button", name="Countersign and record").click()
    copy = page.get_by_role("link", name="JSON copy").get_attribute("href")
    assert page.request.get(copy).json()["document"]["drawing"]["strokes"] == strokes


def test_keyboard_is_never_caught_by_the_pad_and_initials_are_enough(page, site):
    recruit(page, site)
    visit(page, page.url)
    page.get_by_label("Record the consultation").check()
    page.get_by_label("Initials of the participant").fill("AB")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "scan"
    page.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="JSON copy")).to_be_visible()
