"""Requests whose body is too large are refused while their bytes arrive; the others stay in memory.

Daphne collects a whole body, also a stranger's, before Django sees the request, and beyond 100 kB in a
temporary file. Here is the only place that can stop either.
"""

from __future__ import annotations

import json
from typing import Any, Final

from daphne import http_protocol, ws_protocol

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
#: Of a websocket's message, which daphne would collect whole as well; what is beyond closes it (1009).
MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
#: Closing at once would reset the connection before the answer is read, so the rest is read and dropped.
LINGER_S: Final = 5.0


class LimitedRequest(http_protocol.WebRequest):  # type: ignore[misc]
    """Answers 413 as soon as a body is announced as too large or, without announcement, becomes so."""

    _received = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802  twisted's name
        super().gotLength(0)  # a length beyond 100 kB would put the body on the disk
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._received += len(data)
        if self._received > MAX_BODY_BYTES:
            self._refuse()
        if not self._refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        return self.channel.loseConnection() if self._refused else super().process()

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        if self._refused and self._deadline.active():
            self._deadline.cancel()
        super().connectionLost(reason)

    def _refuse(self) -> None:
        if self._refused:
            return
        self._refused = True
        self.requestHeaders.removeHeader(b"expect")
        self.content.close()
        super().gotLength(0)
        self._deadline = self.channel.callLater(LINGER_S, self.channel.transport.abortConnection)
        self.channel.transport.write(_answer())
        self.channel.transport.loseWriteConnection()


def _answer() -> bytes:
    limit = MAX_BODY_BYTES // 1024**2
    sentence = f"Expected at most {limit} MiB in one request, got more. Send a file in smaller pieces."
    body = json.dumps({"error": {"code": "too_large", "message": sentence}}).encode()
    head = (
        "HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def install() -> None:
    """Have every connection that daphne accepts from now on held to the limit."""
    http_protocol.WebRequest = LimitedRequest
    ws_protocol.WebSocketProtocol.maxMessagePayloadSize = MAX_MESSAGE_BYTES
