"""The form for a de-identified version: how long it takes, and one frame as it would be."""

from __future__ import annotations

import base64

from tests.browser.conftest import visit

#: A picture of one pixel.
DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


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
    page.get_by_text(" by blur. Draw it again").wait_for()
    page.get_by_role("button", name="Choose another moment").click()
    page.get_by_text("No face was found at other moments.").wait_for()


def test_another_moment_is_chosen_with_the_arrow_keys_or_a_picture(page, site, chromium):
    asked = []

    def answer(route):
        asked.append(route.request.url)
        at_us = route.request.url.partition("at_us=")[2] or "4000000"
        headers = {"X-Donor": "donor-5", "X-Faces": "1", "X-Time-Us": at_us}
        route.fulfill(body=DOT, content_type="image/gif", headers=headers)

    page.route("**/hidden-frame/**", answer)
    dot = base64.b64encode(DOT).decode()
    moments = [{"time_us": at * 1_000_000, "jpeg": dot} for at in (1, 4, 9)]
    page.route("**/moments/", lambda route: route.fulfill(json={"moments": moments}))
    visit(page, f"{site.addresses['shown']}deidentified/")
    page.get_by_role("button", name="Preview on Doctor").click()
    page.get_by_text("The frame at 0:04.00 by swap with donor-5.").wait_for()
    page.get_by_role("button", name="Choose another moment").click()
    page.get_by_text("A face was found at 3 moments.").wait_for()
    assert page.get_by_label("Moment", exact=True).get_attribute("aria-valuetext") == "0:04.00"
    page.keyboard.press("ArrowRight")
    page.get_by_text("The frame at 0:09.00 by swap").wait_for()
    page.get_by_role("button", name="The face at 0:01.00").click()
    page.get_by_text("The frame at 0:01.00 by swap").wait_for()
    page.get_by_role("button", name="The face is calm at this moment").click()
    assert page.get_by_label("Calm face at").input_value() == "1.00"
    page.get_by_role("group", name="Method").get_by_label("Box").check()
    assert page.get_by_role("button", name="The face is calm at this moment").is_hidden()
    page.get_by_role("group", name="Method").get_by_label("Avatar").check()
    page.get_by_role("button", name="Preview on Doctor").click()
    page.get_by_text("The frame at 0:01.00 by avatar").wait_for()
    page.get_by_role("button", name="Preview on Patient").click()
    page.get_by_text("The frame at 0:04.00 by avatar").wait_for()
    assert [url.partition("at_us=")[2] for url in asked] == ["", "9000000", "1000000", "1000000", ""]
    assert page.get_by_label("Moment", exact=True).is_hidden()


def test_only_what_the_method_can_use_is_asked_and_sent(page, site):
    visit(page, f"{site.addresses['shown']}deidentified/")
    method = page.get_by_role("group", name="Method")
    asked = ["Whose face", "Average of at least", "Donor", "Calm face at"]

    def seen():
        return [name for name in asked if page.get_by_label(name).is_visible()]

    def sent():
        names = "[...new FormData(document.querySelector('[data-part=hiding_form]')).keys()]"
        return {*page.evaluate(names)} & {"look", "k", "donor", "neutral_s"}

    assert seen() == ["Whose face", "Donor", "Calm face at"]
    page.get_by_label("Whose face").select_option("k-same")
    assert seen() == ["Whose face", "Average of at least", "Calm face at"]
    method.get_by_label("Avatar").check()
    assert seen() == ["Donor", "Calm face at"]
    method.get_by_label("Box").check()
    assert (seen(), sent()) == ([], set())
    method.get_by_label("Swap").check()
    assert (seen(), sent()) == (
        ["Whose face", "Average of at least", "Calm face at"],
        {"look", "k", "neutral_s"},
    )
