"""Petra adds a passkey, signs in with it after her password and instead of it, and removes it."""

from __future__ import annotations

import re

from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import visit
from tests.browser.seed import EMAIL, PASSWORD
from tests.browser.test_second_factor import confirm_password, expect_accessible

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_device(page: Page) -> tuple[CDPSession, str]:
    """Give the page's browser an authenticator; return the session that commands it, and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return session, added["authenticatorId"]


def enter_password(page: Page, host: str) -> None:
    visit(page, f"{host}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL.format("petra"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page, host: str) -> None:
    visit(page, f"{host}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


def expect_home(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text("Petra")


def test_passkey_is_added_signs_in_after_and_without_the_password_and_is_removed(open_context, site):
    host = site.url.replace("127.0.0.1", "localhost")  # no passkey belongs to an address made of numbers
    page = open_context().new_page()
    device, authenticator = with_device(page)
    enter_password(page, host)
    expect_home(page)
    visit(page, f"{host}/accounts/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm_password(page)
    page.get_by_label("Name").fill("My laptop")
    expect_accessible(page)
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()

    sign_out(page, host)
    enter_password(page, host)
    expect(page.get_by_role("heading", name="Two-Factor Authentication")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect_home(page)

    sign_out(page, host)
    visit(page, f"{host}/accounts/login/?next=/studies/")
    expect_accessible(page)
    page.get_by_role("button", name="Use a passkey instead").click()
    page.wait_for_url(f"{host}/studies/")

    sign_out(page, host)
    copy_of_an_older_state(device, authenticator)
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("status")).to_contain_text("not accepted")
    advance(device, authenticator)
    page.get_by_role("button", name="Use a passkey instead").click()
    expect_home(page)

    visit(page, f"{host}/accounts/2fa/")
    page.get_by_role("link", name="Remove My laptop").click()
    page.get_by_role("link", name="Use a security key").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name=re.compile("Remove “My laptop”"))).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("main")).not_to_contain_text("My laptop")


def test_without_a_passkey_the_page_says_so_and_the_password_still_works(open_context, site):
    host = site.url.replace("127.0.0.1", "localhost")
    page = open_context().new_page()
    with_device(page)
    visit(page, f"{host}/accounts/login/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_role("alert")).to_contain_text("no fitting passkey")
    enter_password(page, host)
    expect_home(page)


def copy_of_an_older_state(device: CDPSession, authenticator: str) -> None:
    set_count(device, authenticator, 0)


def advance(device: CDPSession, authenticator: str) -> None:
    set_count(device, authenticator, 1000)


def set_count(device: CDPSession, authenticator: str, count: int) -> None:
    """Let the device go on with the same key from another count of its signatures."""
    (credential,) = device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    device.send(
        "WebAuthn.removeCredential",
        {"authenticatorId": authenticator, "credentialId": credential["credentialId"]},
    )
    credential["signCount"] = count
    device.send("WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": credential})
