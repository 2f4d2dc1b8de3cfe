"""A live session in real browsers: two whose cameras play the demonstration, and the doctor's dashboard.

The session has been watched for 100 s before, so that the rules may speak at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from emotion.media import read_frames
from tests.browser.conftest import problems_of, visit
from tests.browser.install import find_chromium
from tests.browser.line import Line
from webapp.engines import demo_videos

#: In these seconds of the demonstration the patient looks sad and the doctor smiles.
STRETCHES = {"patient": (8.2, 12.6), "doctor": (17.4, 20.8)}
PATIENT_MS = 60_000


def write_camera_file(camera: str, destination: Path) -> Path:
    """Write what a fake camera plays over and over: raw pictures of a stretch, back and forth."""
    start_s, end_s = STRETCHES[camera]
    shown = read_frames(
        demo_videos()[camera], sample_fps=Fraction(5), start_us=int(start_s * 1e6), end_us=int(end_s * 1e6)
    )
    pictures = [cv2.resize(frame.image_bgr, (640, 360)) for frame in shown]
    with destination.open("wb") as file:
        file.write(b"YUV4MPEG2 W640 H360 F5:1 Ip A1:1 C420jpeg\n")
        for picture in [*pictures, *pictures[::-1]]:
            file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return destination


@pytest.fixture(scope="module")
def cameras(chromium, tmp_path_factory) -> Iterator[dict[str, Browser]]:
    """One browser per camera, each with a film for its camera."""
    folder = tmp_path_factory.mktemp("cameras")
    browsers = {}
    for camera in STRETCHES:
        film = write_camera_file(camera, folder / f"{camera}.y4m")
        arguments = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        browsers[camera] = chromium.browser_type.launch(executable_path=find_chromium(), args=arguments)
    yield browsers
    for browser in browsers.values():
        browser.close()


@pytest.fixture
def live(site) -> dict[str, str]:
    return json.loads(site.run("-m", "tests.browser.live_seed"))


@pytest.fixture
def line(site) -> Iterator[Line]:
    made = Line(urlsplit(site.url).port)
    yield made
    made.close()


@pytest.fixture
def open_camera(cameras, sessions, site) -> Iterator[Callable[..., Page]]:
    """Return a maker of pages on which a camera runs: the patient's by its link, the doctor's by alice."""
    contexts = []

    def make(camera: str, address: str, *, base_url: str = "", record: bool = False) -> Page:
        state = sessions["alice"] if "token" not in address else None
        context = cameras[camera].new_context(
            base_url=base_url or site.url, storage_state=state, viewport={"width": 390, "height": 780}
        )
        contexts.append(context)
        page = context.new_page()
        visit(page, address)
        if record:
            page.get_by_label("Record on this device").check()
        page.get_by_role("button", name="Start the camera").click()
        expect(page.locator("[data-word]")).to_have_text("Sending", timeout=PATIENT_MS)
        return page

    yield make
    for context in contexts:
        context.close()


def person(page: Page, name: str):
    return page.locator(f"[data-person={name}]")


def test_both_cameras_lead_to_states_and_to_one_suggestion_that_is_answered(live, open_camera, open_context):
    dashboard = open_context("dora", viewport={"width": 1280, "height": 800}).new_page()
    visit(dashboard, live["dashboard"])
    pages = [open_camera(camera, live[camera]) for camera in ("patient", "doctor")]
    expect(person(dashboard, "patient").locator("[data-word]")).to_have_text("sadness", timeout=PATIENT_MS)
    expect(person(dashboard, "doctor").locator("[data-word]")).to_have_text("happiness", timeout=PATIENT_MS)
    expect(pages[0].locator("[data-detail]")).to_contain_text("pictures per second")
    card = dashboard.get_by_role("region", name="Suggestion")
    expect(card).to_be_visible(timeout=PATIENT_MS)
    expect(card.locator("[data-text]")).to_contain_text("expression has been classified as sad")
    card.get_by_text("Why this is suggested").click()
    expect(card.locator("[data-evidence] li").first).to_contain_text("Patient: expression classified as sad")
    expect(card.locator("[data-citations]")).to_contain_text("Acad Med 2014")
    assert problems_of(dashboard) == []
    shoot(dashboard, "dashboard")
    shoot(pages[0], "camera")
    for theme, (width, height) in {"dark": (360, 740), "light": (1920, 1080)}.items():
        dashboard.emulate_media(color_scheme=theme)
        dashboard.set_viewport_size({"width": width, "height": height})
        assert dashboard.evaluate("document.documentElement.scrollWidth") <= width
        shoot(dashboard, f"dashboard-{width}")
    with dashboard.expect_response("**/answer/") as answer:
        dashboard.keyboard.press("1")
    assert answer.value.status == 200
    expect(card).to_be_hidden()
    expect(dashboard.locator("[data-latency]")).to_contain_text("after it happened")


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page where SCREENSHOTS names a folder."""
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")


def test_a_cut_line_leaves_a_gap_and_the_camera_comes_back_by_itself(
    live, open_camera, open_context, line, site
):
    dashboard = open_context("dora").new_page()
    visit(dashboard, live["dashboard"])
    camera = open_camera("patient", live["patient"], base_url=line.url)
    word = person(dashboard, "patient").locator("[data-word]")
    expect(word).not_to_have_text("no camera yet", timeout=PATIENT_MS)
    line.cut()
    expect(camera.locator("[data-word]")).to_have_text("Connecting")
    expect(word).to_have_text("camera away")
    dashboard.wait_for_timeout(10_000)
    line.mend()
    expect(camera.locator("[data-word]")).to_have_text("Sending", timeout=PATIENT_MS)
    expect(word).not_to_have_text("camera away", timeout=PATIENT_MS)


def test_a_second_device_takes_a_camera_over_and_the_first_says_so(live, open_camera):
    first, second = (open_camera("patient", live["patient"]) for _ in range(2))
    expect(first.locator("[data-word]")).to_have_text("Sending elsewhere")
    expect(second.locator("[data-word]")).to_have_text("Sending")
    assert first.evaluate("document.querySelector('video').srcObject") is None, "its camera is off"
    shoot(first, "taken-over")
    first.get_by_role("button", name="Start the camera").click()
    expect(second.locator("[data-word]")).to_have_text("Sending elsewhere", timeout=PATIENT_MS)


def test_withdrawn_consent_ends_camera_and_dashboard(live, open_camera, open_context, site):
    dashboard = open_context("dora").new_page()
    visit(dashboard, live["dashboard"])
    camera = open_camera("patient", live["patient"])
    word = person(dashboard, "patient").locator("[data-word]")
    expect(word).not_to_have_text("no camera yet", timeout=PATIENT_MS)
    site.run("-m", "tests.browser.live_seed", "withdraw", live["id"])
    expect(dashboard.locator("[data-line]")).to_contain_text("Consent was withdrawn", timeout=PATIENT_MS)
    expect(word).to_have_text("no camera yet")
    expect(camera.locator("[data-word]")).to_have_text("Ended")
    expect(camera.locator("[data-detail]")).to_contain_text("Consent was withdrawn")
    assert camera.evaluate("document.querySelector('video').srcObject") is None, "the camera is off"


SLOW_CAMERA = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  await new Promise((done) => setTimeout(done, 1000));
  window.opened = await open(wish);
  return window.opened;
};
"""
SLOW_PICTURES = """
const encode = HTMLCanvasElement.prototype.toBlob;
HTMLCanvasElement.prototype.toBlob = function (...args) { setTimeout(() => encode.apply(this, args), 1000); };
"""


def test_a_camera_stopped_while_the_browser_still_asks_stays_off(live, cameras, site):
    page = cameras["patient"].new_page(base_url=site.url)
    page.add_init_script(SLOW_CAMERA)
    visit(page, live["patient"])
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("button", name="Stop the camera").click()
    page.wait_for_function("() => window.opened?.getTracks().every((track) => track.readyState === 'ended')")
    expect(page.locator("[data-word]")).to_have_text("Off")
    page.close()


def test_a_camera_stopped_while_a_picture_is_encoded_says_so(live, cameras, site):
    page = cameras["patient"].new_page(base_url=site.url)
    page.add_init_script(SLOW_PICTURES)
    visit(page, live["patient"])
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("[data-word]")).to_have_text("Sending", timeout=PATIENT_MS)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Stop the camera").click()
    page.wait_for_timeout(1500)
    expect(page.locator("[data-word]")).to_have_text("Off")
    page.close()


def test_the_link_for_another_device_is_copied_with_one_press(live, open_context):
    context = open_context("alice", permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    visit(page, live["session"])
    page.get_by_role("button", name="Copy the link of the patient’s camera").press("Enter")
    expect(page.locator("#copied-patient")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#link-patient").input_value()
    assert "/camera/patient/?token=" in copied


def test_keys_cover_the_screen_and_silence_suggestions(live, open_context):
    page = open_context("dora").new_page()
    visit(page, live["dashboard"])
    expect(page.locator("[data-line]")).to_contain_text("Waiting for a camera")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Covered.")).to_be_visible()
    assert page.evaluate("document.elementFromPoint(200, 200).closest('.live-cover') !== null")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Covered.")).to_be_hidden()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Silence suggestions")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="Silence suggestions")).to_have_attribute("aria-pressed", "true")


def test_what_a_camera_records_itself_is_uploaded_to_the_encounter(live, open_camera):
    camera = open_camera("doctor", live["doctor"], record=True)
    camera.wait_for_timeout(2500)
    camera.get_by_role("button", name="Stop the camera").click()
    expect(camera.locator("[data-upload-words]")).to_contain_text(
        "is with the encounter now", timeout=PATIENT_MS
    )
