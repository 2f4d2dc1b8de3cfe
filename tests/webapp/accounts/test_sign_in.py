import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from tests.conftest import PASSWORD


def test_email_and_password_sign_in(client, alice):
    answer = client.post("/accounts/login/", {"login": alice.email.upper(), "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.url == "/"


def test_wrong_password_says_nothing_about_the_account(client, alice):
    known = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    unknown = client.post("/accounts/login/", {"login": "nobody@hospital.example", "password": "wrong"})
    assert known.status_code == unknown.status_code == 200
    message = "not correct"
    assert message in known.content.decode()
    assert message in unknown.content.decode()


def test_nobody_can_sign_up(client, db):
    assert client.get("/accounts/signup/").status_code == 404


def test_guessing_passwords_is_slowed_down(client, alice):
    for _ in range(12):
        last = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    assert last.status_code == 429 or "Too many" in last.content.decode()


@pytest.mark.parametrize("path", ["/", "/studies/", "/studies/empathy/"])
def test_anonymous_is_sent_to_sign_in_and_back(client, study, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.url == f"/accounts/login/?next={path}"


def test_second_factor_is_activated_after_the_password_is_given_again(client, alice):
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked.url.startswith("/accounts/reauthenticate/")
    client.post(asked.url, {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert Authenticator.objects.filter(user=alice, type="totp").exists()


def test_administration_uses_the_same_sign_in(client, db):
    assert client.get("/admin/login/?next=/admin/").url.startswith("/accounts/login/")
