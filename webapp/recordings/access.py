"""The only way to a recording or an upload."""

from __future__ import annotations

import uuid

from webapp.core.errors import ConsentMissing, NotFound
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.recordings.queries import is_usable_for
from webapp.studies.access import Someone, require, visible_encounters
from webapp.studies.roles import Need

#: Originals and their posters show faces: a role alone does not open them, consent to the recording does.
VIEW_PURPOSE = "record"


def access_recording(user: Someone, pk: uuid.UUID, need: Need) -> Recording:
    """Return a ready recording. Raises NotFound to strangers, Forbidden to members, ConsentMissing without
    consent.
    """
    recording = (
        Recording.objects.filter(pk=pk, encounter__in=visible_encounters(user))
        .select_related("encounter__study")
        .first()
    )
    if recording is None:
        raise NotFound
    require(user, recording.encounter.study, need)
    if recording.state != RecordingState.READY:
        raise NotFound
    if need == "view_original" and not is_usable_for(recording, VIEW_PURPOSE):
        raise ConsentMissing(
            "The consent to record this consultation is missing or withdrawn, so it is not shown."
        )
    return recording


def access_upload(user: Someone, pk: uuid.UUID, need: Need = "upload_recording") -> Upload:
    """Return an upload. Raises NotFound to strangers and Forbidden to members without the right."""
    upload = (
        Upload.objects.filter(pk=pk, encounter__in=visible_encounters(user))
        .select_related("encounter__study", "encounter__doctor", "encounter__patient")
        .first()
    )
    if upload is None:
        raise NotFound
    require(user, upload.encounter.study, need)
    return upload
