"""What this app erases when a recording must go: the patient's ratings, and what the doctor wrote."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.feedback.models import CareRating, Note, Reflection
from webapp.studies.models import Encounter

_WHAT: tuple[tuple[type[CareRating | Note | Reflection], str], ...] = (
    (CareRating, "patient's rating"),
    (Note, "private note"),
    (Reflection, "reflection"),
)


def preview(scope: Scope) -> Iterator[Effect]:
    if Purpose.RECORD not in scope.purposes:
        return
    for model, what in _WHAT:
        count = model.objects.filter(encounter__in=scope.encounters).count()
        yield Effect("delete", f"{what}s", count, "Nobody but the doctor could read them.")


def erase(scope: Scope) -> list[Erased]:
    if Purpose.RECORD not in scope.purposes:
        return []
    gone: list[Erased] = []
    for model, what in _WHAT:
        rows = model.objects.filter(encounter__in=scope.encounters)
        gone += [Erased(what, str(pk)) for pk in rows.values_list("pk", flat=True)]
        rows.delete()
    return gone


def remains(scope: Scope, _erased: frozenset[str]) -> Iterator[str]:
    if Purpose.RECORD not in scope.purposes:
        return
    for model, what in _WHAT:
        if left := model.objects.filter(encounter__in=scope.encounters).count():
            yield f"{left} {what}s are still in the database"


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    there = Q(care_ratings__isnull=False) | Q(private_notes__isnull=False) | Q(reflections__isnull=False)
    return Encounter.objects.filter(there, pk__in=encounters).distinct()


HOLDER = Holder("feedback", preview, erase, remains, holding)
