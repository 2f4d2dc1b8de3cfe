"""The doctor's page after an encounter: notes from the keyboard, and the PDF to keep."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import visit
from tests.browser.pages import DOCTORS


@pytest.fixture
def feedback(site, open_context) -> Page:
    page = open_context("dora", viewport={"width": 1280, "height": 900}).new_page()
    visit(page, DOCTORS["feedback"].format(**site.addresses))
    page.wait_for_selector(".playhead")
    return page


def test_a_note_is_written_at_the_playhead_by_keyboard_and_stands_on_the_timeline(feedback):
    lane = feedback.get_by_role("slider", name="Patient").first
    lane.focus()
    for _ in range(3):
        lane.press("PageDown")
    lane.press("n")
    expect(feedback.get_by_label("At second")).to_have_value("30")
    expect(feedback.locator("textarea[name=text]")).to_be_focused()
    feedback.keyboard.type("She looked down")
    feedback.get_by_role("button", name="Keep the note").click()
    expect(feedback.locator("#notes")).to_contain_text("She looked down")
    feedback.wait_for_selector(".playhead")
    assert feedback.locator("[data-part=timeline]").get_attribute("data-noted").split() == ["30", "40"]


def test_the_page_is_kept_as_a_pdf(feedback):
    with feedback.expect_download() as waiting:
        feedback.get_by_role("link", name="Save as PDF").click()
    download = waiting.value
    assert download.suggested_filename.startswith("feedback-")
    assert download.path().read_bytes().startswith(b"%PDF-")
