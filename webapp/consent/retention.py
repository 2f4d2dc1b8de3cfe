"""What is kept no longer than its study promised: the same erasure as after a withdrawal, by the calendar."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from webapp.consent.holders import Scope, holders
from webapp.consent.models import Erasure
from webapp.consent.withdrawing import EVERYTHING, open_erasure
from webapp.studies.models import Encounter, Study

LOOK_EVERY_S = 60 * 60


def sweep_retention() -> None:
    """Apply the retention dates, once an hour whoever asks."""
    if cache.add("retention-swept", True, LOOK_EVERY_S):
        apply_retention()
        call_back_lapsed()


def call_back_lapsed() -> int:
    """Take back what was given to others on a consent that is no longer valid; return how many times.

    Here it is not erased but locked, as long as it may be kept: the participant can be asked again, while
    whoever got a copy would go on using it.
    """
    return sum(holder.lapsed() for holder in holders())


def apply_retention() -> list[Erasure]:
    """Open an erasure per study for the encounters past their last day of which something is left."""
    over = Encounter.objects.filter(keep_until__lt=timezone.localdate())
    held: set[UUID] = set()
    for holder in holders():
        held.update(holder.holding(over).values_list("pk", flat=True))
    left = Encounter.objects.filter(pk__in=held).select_related("study").order_by("study_id", "number")
    return [_erase_all(study, list(ones)) for study, ones in groupby(left, key=lambda one: one.study)]


def _erase_all(study: Study, encounters: list[Encounter]) -> Erasure:
    scope = Scope(
        encounters=tuple(encounter.pk for encounter in encounters),
        person=None,
        purposes=EVERYTHING,
        ended_at=timezone.now(),
    )
    return open_erasure(
        actor=None,
        study=study,
        scope=scope,
        cause=Erasure.Cause.RETENTION,
        purposes=EVERYTHING,
        entire=True,
    )
