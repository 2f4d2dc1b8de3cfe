"""Files as HTTP answers: ranges, conditions, and never more at once than the memory can hold."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import IO, Final

from django.http import HttpRequest, HttpResponse

from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import MAGIC
from webapp.core.errors import Conflict, NotFound
from webapp.recordings.ranges import ByteRange, Unsatisfiable, parse_range

#: The server under us queues whatever it is given, however slowly a player reads. So a player gets a piece
#: and asks for the next one, at which role and consent are asked again.
MOST_AT_ONCE: Final = 4 * 1024 * 1024
ASK_FOR_A_RANGE: Final = (
    f"This file is served in pieces of at most {MOST_AT_ONCE // 1024**2} MiB. "
    "Ask for a range of it, such as Range: bytes=0-."
)
BEING_ENCRYPTED: Final = "This file is being encrypted at this moment; try again."


def serve_file(request: HttpRequest, stored: StoredFile, *, content_type: str, etag: str) -> HttpResponse:
    """Return 200, 206 or 416 for a private file, 400 for a large one without a range. Raises NotFound when it
    is gone from the disk, DamagedFile when it cannot be decrypted.

    etag: identifies the content. A range counts only while If-Range, when sent, names this content. An answer
    may end before the range that was asked for, as RFC 9110 (15.3.7) allows.
    """
    try:
        file = stored.open("rb")
    except FileNotFoundError:
        raise NotFound from None
    with file:
        if not isinstance(stored, EncryptedPath) and file.read(len(MAGIC)) == MAGIC:
            raise Conflict(BEING_ENCRYPTED, code="being_encrypted")
        return _serve(request, file, content_type=content_type, etag=etag)


def _serve(request: HttpRequest, file: IO[bytes], *, content_type: str, etag: str) -> HttpResponse:
    size = file.seek(0, os.SEEK_END)
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
        headers["Content-Range"] = f"bytes */{size}"
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    if wanted is None and size > MOST_AT_ONCE and request.method != "HEAD":
        return HttpResponse(
            ASK_FOR_A_RANGE, status=HTTPStatus.BAD_REQUEST, headers=headers, content_type="text/plain"
        )
    return _answer(request, file, wanted, size, headers | {"Content-Type": content_type})


def _answer(
    request: HttpRequest, file: IO[bytes], wanted: ByteRange | None, size: int, headers: dict[str, str]
) -> HttpResponse:
    part, status = ByteRange(0, size), HTTPStatus.OK
    if wanted is not None:
        part = ByteRange(wanted.start, min(wanted.end, wanted.start + MOST_AT_ONCE))
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
        status = HTTPStatus.PARTIAL_CONTENT
    body = b"" if request.method == "HEAD" else _read(file, part)
    headers["Content-Length"] = str(len(part) if request.method == "HEAD" else len(body))
    return HttpResponse(body, status=status, headers=headers)


def _read(file: IO[bytes], part: ByteRange) -> bytes:
    file.seek(part.start)
    return file.read(len(part))


def _range_header(request: HttpRequest, etag: str) -> str | None:
    condition = request.headers.get("If-Range")
    return None if condition is not None and condition.strip() != etag else request.headers.get("Range")
