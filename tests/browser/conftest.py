"""Chromium against a real site. A page that logs an error, a warning or a refused load fails its test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.install import find_chromium
from tests.browser.seed import EMAIL, PASSWORD
from tests.browser.site import Site, start_site
from tests.empty_database import copy_empty_database

HERE = Path(__file__).parent
SLOW_MS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, shared_folder: Path, _static_files: None
) -> Iterator[Site]:
    """One site for all tests here, also when a worker does others in between: filling it takes long."""
    folder = tmp_path_factory.mktemp("site")
    copy_empty_database(folder / "db.sqlite3", shared_folder)
    with ExitStack() as stack:
        yield start_site(stack, folder, settings.STATIC_ROOT)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here, closed before other tests run: its event loop troubles Django."""
    path = find_chromium()
    if path is None:
        pytest.fail("Chromium is missing; run `python -m tests.browser.install`")
    arguments = ["--autoplay-policy=no-user-gesture-required"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=SLOW_MS)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=arguments)


@pytest.fixture(scope="session")
def kept_sessions() -> dict[str, dict]:
    return {}


@pytest.fixture(scope="package")
def sessions(site: Site, chromium: Browser, kept_sessions: dict[str, dict]) -> dict[str, dict]:
    """The cookies of everyone who signed in once, by name."""
    for name in {"alice", "dora", "nina"} - kept_sessions.keys():
        context = chromium.new_context(base_url=site.url)
        page = context.new_page()
        sign_in(page, name)
        kept_sessions[name] = context.storage_state()
        context.close()
    return kept_sessions


@pytest.fixture
def open_context(
    site: Site, chromium: Browser, sessions: dict[str, dict]
) -> Iterator[Callable[..., BrowserContext]]:
    """Return a maker of contexts: `open_context("alice", viewport=…)`; None is nobody."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(name: str | None = None, **options) -> BrowserContext:
        context = chromium.new_context(
            base_url=site.url, storage_state=sessions[name] if name else None, **options
        )
        context.set_default_timeout(SLOW_MS)
        context.on("console", lambda message: note(message.type, message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    def note(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            complaints.append(text)

    def forgive(text: str) -> None:
        """Drop the complaints about what the test provoked; anything else still fails it."""
        complaints[:] = [complaint for complaint in complaints if text not in complaint]

    make.forgive = forgive  # type: ignore[attr-defined]
    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """Alice's page at a usual size."""
    return open_context("alice", viewport={"width": 1280, "height": 900}).new_page()


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL.format(name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(is_home)


def is_home(url: str) -> bool:
    return urlsplit(url).path == "/"


def visit(page: Page, address: str) -> None:
    """Open a page and wait until its scripts are attached."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")


def new_encounter(page: Page, site: Site, patient: str | None = None) -> None:
    """Create an encounter with a patient of this code; by default the seed's, who agreed to everything."""
    visit(page, f"{site.addresses['study']}encounters/new/")
    choose_people(page, patient or site.addresses["patient"])
    page.get_by_role("button", name="Create encounter").click()
    page.wait_for_selector("html[data-ready]")


def choose_people(page: Page, patient: str) -> None:
    page.get_by_label("Doctor").select_option(index=1)
    page.get_by_label("Patient").select_option(label=patient)


def problems_of(page: Page) -> list[str]:
    """Return what axe finds wrong with a page."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{problem['id']}: {problem['nodes'][0]['html']}" for problem in found]
