"""What Home reminds of: uploads to finish, and files that were refused."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.urls import reverse

from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.studies.access import Someone, visible_encounters
from webapp.studies.models import Study

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


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    """Yield by person the uploads to go on with and the files that were refused and not yet replaced."""
    url = reverse("studies:encounters", args=[study.slug])
    encounters = visible_encounters(user).filter(study=study)
    uploads = Upload.objects.filter(finished=False, encounter__in=encounters)
    refused = Recording.objects.filter(state=RecordingState.REFUSED, encounter__in=encounters)
    for found, what in ((uploads, "uploads to finish"), (refused, "refused files to replace")):
        by_person = found.order_by().values("uploaded_by__display_name").annotate(count=Count("pk"))
        for one in by_person:
            yield WaitingCount(one["uploaded_by__display_name"] or "Coordinators", what, one["count"], url)
