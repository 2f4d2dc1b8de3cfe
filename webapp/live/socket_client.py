"""A websocket client on asyncio alone (RFC 6455): what a camera without a browser needs, and no more.

The library that serves the site's sockets cannot be a client under asyncio in a process that also loads it
as a server.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import ssl
import struct
from typing import Any, Final
from urllib.parse import urlsplit

MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONNECT_WITHIN_S: Final = 15.0
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
LOST: Final = 1006


class Closed(Exception):
    """The server closed the socket. code: why, 1006 for a lost line."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the socket was closed with code {code}")
        self.code = code


class Socket:
    """One connection: JSON in, JSON or bytes out. Use after `open`."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter | None = None

    async def open(self, url: str, *, cookie: str = "") -> None:
        """Connect to ws:// or wss://. Raises OSError or TimeoutError when the site does not take it."""
        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        context = ssl.create_default_context() if secure else None
        port = parts.port or (443 if secure else 80)
        async with asyncio.timeout(CONNECT_WITHIN_S):
            self._reader, self._writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
            key = base64.b64encode(os.urandom(16)).decode()
            self._writer.write(_request(parts.netloc, f"{parts.path}?{parts.query}", key, secure, cookie))
            answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        accepted = base64.b64encode(hashlib.sha1((key + MAGIC).encode(), usedforsecurity=False).digest())
        if not answer.startswith("HTTP/1.1 101") or accepted.decode() not in answer:
            await self.close()
            raise ConnectionRefusedError(f"the site answered {answer.splitlines()[0]!r}")

    async def send(self, content: dict[str, Any] | bytes) -> None:
        """Send one message. Raises Closed when the line is lost."""
        if isinstance(content, bytes):
            await self._write(BINARY, content)
        else:
            await self._write(TEXT, json.dumps(content).encode())

    async def next(self) -> dict[str, Any]:
        """Return the next message. Raises Closed."""
        while True:
            kind, data = await self._read()
            if kind == TEXT:
                found: dict[str, Any] = json.loads(data)
                return found
            if kind == PING:
                await self._write(PONG, data)
            elif kind == CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005)

    async def close(self) -> None:
        """Say goodbye where the line still stands, and let go of it."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        if not writer.is_closing():
            writer.write(_frame(CLOSE, struct.pack(">H", 1000)))
        writer.close()

    async def _write(self, kind: int, data: bytes) -> None:
        if self._writer is None:
            raise Closed(LOST)
        try:
            self._writer.write(_frame(kind, data))
            await self._writer.drain()
        except OSError:
            raise Closed(LOST) from None

    async def _read(self) -> tuple[int, bytes]:
        try:
            first, second = await self._reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", await self._reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
            return first & 0x0F, await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            raise Closed(LOST) from None


def _request(host: str, target: str, key: str, secure: bool, cookie: str) -> bytes:
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        f"Origin: {'https' if secure else 'http'}://{host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _frame(kind: int, data: bytes) -> bytes:
    """Return a whole message as one masked frame, as clients must send it."""
    mask = os.urandom(4)
    if len(data) < 126:
        head = bytes((0x80 | kind, 0x80 | len(data)))
    elif len(data) < 65536:
        head = bytes((0x80 | kind, 0x80 | 126)) + struct.pack(">H", len(data))
    else:
        head = bytes((0x80 | kind, 0x80 | 127)) + struct.pack(">Q", len(data))
    return head + mask + _masked(data, mask)


def _masked(data: bytes, mask: bytes) -> bytes:
    """Return the bytes under the repeated mask, all of them in one operation on a large number."""
    key = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")
