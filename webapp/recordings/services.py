"""What becomes of a file that arrived: ready, refused, or replaced by a better one."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from webapp.core import audit
from webapp.engines import CheckedVideo
from webapp.recordings import keys, storage
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.recordings.queries import ready_recordings
from webapp.studies.encounters import mark_recorded

CHECK = "check_recording"
Listener = Callable[[Recording], None]
_LISTENERS: list[Listener] = []
_BEFORE_IT_GOES: list[Listener] = []


def before_it_goes(listener: Listener) -> None:
    """Have a later app called in the transaction that deletes a recording, before it does, for what was made
    of it and lies with others.
    """
    _BEFORE_IT_GOES.append(listener)


def when_ready(listener: Listener) -> None:
    """Have a later app called in the transaction that makes a recording ready, so that what follows from it
    is written with it. A listener writes rows and does nothing else.
    """
    _LISTENERS.append(listener)


@transaction.atomic
def accept(recording: Recording, found: CheckedVideo, *, sha256: str) -> None:
    """Make a checked recording the one of its camera; an older one gives way where the upload said so."""
    older = ready_recordings(recording.encounter).filter(camera=recording.camera).first()
    if older is not None and not recording.replaces:
        refuse(
            recording, "Another file of this camera was ready first. Upload again and choose to replace it."
        )
        return
    if older is not None:
        delete_recording(older, action="recording.replaced")
    recording.state = RecordingState.READY
    recording.message = ""
    recording.sha256 = sha256
    for field in CheckedVideo.__dataclass_fields__:
        setattr(recording, field, getattr(found, field))
    recording.save()
    _audit(recording, "recording.ready")
    mark_recorded(recording.encounter)
    for listener in _LISTENERS:
        listener(recording)


@transaction.atomic
def refuse(recording: Recording, sentence: str) -> None:
    """Keep the sentence that says why, not the file."""
    set_aside(recording, sentence)
    _delete_files(recording)


@transaction.atomic
def set_aside(recording: Recording, sentence: str) -> None:
    """Refuse a recording whose check could not be done; its file waits for another try."""
    recording.state = RecordingState.REFUSED
    recording.message = sentence[:500]
    recording.save(update_fields=["state", "message"])
    _audit(recording, "recording.refused")


def reopen(recording: Recording) -> bool:
    """Have a recording that was set aside checked again; False when its file is no longer there."""
    files = [storage.original_path(recording), *map(storage.upload_file, _upload_ids(recording))]
    if not any(path.exists() for path in files):
        return False
    refused = Recording.objects.filter(pk=recording.pk, state=RecordingState.REFUSED)
    return bool(refused.update(state=RecordingState.CHECKING, message=""))


def forget_refused(recording: Recording) -> None:
    """Make room for a better file. Call inside a transaction."""
    _delete_files(recording)
    recording.delete()


def delete_recording(recording: Recording, *, action: str) -> None:
    """Delete a recording and, once that is certain, its files. Call inside a transaction."""
    for listener in _BEFORE_IT_GOES:
        listener(recording)
    _audit(recording, action)
    _delete_files(recording)
    recording.delete()


def _delete_files(recording: Recording) -> None:
    """Destroy the key in this transaction and delete the files after it; a sweep finds what is left then."""
    keys.destroy(recording)
    gone, uploads = recording.pk, _upload_ids(recording)
    transaction.on_commit(lambda: storage.delete_files(gone, uploads), robust=True)


def _upload_ids(recording: Recording) -> list[UUID]:
    return list(Upload.objects.filter(recording=recording).values_list("pk", flat=True))


def find_duplicate(recording: Recording, sha256: str) -> Recording | None:
    """Return the ready recording of the encounter that is the same file, byte for byte."""
    return ready_recordings(recording.encounter).filter(sha256=sha256).first()


def _audit(recording: Recording, action: str) -> None:
    audit.record(
        actor=recording.uploaded_by,
        action=action,
        target=recording,
        study_id=recording.encounter.study_id,
        details={"camera": recording.camera, "encounter": str(recording.encounter_id)},
    )
