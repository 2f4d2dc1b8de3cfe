"""A camera without a browser, against a server made by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from webapp.live import camera_client
from webapp.live.camera_client import CameraClient
from webapp.live.socket_client import BINARY, CLOSE, MAGIC, PING, PONG, TEXT, Closed, Socket


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.request = ""

    async def shake_hands(self) -> None:
        self.request = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in self.request.splitlines() if "Sec-WebSocket-Key" in line)
        accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
        self.writer.write(f"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())

    def send(self, kind: int, data: bytes) -> None:
        length = len(data)
        if length < 126:
            size = bytes((length,))
        elif length < 65536:
            size = b"\x7e" + struct.pack(">H", length)
        else:
            size = b"\x7f" + struct.pack(">Q", length)
        self.writer.write(bytes((0x80 | kind,)) + size + data)

    def say(self, **content) -> None:
        self.send(TEXT, json.dumps(content).encode())

    async def receive(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert second & 0x80, "what a client sends is masked"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(length)
        return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


Serve = Callable[[Callable[[Peer], Awaitable[None]]], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts a server that treats a connection in a given way, and tells its address."""
    servers = []

    async def start(treat: Callable[[Peer], Awaitable[None]]) -> str:
        async def accept(reader, writer):
            peer = Peer(reader, writer)
            await peer.shake_hands()
            await treat(peer)

        servers.append(await asyncio.start_server(accept, "127.0.0.1", 0))
        return f"ws://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/ws/live/?token=x"

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70001])
async def test_messages_of_every_length_arrive_as_they_were_sent(serve, size):
    got: asyncio.Queue = asyncio.Queue()

    async def treat(peer: Peer) -> None:
        await got.put(await peer.receive())
        peer.say(type="echo", text="x" * size)

    socket = Socket()
    await socket.open(await serve(treat), cookie="session=1")
    sent = bytes(place % 251 for place in range(size))
    await socket.send(sent)
    assert await got.get() == (BINARY, sent)
    assert await socket.next() == {"type": "echo", "text": "x" * size}
    await socket.close()


async def test_a_ping_is_answered_and_a_close_tells_its_code(serve):
    got: asyncio.Queue = asyncio.Queue()

    async def treat(peer: Peer) -> None:
        assert "Cookie: session=1" in peer.request and "Origin: http://127.0.0.1" in peer.request
        peer.send(PING, b"there?")
        await got.put(await peer.receive())
        peer.send(CLOSE, struct.pack(">H", 4403))

    socket = Socket()
    await socket.open(await serve(treat), cookie="session=1")
    with pytest.raises(Closed) as closed:
        await socket.next()
    assert closed.value.code == 4403
    assert await got.get() == (PONG, b"there?")


async def test_a_lost_line_is_told_apart_from_a_refusal(serve):
    async def treat(peer: Peer) -> None:
        peer.writer.close()

    socket = Socket()
    await socket.open(await serve(treat))
    with pytest.raises(Closed) as closed:
        await socket.next()
    assert closed.value.code == 1006


async def test_a_site_that_is_no_websocket_is_refused():
    async def accept(reader, writer):
        writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    with pytest.raises(ConnectionRefusedError, match="404"):
        await Socket().open(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()


async def test_a_camera_waits_for_the_greeting_and_never_has_more_than_one_frame_under_way(serve):
    frames: list[bytes] = []

    async def treat(peer: Peer) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.receive(), 0.05)
        peer.say(type="hello", now=5_000_000, interval_ms=1)
        for taken in (True, False):
            frames.append((await peer.receive())[1])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(peer.receive(), 0.1)
            peer.say(type="ack", t=int.from_bytes(frames[-1][:8], "big"), taken=taken, interval_ms=1)
        frames.append((await peer.receive())[1])
        peer.say(type="end", reason="ended")

    client = CameraClient(await serve(treat), lambda: b"\xff\xd8\xff", fps=200)
    await client.run()
    assert (client.acknowledged, client.dropped, client.end_reason) == (1, 1, "ended")
    assert all(frame[8:] == b"\xff\xd8\xff" for frame in frames)
    times = [int.from_bytes(frame[:8], "big") for frame in frames]
    assert times == sorted(times)
    assert abs(times[0] - 5_000_000) < 2_000_000, "stamped in the server's time"


async def test_a_line_without_answers_counts_as_lost_instead_of_taking_more_frames(serve, monkeypatch):
    monkeypatch.setattr(camera_client, "ANSWER_WITHIN_S", 0.05)
    frames: list[bytes] = []

    async def treat(peer: Peer) -> None:
        peer.say(type="hello", now=5_000_000, interval_ms=1)
        kind = BINARY
        while kind == BINARY:
            kind, data = await peer.receive()
            frames.append(data)

    client = CameraClient(await serve(treat), lambda: b"\xff\xd8\xff", fps=200)
    with pytest.raises(Closed) as closed:
        await client.run()
    assert closed.value.code == 1006
    assert sum(len(frame) > 8 for frame in frames) == 1
