"""A camera of a live session without a browser: keeps the same protocol, one frame under way at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from webapp.live.socket_client import Socket

ANSWER_WITHIN_S: Final = 10.0


class CameraClient:
    """Sends the newest frame when the agreement allows it. take: returns the newest JPEG, None without."""

    def __init__(self, url: str, take: Callable[[], bytes | None], *, fps: float = 10.0) -> None:
        self._url, self._take = url, take
        self._least_s = 1 / fps
        self._agreed_s = 0.0
        self._offset_us = 0
        self._answered = asyncio.Event()
        self.acknowledged = 0
        self.dropped = 0
        self.end_reason = ""

    async def run(self) -> None:
        """Send until the session ends. Raises Closed when the server closes for another reason."""
        socket = Socket()
        await socket.open(self._url)
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                message = await socket.next()
                if message["type"] == "hello":
                    self._offset_us = message["now"] - _now_us()
                    self._agreed_s = message["interval_ms"] / 1000
                    sending = asyncio.create_task(self._send(socket))
                elif message["type"] == "ack":
                    self._acknowledge(message)
                elif message["type"] == "end":
                    self.end_reason = message["reason"]
                    return
        finally:
            if sending is not None:
                sending.cancel()
            await socket.close()

    def _acknowledge(self, message: dict[str, Any]) -> None:
        self._answered.set()
        self._agreed_s = message["interval_ms"] / 1000
        if message["taken"]:
            self.acknowledged += 1
        else:
            self.dropped += 1

    async def _send(self, socket: Socket) -> None:
        while True:
            began_s = time.monotonic()
            jpeg = self._take()
            if jpeg is not None:
                self._answered.clear()
                await socket.send((_now_us() + self._offset_us).to_bytes(8, "big") + jpeg)
                try:
                    await asyncio.wait_for(self._answered.wait(), ANSWER_WITHIN_S)
                except TimeoutError:  # `run` finds the line lost; more frames would wait behind this
                    await socket.close()
                    return
            interval_s = max(self._least_s, self._agreed_s)
            await asyncio.sleep(max(0.0, interval_s - (time.monotonic() - began_s)))


def _now_us() -> int:
    return time.time_ns() // 1000
