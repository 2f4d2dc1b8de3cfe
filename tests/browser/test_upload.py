"""Files on their way: refused, paused, interrupted by a reload, by a lost line in the middle of a chunk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.conftest import new_encounter
from tests.videos import write_recording

MEGABYTE = 1024 * 1024


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    """A whole video of 14 MB: players skip the box of padding behind it."""
    path = write_recording(tmp_path / "consultation.mp4")
    size = 14 * MEGABYTE
    with path.open("ab") as file:
        file.write((size - path.stat().st_size).to_bytes(4, "big") + b"free")
        file.truncate(size)
    return path


@pytest.fixture
def empty_encounter(page: Page, site) -> Page:
    new_encounter(page, site)
    return page


def camera(page: Page, name: str = "patient") -> Locator:
    return page.locator(f"[data-region=camera-{name}]")


def choose(page: Page, path: Path, name: str = "patient") -> None:
    camera(page, name).locator("input[type=file]").set_input_files(path)


def throttle(page: Page) -> CDPSession:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    set_line(line, bytes_per_s=2 * MEGABYTE)
    return line


def set_line(line: CDPSession, *, offline: bool = False, bytes_per_s: int = -1) -> None:
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s},
    )


def wait_until_sent(page: Page, more_than: int) -> None:
    page.wait_for_function(
        "(bytes) => document.querySelector('[data-region=camera-patient] progress').value > bytes",
        arg=more_than,
    )


def offsets(page: Page) -> Callable[[], list[int]]:
    """Return what reads the offsets at which chunks began from now on."""
    seen: list[int] = []
    page.on(
        "request",
        lambda request: (
            seen.append(int(request.headers["upload-offset"])) if request.method == "PATCH" else None
        ),
    )
    return lambda: seen


def expect_arrived(page: Page, name: str) -> None:
    expect(camera(page).locator("details.file")).to_contain_text(name, timeout=60_000)


def test_text_renamed_to_video_is_refused_in_one_sentence(empty_encounter, tmp_path):
    fake = tmp_path / "notes.mp4"
    fake.write_text("not a video " * 1000)
    choose(empty_encounter, fake)
    refusal = camera(empty_encounter).locator(".note-error")
    expect(refusal).to_contain_text("notes.mp4 was refused.", timeout=60_000)
    expect(camera(empty_encounter).get_by_text("Choose the patient’s file")).to_be_visible()


def test_wrong_kind_of_file_gets_the_servers_sentence(empty_encounter, open_context, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a video")
    choose(empty_encounter, text)
    expect(camera(empty_encounter).locator("[data-words]")).to_contain_text("Expected a video file")
    open_context.forgive("415")


def test_empty_file_is_refused_before_anything_is_sent(empty_encounter, tmp_path):
    nothing = tmp_path / "nothing.mp4"
    nothing.touch()
    choose(empty_encounter, nothing)
    expect(camera(empty_encounter).get_by_role("alert")).to_have_text(
        "This file is empty. Choose the recording itself."
    )


def test_paused_upload_goes_on_where_it_stopped(empty_encounter, big_file):
    page = empty_encounter
    throttle(page)
    choose(page, big_file)
    wait_until_sent(page, 5 * MEGABYTE)
    camera(page).get_by_role("button", name="Pause").click()
    expect(camera(page).locator("[data-words]")).to_contain_text("Paused at")
    began = offsets(page)
    camera(page).get_by_role("button", name="Continue now").click()
    expect_arrived(page, big_file.name)
    assert began()[0] >= 4 * MEGABYTE


def test_reloaded_page_continues_with_the_same_file_and_no_other(empty_encounter, big_file, tmp_path):
    page = empty_encounter
    throttle(page)
    choose(page, big_file)
    wait_until_sent(page, 5 * MEGABYTE)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(camera(page).locator("[data-words]")).to_contain_text("Choose the same file to continue.")
    other = tmp_path / "other.mp4"
    other.write_bytes(b"x" * 100)
    choose(page, other)
    expect(camera(page).get_by_role("alert")).to_contain_text("This is not “consultation.mp4”")
    began = offsets(page)
    choose(page, big_file)
    expect_arrived(page, big_file.name)
    assert began()[0] >= 4 * MEGABYTE


def test_line_lost_in_the_middle_of_a_chunk_costs_no_more_than_that_chunk(
    empty_encounter, big_file, open_context
):
    page = empty_encounter
    line = throttle(page)
    choose(page, big_file)
    wait_until_sent(page, 5 * MEGABYTE)
    set_line(line, offline=True)
    words = camera(page).locator("[data-words]")
    expect(words).to_contain_text(re.compile("Connection lost at .* Trying again in"))
    began = offsets(page)
    set_line(line)
    expect_arrived(page, big_file.name)
    assert began()[0] >= 4 * MEGABYTE
    open_context.forgive("INTERNET_DISCONNECTED")


def test_discarded_upload_is_gone_after_a_reload(empty_encounter, big_file):
    page = empty_encounter
    throttle(page)
    choose(page, big_file)
    wait_until_sent(page, 5 * MEGABYTE)
    camera(page).get_by_role("button", name="Discard").click()
    expect(camera(page).get_by_text("Choose the patient’s file")).to_be_visible()
    page.reload()
    expect(camera(page).get_by_text("Choose the patient’s file")).to_be_visible()
    expect(camera(page).locator("[data-status]")).to_be_hidden()
