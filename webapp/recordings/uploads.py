"""Receiving a file piece by piece. What is acknowledged is on disk; what is not acknowledged is cut off
again.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.core import audit
from webapp.core.disk_full import disk_full_as_507
from webapp.core.errors import Conflict, ConsentMissing, InsufficientStorage, Invalid, NotFound, TooLarge
from webapp.core.wrapped_keys import encrypts
from webapp.jobs.services import create_job
from webapp.recordings import keys, storage, upload_parts, writing
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.checksums import Checksum
from webapp.recordings.errors import UploadLocked
from webapp.recordings.models import Camera, Recording, RecordingState, Upload
from webapp.recordings.names import accepted_suffix, clean_name
from webapp.recordings.queries import consents_to
from webapp.recordings.services import CHECK, forget_refused
from webapp.studies.models import Encounter
from webapp.studies.services import require_activity

RESERVE_BYTES = 64 * 1024 * 1024
Actor = AbstractBaseUser | AnonymousUser


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
    require_activity(encounter.study, "record")
    _require_consent(encounter)
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
    if encrypts():
        keys.add_key(upload=upload, complete=True)
    audit.record(actor=actor, action="upload.started", target=upload, study_id=encounter.study_id)
    with disk_full_as_507():
        storage.create_upload_file(upload)
    return upload


def receive(
    *,
    upload: Upload,
    actor: Actor,
    offset: int,
    source: writing.Readable,
    announced: int,
    checksum: Checksum | None,
) -> Upload:
    """Append a chunk that starts at offset and return the upload with its new offset.

    A lost connection is no error: what arrived is kept, unless a checksum was announced that it cannot
    satisfy. Raises ConsentMissing, also when consent went while the chunk came, Conflict for a wrong offset,
    UploadLocked while another request writes, TooLarge beyond the announced length, ChecksumMismatch, and
    InsufficientStorage when the disk is full; then the old offset stands. Raises NotFound when the upload
    was discarded meanwhile.
    """
    _require_consent(upload.encounter)
    token = _lock(upload, offset)
    upload.lock_token = token
    end = offset
    try:
        if announced > upload.length - offset:
            raise TooLarge(f"Expected at most {upload.length - offset} more bytes, got {announced}.")
        there = writing.size_on_disk(upload, offset)
        if there < offset:
            end = there
            raise Conflict(f"Expected a chunk at byte {there}, got one at {offset}.", code="wrong_offset")
        arrived = writing.append(upload, token, offset, source, checksum)
        _require_consent(upload.encounter)
        end = arrived
    finally:
        _acknowledge(upload, token, offset, end, actor)
    _refresh(upload)
    return upload


@transaction.atomic
def discard_upload(*, upload: Upload, actor: Actor | None) -> None:
    """Forget an unfinished upload and its bytes. Raises Conflict when it is finished, UploadLocked while it
    is written, NotFound when somebody else discarded it first.
    """
    if (
        not unlocked_uploads()
        .filter(pk=upload.pk, finished=False)
        .update(locked_until=timezone.now() + writing.LOCK_FOR)
    ):
        _refresh(upload)
        if upload.finished:
            raise Conflict("This upload has already arrived; there is nothing left to cancel.")
        raise UploadLocked
    study_id = upload.encounter.study_id
    audit.record(actor=actor, action="upload.discarded", target=upload, study_id=study_id)
    place = storage.upload_file(upload.pk)
    upload.delete()
    transaction.on_commit(lambda: storage.remove(place))


def unlocked_uploads() -> QuerySet[Upload]:
    """Return the uploads to which nobody writes at this moment."""
    return Upload.objects.filter(Q(locked_until=None) | Q(locked_until__lt=timezone.now()))


def _refresh(upload: Upload) -> None:
    try:
        upload.refresh_from_db()
    except Upload.DoesNotExist:
        raise NotFound("This upload was discarded meanwhile; start it again.") from None


def _require_consent(encounter: Encounter) -> None:
    if not consents_to(encounter, VIEW_PURPOSE):
        raise ConsentMissing(
            "Doctor and patient must both have consented to the recording before it is uploaded."
        )


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
    here = unlocked_uploads().filter(pk=upload.pk, finished=False, offset=offset)
    if not here.update(lock_token=token, locked_until=timezone.now() + writing.LOCK_FOR):
        _refresh(upload)
        if upload.finished or upload.offset != offset:
            raise Conflict(
                f"Expected a chunk at byte {upload.offset}, got one at {offset}.", code="wrong_offset"
            )
        raise UploadLocked
    return token


@transaction.atomic
def _acknowledge(upload: Upload, token: uuid.UUID, start: int, end: int, actor: Actor) -> None:
    """Move the offset, let go of the lock, and hand a complete file over to be checked."""
    mine = Upload.objects.filter(pk=upload.pk, lock_token=token)
    done = end == upload.length
    held = {"lock_token": None, "locked_until": None}
    if not mine.update(offset=end, finished=done, changed_at=timezone.now(), **held):
        return
    if storage.arrives_in_parts():
        upload_parts.keep(upload, token, start, end)
    if done:
        _hand_over(upload, actor)


def _hand_over(upload: Upload, actor: Actor) -> None:
    encounter = upload.encounter
    for refused in Recording.objects.filter(
        encounter=encounter, camera=upload.camera, state=RecordingState.REFUSED
    ):
        forget_refused(refused)
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
    keys.hand_on(upload, recording)
    audit.record(actor=actor, action="recording.arrived", target=recording, study_id=encounter.study_id)
    create_job(
        kind=CHECK,
        params={"recording": str(recording.pk), "camera": recording.camera, "upload": str(upload.pk)},
        subject_id=encounter.pk,
        requested_by=actor,
        study_id=encounter.study_id,
        priority=10,
    )
