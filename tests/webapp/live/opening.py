"""Sockets of a live session, opened as its pages open them."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async

from tests.webapp.live.conftest import message, next_of, open_socket
from webapp.consent.services import record_decisions

connect = sync_to_async(open_socket)


def camera_address(live, camera: str = "patient", query: str = "") -> str:
    return f"/ws/live/{live.pk}/camera/{camera}/{query}"


def withdraw(actor, participant, *purposes: str) -> None:
    record_decisions(actor=actor, participant=participant, decisions=dict.fromkeys(purposes, False))


async def opened(user, address: str):
    """Return a socket that was greeted."""
    socket = await connect(user, address)
    assert (await socket.connect(5))[0]
    await next_of(socket, "hello" if "/camera/" in address else "state")
    return socket


async def send_until_read(camera, dashboard, word: str) -> dict:
    """Send frames until the dashboard shows one: the conductor may still be getting ready."""
    for _ in range(100):
        await camera.send_to(bytes_data=message(word))
        await asyncio.sleep(0.05)
        if not dashboard.output_queue.empty():
            found = await dashboard.receive_json_from(1)
            if found["type"] == "reading":
                return found
    raise AssertionError("no reading came")
