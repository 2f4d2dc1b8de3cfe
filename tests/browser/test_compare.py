"""The compare page: two players as one."""

from __future__ import annotations

from tests.browser.conftest import visit


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


def test_a_second_person_signs_off_with_a_reason(page, site):
    visit(page, site.addresses["derivative"])
    page.get_by_label("Reason").fill("Looked at every minute of it.")
    page.get_by_label("Decision").select_option("approved")
    page.get_by_role("button", name="Record the decision").click()
    page.get_by_text("Looked at every minute of it.").wait_for()
