"""Passkeys: after the password or instead of it, and each way to cheat with one."""

from __future__ import annotations

import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tests.conftest import PASSWORD
from tests.webapp.accounts.keys import Passkey
from webapp.accounts.passkeys import MOST_PASSKEYS
from webapp.core.models import AuditEvent

SIGN_IN = "/accounts/2fa/passkeys/sign-in/"
ADD = "/accounts/2fa/passkeys/add/"
SECOND = "/accounts/2fa/authenticate/"
REFUSED = "not accepted"


@pytest.fixture(autouse=True)
def _hosts(settings):
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def browser() -> Client:
    return Client(headers={"host": "localhost", "x-forwarded-proto": "https"})


def with_password(user) -> Client:
    client = browser()
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


def options_in(page) -> dict:
    found = re.search(
        r'<script id="passkey-options" type="application/json">(.*?)</script>', page.content.decode()
    )
    assert found is not None
    return next(iter(json.loads(found[1]).values()))


def add(client: Client, key: Passkey, **values):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    answer = key.create(options_in(client.get(ADD)))
    return client.post(ADD, {"name": "my phone", "passwordless": "on", "credential": answer} | values)


def options_to_sign_in(client: Client) -> dict:
    return client.get(SIGN_IN, headers={"accept": "application/json"}).json()["request_options"]


def sign_in(client: Client, key: Passkey, **values):
    return client.post(SIGN_IN, {"credential": key.get(options_to_sign_in(client))} | values, follow=True)


def is_signed_in(client: Client) -> bool:
    return client.get("/studies/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_adding_is_recorded_with_the_recovery_codes_that_come_with_it(alice):
    add(with_password(alice), Passkey())
    added = AuditEvent.objects.filter(action="account.second_factor_added")
    assert [event.details for event in added.order_by("pk")] == [
        {"type": "webauthn"},
        {"type": "recovery_codes"},
    ]


@pytest.fixture
def key(alice) -> Passkey:
    key = Passkey()
    assert add(with_password(alice), key).status_code == 302
    return key


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="account.").values_list("action", flat=True))


def test_passkey_signs_in_without_a_password_and_goes_where_one_wanted_to(alice, key):
    client = browser()
    assert sign_in(client, key, next="/studies/").redirect_chain[-1][0] == "/studies/"
    assert is_signed_in(client)
    assert AuditEvent.objects.get(action="account.second_factor_used").details["passwordless"] is True


def test_with_a_passkey_the_password_alone_no_longer_signs_in(alice, key):
    client = with_password(alice)
    assert not is_signed_in(client)
    page = client.get(SECOND)
    client.post(SECOND, {"credential": key.get(options_in(page))})
    assert is_signed_in(client)


def test_answer_given_before_is_refused(alice, key):
    client = browser()
    answer = key.get(options_to_sign_in(client))
    client.post(SIGN_IN, {"credential": answer})
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert REFUSED in client.post(SIGN_IN, {"credential": answer}, follow=True).content.decode()
    options_to_sign_in(client)
    assert REFUSED in client.post(SIGN_IN, {"credential": answer}, follow=True).content.decode()
    assert not is_signed_in(client)


def test_a_refused_answer_uses_up_its_challenge_too(alice, key):
    client = browser()
    options = options_to_sign_in(client)
    client.post(SIGN_IN, {"credential": Passkey(handle=key.handle).get(options)})
    client.post(SIGN_IN, {"credential": key.get(options)})
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost"),
        ("https://localhost:8443", "localhost"),
        ("http://localhost", "localhost"),
        ("https://sub.localhost", "localhost"),
        ("https://localhost", "evil.example"),
        ("", "localhost"),
    ],
)
def test_answer_from_another_origin_or_for_another_site_is_refused(alice, key, origin, host):
    key.origin, key.host = origin, host
    client = browser()
    assert REFUSED in sign_in(client, key).content.decode()
    assert not is_signed_in(client)


def test_key_of_somebody_else_is_refused(alice, bob, key):
    theirs = Passkey()
    add(with_password(bob), theirs)
    pretending = Passkey(handle=key.handle, identifier=theirs.identifier, key=theirs.key)
    client = browser()
    assert REFUSED in sign_in(client, pretending).content.decode()
    client = with_password(alice)
    client.post(SECOND, {"credential": theirs.get(options_in(client.get(SECOND)))})
    assert not is_signed_in(client)


def test_key_with_the_right_name_and_another_secret_is_refused(alice, key):
    client = browser()
    assert REFUSED in sign_in(client, Passkey(handle=key.handle, identifier=key.identifier)).content.decode()


def test_key_that_did_not_check_the_person_does_not_replace_the_password(alice, key):
    key.verifies = False
    assert REFUSED in sign_in(browser(), key).content.decode()
    refused = add(with_password_and(alice, key), Passkey(verifies=False))
    assert REFUSED in refused.content.decode()


def with_password_and(user, key: Passkey) -> Client:
    client = with_password(user)
    client.post(SECOND, {"credential": key.get(options_in(client.get(SECOND)))})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_counter_must_grow(alice, key):
    for count, accepted in ((5, True), (5, False), (4, False), (0, False), (6, True)):
        key.counter = count
        client = browser()
        sign_in(client, key)
        assert is_signed_in(client) == accepted, count
    refused = AuditEvent.objects.filter(action="account.passkey_refused")
    assert refused.count() == 3
    assert refused.first().details == {"because": "counter"}


def test_keys_that_do_not_count_stay_at_zero(alice, key):
    for _ in range(2):
        client = browser()
        sign_in(client, key)
        assert is_signed_in(client)


def test_who_may_not_sign_in_cannot_with_a_passkey(alice, key):
    alice.is_active = False
    alice.save()
    client = browser()
    sign_in(client, key)
    assert not is_signed_in(client)


def test_adding_renaming_and_removing_ask_who_is_there(alice, key):
    client = browser()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    own = Authenticator.objects.get(type="webauthn")
    for address in (
        ADD,
        f"/accounts/2fa/passkeys/{own.pk}/rename/",
        f"/accounts/2fa/passkeys/{own.pk}/remove/",
    ):
        for method in (client.get, client.post):
            assert method(address).url.startswith("/accounts/reauthenticate/"), address
    assert Authenticator.objects.filter(pk=own.pk).exists()
    page = client.get("/accounts/2fa/passkeys/reauthenticate/")
    client.post("/accounts/2fa/passkeys/reauthenticate/", {"credential": key.get(options_in(page))})
    assert client.get(ADD).status_code == 200


def test_passkeys_have_names_are_listed_renamed_and_removed(alice, key):
    client = with_password_and(alice, key)
    add(client, Passkey(), name="")
    page = client.get("/accounts/2fa/").content.decode()
    assert "my phone" in page
    assert "Passkey 2" in page
    first = Authenticator.objects.filter(type="webauthn").first()
    client.post(f"/accounts/2fa/passkeys/{first.pk}/rename/", {"name": "old phone"})
    assert "old phone" in client.get("/accounts/2fa/passkeys/").content.decode()
    client.post(f"/accounts/2fa/passkeys/{first.pk}/remove/")
    assert "old phone" not in client.get("/accounts/2fa/passkeys/").content.decode()
    assert REFUSED in sign_in(browser(), key).content.decode()
    assert {"account.second_factor_added", "account.passkey_renamed", "account.second_factor_removed"} <= set(
        actions()
    )
    assert "phone" not in str(list(AuditEvent.objects.values()))


def test_nobody_renames_or_removes_the_passkey_of_another(alice, bob, key):
    client, own = with_password(bob), Authenticator.objects.get(type="webauthn")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for verb in ("rename", "remove"):
        for pk in (own.pk, 0):
            assert client.post(f"/accounts/2fa/passkeys/{pk}/{verb}/", {"name": "mine"}).status_code == 404


def test_the_same_key_is_not_added_twice_and_there_is_an_end_to_their_number(alice, key):
    client = with_password_and(alice, key)
    assert REFUSED in add(client, key).content.decode()
    own = Authenticator.objects.get(type="webauthn")
    Authenticator.objects.bulk_create(
        Authenticator(user=alice, type="webauthn", data=own.data) for _ in range(MOST_PASSKEYS - 1)
    )
    assert "remove one first" in add(client, Passkey()).content.decode()


@pytest.mark.parametrize(
    "answer", ["", "[]", "1", "null", '"x"', "{}", '{"response": 1}', '{"response": {}}', "{"]
)
def test_nonsense_is_refused_in_words(alice, key, answer):
    client = browser()
    options_to_sign_in(client)
    assert client.post(SIGN_IN, {"credential": answer}).status_code == 302
    client = with_password_and(alice, key)
    client.get(ADD)
    assert client.post(ADD, {"name": "x", "credential": answer}).status_code == 200
    assert Authenticator.objects.filter(type="webauthn").count() == 1


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("damage", ["", "AA", "!", None, 7])
def test_damaged_answers_are_refused_in_words(alice, key, part, damage):
    client = browser()
    answer = json.loads(key.get(options_to_sign_in(client)))
    answer["response"][part] = damage
    assert client.post(SIGN_IN, {"credential": json.dumps(answer)}).status_code == 302
    assert not is_signed_in(client)


def test_sign_in_with_passkeys_is_slowed_down_like_sign_in_with_passwords(alice, key):
    client = browser()
    statuses = [client.post(SIGN_IN, {"credential": "{}"}).status_code for _ in range(31)]
    assert statuses == [302] * 30 + [429]


def test_guessing_at_a_second_factor_is_slowed_down(alice, key):
    client = with_password(alice)
    for _ in range(6):
        wrong = Passkey(handle=key.handle, identifier=key.identifier).get(options_in(client.get(SECOND)))
        last = client.post(SECOND, {"credential": wrong})
    assert "Too many" in last.content.decode()


def test_host_of_the_setting_is_what_keys_are_bound_to(alice, settings):
    settings.PASSKEY_HOST = "hospital.example"
    client = with_password(alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert options_in(client.get(ADD))["publicKey"]["rp"]["id"] == "hospital.example"
