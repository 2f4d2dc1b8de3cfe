"""The main job, from sign-in to a click on the timeline, with the consultation that the project ships."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import choose_people, is_home, sign_in, visit
from webapp.engines import demo_videos

SECONDS = 8
ANALYSED_WITHIN_MS = 240_000


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, Path]:
    """The first seconds of both cameras of the demonstration."""
    return {camera: beginning_of(path, tmp_path / path.name) for camera, path in demo_videos().items()}


def beginning_of(source: Path, destination: Path) -> Path:
    with av.open(str(source)) as whole, av.open(str(destination), "w") as part:
        streams = {stream.index: part.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is not None and packet.pts * packet.time_base < SECONDS:
                packet.stream = streams[packet.stream.index]
                part.mux(packet)
    return destination


@pytest.mark.timeout(600)
def test_two_files_become_a_timeline_on_which_a_click_seeks(open_context, site, clips):
    page = open_context(viewport={"width": 1440, "height": 1000}).new_page()
    sign_in(page, "alice")
    page.get_by_role("link", name="Empathy in cardiology").click()
    page.get_by_role("link", name="New encounter").first.click()
    choose_people(page, site.addresses["patient"])
    page.get_by_role("button", name="Create encounter").click()
    page.wait_for_selector("html[data-ready]")
    for camera, clip in clips.items():
        page.locator(f"[data-region=camera-{camera}] input[type=file]").set_input_files(clip)
    work = page.get_by_label("Work on this encounter")
    expect(work.get_by_text("Analyse expressions", exact=True)).to_be_visible(timeout=60_000)
    expect(work.locator("[data-words]").first).to_contain_text("%", timeout=60_000)
    page.wait_for_selector(".playhead", timeout=ANALYSED_WITHIN_MS)
    expect(page.locator(".lane")).to_have_count(2)
    expect(page.locator(".lane [data-rate]").last).to_contain_text("Detection rate")
    chart = page.locator(".lane-chart .u-over").first
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] * 0.5, "y": 60})
    page.wait_for_function(
        "(near) => [...document.querySelectorAll('video')]"
        ".some((video) => Math.abs(video.currentTime - near) < 1)",
        arg=SECONDS / 2,
    )


def test_the_main_job_needs_no_mouse(open_context, site, clips):
    page = open_context(viewport={"width": 1280, "height": 900}).new_page()
    visit(page, "/accounts/login/")
    keys = page.keyboard
    page.get_by_label("Email").focus()
    keys.type("alice@hospital.example")
    keys.press("Tab")
    keys.type("correct horse battery staple")
    keys.press("Enter")
    page.wait_for_url(is_home)
    tab_to(page, "Empathy in cardiology")
    keys.press("Enter")
    page.wait_for_url("**/studies/empathy/")
    tab_to(page, "New encounter")
    keys.press("Enter")
    page.wait_for_url("**/new/")
    tab_to(page, "Create encounter")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Patient")
    open_context.forgive("422")
    page.get_by_label("Doctor").focus()
    keys.press("ArrowDown")
    page.get_by_label("Patient").focus()
    keys.type(site.addresses["patient"])
    tab_to(page, "Create encounter")
    keys.press("Enter")
    page.wait_for_url("**/encounters/**")
    page.wait_for_selector("html[data-ready]")
    with page.expect_file_chooser() as chooser:
        tab_to(page, "Choose the doctor’s file")
        keys.press("Enter")
    chooser.value.set_files(clips["doctor"])
    expect(page.locator("[data-region=camera-doctor] details.file")).to_be_visible(timeout=60_000)


def tab_to(page, name: str) -> None:
    """Press Tab until the control with this text has the focus; it must be visible there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "(() => { const it = document.activeElement;"
            " return (it.closest('label') ?? it).textContent + (it.getAttribute('aria-label') ?? ''); })()"
        )
        if name in words:
            outline = page.evaluate(
                "(() => { const it = document.activeElement;"
                " return getComputedStyle(it.closest('label') ?? it).outlineStyle; })()"
            )
            assert outline != "none", f"{name} shows no focus"
            return
    raise AssertionError(f"Tab never came to {name}")
