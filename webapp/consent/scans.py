"""Scans of consent forms that were signed on paper: where they lie, encrypted under a key of their own where
the site encrypts media, and how they go.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Final
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet

from webapp.consent.models import ConsentRecord, ScanKey, Tombstone
from webapp.core import audit
from webapp.core.disk_full import disk_full_as_507
from webapp.core.encrypted_path import EncryptedPath, Place, StoredFile
from webapp.core.encrypting import Outcome, Say, decrypt_in_place, encrypt_in_place, reason_of
from webapp.core.encryption import is_encrypted
from webapp.core.errors import AppError
from webapp.core.media_root import media_root
from webapp.core.wrapped_keys import encrypts, opened, seal

log = structlog.get_logger(__name__)

FOLDER: Final = "consents"
PURPOSE: Final = "scan"
#: What a tombstone calls one.
KIND: Final = "scan of a signed form"
DISK_FULL: Final = (
    "The server's disk is full, so nothing was signed. Ask whoever runs this server to make room."
)
#: Longer than any transaction; and than any writer pauses.
ORPHAN_AFTER_S: Final = 24 * 60 * 60
HALF_WRITTEN_AFTER_S: Final = 60 * 60
LOOK_EVERY_S: Final = 60 * 60


def scan_path(record: ConsentRecord) -> Place:
    return media_root() / FOLDER / f"{record.pk}{record.attachment_suffix}"


def scan_of(record: ConsentRecord) -> StoredFile:
    """Return the scan to be read. Raises MediaLocked."""
    return _under(ScanKey.objects.filter(record=record).first(), record)


def read_scan(record: ConsentRecord) -> bytes:
    """Return a scan. Raises MediaLocked, and FileNotFoundError where it is away."""
    with scan_of(record).open("rb") as file:
        return file.read()


def keep_scan(record: ConsentRecord, data: bytes) -> None:
    """Write a scan whole or not at all, before the commit, so that a record never lacks its scan. Call inside
    its transaction. Raises InsufficientStorage; then nothing is left of it.
    """
    key = _add_key(record, complete=True) if encrypts() else None
    target = _under(key, record)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with disk_full_as_507(DISK_FULL):
            with partial.open("wb") as file:
                _write_whole(file, data)
            partial.replace(target)  # type: ignore[arg-type]  # both are of the same kind
    finally:
        partial.unlink(missing_ok=True)


def with_a_scan() -> QuerySet[ConsentRecord]:
    """Return the records whose scan was kept and not erased since."""
    gone = Tombstone.objects.filter(kind=KIND).values_list("object_id", flat=True)
    return ConsentRecord.objects.exclude(attachment_suffix="").exclude(
        pk__in=[UUID(pk) for pk in gone.iterator()]
    )


def destroy_scan(record: ConsentRecord) -> list[UUID]:
    """Destroy the key of a scan now, and its file after the commit; return the ids of keys. Call inside the
    transaction that writes its tombstone.
    """
    _lock(record)
    keys = ScanKey.objects.filter(record=record)
    gone = list(keys.values_list("pk", flat=True))
    keys.delete()
    path = scan_path(record)
    transaction.on_commit(lambda: path.unlink(missing_ok=True), robust=True)
    return gone


def encrypt_scans(say: Say) -> Outcome:
    """Encrypt every scan that lies plain."""
    outcome = Outcome()
    for record in with_a_scan().exclude(scan_key__complete=True).select_related("participant"):
        try:
            outcome.done += _encrypt(record)
        except (AppError, OSError) as error:
            outcome.failed += 1
            say(f"scan of consent {record.pk}: {reason_of(error)}")
    return outcome


def decrypt_scans(say: Say) -> Outcome:
    """Lay every scan down plain and destroy its key."""
    outcome = Outcome()
    for record in ConsentRecord.objects.exclude(scan_key=None).select_related("participant", "scan_key"):
        try:
            _decrypt(record)
            outcome.done += 1
        except (AppError, OSError) as error:
            outcome.failed += 1
            say(f"scan of consent {record.pk}: {reason_of(error)}")
    return outcome


def sweep_scans() -> None:
    """Delete old files of no record, left by a transaction that failed or a deletion that a power cut ended,
    and what was written by halves; looks once an hour.
    """
    if not cache.add("scans-swept", True, LOOK_EVERY_S):
        return
    records = with_a_scan().only("pk", "attachment_suffix")
    known = {scan_path(record).name for record in records.iterator()}
    for path in list(_files()):
        with suppress(FileNotFoundError):  # a signature that is being kept has renamed it
            if path.name not in known and _is_old(path):
                log.warning("orphan_deleted", kind=FOLDER, entry=path.name)
                path.unlink(missing_ok=True)


def _is_old(path: Place) -> bool:
    after_s = HALF_WRITTEN_AFTER_S if path.suffix == ".part" else ORPHAN_AFTER_S
    return time.time() - path.stat().st_mtime > after_s


def _write_whole(file: IO[bytes], data: bytes) -> None:
    """Write until all is written: an unbuffered file may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _files() -> Iterator[Place]:
    yield from (path for path in (media_root() / FOLDER).rglob("*") if path.is_file())


def _add_key(record: ConsentRecord, *, complete: bool) -> ScanKey:
    key = ScanKey(record=record, complete=complete)
    seal(key)
    return key


def _under(key: ScanKey | None, record: ConsentRecord) -> StoredFile:
    place = scan_path(record)
    if key is None:
        return place
    return EncryptedPath(place, opened(key), PURPOSE, may_be_plain=not key.complete)


def _encrypt(record: ConsentRecord) -> bool:
    with transaction.atomic():  # whoever opens it hereafter asks for the key
        _lock(record)
        if not with_a_scan().filter(pk=record.pk).exists():  # erased meanwhile
            return False
        key = ScanKey.objects.filter(record=record).first() or _add_key(record, complete=False)
    stored = _under(key, record)
    if isinstance(stored, EncryptedPath) and not is_encrypted(stored.place):
        encrypt_in_place(stored)
    with transaction.atomic():
        changed = ScanKey.objects.filter(pk=key.pk, complete=False).update(complete=True)
        if changed:
            _trace("consent.scan_encrypted", record)
    return bool(changed)


def _lock(record: ConsentRecord) -> None:
    """Let nobody else give or destroy a key of this scan before the transaction ends."""
    ConsentRecord.objects.select_for_update().only("pk").get(pk=record.pk)


def _decrypt(record: ConsentRecord) -> None:
    key: ScanKey = record.scan_key
    ScanKey.objects.filter(pk=key.pk).update(complete=False)  # from now on a plain file is taken for it
    key.complete = False
    stored = _under(key, record)
    if isinstance(stored, EncryptedPath) and is_encrypted(stored.place):
        decrypt_in_place(stored)
    with transaction.atomic():
        key.delete()
        _trace("consent.scan_decrypted", record)


def _trace(action: str, record: ConsentRecord) -> None:
    audit.record(actor=None, action=action, target=record, study_id=record.participant.study_id)
