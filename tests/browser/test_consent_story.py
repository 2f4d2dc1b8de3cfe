"""The life of one consent: recruited, asked, recorded, one purpose withdrawn, then everything. With pictures.

Set STORY_PICTURES to a folder to keep a picture of every step.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import new_encounter, visit
from tests.browser.seed import PASSWORD
from tests.browser.test_every_page import problems_of
from tests.videos import write_recording

ARRIVED_MS = 90_000


@pytest.fixture
def picture(tmp_path: Path):
    """Return a function that takes a picture of a step, and holds that the page is accessible there."""
    folder = Path(os.environ.get("STORY_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, step: str) -> None:
        page.wait_for_selector("html[data-ready]")
        assert problems_of(page) == [], step
        page.screenshot(path=folder / f"{step}.png", full_page=True)

    return take


def recruit(page: Page, site) -> str:
    visit(page, f"{site.addresses['study']}participants/new/")
    page.get_by_label("Kind").select_option("patient")
    page.get_by_label("Age in years").fill("93")
    page.get_by_role("button", name="Add participant").click()
    page.wait_for_url("**/consent/")
    code = re.search(r"participants/(P-\w+)/consent", page.url)
    assert code is not None
    return code.group(1)


def consent(page: Page) -> None:
    for purpose in (
        "Record the consultation",
        "Analyse the patient's expression",
        "Label the recording by hand",
    ):
        page.get_by_label(purpose).check()
    page.get_by_label("Initials of the participant").fill("AB")
    page.get_by_label("Your own password").fill(PASSWORD)
    page.get_by_role("button", name="Countersign and record").click()
    expect(page.get_by_role("link", name="PDF copy")).to_be_visible()


def record(page: Page, site, code: str, video: Path) -> str:
    new_encounter(page, site, patient=code)
    camera = page.locator("[data-region=camera-patient]")
    camera.locator("input[type=file]").set_input_files(video)
    expect(camera.locator("details.file")).to_contain_text(video.name, timeout=ARRIVED_MS)
    return page.url


def withdraw(page: Page, site, code: str, purpose: str, picture, step: str) -> None:
    visit(page, f"{site.addresses['study']}participants/{code}/withdraw/")
    page.get_by_label(purpose).check()
    page.get_by_role("button", name="Show what happens").click()
    expect(page.get_by_role("heading", name="What happens")).to_be_visible()
    picture(page, f"{step}-preview")
    page.get_by_label(f"Type {code} to confirm").fill(code.lower())
    page.get_by_role("button", name=re.compile("^Withdraw")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Certificate of erasure|Erasure under way")
    )
    for _ in range(30):
        if page.get_by_role("link", name="Download certificate").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Certificate of erasure")
    picture(page, f"{step}-certificate")


@pytest.mark.timeout(600)
def test_consent_is_given_used_and_withdrawn_until_nothing_is_left(
    page, site, tmp_path, picture, open_context
):
    code = recruit(page, site)
    picture(page, "1-recruited")
    consent(page)
    picture(page, "2-consented")
    address = record(page, site, code, write_recording(tmp_path / "consultation.mp4"))
    picture(page, "3-recorded")
    video = page.locator("video").first
    source = video.get_attribute("src") or video.evaluate("(it) => it.currentSrc")
    assert page.request.get(source, headers={"Range": "bytes=0-1"}).status == 206
    withdraw(page, site, code, "Label the recording by hand", picture, "4-one-purpose")
    assert page.request.get(source, headers={"Range": "bytes=0-1"}).status == 206, "only labelling ended"
    withdraw(page, site, code, "Record the consultation", picture, "5-everything")
    assert page.request.get(source, headers={"Range": "bytes=0-1"}).status == 404
    visit(page, address)
    expect(page.locator("video[src]")).to_have_count(0)
    picture(page, "6-nothing-left")
    visit(page, site.addresses["study"])
    expect(page.get_by_role("img", name=re.compile("encounters;"))).to_be_visible()
    expect(page.locator(".flow")).to_contain_text("Consent withdrawn")
    picture(page, "7-flow")
    recording = source.split("/recordings/")[1].split("/")[0]
    assert not [path for path in site.data_dir.rglob("*") if recording in str(path)]
