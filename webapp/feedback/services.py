"""Keeping what doctor and patient write. The trail says that something was written, never what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from webapp.accounts.models import User
from webapp.consent.models import Purpose
from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing
from webapp.feedback.models import CareRating, Note, Reflection
from webapp.recordings.queries import consents_to
from webapp.studies.models import Encounter


@transaction.atomic
def write_reflection(*, actor: User, encounter: Encounter, text: str) -> Reflection:
    """Keep the doctor's own view; written again, it takes the place of the earlier one."""
    require_consent(encounter)
    reflection, _ = Reflection.objects.update_or_create(
        encounter=encounter, doctor=actor, defaults={"text": text}
    )
    audit.record(actor=actor, action="feedback.reflected", target=reflection, study_id=encounter.study_id)
    return reflection


@transaction.atomic
def write_note(*, actor: User, encounter: Encounter, **fields: Any) -> Note:
    """Keep a private note, perhaps on one second and with a code."""
    require_consent(encounter)
    note = Note.objects.create(encounter=encounter, doctor=actor, **fields)
    audit.record(actor=actor, action="feedback.noted", target=note, study_id=encounter.study_id)
    return note


@transaction.atomic
def delete_note(*, actor: User, note: Note) -> None:
    audit.record(actor=actor, action="feedback.note_deleted", target=note, study_id=note.encounter.study_id)
    note.delete()


@transaction.atomic
def record_export(*, actor: User, encounter: Encounter) -> None:
    """Say in the trail that the doctor took their feedback out of the system."""
    audit.record(actor=actor, action="feedback.exported", target=encounter, study_id=encounter.study_id)


@transaction.atomic
def rate_care(*, encounter: Encounter, ratings: Mapping[int, int]) -> None:
    """Keep the patient's ratings by item. Raises Conflict when the form was handed in before."""
    Encounter.objects.select_for_update().get(pk=encounter.pk)
    require_consent(encounter)
    if CareRating.objects.filter(encounter=encounter).exists():
        raise Conflict("This form has been handed in already. Thank you.")
    CareRating.objects.bulk_create(
        CareRating(encounter=encounter, item=item, rating=rating) for item, rating in ratings.items()
    )
    audit.record(actor=None, action="feedback.care_rated", target=encounter, study_id=encounter.study_id)


def require_consent(encounter: Encounter) -> None:
    """Raise ConsentMissing when somebody no longer agrees that the encounter is kept."""
    if not consents_to(encounter, Purpose.RECORD):
        raise ConsentMissing("Nothing more is kept about this encounter: consent to it is missing.")
