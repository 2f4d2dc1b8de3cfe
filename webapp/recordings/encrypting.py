"""Recordings that were stored before media were encrypted: their files are replaced by encrypted ones, each
at once or not at all, and going on after an interruption.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from webapp.core import audit, wrapped_keys
from webapp.core.encrypted_path import EncryptedPath
from webapp.core.encrypting import Outcome, Say, decrypt_in_place, encrypt_in_place, reason_of
from webapp.core.encryption import is_encrypted
from webapp.core.errors import AppError
from webapp.jobs.models import JobState, Segment, SegmentState
from webapp.jobs.queries import jobs_about
from webapp.recordings import keys, storage
from webapp.recordings.models import MediaKey, Recording, RecordingState


class BeingWritten(AppError):
    code, status = "being_written", 409
    message = "something was written meanwhile"


def encrypt_recordings(say: Say) -> Outcome:
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
    opened, count = wrapped_keys.opened(key), 0
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


def decrypt_recordings(say: Say) -> Outcome:
    """Lay every recording down plain and destroy its key. What is on its way, or worked on, waits."""
    outcome = Outcome(waiting=MediaKey.objects.exclude(upload=None).count())
    for pk in list(MediaKey.objects.exclude(recording=None).values_list("pk", flat=True)):
        key = MediaKey.objects.select_related("recording__encounter").filter(pk=pk).first()
        if key is None or key.recording is None:
            continue
        if key.recording.state == RecordingState.CHECKING or is_worked_on(key.recording):
            outcome.waiting += 1
            continue
        try:
            decrypt_recording(key, key.recording)
            outcome.done += 1
        except (AppError, OSError) as error:
            outcome.failed += 1
            say(f"recording {key.recording_id}: {reason_of(error)}")
    return outcome


def decrypt_recording(key: MediaKey, recording: Recording) -> None:
    """Decrypt every file of a recording, then destroy its key. Raises as encrypt_recording."""
    MediaKey.objects.filter(pk=key.pk).update(complete=False)  # from now on a plain file is taken for it
    opened = wrapped_keys.opened(key)
    for path, purpose in storage.files_of(recording):
        if is_encrypted(path):
            decrypt_in_place(EncryptedPath(path, opened, purpose))
    with transaction.atomic():
        Recording.objects.select_for_update().get(pk=recording.pk)
        if any(is_encrypted(path) for path, _ in storage.files_of(recording)):
            raise BeingWritten
        key.delete()
        study_id = recording.encounter.study_id
        audit.record(actor=None, action="recording.decrypted", target=recording, study_id=study_id)
