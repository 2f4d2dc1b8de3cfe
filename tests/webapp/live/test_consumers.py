"""The sockets: who may open them, what they answer, and what a camera must not do."""

from __future__ import annotations

import asyncio
import threading
import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from tests.webapp.live.conftest import close_code, first_answer, message, next_of
from tests.webapp.live.opening import camera_address, connect, opened, send_until_read, withdraw
from webapp.live import sockets, tokens
from webapp.live.conductor import camera_group, now_us
from webapp.live.limits import MAX_FRAME_BYTES
from webapp.live.models import LiveSession, Reading

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(alice, bob, dora, audrey, carol):
    return {None: None, "alice": alice, "bob": bob, "dora": dora, "audrey": audrey, "carol": carol}


# who


CAMERA = {None: 4401, "alice": "hello", "bob": 4403, "dora": "hello", "audrey": 4403, "carol": 4404}
DASHBOARD = {None: 4401, "alice": 4403, "bob": 4403, "dora": "state", "audrey": 4403, "carol": 4404}


@pytest.mark.parametrize(("name", "expected"), CAMERA.items())
async def test_a_camera_is_for_who_may_open_the_session(live, pool, cast, name, expected):
    assert await first_answer(await connect(cast[name], camera_address(live))) == expected


@pytest.mark.parametrize(("name", "expected"), DASHBOARD.items())
async def test_the_dashboard_is_for_the_doctor_alone(live, pool, cast, name, expected):
    assert await first_answer(await connect(cast[name], f"/ws/live/{live.pk}/")) == expected


async def test_absent_sessions_and_unknown_cameras_look_alike(live, pool, dora):
    assert await first_answer(await connect(dora, f"/ws/live/{uuid.uuid4()}/")) == 4404
    assert await first_answer(await connect(dora, camera_address(live, "ward"))) == 4404


async def test_another_sites_page_cannot_send(live, pool, dora):
    socket = await connect(dora, camera_address(live), origin="https://evil.example")
    assert not (await socket.connect(5))[0]


async def test_a_link_opens_its_own_camera_without_an_account(live, pool):
    query = f"?token={tokens.make(live.pk, 'patient')}"
    assert await first_answer(await connect(None, camera_address(live, query=query))) == "hello"
    assert await first_answer(await connect(None, camera_address(live, "doctor", query))) == 4403


async def test_a_link_of_another_session_is_refused(live, pool):
    query = f"?token={tokens.make(uuid.uuid4(), 'patient')}"
    assert await first_answer(await connect(None, camera_address(live, query=query))) == 4403


async def test_one_camera_more_than_the_server_takes_is_told_so(live, pool, dora, settings):
    settings.LIVE_CAMERAS = 1
    first = await opened(dora, camera_address(live))
    assert await first_answer(await connect(dora, camera_address(live, "doctor"))) == 4503
    await first.disconnect()
    assert await first_answer(await connect(dora, camera_address(live, "doctor"))) == "hello"


async def test_without_networks_there_is_no_capacity(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    pool.is_unavailable = True
    await camera.send_to(bytes_data=message("happiness"))
    assert await close_code(camera) == 4503
    assert await first_answer(await connect(dora, camera_address(live))) == 4503


async def test_a_camera_more_than_can_be_read_is_told_so(live, pool, dora):
    pool.pace.learn(1_000_000, 1)
    await opened(dora, camera_address(live))
    assert await first_answer(await connect(dora, camera_address(live, "doctor"))) == 4503


# consent


async def test_a_camera_whose_person_did_not_consent_stays_off(live, pool, alice, dora, encounter):
    await sync_to_async(withdraw)(alice, encounter.doctor, "analyse_doctor")
    assert await first_answer(await connect(dora, camera_address(live, "doctor"))) == 4403
    assert await first_answer(await connect(dora, camera_address(live, "patient"))) == "hello"


async def test_withdrawal_in_the_middle_ends_the_session_for_everybody(live, pool, alice, dora, encounter):
    camera = await opened(dora, camera_address(live))
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    await sync_to_async(withdraw)(alice, encounter.patient, "live_feedback")
    for socket in (camera, dashboard):
        assert (await next_of(socket, "end"))["reason"] == "consent_withdrawn"
        assert await close_code(socket) == 1000
    kept = await Reading.objects.acount()
    await asyncio.sleep(0.3)
    assert await Reading.objects.acount() == kept
    assert not await LiveSession.objects.filter(ended_at=None).aexists()


async def test_no_frame_is_read_once_consent_is_gone(live, pool, alice, dora, encounter):
    camera = await opened(dora, camera_address(live))
    await sync_to_async(withdraw)(alice, encounter.patient, "record")
    await close_code(camera)
    seen = pool.seen
    await camera.send_to(bytes_data=message("happiness"))
    await asyncio.sleep(0.1)
    assert pool.seen == seen


async def test_who_loses_the_right_is_shown_out(live, pool, dora):
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    await dora.memberships.all().adelete()
    assert await close_code(dashboard) == 4404


async def test_who_signs_out_is_shown_out(live, pool, dora):
    from django.contrib.sessions.models import Session

    camera = await opened(dora, camera_address(live))
    await Session.objects.all().adelete()
    assert await close_code(camera) == 4401


# frames


async def test_every_frame_is_acknowledged_with_its_time_whether_taken_or_not(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    base_us = now_us() - 1_000_000
    words = ("happiness", "broken", "dropped", "nobody")
    for place, word in enumerate(words):
        await camera.send_to(bytes_data=message(word, base_us + place))
    answers = [await next_of(camera, "ack") for _ in words]
    assert [(one["t"] - base_us, one["taken"], one.get("reason")) for one in answers] == [
        (0, True, None),
        (1, False, "malformed"),
        (2, False, "dropped"),
        (3, True, None),
    ]
    assert all(one["interval_ms"] > 0 for one in answers)
    await camera.disconnect()


async def test_no_frame_or_reading_waits_for_the_database(live, pool, dora, monkeypatch):
    monkeypatch.setattr(sockets, "LOOK_EVERY_S", 60)
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    camera = await opened(dora, camera_address(live))
    await send_until_read(camera, dashboard, "happiness")
    is_free, is_taken = threading.Event(), threading.Event()
    asking = asyncio.create_task(sync_to_async(lambda: (is_taken.set(), is_free.wait(20)))())
    await asyncio.to_thread(is_taken.wait, 20)
    base_us = now_us()
    for place in range(3):
        await camera.send_to(bytes_data=message("happiness", base_us + place))
        await dashboard.send_to(text_data='{"type": "shown", "ms": 80}')
        for socket, kind in ((camera, "ack"), (dashboard, "reading")):
            while (await next_of(socket, kind))["t"] != base_us + place:
                continue
    assert not asking.done()
    is_free.set()
    await asking
    await camera.disconnect()
    await dashboard.disconnect()


@pytest.mark.parametrize("data", [b"", b"123", b"12345678", b"12345678GIF89a", b"\x00" * 5000])
async def test_a_malformed_message_is_answered_and_harms_nobody(live, pool, dora, data):
    camera = await opened(dora, camera_address(live))
    await camera.send_input({"type": "websocket.receive", "bytes": data})
    answer = await next_of(camera, "ack")
    assert (answer["t"], answer["taken"], answer["reason"]) == (None, False, "malformed")
    await camera.send_to(bytes_data=message("happiness"))
    assert (await next_of(camera, "ack"))["taken"]
    assert pool.seen == 1
    await camera.disconnect()


async def test_a_frame_sent_again_is_not_read_again(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    frame = message("happiness")
    for _ in range(3):
        await camera.send_to(bytes_data=frame)
    answers = [await next_of(camera, "ack") for _ in range(3)]
    assert sorted(one.get("reason", "taken") for one in answers) == ["old", "old", "taken"]
    assert pool.seen == 1
    await camera.disconnect()


async def test_an_oversized_frame_closes_the_camera(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    await camera.send_to(bytes_data=message("happiness") + bytes(MAX_FRAME_BYTES))
    assert await close_code(camera) == 4413
    assert pool.seen == 0


async def test_of_two_devices_that_send_as_one_camera_the_newer_one_goes_on(live, pool, dora):
    older = await opened(dora, camera_address(live))
    doctors = await opened(dora, camera_address(live, "doctor"))
    newer = await opened(dora, camera_address(live))
    assert await close_code(older) == 4409
    for camera in (newer, doctors):
        at_us = now_us()
        await camera.send_to(bytes_data=message("happiness", at_us))
        assert (await next_of(camera, "ack"))["t"] == at_us


async def test_of_two_devices_that_begin_together_exactly_one_goes_on(live, pool, dora):
    """Each tells the others after it joined them, so the one that began earlier may be heard last."""
    camera = await opened(dora, camera_address(live))
    other = {"type": "live.taken_over", "since": (now_us() - 5_000_000, "zz")}
    await get_channel_layer().group_send(camera_group(live.pk, "patient"), other)
    await camera.send_to(bytes_data=message("happiness", at_us := now_us()))
    assert (await next_of(camera, "ack"))["t"] == at_us
    await get_channel_layer().group_send(
        camera_group(live.pk, "patient"), other | {"since": (now_us(), "zz")}
    )
    assert await close_code(camera) == 4409


async def test_a_camera_that_floods_is_closed(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    base_us = now_us()
    for place in range(1000):
        await camera.send_to(bytes_data=message("happiness", base_us + place))
    assert await close_code(camera) == 4429
    assert pool.seen < 1000


async def test_a_flood_of_words_is_closed_too(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    for _ in range(1000):
        await camera.send_to(text_data='{"type": "ping", "t": 1}')
    assert await close_code(camera) == 4429


async def test_words_that_mean_nothing_are_ignored(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    for text in ("[]", "{", '"ping"', '{"type": "delete everything"}', "x" * 5000):
        await camera.send_to(text_data=text)
    await camera.send_to(text_data='{"type": "ping", "t": 7}')
    pong = await next_of(camera, "pong")
    assert (pong["t"], abs(pong["now"] - now_us()) < 30_000_000) == (7, True)
    await camera.disconnect()


async def test_a_cameras_own_recording_has_its_start_kept(live, pool, dora):
    camera = await opened(dora, camera_address(live))
    start_us = now_us()
    for t in ('"now"', "1", str(start_us)):
        await camera.send_to(text_data=f'{{"type": "recording", "t": {t}}}')
    await camera.send_to(text_data='{"type": "ping", "t": 7}')
    await next_of(camera, "pong")
    await sync_to_async(live.refresh_from_db)()
    assert live.recorded_us == {"patient": start_us}
    await camera.disconnect()
