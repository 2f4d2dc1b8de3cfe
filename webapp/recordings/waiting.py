"""What Home reminds of: uploads to finish, and files that were refused."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.core.waiting import WaitingItem
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.studies.access import Someone, visible_encounters

MOST = 20


def unfinished_business(user: Someone) -> Iterator[WaitingItem]:
    """Yield the user's own uploads that can go on, and their files that were refused and not yet replaced."""
    encounters = visible_encounters(user)
    uploads = Upload.objects.filter(uploaded_by_id=user.pk, finished=False, encounter__in=encounters)
    for upload in uploads.select_related("encounter")[:MOST]:
        yield WaitingItem(
            title=f"Upload of the {upload.camera}’s camera, {upload.encounter.code}",
            detail=f"{100 * upload.offset // upload.length} % of {upload.original_name} has arrived",
            url=upload.encounter.get_absolute_url(),
            action="Continue",
            urgency=2,
        )
    refused = Recording.objects.filter(
        uploaded_by_id=user.pk, state=RecordingState.REFUSED, encounter__in=encounters
    )
    for recording in refused.select_related("encounter")[:MOST]:
        yield WaitingItem(
            title=f"File of the {recording.camera}’s camera refused, {recording.encounter.code}",
            detail=recording.message,
            url=recording.encounter.get_absolute_url(),
            action="Choose another",
            urgency=3,
        )
