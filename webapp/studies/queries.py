"""Questions the study pages ask."""

from __future__ import annotations

import re

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from webapp.studies.access import visible_encounters, visible_studies
from webapp.studies.models import Encounter, Participant, Study

ENCOUNTER_NUMBER = re.compile(r"[0-9]{1,9}")


def studies_with_counts(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Study]:
    """Return the user's studies, each with how many of its encounters the user sees."""
    seen = visible_encounters(user).filter(study=OuterRef("pk")).order_by().values("study")
    count = Subquery(seen.annotate(count=Count("pk", distinct=True)).values("count"))
    return visible_studies(user).annotate(encounter_count=Coalesce(count, 0))


def encounters_of(
    user: AbstractBaseUser | AnonymousUser, study: Study, search: str = ""
) -> QuerySet[Encounter]:
    """Return the encounters the user sees, newest first; search matches codes, numbers and departments."""
    found = visible_encounters(user).filter(study=study).select_related("doctor", "patient", "study")
    for word in search.replace("\0", "").split():
        found = found.filter(_matching(word))
    return found


def with_consent(people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Annotate `records`: is the newest answer to being recorded a valid yes; None when never asked."""
    valid = Q(decisions__valid_until=None) | Q(decisions__valid_until__gte=timezone.localdate())
    newest = (
        Participant.objects.filter(pk=OuterRef("pk"), decisions__purpose="record")
        .order_by("-decisions__decided_at", "-decisions__pk")
        .annotate(in_force=ExpressionWrapper(Q(decisions__granted=True) & valid, BooleanField()))
        .values("in_force")[:1]
    )
    return people.annotate(records=Subquery(newest))


def _matching(word: str) -> Q:
    number = word.upper().removeprefix("E-").lstrip("0")
    match = Q(doctor__code__icontains=word) | Q(patient__code__icontains=word) | Q(department__icontains=word)
    return match | Q(number=int(number)) if ENCOUNTER_NUMBER.fullmatch(number) else match
