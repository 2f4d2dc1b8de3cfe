"""The page of an analysed encounter. Its run is scripted: 20 s happiness, 16 s of gaps, 24 s sadness."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import visit

CHART = ".lane-chart .u-over"


@pytest.fixture
def shown(page, site) -> Page:
    visit(page, site.addresses["shown"])
    page.wait_for_selector(".playhead")
    page.wait_for_function(
        "() => [...document.querySelectorAll('video')].every((video) => video.readyState > 0)"
    )
    return page


def times(page: Page) -> list[float]:
    return page.evaluate("[...document.querySelectorAll('video')].map((video) => video.currentTime)")


def click_at(chart: Locator, share: float) -> None:
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] * share, "y": box["height"] * 0.6})


def wait_for_times(page: Page, seconds: float, tolerance_s: float = 0.3) -> None:
    page.wait_for_function(
        "([wanted, near]) => [...document.querySelectorAll('video')]"
        ".every((video) => Math.abs(video.currentTime - wanted) < near)",
        arg=[seconds, tolerance_s],
    )


def test_click_on_a_lane_seeks_both_videos(shown):
    click_at(shown.locator(CHART).first, 0.5)
    wait_for_times(shown, 30)
    expect(shown.locator("[data-clock]")).to_contain_text("/ 1:00")


def test_drag_along_a_lane_seeks_to_its_end(shown):
    chart = shown.locator(CHART).nth(1)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    middle = box["y"] + box["height"] / 2
    shown.mouse.move(box["x"] + box["width"] * 0.1, middle)
    shown.mouse.down()
    shown.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=5)
    shown.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
    shown.mouse.up()
    wait_for_times(shown, 45)


def test_lane_says_what_it_shows_and_gaps_are_named(shown):
    lane = shown.get_by_role("slider", name="Patient").first
    lane.focus()
    lane.press("Home")
    expect(lane).to_have_attribute("aria-valuetext", "0:00, expression classified as happiness, 0.70")
    for _ in range(2):
        lane.press("PageDown")
    expect(lane).to_have_attribute("aria-valuetext", "0:20, no face")
    lane.press("End")
    expect(lane).to_have_attribute("aria-valuetext", "0:59, expression classified as sadness, 0.70")


def test_keys_play_pause_and_seek(shown):
    shown.keyboard.press("l")
    wait_for_times(shown, 5)
    shown.keyboard.press("Shift+ArrowRight")
    wait_for_times(shown, 15)
    shown.keyboard.press("j")
    wait_for_times(shown, 10)
    shown.keyboard.press("Space")
    shown.wait_for_function(
        "() => [...document.querySelectorAll('video')].every((video) => video.currentTime > 10.6)"
    )
    shown.keyboard.press("k")
    first, second = times(shown)
    assert abs(first - second) < 0.2
    assert shown.evaluate("[...document.querySelectorAll('video')].every((video) => video.paused)")


def test_playing_goes_on_when_the_server_sends_the_player_anew(shown):
    shown.get_by_label("Speed").select_option("2")
    shown.get_by_label("Sound").select_option("patient")
    shown.keyboard.press("Space")
    shown.wait_for_function("() => document.querySelector('video').currentTime > 1")
    shown.evaluate(
        "() => { const region = document.querySelector('[data-region=player]');"
        " region.dataset.version = 'outdated'; region.dataset.old = '';"
        " document.dispatchEvent(new CustomEvent('upload:done')); }"
    )
    expect(shown.locator("[data-region=player][data-old]")).to_have_count(0)
    shown.wait_for_function(
        "() => [...document.querySelectorAll('video')].every((video) => video.currentTime > 4)"
    )
    expect(shown.get_by_label("Speed")).to_have_value("2")
    expect(shown.get_by_label("Sound")).to_have_value("patient")
    expect(shown.get_by_role("button", name="Pause")).to_be_visible()


@pytest.mark.parametrize(("silent", "heard"), [(("doctor",), "patient"), (("doctor", "patient"), "off")])
def test_a_recording_without_sound_is_not_the_one_that_is_heard(page, site, open_context, silent, heard):
    def answer(route):
        response = route.fetch()
        body = response.text()
        for camera in silent:
            body = body.replace(f'<option value="{camera}">{camera.title()}’s camera</option>', "")
        route.fulfill(response=response, body=body)

    page.route(f"**{site.addresses['shown']}", answer)
    visit(page, site.addresses["shown"])
    expect(page.get_by_label("Sound")).to_have_value(heard)
    assert page.get_by_label("Sound").is_disabled() == (heard == "off")
    muted = page.evaluate("[...document.querySelectorAll('video')].map((video) => video.muted)")
    assert muted == [True, heard == "off"]
    page.close()
    open_context.forgive(
        "ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS"
    )  # of the socket, for the answer was ours


def test_only_one_camera_is_heard(shown):
    shown.get_by_label("Sound").select_option("patient")
    assert shown.evaluate("[...document.querySelectorAll('video')].map((video) => video.muted)") == [
        True,
        False,
    ]


def test_boxes_are_drawn_switched_off_and_not_left_standing(shown):
    painted = (
        "() => { const canvas = document.querySelector('.screen canvas'); const blank = canvas.cloneNode();"
        " return canvas.toDataURL() !== blank.toDataURL(); }"
    )
    shown.wait_for_function(painted)
    shown.keyboard.press("b")
    assert not shown.evaluate(painted)
    shown.keyboard.press("b")
    assert shown.evaluate(painted)
    click_at(shown.locator(CHART).first, 0.5)
    wait_for_times(shown, 30)
    assert not shown.evaluate(painted), "faces were observed only in the first 20 seconds"


def test_emotions_can_be_shown_alone_and_drawn_as_lines(shown):
    shown.get_by_role("button", name="H happiness").click(modifiers=["Shift"])
    pressed = shown.locator(".legend [aria-pressed=true]")
    expect(pressed).to_have_count(1)
    shown.get_by_role("button", name="H happiness").click(modifiers=["Shift"])
    expect(pressed).to_have_count(7)
    shown.get_by_role("button", name="Lines").click()
    expect(shown.get_by_role("button", name="Lines")).to_have_attribute("aria-pressed", "true")
    shown.get_by_label("Time shown").select_option("30")
    expect(shown.locator(".playhead").first).to_be_visible()


def test_key_lists_the_statuses_that_occur(shown):
    key = shown.locator(".status-key li:visible")
    expect(key).to_have_text(["no face", "low confidence", "someone else’s face", "face covered"])


def test_table_says_the_same_with_denominators(shown):
    row = shown.get_by_role("row", name="H happiness")
    expect(row.get_by_role("cell").first).to_have_text("45\u00a0% of 44\u00a0s")
    rate = shown.get_by_role("row", name="Detection rate")
    expect(rate.get_by_role("cell").first).to_have_text("73\u00a0% of 60\u00a0s")


def test_help_lists_the_keys(shown):
    shown.keyboard.press("?")
    dialog = shown.get_by_role("dialog", name="Keys of this page")
    expect(dialog).to_contain_text("five seconds back and on")
    shown.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_change_of_theme_repaints_the_lanes(shown):
    picture = "() => document.querySelector('.lane-chart canvas').toDataURL()"
    shown.emulate_media(color_scheme="light")
    before = shown.evaluate(picture)
    shown.emulate_media(color_scheme="dark")
    shown.wait_for_function(f"(before) => ({picture})() !== before", arg=before)
