"""The headers of tus 1.0, the protocol for uploads that go on after an interruption (https://tus.io)."""

from __future__ import annotations

import base64
import binascii

from django.conf import settings
from rest_framework.request import Request

from webapp.core.errors import Invalid, UnsupportedType
from webapp.recordings.checksums import ALGORITHMS
from webapp.recordings.errors import WrongProtocol
from webapp.recordings.models import Upload

VERSION = "1.0.0"
CHUNK_TYPE = "application/offset+octet-stream"
MAX_METADATA = 4096


def require_protocol(request: Request) -> None:
    """Raise WrongProtocol unless the client speaks this version."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongProtocol


def require_chunk_type(request: Request) -> None:
    if request.headers.get("Content-Type") != CHUNK_TYPE:
        raise UnsupportedType(f"Expected a chunk of type {CHUNK_TYPE}.")


def capabilities() -> dict[str, str]:
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,termination,checksum",
        "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def state_of(upload: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.length),
        "Cache-Control": "no-store",
    }


def byte_count(request: Request, header: str) -> int:
    """Return a header's number of bytes. Raises Invalid when it is absent or no plain number."""
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Invalid(f"Expected the header {header} to hold a number of bytes.")
    return int(value)


def parse_metadata(header: str) -> dict[str, str]:
    """Return the pairs of Upload-Metadata: `key base64,key base64`. Raises Invalid when it is malformed.

    >>> parse_metadata("camera ZG9jdG9y,replace")
    {'camera': 'doctor', 'replace': ''}
    """
    if len(header) > MAX_METADATA:
        raise Invalid(f"Expected at most {MAX_METADATA} characters of upload metadata.")
    pairs: dict[str, str] = {}
    for item in filter(None, (item.strip() for item in header.split(","))):
        key, _, value = item.partition(" ")
        try:
            pairs[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Invalid(f"Expected the upload metadata “{key[:20]}” in base64 of UTF-8.") from None
    return pairs
