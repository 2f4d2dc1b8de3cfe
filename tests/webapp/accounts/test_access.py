"""What is open in one's name: sessions that can be ended, tokens with a scope and a last day."""

from __future__ import annotations

import datetime

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from tests.conftest import PASSWORD
from webapp.accounts.models import ApiToken
from webapp.accounts.services import LONGEST_DAYS, create_token
from webapp.core.errors import Invalid
from webapp.core.models import AuditEvent


def sign_in(user) -> Client:
    client = Client(HTTP_USER_AGENT="a browser")
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def with_token(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


def token(user, scope="read", days=1) -> str:
    return create_token(user=user, name="a script", scope=scope, days=days)


def test_a_session_that_is_ended_must_sign_in_again(alice):
    here, elsewhere = sign_in(alice), sign_in(alice)
    assert here.get("/accounts/access/").content.decode().count("a browser") == 2
    other = UserSession.objects.get(session_key=elsewhere.session.session_key)
    here.post(f"/accounts/access/sessions/{other.pk}/end/")
    assert elsewhere.get("/studies/").status_code == 302
    assert here.get("/studies/").status_code == 200
    assert AuditEvent.objects.filter(action="account.session_ended").count() == 1


def test_nobody_ends_the_session_or_token_of_another(alice, bob):
    client, mine = sign_in(alice), sign_in(bob)
    session = UserSession.objects.get(user=bob)
    token(bob)
    assert client.post(f"/accounts/access/sessions/{session.pk}/end/").status_code == 404
    assert client.post(f"/accounts/access/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert mine.get("/studies/").status_code == 200


def test_token_opens_the_api_with_its_owners_rights_and_no_page(study, alice, bob):
    client = with_token(token(alice))
    assert [one["slug"] for one in client.get("/api/v1/studies/").json()] == [study.slug]
    assert client.get(f"/studies/{study.slug}/").status_code == 302
    assert ApiToken.objects.get().last_used_at is not None


def test_reading_token_changes_nothing_and_writing_token_needs_no_page(study, alice):
    address = f"/api/v1/studies/{study.slug}/encounters/"
    body = {"data": {}, "content_type": "application/json"}
    assert with_token(token(alice)).post(address, **body).status_code == 403
    assert with_token(token(alice, "write")).post(address, **body).status_code == 400


@pytest.mark.parametrize("secret", ["", "emp_unknown", "emp_ü"])
def test_unknown_secrets_are_refused(db, secret):
    assert with_token(secret.encode("utf-8").decode("latin-1")).get("/api/v1/studies/").status_code == 401


def test_expired_revoked_and_inactive_tokens_are_refused(alice):
    secret = token(alice)
    ApiToken.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert with_token(secret).get("/api/v1/studies/").status_code == 401
    client, secret = sign_in(alice), token(alice)
    newest = ApiToken.objects.first()
    client.post(f"/accounts/access/tokens/{newest.pk}/revoke/")
    assert with_token(secret).get("/api/v1/studies/").status_code == 401
    secret = token(alice)
    alice.is_active = False
    alice.save()
    assert with_token(secret).get("/api/v1/studies/").status_code == 401


def test_secret_is_not_in_the_database_and_lasts_no_longer_than_a_year(alice):
    secret = token(alice)
    assert secret not in str(ApiToken.objects.values().get())
    with pytest.raises(Invalid):
        token(alice, days=LONGEST_DAYS + 1)
    with pytest.raises(Invalid):
        token(alice, scope="everything")


def test_token_is_made_after_the_password_was_asked_again_and_shown_once(alice):
    client = sign_in(alice)
    values = {"name": "nightly", "scope": "read", "days": 7}
    assert client.post("/accounts/access/tokens/new/", values).url.startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/accounts/access/tokens/new/", values).content.decode()
    assert "emp_" in page
    assert "emp_" not in client.get("/accounts/access/").content.decode()
    assert client.post("/accounts/access/tokens/new/", values | {"days": 9999}).status_code == 422
