"""What cameras see reaches the dashboard and the database, and nobody else."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async

from tests.webapp.live.conftest import close_code, message, next_of
from tests.webapp.live.opening import camera_address, connect, opened, send_until_read
from webapp.live import consumers, services
from webapp.live.conductor import now_us
from webapp.live.models import LiveSession, Reading, Suggestion

pytestmark = pytest.mark.django_db(transaction=True)


async def test_what_a_camera_sees_reaches_the_dashboard_with_its_time(live, pool, dora):
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    camera = await opened(dora, camera_address(live))
    reading = await send_until_read(camera, dashboard, "sadness")
    assert (reading["person"], reading["emotion"], reading["status"]) == ("patient", "sadness", "ok")
    assert 0 <= now_us() - reading["t"] < 30_000_000
    await camera.disconnect()
    await dashboard.disconnect()


async def test_seconds_are_kept_and_go_on_after_the_camera_came_back(live, pool, dora):
    for _ in range(2):
        camera = await opened(dora, camera_address(live))
        await send_until_kept(camera, live)
        await camera.disconnect()
    rows = [row async for row in Reading.objects.filter(session=live).order_by("second")]
    seconds = [row.second for row in rows]
    assert seconds == list(range(seconds[0], seconds[-1] + 1)), "no second is missing or there twice"
    assert {row.emotion for row in rows} >= {"happiness"}
    await sync_to_async(live.refresh_from_db)()
    assert live.conductor is None, "the lease is given back"


async def send_until_kept(camera, live: LiveSession) -> None:
    """Send frames until one more classified second is kept."""
    classified = Reading.objects.filter(session=live, status="ok")
    before = await classified.acount()
    for _ in range(600):
        await camera.send_to(bytes_data=message("happiness"))
        await asyncio.sleep(0.05)
        if await classified.acount() > before:
            return
    raise AssertionError("no second was kept")


async def test_readings_of_another_session_never_come(live, pool, dora, alice, study, encounter):
    other = await sync_to_async(another_session)(alice, study, encounter)
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    camera = await opened(dora, camera_address(other))
    for _ in range(8):
        await camera.send_to(bytes_data=message("anger"))
        await asyncio.sleep(0.05)
    assert await dashboard.receive_nothing(0.3)
    await camera.disconnect()
    await dashboard.disconnect()


def another_session(alice, study, encounter) -> LiveSession:
    from webapp.studies.services import create_encounter

    again = create_encounter(
        actor=alice,
        study=study,
        doctor=encounter.doctor,
        patient=encounter.patient,
        held_on=encounter.held_on,
    )
    return services.open_live_session(actor=alice, encounter=again)


async def test_a_reload_shows_the_last_minute_and_what_still_waits(live, pool, dora):
    await sync_to_async(fill)(live)
    socket = await connect(dora, f"/ws/live/{live.pk}/")
    await socket.connect(5)
    state = await next_of(socket, "state")
    assert [row["second"] for row in state["rows"]] == [0]
    offered = await next_of(socket, "suggestion")
    assert offered["text"] == "Pause."
    assert offered["why"] == [
        "Patient: expression classified as sadness in 1 second (70 % against 10 % before)."
    ]
    await socket.disconnect()


def fill(live) -> None:
    Reading.objects.create(
        session=live, camera="patient", second=0, status="no_face", frames_sampled=1, frames_detected=0
    )
    evidence = {"who": "patient", "emotions": ["sadness"], "seconds": [0], "level": 0.7, "baseline": 0.1}
    Suggestion.objects.create(
        session=live,
        second=0,
        rule="r",
        text="Pause.",
        language="en",
        framework="NURSE",
        severity="notice",
        confidence=0.7,
        evidence=[evidence],
    )


async def test_a_page_that_does_not_keep_up_gets_fewer_readings(live, pool, dora):
    dashboard = await opened(dora, f"/ws/live/{live.pk}/")
    camera = await opened(dora, camera_address(live))
    await send_until_read(camera, dashboard, "happiness")
    for _ in range(40):
        await camera.send_to(bytes_data=message("happiness"))
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    waiting = [await dashboard.receive_json_from(1) for _ in range(dashboard.output_queue.qsize())]
    readings = [one for one in waiting if one["type"] == "reading"]
    assert len(readings) <= consumers.DashboardConsumer.MOST_UNSEEN + 2
    await dashboard.send_to(text_data='{"type": "shown", "ms": 80}')
    latency = await next_of(dashboard, "latency")
    assert (latency["p50_ms"], latency["n"]) == (80, 1)
    await dashboard.disconnect()
    await camera.disconnect()
    await sync_to_async(live.refresh_from_db)()
    assert live.latency_p50_ms == 80


async def test_trouble_closes_the_socket_so_that_the_page_connects_again(live, pool, dora, monkeypatch):
    from django.db import OperationalError

    camera = await opened(dora, camera_address(live))

    def trouble(*args):
        raise OperationalError("database is locked")

    monkeypatch.setattr(consumers, "allowed_cameras", trouble)
    assert await close_code(camera) == 1011
