"""A file that the server hands out in pieces plays and seeks as if it came in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import new_encounter
from tests.browser.test_upload import choose, expect_arrived
from tests.videos import write_recording
from webapp.core.encryption import is_encrypted

MEGABYTE = 1024 * 1024
SECONDS = 20
PLAYED = "() => document.querySelector('video').currentTime"


@pytest.fixture(scope="module")
def noisy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of noise, which no coding makes small: several pieces."""
    random = np.random.default_rng(0)
    path = write_recording(
        tmp_path_factory.mktemp("noise") / "noise.mp4",
        times=range(25 * SECONDS),
        size=(256, 192),
        draw=lambda _number, width, height: random.integers(0, 256, (height, width, 3), np.uint8),
        options={"preset": "ultrafast", "crf": "12"},
        container_options={"movflags": "+faststart"},
    )
    assert path.stat().st_size > 9 * MEGABYTE
    return path


def test_a_large_file_plays_and_seeks_in_pieces(page: Page, site, noisy_file):
    new_encounter(page, site)
    answers = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/video") else None)
    choose(page, noisy_file)
    expect_arrived(page, noisy_file.name)
    expect(page.locator("video")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    page.get_by_label("Speed").select_option("2")
    page.keyboard.press(" ")
    page.wait_for_function(f"() => ({PLAYED})() > 4")
    page.evaluate(
        f"() => document.dispatchEvent(new CustomEvent('seek', {{detail: {{time_s: {SECONDS - 4}}}}}))"
    )
    page.wait_for_function(f"() => ({PLAYED})() > {SECONDS} - 1", timeout=60_000)
    page.evaluate("() => document.dispatchEvent(new CustomEvent('seek', {detail: {time_s: 8}}))")
    page.wait_for_function(f"() => ({PLAYED})() < 9 && document.querySelector('video').readyState >= 2")
    assert page.evaluate("() => document.querySelector('video').error") is None
    sizes = [int(answer.headers["content-length"]) for answer in answers]
    assert {answer.status for answer in answers} == {206}
    assert max(sizes) <= 4 * MEGABYTE
    assert len(sizes) >= 3
    newest = max(site.data_dir.glob("recordings/*/original.mp4"), key=lambda path: path.stat().st_mtime)
    assert newest.stat().st_size > noisy_file.stat().st_size, "it lies encrypted"
    assert is_encrypted(newest)
