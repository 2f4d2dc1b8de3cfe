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
WHO_DECIDES = {Purpose.ANALYSE_PATIENT: ("patient",), Purpose.ANALYSE_DOCTOR: ("doctor",)}


def needed_decisions(purpose: str) -> set[tuple[str, str]]:
    """Return the (person, purpose) pairs that must all be granted: what may not be kept may not be used."""
    people = WHO_DECIDES.get(Purpose(purpose), EVERYONE)
    return {(person, purpose) for person in people} | {(person, Purpose.RECORD) for person in EVERYONE}


def usable_for(
    recordings: QuerySet[Recording], purpose: str, at: datetime | None = None
) -> QuerySet[Recording]:
    """Return the recordings whose newest consent decisions allow the purpose at that time (default: now)."""
    condition = _kept_still(at)
    for person, needed in needed_decisions(purpose):
        condition &= Q(**{f"encounter__{person}__in": granting(needed, at).values("pk")})
    return recordings.filter(condition)


def _kept_still(at: datetime | None) -> Q:
    """Return the condition that the encounter's last day to be kept is not over."""
    today = timezone.localdate(at or timezone.now())
    return Q(encounter__keep_until=None) | Q(encounter__keep_until__gte=today)


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
