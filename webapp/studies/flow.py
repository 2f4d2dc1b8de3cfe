"""The flow of encounters through a study, as reports of trials draw it, counted from the data each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from webapp.studies.models import Encounter, Site, Study

#: How a later app narrows encounters to those that reached its stage.
Narrow = Callable[[QuerySet[Encounter]], QuerySet[Encounter]]
_ANALYSED: list[Narrow] = []


def register_analysed(narrow: Narrow) -> None:
    _ANALYSED.append(narrow)


@dataclass(frozen=True)
class Flow:
    """Every encounter is in exactly one place: excluded for a reason, planned, waiting, or analysed."""

    total: int
    excluded: tuple[tuple[str, int], ...]
    planned: int
    analysed: int
    waiting: int

    @property
    def excluded_total(self) -> int:
        return sum(count for _, count in self.excluded)

    @property
    def remaining(self) -> int:
        return self.total - self.excluded_total

    @property
    def recorded(self) -> int:
        return self.analysed + self.waiting


def flow_of(study: Study, site: Site | None = None) -> Flow:
    """Count the encounters of a study, or of one site of it; three queries, however many there are."""
    encounters = Encounter.objects.filter(study=study)
    if site is not None:
        encounters = encounters.filter(site=site)
    counts = encounters.order_by().values_list("status", "reason").annotate(size=Count("pk"))
    by_status: dict[str, int] = {}
    excluded: dict[str, int] = {}
    for status, reason, size in counts:
        by_status[status] = by_status.get(status, 0) + size
        if status == Encounter.Status.EXCLUDED:
            excluded[str(Encounter.Reason(reason).label) if reason else "Not said"] = size
    recorded = encounters.filter(status=Encounter.Status.RECORDED)
    for narrow in _ANALYSED:
        recorded = narrow(recorded)
    analysed = recorded.count() if _ANALYSED else 0
    return Flow(
        total=sum(by_status.values()),
        excluded=tuple(sorted(excluded.items(), key=lambda item: (-item[1], item[0]))),
        planned=by_status.get(Encounter.Status.PLANNED, 0),
        analysed=analysed,
        waiting=by_status.get(Encounter.Status.RECORDED, 0) - analysed,
    )
