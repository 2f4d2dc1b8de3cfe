from playwright.sync_api import expect

from tests.browser.conftest import visit

BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"


def test_chosen_theme_lasts_and_is_there_before_the_first_paint(page):
    page.emulate_media(color_scheme="light")
    visit(page, "/studies/")
    light = page.evaluate(BACKGROUND)
    button = page.get_by_role("button", name="Colour theme")
    button.click()
    button.click()
    expect(button).to_have_accessible_name("Colour theme: dark")
    dark = page.evaluate(BACKGROUND)
    assert dark != light
    page.add_init_script(
        "new MutationObserver((_, observer) => { if (!document.body) return; observer.disconnect();"
        f" window.first = {BACKGROUND}; }}).observe(document, {{ childList: true, subtree: true }});"
    )
    page.reload()
    assert page.evaluate("window.first") == dark
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
