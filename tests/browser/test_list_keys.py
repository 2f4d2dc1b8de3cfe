"""Lists without a mouse: rows are walked, chosen and opened by keys, and `?` names them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import visit

LISTS = {
    "encounters": "{study}encounters/",
    "participants": "{study}participants/",
    "board": "{study}consent/board/",
    "jobs": "{study}jobs/",
    "audit": "{study}audit/",
}


SCROLLED = (
    "new Promise((done) => (scrollY ? done() : addEventListener('scroll', () => done(), { once: true })))"
)


def row_in_focus(page: Page) -> int:
    rows = "[...document.querySelectorAll('[data-part=list] tbody tr')]"
    return page.evaluate(f"{rows}.findIndex((row) => row.contains(document.activeElement))")


@pytest.mark.parametrize("name", LISTS)
def test_rows_are_walked_from_anywhere_and_the_keys_are_named(page, site, name):
    visit(page, LISTS[name].format(**site.addresses))
    rows = page.locator("[data-part=list] tbody tr").count()
    assert rows >= 2 or name == "jobs"
    for key, expected in (
        ("j", 0),
        ("j", min(1, rows - 1)),
        ("k", 0),
        ("ArrowDown", min(1, rows - 1)),
        ("ArrowUp", 0),
    ):
        page.keyboard.press(key)
        assert row_in_focus(page) == expected, key
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys of this page")
    expect(keys).to_contain_text("to the next row")
    page.keyboard.press("j")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")


def test_a_row_is_opened_by_enter_and_chosen_by_x(page, site):
    visit(page, LISTS["encounters"].format(**site.addresses))
    boxes = page.locator("tbody input[type=checkbox]")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes.first).to_be_checked()
    page.keyboard.press("x")
    expect(boxes.first).not_to_be_checked()
    code = page.locator("tbody tr").first.get_by_role("link").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)


def test_participants_are_chosen_by_keys_counted_and_marked(page, site):
    visit(page, LISTS["participants"].format(**site.addresses))
    count = page.locator("[data-count]")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(count).to_have_text("1 participant is ticked.")
    page.get_by_label("All on this page").check()
    expect(count).to_contain_text("participants are ticked.")
    page.get_by_role("button", name="Ask anew for consent").click()
    expect(page.get_by_text("stand in the queue of those to be asked anew")).to_be_visible()


def test_slash_goes_to_the_search_and_letters_typed_there_are_letters(page, site):
    visit(page, LISTS["encounters"].format(**site.addresses))
    page.keyboard.press("/")
    search = page.get_by_role("searchbox").or_(page.get_by_label("Search", exact=True))
    expect(search.first).to_be_focused()
    page.keyboard.type("jx/k")
    expect(search.first).to_have_value("jx/k")


def test_arrows_outside_of_the_table_still_scroll(page, site):
    page.set_viewport_size({"width": 900, "height": 300})
    visit(page, LISTS["audit"].format(**site.addresses))
    page.keyboard.press("ArrowDown")
    page.evaluate(SCROLLED)
    assert row_in_focus(page) == -1
