"""Links for cameras without an account: signed, for one camera of one session, and of no other use."""

from __future__ import annotations

import uuid
from typing import Final

from django.core import signing

SALT: Final = "live.camera"
VALID_S: Final = 12 * 3600


def make(session: uuid.UUID, camera: str) -> str:
    """Return a token with which a device may send the frames of this camera to this session."""
    return signing.dumps([str(session), camera], salt=SALT, compress=True)


def read(token: str) -> tuple[uuid.UUID, str] | None:
    """Return the session and camera of a token, None when it is forged or too old."""
    try:
        session, camera = signing.loads(token, salt=SALT, max_age=VALID_S)
    except signing.BadSignature:
        return None
    return uuid.UUID(session), camera
