"""Questions the study pages ask."""

from __future__ import annotations

import re

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Q, QuerySet

from webapp.studies.access import visible_encounters, visible_studies
from webapp.studies.models import Encounter, Study

ENCOUNTER_NUMBER = re.compile(r"[0-9]{1,9}")


def studies_with_counts(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Study]:
    return visible_studies(user).annotate(encounter_count=Count("encounters", distinct=True))


def encounters_of(
    user: AbstractBaseUser | AnonymousUser, study: Study, search: str = ""
) -> QuerySet[Encounter]:
    """Return the encounters the user sees, newest first; search matches codes, numbers and departments."""
    found = visible_encounters(user).filter(study=study).select_related("doctor", "patient", "study")
    for word in search.replace("\0", "").split():
        found = found.filter(_matching(word))
    return found


def _matching(word: str) -> Q:
    number = word.upper().removeprefix("E-").lstrip("0")
    match = Q(doctor__code__icontains=word) | Q(patient__code__icontains=word) | Q(department__icontains=word)
    return match | Q(number=int(number)) if ENCOUNTER_NUMBER.fullmatch(number) else match
