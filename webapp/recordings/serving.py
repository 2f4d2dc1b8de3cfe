"""Files as HTTP answers: ranges, conditions and a body that neither blocks the event loop nor fills the
memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from webapp.core.errors import NotFound
from webapp.recordings.ranges import ByteRange, Unsatisfiable, parse_range

PIECE_BYTES = 512 * 1024


def serve_file(request: HttpRequest, path: Path, *, content_type: str, etag: str) -> HttpResponseBase:
    """Return 200, 206 or 416 for a private file. Raises NotFound when it is gone from the disk.

    etag: identifies the content. A range counts only while If-Range, when sent, names this content.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NotFound from None
    size = path.stat().st_size
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "ETag": f'"{etag}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    try:
        wanted = parse_range(_range_header(request, headers["ETag"]), size)
    except Unsatisfiable:
        file.close()
        headers["Content-Range"] = f"bytes */{size}"
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    part = wanted or ByteRange(0, size)
    headers["Content-Length"] = str(len(part))
    if wanted is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, headers=headers, content_type=content_type)
    body = _pieces_async(file, part) if isinstance(request, ASGIRequest) else _pieces(file, part)
    return StreamingHttpResponse(body, status=status, headers=headers, content_type=content_type)


def _range_header(request: HttpRequest, etag: str) -> str | None:
    condition = request.headers.get("If-Range")
    return None if condition is not None and condition.strip() != etag else request.headers.get("Range")


def _pieces(file: BinaryIO, part: ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        rest = len(part)
        while rest > 0 and (piece := file.read(min(PIECE_BYTES, rest))):
            rest -= len(piece)
            yield piece


async def _pieces_async(file: BinaryIO, part: ByteRange) -> AsyncIterator[bytes]:
    pieces = _pieces(file, part)

    def read_next() -> bytes | None:
        return next(pieces, None)

    try:
        while (piece := await sync_to_async(read_next, thread_sensitive=False)()) is not None:
            yield piece
    finally:
        file.close()
