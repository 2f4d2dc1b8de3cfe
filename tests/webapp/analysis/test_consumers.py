from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tests.webapp.records import add_job
from webapp.analysis import consumers
from webapp.asgi import application
from webapp.jobs.models import Job
from webapp.sockets import websocket_urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(consumers, "LOOK_EVERY_S", 0.02)


def open_socket(user, pk, *, origin: str = "http://localhost") -> WebsocketCommunicator:
    headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
    if user is not None:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie.value}".encode()))
    return WebsocketCommunicator(application, f"/ws/encounters/{pk}/", headers=headers)


async def first_answer(socket: WebsocketCommunicator):
    """Return the type of the first message or the close code."""
    connected, _ = await socket.connect()
    assert connected
    message = await socket.receive_output(5)
    if message["type"] == "websocket.close":
        return message["code"]
    await socket.disconnect()
    return "state"


ANSWERS = {
    None: 4401,
    "alice": "state",
    "bob": "state",
    "dora": "state",
    "audrey": "state",
    "carol": 4404,
}


@pytest.fixture
def cast(alice, bob, dora, audrey, carol):
    return {None: None, "alice": alice, "bob": bob, "dora": dora, "audrey": audrey, "carol": carol}


@pytest.mark.parametrize(("name", "expected"), ANSWERS.items())
async def test_the_socket_answers_each_role_like_the_page(encounter, cast, name, expected):
    assert await first_answer(await sync_to_async(open_socket)(cast[name], encounter.pk)) == expected


def test_every_socket_has_its_table():
    """The live ones are in tests/webapp/live/test_consumers.py."""
    assert [str(pattern.pattern) for pattern in websocket_urlpatterns] == [
        "ws/encounters/<uuid:pk>/",
        "ws/live/<uuid:pk>/",
        "ws/live/<uuid:pk>/camera/<str:camera>/",
    ]


async def test_an_absent_encounter_looks_like_a_forbidden_one(alice):
    assert await first_answer(await sync_to_async(open_socket)(alice, uuid.uuid4())) == 4404


async def test_another_sites_page_cannot_open_the_socket(alice, encounter):
    socket = await sync_to_async(open_socket)(alice, encounter.pk, origin="https://evil.example")
    connected, _ = await socket.connect()
    assert not connected


async def test_a_change_by_another_process_is_pushed_and_silence_is_kept(alice, encounter):
    socket = await sync_to_async(open_socket)(alice, encounter.pk)
    await socket.connect()
    first = await socket.receive_json_from(5)
    assert (first["type"], first["jobs"]) == ("state", [])
    assert await socket.receive_nothing(0.2)
    job = await sync_to_async(add_job)(encounter)
    assert (await socket.receive_json_from(5))["jobs"][0]["state"] == "queued"
    await Job.objects.filter(pk=job.pk).aupdate(state="running", progress=0.25, message="looking at faces")
    shown = (await socket.receive_json_from(5))["jobs"][0]
    assert (shown["progress"], shown["message"]) == (0.25, "looking at faces")
    await socket.disconnect()


async def test_who_loses_access_is_shown_out(encounter, bob):
    socket = await sync_to_async(open_socket)(bob, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    await bob.memberships.all().adelete()
    assert (await socket.receive_output(5))["code"] == 4404


async def test_who_signs_out_is_shown_out(encounter, bob):
    from django.contrib.sessions.models import Session

    socket = await sync_to_async(open_socket)(bob, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    await Session.objects.all().adelete()
    assert (await socket.receive_output(5))["code"] == 4401


async def test_who_has_not_been_seen_for_too_long_is_shown_out(encounter, bob):
    from django.contrib.sessions.models import Session

    socket = await sync_to_async(open_socket)(bob, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    await Session.objects.aupdate(expire_date=timezone.now() - timedelta(seconds=1))
    assert (await socket.receive_output(5))["code"] == 4401


async def test_a_new_password_ends_what_was_opened_with_the_old_one(encounter, bob):
    socket = await sync_to_async(open_socket)(bob, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    bob.set_password("another good passphrase")
    await bob.asave()
    assert (await socket.receive_output(5))["code"] == 4401


async def test_who_is_locked_out_is_shown_out(encounter, bob):
    socket = await sync_to_async(open_socket)(bob, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    bob.is_active = False
    await bob.asave()
    assert (await socket.receive_output(5))["code"] == 4401


async def test_trouble_closes_the_socket_so_that_the_page_connects_again(encounter, alice, monkeypatch):
    socket = await sync_to_async(open_socket)(alice, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)

    def trouble(*args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(consumers, "encounter_state", trouble)
    assert (await socket.receive_output(5))["code"] == 1011


async def test_what_a_page_says_is_ignored(alice, encounter):
    socket = await sync_to_async(open_socket)(alice, encounter.pk)
    await socket.connect()
    await socket.receive_json_from(5)
    await socket.send_json_to({"type": "delete everything"})
    assert await socket.receive_nothing(0.2)
    await socket.disconnect()
