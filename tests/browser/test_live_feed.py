"""A recording fed as a live camera, on a site that is killed and started again in the middle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import visit
from tests.browser.site import ROOT
from webapp.engines import demo_videos

PATIENT_MS = 90_000


@pytest.fixture
def live(site) -> dict[str, str]:
    return json.loads(site.run("-m", "tests.browser.live_seed"))


@pytest.fixture
def feeding(site, live) -> Iterator[subprocess.Popen[str]]:
    film, address = str(demo_videos()["patient"]), site.url.replace("http", "ws")
    options = ["--url", address, "--fps", "5", "--loop"]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "feed_camera", live["id"], "patient", film, *options],
        cwd=ROOT,
        env=site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.timeout(400)
def test_a_killed_site_comes_back_with_everything_that_was_kept(site, live, feeding, open_context):
    page = open_context("dora").new_page()
    visit(page, live["dashboard"])
    quality = page.locator("[data-person=patient] [data-camera]")
    expect(quality).to_contain_text("per second", timeout=PATIENT_MS)
    page.wait_for_timeout(3000)
    kept = counts(site, live)
    site.web.kill()
    expect(page.locator("[data-line]")).to_contain_text("Connection lost")
    site.web.start()
    site.wait_until_it_answers()
    expect(page.locator("[data-line]")).to_have_text("Running.", timeout=PATIENT_MS)
    expect(quality).to_contain_text("per second", timeout=PATIENT_MS)
    later = counts(site, live)
    for _ in range(PATIENT_MS // 1000):
        if later["last"] > kept["last"]:
            break
        page.wait_for_timeout(1000)
        later = counts(site, live)
    assert kept["ok"] > 0
    assert later["first"] == kept["first"] and later["ok"] >= kept["ok"], "nothing that was kept is lost"
    assert later["missing"] == 0, "the time without a site is there as a gap"
    assert later["last"] > kept["last"]
    site.run("-m", "tests.browser.live_seed", "withdraw", live["id"])
    assert "frames taken" in feeding.communicate(timeout=60)[0]
    assert feeding.returncode == 0
    open_context.forgive("WebSocket")


def counts(site, live: dict[str, str]) -> dict[str, int]:
    return json.loads(site.run("-m", "tests.browser.live_seed", "counts", live["id"]))


def test_a_session_that_is_over_takes_no_camera(site, live):
    site.run("-m", "tests.browser.live_seed", "withdraw", live["id"])
    film, address = str(demo_videos()["patient"]), site.url.replace("http", "ws")
    done = subprocess.run(
        [sys.executable, "manage.py", "feed_camera", live["id"], "patient", film, "--url", address],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert "There is no open live session" in done.stderr
