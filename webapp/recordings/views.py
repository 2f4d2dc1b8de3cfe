"""Originals and posters: to those whose role, and the participants whose consent, allow it at this moment."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from webapp.core import audit
from webapp.recordings import storage
from webapp.recordings.access import access_recording
from webapp.recordings.models import Recording
from webapp.recordings.serving import serve_file

#: A player asks for one file in many ranges; within this time they count as one look at it.
ONE_VIEWING_S = 15 * 60
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


@login_required
@require_safe
def video(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access_recording(request.user, pk, "view_original")
    if request.method == "GET":
        _record_viewing(request, recording, "recording.viewed")
    content_type = CONTENT_TYPES.get(recording.suffix, "application/octet-stream")
    return serve_file(request, storage.original(recording), content_type=content_type, etag=recording.sha256)


@login_required
@require_safe
def poster(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access_recording(request.user, pk, "view_original")
    if request.method == "GET":
        _record_viewing(request, recording, "recording.poster_viewed")
    return serve_file(
        request, storage.poster(recording), content_type="image/jpeg", etag=f"poster-{recording.sha256}"
    )


def _record_viewing(request: HttpRequest, recording: Recording, action: str) -> None:
    key = f"{action}:{request.user.pk}:{recording.pk}"
    if not cache.add(key, True, ONE_VIEWING_S):
        return
    try:
        with transaction.atomic():
            audit.record(
                actor=request.user,
                action=action,
                target=recording,
                study_id=recording.encounter.study_id,
            )
    except BaseException:
        cache.delete(key)
        raise
