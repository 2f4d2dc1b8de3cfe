"""Mona protects her account, signs in with a code, and gives the protection up again."""

from __future__ import annotations

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.seed import EMAIL, PASSWORD
from tests.browser.test_every_page import problems_of, switch_to


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def expect_accessible(page: Page) -> None:
    for theme in ("light", "dark"):
        switch_to(page, theme)
        assert problems_of(page) == [], page.url


def confirm_password(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm Access")).to_be_visible()
    expect_accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_authenticator_app_is_activated_asked_for_and_deactivated(open_context):
    page = open_context().new_page()
    sign_in(page, "mona")
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Activate").click()
    confirm_password(page)
    secret = page.get_by_label("Authenticator secret").input_value()
    expect(page.locator("img.qr")).to_be_visible()
    expect_accessible(page)
    page.get_by_label("Authenticator code").fill(code_for(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    expect_accessible(page)

    fresh = open_context().new_page()
    fresh.goto("/accounts/login/")
    fresh.get_by_label("Email").fill(EMAIL.format("mona"))
    fresh.get_by_label("Password").fill(PASSWORD)
    fresh.get_by_role("button", name="Sign in").click()
    expect(fresh.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    expect_accessible(fresh)
    fresh.get_by_label("Code").fill(codes[0])
    fresh.get_by_role("button", name="Sign In").click()
    expect(fresh.get_by_role("heading", level=1)).to_contain_text("Mona")

    page.goto("/accounts/2fa/")
    expect(page.get_by_role("main")).to_contain_text("9 out of 10 recovery codes")
    page.get_by_role("link", name="Deactivate").click()
    expect_accessible(page)
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("main")).to_contain_text("An authenticator app is not active.")
