"""What the player of the feedback page shows: the original, or else a de-identified version of it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from webapp.deidjobs.queries import showable_version
from webapp.recordings.models import Recording
from webapp.studies.access import Someone, needs_of


def playable(user: Someone, state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a recording as encounter_state gives it; where the original may not be seen or does
    not play in a browser, with a de-identified version in its place, if there is one.
    """
    if state["video_url"] and state["playable"]:
        return state
    recording = Recording.objects.select_related("encounter__study").get(pk=state["id"])
    if "view_deidentified" not in needs_of(user, recording.encounter.study):
        return state
    version = showable_version(recording)
    if version is None:
        return state
    url = reverse("deidjobs:video", args=[version.pk])
    return state | {"video_url": url, "poster_url": None, "playable": True, "deidentified": version.method}
