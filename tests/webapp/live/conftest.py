"""A live session, cameras that send, and a pool that answers at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from emotion.labels import EMOTIONS
from emotion.live.faces import LiveFace, LiveFrame
from webapp.asgi import application
from webapp.live import consumers, sockets
from webapp.live.conductor import now_us
from webapp.live.models import LiveSession
from webapp.live.pace import Pace
from webapp.live.pool import DROPPED
from webapp.live.services import open_live_session

#: What stands for a JPEG here: its start, and the emotion that the pool finds in it.
START = b"\xff\xd8\xff"


def probs(emotion: str, level: float = 0.76) -> tuple[float, ...]:
    rest = (1 - level) / (len(EMOTIONS) - 1)
    return tuple(level if name == emotion else rest for name in EMOTIONS)


class InstantPool:
    """Finds one face with the emotion that a picture names; "hold" keeps frames waiting."""

    def __init__(self) -> None:
        self.pace = Pace(1)
        self.hold: asyncio.Event | None = None
        self.seen = 0
        self.is_unavailable = False

    async def ready(self) -> None:
        return None

    async def read(self, key: Any, jpeg: bytes, *, identify: bool) -> LiveFrame | str | None:
        self.seen += 1
        if self.hold is not None:
            await self.hold.wait()
        word = jpeg.removeprefix(START).decode()
        if word == "broken":
            return None
        if word == "dropped":
            return DROPPED
        if word == "nobody":
            return LiveFrame((640, 360))
        return LiveFrame((640, 360), (LiveFace((270, 100, 370, 200), 0.8, probs(word)),))


@pytest.fixture(autouse=True)
def _no_cameras_of_earlier_tests():
    """How many cameras send is counted per process."""
    consumers._SENDING.cameras.clear()


@pytest.fixture
def pool(monkeypatch) -> InstantPool:
    made = InstantPool()
    monkeypatch.setattr(consumers, "inference_pool", lambda: made)
    monkeypatch.setattr(sockets, "LOOK_EVERY_S", 0.05)
    return made


@pytest.fixture
def live(encounter, alice) -> LiveSession:
    return open_live_session(actor=alice, encounter=encounter)


def message(word: str, capture_us: int | None = None) -> bytes:
    return (now_us() if capture_us is None else capture_us).to_bytes(8, "big") + START + word.encode()


def open_socket(user: Any, address: str, *, origin: str = "http://localhost") -> WebsocketCommunicator:
    headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
    if user is not None:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie.value}".encode()))
    return WebsocketCommunicator(application, address, headers=headers)


async def first_answer(socket: WebsocketCommunicator) -> Any:
    """Return the type of the first message, or the code with which the socket was closed."""
    connected, _ = await socket.connect(5)
    assert connected
    output = await socket.receive_output(5)
    if output["type"] == "websocket.close":
        return output["code"]
    await socket.disconnect()
    import json

    return json.loads(output["text"])["type"]


async def next_of(socket: WebsocketCommunicator, kind: str, timeout: float = 8) -> dict[str, Any]:
    """Return the next message of a type, leaving out the others."""
    while True:
        found = await socket.receive_json_from(timeout)
        if found["type"] == kind:
            return found


async def close_code(socket: WebsocketCommunicator, timeout: float = 8) -> int:
    """Return the code with which a socket is closed, whatever is said before."""
    while True:
        output = await socket.receive_output(timeout)
        if output["type"] == "websocket.close":
            return int(output["code"])
