"""Who is who, runs by model and suggestions, on the page of an analysed encounter."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import problems_of, visit
from tests.browser.test_timeline import wait_for_times


@pytest.fixture
def shown(page, site) -> Page:
    visit(page, site.addresses["shown"])
    page.wait_for_selector(".playhead")
    return page


def test_time_shown_goes_into_the_field_and_a_split_that_cannot_be_is_said(shown, open_context):
    open_context.forgive("400")
    person = shown.locator("[data-who=patient] [data-person='1']")
    person.get_by_text("Correct").click()
    shown.get_by_role("button", name="Play").focus()
    shown.keyboard.press("l")
    wait_for_times(shown, 5)
    person.get_by_role("button", name="Time shown").click()
    field = person.get_by_label("Somebody else from second")
    expect(field).to_have_value("5.0")
    field.fill("0")
    person.get_by_role("button", name="Split").click()
    expect(shown.get_by_role("alert")).to_contain_text("before and after which person 1 is seen")
    open_context.forgive("400")


def test_correction_that_was_not_applied_says_why(shown):
    said = shown.locator("[data-who=doctor]")
    expect(said).to_contain_text("Not applied: tracks 3 and 1 are in 4 pictures together")
    expect(said.get_by_role("button", name="Undo")).to_be_visible()


def test_another_models_run_is_shown_by_its_link(shown):
    shown.get_by_role("link", name="fer").click()
    shown.wait_for_url("**?run=*")
    expect(shown.get_by_text("Model fer ·")).to_be_visible()
    expect(shown.locator("[data-region=runs] [aria-current=true]")).to_have_text("fer")
    shown.go_back()
    expect(shown.get_by_text("Model seeded ·")).to_be_visible()


def test_a_suggestion_leads_to_its_moment(shown):
    shown.get_by_role("button", name="0:45").click()
    wait_for_times(shown, 45)


def test_a_resting_face_is_chosen_shown_beside_what_was_classified_and_taken_back(shown):
    rest = shown.locator("[data-resting-face=patient]")
    rest.get_by_label("At rest in second").fill("50")
    rest.get_by_role("button", name="Choose").click()
    expect(rest).to_contain_text("The face around 0:50 counts as neutral")
    lane = shown.locator("section.lane").filter(has_text="Patient")
    shown.get_by_role("button", name="0:45").click()
    wait_for_times(shown, 45)
    expect(lane.locator("[data-reading]")).to_contain_text("sadness")
    shown.get_by_role("button", name="Resting face as neutral").click()
    expect(lane.locator("[data-reading]")).to_contain_text("neutral")
    expect(shown.get_by_role("columnheader", name="resting face as neutral")).to_have_count(1)
    expect(shown.get_by_role("link", name="Calibrated as CSV")).to_be_visible()
    assert problems_of(shown) == []
    rest.get_by_role("button", name="Undo").click()
    expect(shown.get_by_role("button", name="Resting face as neutral")).to_be_hidden()
    expect(rest).to_contain_text("Some faces at rest are classified as sad or angry")
