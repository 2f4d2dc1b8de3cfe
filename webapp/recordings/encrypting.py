"""Recordings that were stored before media were encrypted: their files are replaced by encrypted ones, each
at once or not at all, and going on after an interruption.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db import transaction

from webapp.core import audit
from webapp.core.encrypted_path import EncryptedPath, StoredFile
from webapp.core.encryption import DamagedFile, is_encrypted
from webapp.core.errors import AppError
from webapp.jobs.models import JobState, Segment, SegmentState
from webapp.jobs.queries import jobs_about
from webapp.recordings import keys, storage
from webapp.recordings.models import MediaKey, Recording, RecordingState

PIECE_BYTES = 1024 * 1024


@dataclass
class Outcome:
    """How many things of a kind were encrypted, wait for a worker that uses them, and could not be."""

    done: int = 0
    waiting: int = 0
    failed: int = 0


#: Encrypts what lies plain of a kind; is told a sentence about each thing that could not be.
Encrypter = Callable[[Callable[[str], None]], Outcome]
_ENCRYPTERS: dict[str, Encrypter] = {}


def register_encrypter(what: str, encrypt_all: Encrypter) -> None:
    """Have what a later app stores encrypted with the recordings. what: its name in the plural."""
    _ENCRYPTERS[what] = encrypt_all


def encrypters() -> dict[str, Encrypter]:
    return {"recordings": encrypt_recordings, **_ENCRYPTERS}


def encrypt_recordings(say: Callable[[str], None]) -> Outcome:
    """Encrypt every recording that lies plain, apart from those that a worker has open."""
    outcome = Outcome()
    for recording in not_encrypted():
        prepare(recording)
        if is_worked_on(recording):
            outcome.waiting += 1
            continue
        try:
            encrypt_recording(recording)
            outcome.done += 1
        except (AppError, OSError) as error:
            outcome.failed += 1
            say(f"recording {recording.pk}: {reason_of(error)}")
    return outcome


def reason_of(error: AppError | OSError) -> str:
    return error.message if isinstance(error, AppError) else str(error.strerror)


def not_encrypted() -> Iterator[Recording]:
    """Yield the recordings of which a file may lie plain, those on their way excepted."""
    kept = Recording.objects.exclude(state=RecordingState.CHECKING).exclude(media_key__complete=True)
    for pk in list(kept.values_list("pk", flat=True)):
        recording = Recording.objects.select_related("encounter").filter(pk=pk).first()
        if recording is not None and any(storage.files_of(recording)):
            yield recording


def is_worked_on(recording: Recording) -> bool:
    """Return whether a worker may have its files open that began before they had a key."""
    jobs = jobs_about(recording.encounter_id)
    return (
        jobs.filter(state=JobState.RUNNING).exists()
        or Segment.objects.filter(job__in=jobs, state=SegmentState.RUNNING).exists()
    )


def prepare(recording: Recording) -> MediaKey:
    """Return the key of a recording, which it has from now on: whoever opens a file hereafter asks for it."""
    with transaction.atomic():
        Recording.objects.select_for_update().get(pk=recording.pk)
        return keys.find_key(recording.pk) or keys.add_late_key(recording)


def encrypt_recording(recording: Recording) -> int:
    """Encrypt what lies plain of a recording; return how many files that were.

    Raises OSError when the disk is full, MediaLocked, and DamagedFile when what was written does not read as
    the original; then the plain file stays.
    """
    key = prepare(recording)
    opened, count = keys.opened(key), 0
    for path, purpose in storage.files_of(recording):
        if not is_encrypted(path):
            encrypt_in_place(EncryptedPath(path, opened, purpose))
            count += 1
    with transaction.atomic():
        if MediaKey.objects.filter(pk=key.pk, complete=False).update(complete=True):
            audit.record(
                actor=None,
                action="recording.encrypted",
                target=recording,
                study_id=recording.encounter.study_id,
                details={"files": count},
            )
    return count


def encrypt_in_place(target: EncryptedPath) -> None:
    """Replace a plain file by an encrypted one, once that reads the same. Raises as encrypt_recording."""
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with target.place.open("rb") as source, partial.open("wb") as sink:
            while piece := source.read(PIECE_BYTES):
                sink.write(piece)
            sink.sync()  # type: ignore[attr-defined]  # an encrypted file
        if _sha256(target.place) != _sha256(partial):
            raise DamagedFile
        if target.is_file():  # else it was deleted meanwhile, which must not be undone
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _sha256(stored: StoredFile | Path) -> str:
    digest = hashlib.sha256()
    file: IO[bytes]
    with stored.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
