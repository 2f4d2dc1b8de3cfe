"""Which recordings there are, and which of them may be used for what."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.consent.models import Purpose
from webapp.consent.queries import granted_pairs, granting
from webapp.recordings.models import Recording, RecordingState, Upload
from webapp.studies.models import Encounter

EVERYONE = ("doctor", "patient")
#: Whose consent a purpose needs; every other purpose needs that of everyone who can be seen.
WHO_DECIDES = {
    Purpose.ANALYSE_PATIENT: ("patient",),
    Purpose.ANALYSE_DOCTOR: ("doctor",),
    Purpose.SHOW_DOCTOR: ("doctor",),
}
#: What has to be allowed before something else can be: what is not analysed cannot be shown either.
RESTS_ON = {Purpose.SHOW_DOCTOR: (Purpose.ANALYSE_DOCTOR,)}


def needed_decisions(purpose: str) -> set[tuple[str, str]]:
    """Return the (person, purpose) pairs that must all be granted: what may not be kept may not be used."""
    people = WHO_DECIDES.get(Purpose(purpose), EVERYONE)
    asked = (purpose, *RESTS_ON.get(Purpose(purpose), ()))
    return {(person, one) for person in people for one in asked} | {
        (person, Purpose.RECORD) for person in EVERYONE
    }


def usable_for(
    recordings: QuerySet[Recording], purpose: str, at: datetime | None = None
) -> QuerySet[Recording]:
    """Return the recordings whose newest consent decisions allow the purpose at that time (default: now)."""
    return recordings.filter(_allowed(purpose, at, "encounter__"))


def allowing(
    encounters: QuerySet[Encounter], purpose: str, at: datetime | None = None
) -> QuerySet[Encounter]:
    """Return the encounters in which `consents_to` holds: one question for all of them."""
    return encounters.filter(_allowed(purpose, at))


def _allowed(purpose: str, at: datetime | None, encounter: str = "") -> Q:
    """Return the condition that all decisions are there and the last day to be kept is not over.

    encounter: the way to it from the rows asked about.
    """
    today = timezone.localdate(at or timezone.now())
    condition = Q(**{f"{encounter}keep_until": None}) | Q(**{f"{encounter}keep_until__gte": today})
    for person, needed in needed_decisions(purpose):
        condition &= Q(**{f"{encounter}{person}__in": granting(needed, at).values("pk")})
    return condition


def is_usable_for(recording: Recording, purpose: str, at: datetime | None = None) -> bool:
    return usable_for(Recording.objects.filter(pk=recording.pk), purpose, at).exists()


def ready_recordings(encounter: Encounter) -> QuerySet[Recording]:
    return Recording.objects.filter(encounter=encounter, state=RecordingState.READY)


def current_recordings(encounter: Encounter) -> QuerySet[Recording]:
    """Return what a page shows, newest first per camera: refused ones stay until something better arrives."""
    return Recording.objects.filter(encounter=encounter).order_by("camera", "-created_at")


def unfinished_uploads(encounter: Encounter) -> QuerySet[Upload]:
    return Upload.objects.filter(encounter=encounter, finished=False)


def granted_in(encounter: Encounter, at: datetime | None = None) -> set[tuple[str, str]]:
    """Return the (person, purpose) pairs that are granted in this encounter, none once it is kept no more."""
    if encounter.keep_until is not None and encounter.keep_until < timezone.localdate(at or timezone.now()):
        return set()
    people = {encounter.doctor_id: "doctor", encounter.patient_id: "patient"}
    return {(people[participant], purpose) for participant, purpose in granted_pairs(people, at)}


def consents_to(encounter: Encounter, purpose: str, at: datetime | None = None) -> bool:
    """Return whether everyone whom the purpose concerns agrees to it in this encounter, before there is a
    recording.
    """
    return needed_decisions(purpose) <= granted_in(encounter, at)
