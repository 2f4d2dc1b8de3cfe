"""The life of one release: planned, built, taken along, recalled by a withdrawal, answered. With pictures.

Set STORY_PICTURES to a folder to keep a picture of every step.
"""

from __future__ import annotations

import hashlib
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import visit
from tests.browser.test_consent_story import picture  # noqa: F401  a fixture

BUILT_MS = 90_000
WORDS = {
    "Title": "Expressions in cardiology",
    "Description": "Consultations of one clinic.",
    "Terms of use": "For research only. Nobody may try to find out who is shown.",
    "Text of the licence": "CC BY-NC 4.0",
}
RECIPIENT = {
    "Organisation": "University of Bern",
    "Contact's e-mail address": "data@bern.example",
    "What they use it for": "Comparing classifiers",
    "Reference of the agreement": "DUA 2026-4",
}


@pytest.fixture
def patient(site) -> str:
    """The code of a patient in a study with something to share."""
    return site.run("-m", "tests.browser.release_seed", "story").strip()


def fill(page: Page, values: dict[str, str]) -> None:
    for label, text in values.items():
        page.get_by_label(label).fill(text)


def build(page: Page, picture) -> None:  # noqa: F811
    visit(page, "/studies/story/releases/")
    page.get_by_role("link", name="New release").click()
    expect(page.get_by_role("heading", name="What goes in")).to_be_visible()
    page.get_by_text("There is no de-identified version: 2 recordings").click()
    picture(page, "1-plan")
    page.get_by_role("button", name="Build release 1 of 4 videos").click()
    expect(page.get_by_role("alert")).to_contain_text("need another look")
    fill(page, WORDS)
    page.get_by_role("button", name="Build release 1 of 4 videos").click()
    page.wait_for_url("**/releases/1/")
    expect(page.get_by_role("link", name="Download the package")).to_be_visible(timeout=BUILT_MS)
    picture(page, "2-built")


def download(page: Page, folder) -> None:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the package").click()
    path = folder / "package.zip"
    waiting.value.save_as(path)
    said = page.locator("dt", has_text="SHA-256").locator("+ dd").inner_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == said
    assert waiting.value.suggested_filename == "story-release-1.zip"
    with zipfile.ZipFile(path) as package:
        assert len([name for name in package.namelist() if name.endswith(".mp4")]) == 4
    expect(page.get_by_text("The whole package has arrived.")).to_be_visible()


def give(page: Page) -> None:
    page.get_by_text("Add a recipient").click()
    fill(page, RECIPIENT)
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("region", name="Table of recipients")).to_contain_text("University of Bern")


def withdraw(page: Page, code: str, picture) -> None:  # noqa: F811
    visit(page, f"/studies/story/participants/{code}/withdraw/")
    page.get_by_label("Share a de-identified version").check()
    page.get_by_role("button", name="Show what happens").click()
    row = page.get_by_role("row").filter(has_text="releases, given to 1 recipient")
    expect(row).to_contain_text("recalled")
    picture(page, "3-preview")
    page.get_by_label(f"Type {code} to confirm").fill(code)
    page.get_by_role("button", name="Withdraw and erase").click()
    for _ in range(30):
        if page.get_by_text("Recall of release 1").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("Recall of release 1").first).to_be_visible()


@pytest.mark.timeout(600)
def test_a_release_is_built_taken_along_recalled_and_its_destruction_acknowledged(
    page,
    tmp_path,
    picture,  # noqa: F811
    patient,
    open_context,
):
    build(page, picture)
    open_context.forgive("422")
    download(page, tmp_path)
    give(page)
    withdraw(page, patient, picture)
    visit(page, "/studies/story/releases/")
    row = page.locator("tbody tr")
    expect(row).to_contain_text(re.compile("recalled.*1 of 1", re.DOTALL))
    picture(page, "4-list")
    visit(page, "/")
    waiting = page.locator(".waiting li").filter(has_text="Recall of release 1, Open cardiology")
    expect(waiting.filter(has_text="1 of 1 answers are missing")).not_to_have_count(0)
    visit(page, "/studies/story/releases/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/releases/1/")
    expect(page.get_by_role("link", name="Download the package")).to_have_count(0)
    expect(page.get_by_text("not answered")).to_be_visible()
    picture(page, "5-recalled")
    page.get_by_role("link", name="What to write to University of Bern").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("story-release-1.zip"))
    picture(page, "6-text")
    page.go_back()
    page.get_by_label("How University of Bern told").fill("E-mail of today")
    page.get_by_role("button", name="Record the answer of University of Bern").click()
    answers = page.get_by_role("region", name="Answers to recall 1")
    expect(answers).to_contain_text("E-mail of today")
    expect(page.get_by_text("not answered")).to_have_count(0)
    picture(page, "7-acknowledged")


def test_a_draft_is_discarded_once_its_name_was_typed(page, site, open_context):
    site.run("-m", "tests.browser.release_seed", "drafts")
    visit(page, "/studies/drafts/releases/new/")
    fill(page, WORDS)
    page.get_by_role("button", name="Only draft it").click()
    page.wait_for_url("**/releases/1/")
    page.get_by_text("Discard this release").click()
    page.get_by_label("Type release-1 to confirm").fill("release-2")
    page.get_by_role("button", name="Discard release 1").click()
    expect(page.locator(".errorlist")).to_contain_text("Type release-1 exactly")
    open_context.forgive("422")
    page.get_by_label("Type release-1 to confirm").fill("release-1")
    page.get_by_role("button", name="Discard release 1").click()
    expect(page.get_by_text("No release yet.")).to_be_visible()
