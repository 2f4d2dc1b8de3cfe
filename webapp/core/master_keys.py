"""The keys of files, wrapped by a master key that the site is started with (envelope encryption).

Without a master key, or without its wrapped key, a file is noise: destroying the wrapped key erases the file
wherever copies of it lie. Master keys stand in the setting MEDIA_KEYS; the first wraps, all of them unwrap.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from webapp.core.encryption import KEY_BYTES, NONCE_BYTES
from webapp.core.errors import AppError

_WRAPPED_FOR: Final = b"empathy-lab media key 1 "
_NAME_DIGITS: Final = 16


class MediaLocked(AppError):
    code, status = "media_locked", 503
    message = (
        "This is stored encrypted, and the server was started without the key that opens it. "
        "Ask whoever runs this server to add it to MEDIA_KEYS."
    )


def master_keys() -> Sequence[bytes]:
    """Return the master keys, the one that wraps first; none where media are not to be encrypted."""
    return tuple(settings.MEDIA_KEYS)


def name_of(master: bytes) -> str:
    """Return what a master key is called beside what it wrapped; it tells nothing about the key."""
    return hmac.new(master, b"empathy-lab master key name", hashlib.sha256).hexdigest()[:_NAME_DIGITS]


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def wrap(key: bytes, *, master: bytes, owner: UUID) -> bytes:
    """Return a key sealed by a master key for one owner; it opens for no other one."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(master).encrypt(nonce, key, _WRAPPED_FOR + owner.bytes)


def unwrap(wrapped: bytes, *, master_name: str, owner: UUID) -> bytes:
    """Return a key. Raises MediaLocked when its master key is not among ours or does not open it."""
    for master in master_keys():
        if hmac.compare_digest(name_of(master), master_name):
            nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
            try:
                return AESGCM(master).decrypt(nonce, sealed, _WRAPPED_FOR + owner.bytes)
            except (InvalidTag, ValueError):
                break
    raise MediaLocked
