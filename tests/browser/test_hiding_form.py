"""The form for a de-identified version: how long it takes, and one frame as it would be."""

from __future__ import annotations

from tests.browser.conftest import visit


def test_the_form_estimates_the_time_and_shows_a_frame(page, site):
    visit(page, f"{site.addresses['shown']}deidentified/")
    time = page.locator("[data-time]")
    time.get_by_text("Choose a recording").wait_for()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("group", name="Method").get_by_label("Blur").check()
    time.get_by_text("Takes ").wait_for()
    page.get_by_role("button", name="Preview on Doctor").click()
    page.get_by_text("No face was found in the frames that were tried.").wait_for()
    assert page.locator("[data-picture]").evaluate("picture => picture.naturalWidth") == 320
    page.get_by_role("group", name="Method").get_by_label("Box").check()
    page.get_by_text("A frame by blur. Draw it again").wait_for()
