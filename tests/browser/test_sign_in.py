from playwright.sync_api import expect

from tests.browser.conftest import sign_in, visit


def test_stranger_is_sent_to_sign_in_and_comes_back(open_context, site):
    page = open_context().new_page()
    page.goto(site.addresses["shown"])
    expect(page).to_have_url(f"{site.url}/accounts/login/?next={site.addresses['shown']}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_wrong_password_is_said_and_the_address_is_kept(open_context):
    page = open_context().new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("alice@hospital.example")
    page.get_by_label("Password").fill("not this")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    expect(page.get_by_label("Email")).to_have_value("alice@hospital.example")


def test_signing_out_ends_the_session(open_context, site):
    page = open_context().new_page()
    sign_in(page, "nina")
    page.get_by_text("Nina", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/studies/")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/studies/")


def test_newcomer_is_told_the_next_step(open_context):
    page = open_context("nina").new_page()
    visit(page, "/")
    expect(page.get_by_role("main")).to_contain_text("You belong to no study yet.")


def test_doctor_is_offered_only_what_a_doctor_may_do(open_context, site):
    page = open_context("dora").new_page()
    visit(page, site.addresses["study"])
    tabs = page.get_by_role("navigation", name="Parts of the study")
    expect(tabs.get_by_role("link")).to_have_text(["Overview", "Encounters", "Empathy rules"])
    expect(page.get_by_role("link", name="New encounter")).to_have_count(0)
