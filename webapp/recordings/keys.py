"""The keys of recordings: made with the upload, handed on with the file, destroyed with the recording."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from webapp.core import audit
from webapp.core.wrapped_keys import encrypts, seal
from webapp.recordings.models import MediaKey, Recording, Upload


def add_key(*, upload: Upload | None = None, recording: Recording | None = None, complete: bool) -> MediaKey:
    """Give an upload or a recording a key of its own. Call inside a transaction."""
    key = MediaKey(upload=upload, recording=recording, complete=complete)
    seal(key)
    return key


def add_late_key(recording: Recording) -> MediaKey:
    """Give a key to a recording of which files lie plain. Call inside a transaction."""
    key = add_key(recording=recording, complete=False)
    audit.record(actor=None, action="media_key.added", target=key, study_id=recording.encounter.study_id)
    return key


def hand_on(upload: Upload, recording: Recording) -> None:
    MediaKey.objects.filter(upload=upload).update(upload=None, recording=recording)


def destroy(recording: Recording) -> None:
    """Make the files of a recording unreadable for ever. Call inside a transaction."""
    MediaKey.objects.filter(recording=recording).delete()


def find_key(recording_id: UUID) -> MediaKey | None:
    return MediaKey.objects.filter(recording=recording_id).first()


def is_all_encrypted(recording_id: UUID) -> bool:
    """Return whether no file of a recording may lie plain."""
    return MediaKey.objects.filter(recording=recording_id, complete=True).exists()


def key_to_write_with(recording_id: UUID) -> MediaKey | None:
    """Return the key under which a new file of a recording is written; None where it is to lie plain.

    A recording from before media were encrypted gets a key for its new files.
    """
    found = find_key(recording_id)
    if found is not None or not encrypts():
        return found
    with transaction.atomic():
        recording = Recording.objects.select_for_update().select_related("encounter").get(pk=recording_id)
        return find_key(recording_id) or add_late_key(recording)
