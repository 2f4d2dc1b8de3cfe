"""What happens to an account leaves a row, and its owner sees it in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client

import webapp
from tests.conftest import PASSWORD
from webapp.accounts.templatetags.trail import WORDS
from webapp.core.models import AuditEvent

NEW = "a new and rather longer password"


def sign_in(user, password=PASSWORD) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return client


def events() -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="account.").order_by("pk")
    return [event.action.removeprefix("account.") for event in found]


def test_signing_in_leaves_a_row_and_failing_to_leaves_none(alice):
    sign_in(alice, "wrong")
    assert events() == []
    sign_in(alice)
    assert events() == ["signed_in"]
    assert AuditEvent.objects.get(action="account.signed_in").actor == alice


def test_new_password_leaves_a_row_and_ends_every_other_session(alice):
    here, elsewhere = sign_in(alice), sign_in(alice)
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert events()[-1] == "password_changed"
    assert here.get("/studies/").status_code == 200
    assert elsewhere.get("/studies/").status_code == 302
    assert NEW not in str(list(AuditEvent.objects.values()))


def test_second_factor_and_its_row_stand_or_fall_together(alice):
    with pytest.raises(RuntimeError), transaction.atomic():
        Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
        assert events() == ["second_factor_added"]
        raise RuntimeError
    assert events() == []


def test_owner_sees_the_events_of_the_account_in_words_and_nobody_elses(alice, bob):
    sign_in(bob)
    client = sign_in(alice)
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    page = client.get("/accounts/access/").content.decode()
    assert "Second factor added" in page
    assert "(authenticator app)" in page
    assert page.count("Signed in,") == 1


def test_every_event_of_an_account_has_words(alice, study):
    root = Path(webapp.__file__).parent
    code = "".join(path.read_text() for path in root.rglob("*.py") if "templatetags" not in path.parts)
    written = set(re.findall(r'"(account\.[a-z_]+)"', code)) | {
        f"account.{event}"
        for event in re.findall(r'_record\("([a-z_]+)"', (root / "accounts/trail.py").read_text())
    }
    assert written <= set(WORDS)
    assert len(written) >= 10, "the search found too little"
