"""What this app erases when a recording must go: the patient's ratings, and what was written about it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.feedback.models import CareRating, Comment, Note, Reflection
from webapp.studies.models import Encounter

_DOCTOR_ALONE = "Nobody but the doctor could read them."
_WHAT: tuple[tuple[type[CareRating | Comment | Note | Reflection], str, str], ...] = (
    (CareRating, "patient's rating", _DOCTOR_ALONE),
    (Note, "private note", _DOCTOR_ALONE),
    (Comment, "comment", "Members who may see the results could read them."),
    (Reflection, "reflection", _DOCTOR_ALONE),
)


def preview(scope: Scope) -> Iterator[Effect]:
    if Purpose.RECORD not in scope.purposes:
        return
    for model, what, readers in _WHAT:
        count = model.objects.filter(encounter__in=scope.encounters).count()
        yield Effect("delete", f"{what}s", count, readers)


def erase(scope: Scope) -> list[Erased]:
    if Purpose.RECORD not in scope.purposes:
        return []
    gone: list[Erased] = []
    for model, what, _ in _WHAT:
        rows = model.objects.filter(encounter__in=scope.encounters)
        gone += [Erased(what, str(pk)) for pk in rows.values_list("pk", flat=True)]
        rows.delete()
    return gone


def remains(scope: Scope, _erased: frozenset[str]) -> Iterator[str]:
    if Purpose.RECORD not in scope.purposes:
        return
    for model, what, _ in _WHAT:
        if left := model.objects.filter(encounter__in=scope.encounters).count():
            yield f"{left} {what}s are still in the database"


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    there = Q(care_ratings__isnull=False) | Q(reflections__isnull=False)
    there |= Q(private_notes__isnull=False) | Q(comments__isnull=False)
    return Encounter.objects.filter(there, pk__in=encounters).distinct()


HOLDER = Holder("feedback", preview, erase, remains, holding)
