"""Stored files that lie plain are replaced by encrypted ones and back, each at once or not at all.

Each app says from AppConfig.ready how to do that with what it stores.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import DamagedFile
from webapp.core.errors import AppError

PIECE_BYTES: Final = 1024 * 1024


@dataclass
class Outcome:
    """How many things of a kind were changed, wait for a worker that uses them, and could not be."""

    done: int = 0
    waiting: int = 0
    failed: int = 0


Say = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """encrypt: encrypts all that lies plain of a kind. decrypt: the way back, which destroys the keys.

    Both are given a function to tell a sentence about each thing that could not be changed.
    """

    encrypt: Callable[[Say], Outcome]
    decrypt: Callable[[Say], Outcome]


_KINDS: dict[str, Kind] = {}


def register_stored(what: str, kind: Kind) -> None:
    """Have what an app stores encrypted and decrypted with the rest. what: its name in the plural."""
    _KINDS[what] = kind


def stored_kinds() -> dict[str, Kind]:
    return dict(_KINDS)


def reason_of(error: AppError | OSError) -> str:
    return error.message if isinstance(error, AppError) else str(error.strerror)


def encrypt_in_place(target: EncryptedPath) -> None:
    """Replace a plain file by an encrypted one, once that reads the same.

    Raises OSError when the disk is full, MediaLocked, and DamagedFile when what was written does not read as
    the original; then the plain file stays.
    """
    _copy_in_place(target.place, target.with_name(_partial_name()), target)


def decrypt_in_place(source: EncryptedPath) -> None:
    """Replace an encrypted file by a plain one, once that reads the same. Raises as encrypt_in_place."""
    _copy_in_place(source, source.place.with_name(_partial_name()), source.place)


def _partial_name() -> str:
    return f".{secrets.token_hex(8)}.part"


def _copy_in_place(source: StoredFile, partial: StoredFile, target: StoredFile) -> None:
    """Copy what source reads as into the place of target, which lies where source does."""
    try:
        file: IO[bytes]
        with source.open("rb") as file, partial.open("wb") as sink:
            while piece := file.read(PIECE_BYTES):
                sink.write(piece)
            if isinstance(partial, EncryptedPath):
                sink.sync()  # type: ignore[attr-defined]  # an encrypted file
            else:
                sink.flush()
                os.fsync(sink.fileno())
        if _sha256(source) != _sha256(partial):
            raise DamagedFile
        if target.is_file():  # else it was deleted meanwhile, which must not be undone
            partial.replace(target)  # type: ignore[arg-type]  # both are of the same kind
    finally:
        partial.unlink(missing_ok=True)


def _sha256(stored: StoredFile | Path) -> str:
    digest = hashlib.sha256()
    file: IO[bytes]
    with stored.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
