"""The other people of a study, among whom a hidden person must not be found."""

from __future__ import annotations

from typing import Final

from webapp.core.encrypted_path import StoredFile
from webapp.deidjobs.queries import PURPOSE
from webapp.recordings import storage
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import usable_for

MOST_OTHERS: Final = 12  # each is looked at and hidden once, which a large study must not make longer


def others_of(recording: Recording) -> tuple[StoredFile, ...]:
    """Return one recording each of other people in the study, who agree at this moment that theirs is hidden
    and shared. What is read of them is forgotten with the audit. Raises MediaLocked.
    """
    encounter = recording.encounter
    ready = Recording.objects.filter(encounter__study=encounter.study_id, state=RecordingState.READY)
    found: dict[int, Recording] = {}
    in_order = usable_for(ready, PURPOSE).select_related("encounter").order_by("encounter__number", "camera")
    for one in in_order.iterator():
        person = _shown_in(one)
        if person not in (encounter.patient_id, encounter.doctor_id):
            found.setdefault(person, one)
        if len(found) == MOST_OTHERS:
            break
    return tuple(storage.original(one) for one in found.values())


def _shown_in(recording: Recording) -> int:
    encounter = recording.encounter
    return encounter.patient_id if recording.camera == "patient" else encounter.doctor_id
