"""The doctor's page after an encounter: notes by keyboard, comments with answers, and the PDF to keep."""

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
    expect(feedback.get_by_role("textbox", name="Note")).to_be_focused()
    feedback.keyboard.type("She looked down")
    feedback.get_by_role("button", name="Keep it").click()
    expect(feedback.locator("#notes")).to_contain_text("She looked down")
    feedback.wait_for_selector(".playhead")
    assert feedback.locator("[data-part=timeline]").get_attribute("data-noted").split()[:2] == ["30", "40"]


def test_the_page_is_kept_as_a_pdf(feedback):
    with feedback.expect_download() as waiting:
        feedback.get_by_role("link", name="Save as PDF").click()
    download = waiting.value
    assert download.suggested_filename.startswith("feedback-")
    assert download.path().read_bytes().startswith(b"%PDF-")


def test_a_comment_is_shared_answered_on_the_encounters_page_and_taken_back(site, feedback, open_context):
    lane = feedback.get_by_role("slider", name="Patient").first
    lane.focus()
    lane.press("PageDown")
    lane.press("n")
    feedback.keyboard.type("I should have waited here.")
    feedback.get_by_label("Who can read it").select_option(
        label="Everybody who may see this encounter’s results"
    )
    feedback.get_by_role("button", name="Keep it").click()
    expect(feedback.locator("#comments")).to_contain_text("I should have waited here.")

    members = open_context("alice", viewport={"width": 1280, "height": 900}).new_page()
    visit(members, site.addresses["shown"])
    members.wait_for_selector(".playhead")
    timeline = members.locator("[data-part=timeline]")
    assert timeline.get_attribute("data-noted").split() == ["10", "40", "40"]
    members.keyboard.press("m")
    expect(members.get_by_role("slider", name="Patient").first).to_have_attribute("aria-valuenow", "10")
    thread = members.locator("#comments > ol > li").first
    expect(thread.locator("[data-seek-s='10']")).to_be_focused()
    expect(thread).to_contain_text("The doctor")
    for key in ("Tab", "Enter", "Tab"):
        members.keyboard.press(key)
    expect(members.get_by_label("Your answer").first).to_be_focused()
    members.keyboard.type("It did not seem long.")
    members.keyboard.press("Tab")
    members.keyboard.press("Enter")
    expect(members.locator("#comments")).to_contain_text("It did not seem long.")

    feedback.reload()
    expect(feedback.locator("#comments")).to_contain_text("It did not seem long.")
    for page in (members, feedback):
        page.locator("#comments > ol > li").first.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("The comment is deleted.")).to_be_visible()
    expect(feedback.locator("#comments [data-seek-s='10']")).to_have_count(0)
