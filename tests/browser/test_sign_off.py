"""A version is decided about, last of all: then its parts go, and nobody can be exempt in the next one."""

from __future__ import annotations

from tests.browser.conftest import visit


def test_a_second_person_signs_off_with_a_reason(page, site):
    visit(page, site.addresses["derivative"])
    page.get_by_label("Reason").fill("Looked at every minute of it.")
    page.get_by_label("Decision").select_option("approved")
    page.get_by_role("button", name="Record the decision").click()
    page.get_by_text("Looked at every minute of it.").wait_for()
