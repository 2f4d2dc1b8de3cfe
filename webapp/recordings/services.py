"""What becomes of a file that arrived: ready, refused, or replaced by a better one."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from webapp.core import audit
from webapp.engines import CheckedVideo
from webapp.recordings import storage
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import ready_recordings

Listener = Callable[[Recording], None]
_LISTENERS: list[Listener] = []


def when_ready(listener: Listener) -> None:
    """Have a later app called after the commit that made a recording ready."""
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
    for listener in _LISTENERS:
        transaction.on_commit(lambda listener=listener: listener(recording))  # type: ignore[misc]


@transaction.atomic
def refuse(recording: Recording, sentence: str) -> None:
    """Keep the sentence that says why, not the file."""
    recording.state = RecordingState.REFUSED
    recording.message = sentence[:500]
    recording.save(update_fields=["state", "message"])
    _audit(recording, "recording.refused")
    transaction.on_commit(lambda: storage.delete_files(recording.pk))


def delete_recording(recording: Recording, *, action: str) -> None:
    """Delete a recording and, once that is certain, its files. Call inside a transaction."""
    _audit(recording, action)
    gone = recording.pk
    recording.delete()
    transaction.on_commit(lambda: storage.delete_files(gone))


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
