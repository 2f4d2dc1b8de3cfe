"""Receiving a file piece by piece. What is acknowledged is on disk; what is not acknowledged is cut off
again.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import FileIO
from typing import Protocol

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Q
from django.http import UnreadablePostError
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing, InsufficientStorage, Invalid, NotFound, TooLarge
from webapp.jobs.services import create_job
from webapp.recordings import storage
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.checksums import Checksum
from webapp.recordings.errors import ChecksumMismatch, UploadLocked
from webapp.recordings.models import Camera, Recording, RecordingState, Upload
from webapp.recordings.names import accepted_suffix, clean_name
from webapp.recordings.queries import consents_to
from webapp.studies.models import Encounter

PIECE_BYTES = 1024 * 1024
RESERVE_BYTES = 64 * 1024 * 1024
LOCK_FOR = timedelta(seconds=30)
RENEW_AFTER = timedelta(seconds=10)
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Actor = AbstractBaseUser | AnonymousUser


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@transaction.atomic
def create_upload(
    *,
    actor: Actor,
    encounter: Encounter,
    camera: str,
    length: int,
    name: str,
    content_type: str = "",
    replace: bool = False,
) -> Upload:
    """Make room for a file. Raises an AppError that says why a file of this kind cannot be taken here and
    now.
    """
    _check_length(length)
    suffix = accepted_suffix(name, content_type)
    if camera not in Camera.values:
        raise Invalid(f"Expected the camera to be one of {', '.join(Camera.values)}, got “{camera[:20]}”.")
    if not consents_to(encounter, VIEW_PURPOSE):
        raise ConsentMissing(
            "Doctor and patient must both have consented to the recording before it is uploaded."
        )
    _check_place(encounter, camera, replace=replace)
    upload = Upload.objects.create(
        encounter=encounter,
        camera=camera,
        original_name=clean_name(name),
        suffix=suffix,
        length=length,
        replaces=replace,
        uploaded_by_id=actor.pk,
    )
    audit.record(actor=actor, action="upload.started", target=upload, study_id=encounter.study_id)
    with _disk_full_as_507():
        path = storage.upload_file(upload.pk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return upload


def receive(
    *, upload: Upload, offset: int, source: Readable, announced: int, checksum: Checksum | None
) -> Upload:
    """Append a chunk that starts at offset and return the upload with its new offset.

    A lost connection is no error: what arrived is kept, unless a checksum was announced that it cannot
    satisfy. Raises Conflict for a wrong offset, UploadLocked while another request writes, TooLarge beyond
    the announced length, ChecksumMismatch, and InsufficientStorage when the disk is full; then the file ends
    at the old offset.
    """
    token = _lock(upload, offset)
    end = offset
    try:
        if announced > upload.length - offset:
            raise TooLarge(f"Expected at most {upload.length - offset} more bytes, got {announced}.")
        end = _append(upload, token, offset, source, checksum)
    finally:
        _acknowledge(upload, token, end)
    upload.refresh_from_db()
    return upload


@transaction.atomic
def discard_upload(*, upload: Upload, actor: Actor | None) -> None:
    """Forget an unfinished upload and its bytes. Raises Conflict when it is finished, UploadLocked while it
    is written.
    """
    free = Q(locked_until=None) | Q(locked_until__lt=timezone.now())
    if not Upload.objects.filter(free, pk=upload.pk, finished=False).update(
        locked_until=timezone.now() + LOCK_FOR
    ):
        upload.refresh_from_db()
        if upload.finished:
            raise Conflict("This upload has already arrived; there is nothing left to cancel.")
        raise UploadLocked
    study_id = upload.encounter.study_id
    audit.record(actor=actor, action="upload.discarded", target=upload, study_id=study_id)
    path = storage.upload_file(upload.pk)
    upload.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_abandoned_uploads() -> None:
    """Discard uploads that nobody continued for UPLOAD_KEEP_DAYS, and rows of those that have long become
    recordings.
    """
    cutoff = timezone.now() - timedelta(days=settings.UPLOAD_KEEP_DAYS)
    old = Upload.objects.filter(changed_at__lt=cutoff)
    old.filter(finished=True).exclude(recording__state=RecordingState.CHECKING).delete()
    for upload in old.filter(finished=False).select_related("encounter"):
        discard_upload(upload=upload, actor=None)


def _check_length(length: int) -> None:
    if length <= 0:
        raise Invalid("This file is empty. Choose the camera's file.")
    if length > settings.MAX_UPLOAD_BYTES:
        limit = settings.MAX_UPLOAD_BYTES // 1024**2
        raise TooLarge(
            f"Expected at most {limit:,} MB, got {length // 1024**2:,} MB. Split or compress the recording."
        )
    if storage.free_bytes() < length + RESERVE_BYTES:
        raise InsufficientStorage(
            "The server's disk has no room for this file. Ask whoever runs this server to make room."
        )


def _check_place(encounter: Encounter, camera: str, *, replace: bool) -> None:
    there = Recording.objects.filter(encounter=encounter, camera=camera)
    if there.filter(state=RecordingState.CHECKING).exists():
        raise Conflict(
            f"A file of the {camera}'s camera is being checked; wait for its result.", code="being_checked"
        )
    if not replace and there.filter(state=RecordingState.READY).exists():
        raise Conflict(
            f"There is a recording of the {camera}'s camera already; replace it?", code="recording_exists"
        )


def _lock(upload: Upload, offset: int) -> uuid.UUID:
    token = uuid.uuid4()
    now = timezone.now()
    free = Q(locked_until=None) | Q(locked_until__lt=now)
    here = Upload.objects.filter(free, pk=upload.pk, finished=False, offset=offset)
    if not here.update(lock_token=token, locked_until=now + LOCK_FOR):
        upload.refresh_from_db()
        if upload.finished or upload.offset != offset:
            raise Conflict(
                f"Expected a chunk at byte {upload.offset}, got one at {offset}.", code="wrong_offset"
            )
        raise UploadLocked
    return token


def _append(
    upload: Upload, token: uuid.UUID, offset: int, source: Readable, checksum: Checksum | None
) -> int:
    """Write the chunk behind the acknowledged bytes; return where the file ends now."""
    try:
        sink = storage.upload_file(upload.pk).open("r+b", buffering=0)
    except FileNotFoundError:
        raise NotFound(
            "What arrived of this file is no longer on the server; start the upload again."
        ) from None
    with sink:
        sink.truncate(offset)
        sink.seek(offset)
        try:
            with _disk_full_as_507():
                complete = _copy(upload, token, source, sink, checksum)
                os.fsync(sink.fileno())
            if checksum is not None and not (complete and checksum.matches()):
                raise ChecksumMismatch
        except BaseException:
            sink.truncate(offset)
            raise
        return sink.tell()


def _copy(
    upload: Upload, token: uuid.UUID, source: Readable, sink: FileIO, checksum: Checksum | None
) -> bool:
    """Copy until the source ends; return False when its connection was lost on the way."""
    renewed_at = timezone.now()
    while True:
        try:
            piece = source.read(min(PIECE_BYTES, upload.length - sink.tell() + 1))
        except UnreadablePostError:
            return False
        if not piece:
            return True
        if sink.tell() + len(piece) > upload.length:
            raise TooLarge(f"Expected {upload.length} bytes in all, got more.")
        if timezone.now() - renewed_at > RENEW_AFTER:
            renewed_at = timezone.now()
            _renew(upload, token)
        if checksum is not None:
            checksum.update(piece)
        _write_all(sink, piece)


def _write_all(sink: FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[sink.write(rest) :]


def _renew(upload: Upload, token: uuid.UUID) -> None:
    until = timezone.now() + LOCK_FOR
    if not Upload.objects.filter(pk=upload.pk, lock_token=token).update(locked_until=until):
        raise UploadLocked


@transaction.atomic
def _acknowledge(upload: Upload, token: uuid.UUID, end: int) -> None:
    """Move the offset, let go of the lock, and hand a complete file over to be checked."""
    mine = Upload.objects.filter(pk=upload.pk, lock_token=token)
    done = end == upload.length
    if (
        mine.update(offset=end, finished=done, lock_token=None, locked_until=None, changed_at=timezone.now())
        and done
    ):
        _hand_over(upload)


def _hand_over(upload: Upload) -> None:
    encounter = upload.encounter
    Recording.objects.filter(encounter=encounter, camera=upload.camera, state=RecordingState.REFUSED).delete()
    recording = Recording.objects.create(
        encounter=encounter,
        camera=upload.camera,
        replaces=upload.replaces,
        original_name=upload.original_name,
        suffix=upload.suffix,
        size_bytes=upload.length,
        uploaded_by_id=upload.uploaded_by_id,
    )
    Upload.objects.filter(pk=upload.pk).update(recording=recording)
    audit.record(
        actor=upload.uploaded_by, action="recording.arrived", target=recording, study_id=encounter.study_id
    )
    create_job(
        kind="check_recording",
        params={"recording": str(recording.pk), "upload": str(upload.pk)},
        subject_id=encounter.pk,
        requested_by=upload.uploaded_by,
        study_id=encounter.study_id,
        priority=10,
    )


@contextmanager
def _disk_full_as_507() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise InsufficientStorage from error
        raise
