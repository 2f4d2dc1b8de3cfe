"""Which versions there are, and which recordings may be de-identified."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from webapp.consent.models import Purpose
from webapp.deidjobs.means import barred, is_barred
from webapp.deidjobs.models import Derivative, DrawnCover, MarkedSpan, Review
from webapp.jobs.models import Job
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import is_usable_for, ready_recordings
from webapp.studies.models import Encounter

KIND = "deidentify_recording"
#: A de-identified version exists to be shared: without that consent there is none.
PURPOSE = Purpose.SHARE_DEIDENTIFIED
SOUND_PURPOSE = Purpose.SHARE_AUDIO
#: Sounds in which no voice is left. In all others people can be known by theirs, marked spans or not.
VOICELESS = ("remove", "mask")
#: Why nobody can be left as they are in a version that is made from one whose parts are gone.
NUMBERED_ANEW = (
    "The parts of this version are gone, so people would be numbered anew. "
    "Make a version that hides everybody first, and look at who is who in it."
)

UNEXPLAINED = "Say why people are left as they are: everybody else is hidden."

NOTHING_MARKED = "no span of the sound is marked, so nothing of it would be masked. Mark one first."


def purposes_of(audio: str) -> tuple[str, ...]:
    """Return the purposes that a version with this sound needs."""
    return (PURPOSE,) if audio in VOICELESS else (PURPOSE, SOUND_PURPOSE)


def may_be_hidden(recording: Recording, audio: str) -> bool:
    """Return whether everyone concerned agrees at this moment."""
    return all(is_usable_for(recording, purpose) for purpose in purposes_of(audio))


def recording_of(job: Job) -> Recording | None:
    """Return the ready recording that a job is about, None when it is gone."""
    recordings = Recording.objects.select_related("encounter__study").filter(state=RecordingState.READY)
    return recordings.filter(pk=job.params.get("recording")).first()


def words_about(job: Job) -> str:
    """Return which camera a job is about, and how it hides; jobs of before said no camera."""
    method, camera = job.params["method"], job.params.get("camera")
    return f"{camera}’s camera by {method}" if camera else f"by {method}"


def covers_of(recording: Recording) -> QuerySet[DrawnCover]:
    """Return what people have drawn over a recording and not removed."""
    return DrawnCover.objects.filter(recording=recording, removed_at=None).select_related("drawn_by")


def spans_of(recording: Recording) -> QuerySet[MarkedSpan]:
    """Return what people have marked in a recording's sound and not removed."""
    return MarkedSpan.objects.filter(recording=recording, removed_at=None).select_related("marked_by")


def others_in(derivative: Derivative) -> list[dict[str, Any]]:
    """Return the tracks of a version that are not of the person whom the camera is pointed at."""
    return [one for one in derivative.report.get("tracks", []) if one["role"] == "irrelevant"]


def versions_of(encounter: Encounter) -> QuerySet[Derivative]:
    """Return the versions of an encounter's recordings, newest first."""
    found = Derivative.objects.filter(recording__encounter=encounter)
    return found.select_related("recording").prefetch_related("reviews")


def number_of(derivative: Derivative) -> int:
    """Return the number of a version among those of its encounter, from 1 for the oldest."""
    versions = versions_of(derivative.recording.encounter)
    return versions.filter(finished_at__lte=derivative.finished_at).count()


def unreviewed_in(encounters: QuerySet[Encounter]) -> QuerySet[Derivative]:
    """Return the versions of these encounters that nobody has signed off or refused, the oldest first;
    without those that nobody can sign off.
    """
    waiting = Derivative.objects.filter(recording__encounter__in=encounters, reviews=None)
    waiting = waiting.exclude(pk__in=barred(waiting).values("pk"))
    return waiting.select_related("recording__encounter").order_by("finished_at", "pk")


def showable_version(recording: Recording) -> Derivative | None:
    """Return the newest version of a recording that may be seen now and that nobody refused; None without."""
    for derivative in recording.derivatives.exclude(verdict="fail"):
        review = newest_review(derivative)
        refused = review is not None and review.decision == Review.Decision.REFUSED
        if not refused and may_be_hidden(recording, derivative.audio) and not is_barred(derivative):
            return derivative
    return None


def hideable(encounter: Encounter) -> QuerySet[Recording]:
    return ready_recordings(encounter).order_by("camera")


def newest_review(derivative: Derivative) -> Review | None:
    return derivative.reviews.select_related("reviewer").first()
