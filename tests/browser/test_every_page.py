"""What holds on every page: axe finds nothing, nothing scrolls sideways, and the page names itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import problems_of, visit
from tests.browser.pages import DOCTORS, SIGNED_IN, SIGNED_OUT

PAGES = [(None, name, address) for name, address in SIGNED_OUT.items()]
PAGES += [("alice", name, address) for name, address in SIGNED_IN.items()]
SIZES = ((360, 740), (1920, 1080), (3840, 2160))
PAGES += [("dora", name, address) for name, address in DOCTORS.items()]
TIMELINE_READY = ".playhead"


@pytest.fixture(params=PAGES, ids=[name.replace(" ", "-") for _, name, _ in PAGES])
def opened(request, open_context, site) -> Page:
    user, name, address = request.param
    page = open_context(user, viewport={"width": 1280, "height": 900}).new_page()
    visit(page, address.format(**site.addresses))
    if name in ("encounter with timeline", "feedback"):
        page.wait_for_selector(TIMELINE_READY)
    if name == "not found":
        open_context.forgive("404")
    return page


def test_page_is_accessible_fits_and_names_itself(opened):
    assert opened.title().endswith("· Empathy Lab")
    assert opened.locator("h1").count() == 1
    for theme in ("light", "dark"):
        switch_to(opened, theme)
        opened.set_viewport_size({"width": 1280, "height": 900})
        assert problems_of(opened) == [], theme
    for width, height in SIZES:
        opened.set_viewport_size({"width": width, "height": height})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, width


def switch_to(page: Page, theme: str) -> None:
    """Change the theme and wait until no colour is on its way any more."""
    page.emulate_media(color_scheme=theme)
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
        " Promise.all(document.getAnimations().map((each) => each.finished)).then(done))))"
    )
