"""Questions about releases: lists with their counts, and who has yet to answer a recall."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, F, IntegerField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from webapp.sharing.models import Acknowledgement, Recall, Recipient, Release
from webapp.studies.models import Study


def releases_of(study: Study) -> QuerySet[Release]:
    """Return the releases of a study, the newest first: `given` counts the recipients, `asked` the answers
    that recalls ask for, `unanswered` those that are missing.
    """
    return with_counts(Release.objects.filter(study=study)).select_related("study")


def with_counts(releases: QuerySet[Release]) -> QuerySet[Any]:
    return releases.annotate(
        given=_count(Recipient, "release"),
        recalled=_count(Recall, "release"),
        answered=_count(Acknowledgement, "recall__release"),
    ).annotate(asked=F("given") * F("recalled"), unanswered=F("given") * F("recalled") - F("answered"))


@dataclass(frozen=True)
class RecallRow:
    """A recall as a page shows it. answers: every recipient, with their word that they destroyed it, or None
    while it is missing. items: how many files are called back.
    """

    recall: Recall
    items: int
    answers: list[tuple[Recipient, Acknowledgement | None]]

    @property
    def missing(self) -> int:
        return sum(answer is None for _, answer in self.answers)

    @property
    def due_on(self) -> datetime.date:
        return due_on(self.recall)

    @property
    def overdue(self) -> bool:
        return bool(self.missing) and self.due_on < timezone.localdate()


def recalls_of(release: Release) -> list[RecallRow]:
    """Return the recalls of a release, the newest first."""
    recipients = list(release.recipients.all())
    answers = {
        (one.recall_id, one.recipient_id): one
        for one in Acknowledgement.objects.filter(recall__release=release).select_related("recorded_by")
    }
    recalls = release.recalls.select_related("made_by").annotate(count=Count("items"))
    return [
        RecallRow(one, one.count, [(whose, answers.get((one.pk, whose.pk))) for whose in recipients])
        for one in recalls.order_by("-made_at")
    ]


def unanswered(recall: Recall) -> QuerySet[Recipient]:
    """Return the recipients who have not told yet that they destroyed it."""
    answered = Acknowledgement.objects.filter(recall=recall).values("recipient")
    return Recipient.objects.filter(release=recall.release_id).exclude(pk__in=answered)


def due_on(recall: Recall) -> datetime.date:
    """Return the day by which whoever got the release is asked to have answered."""
    return timezone.localdate(recall.made_at) + datetime.timedelta(days=settings.RECALL_WITHIN_DAYS)


def _count(model: type[Model], to_release: str) -> Coalesce:
    rows = model._default_manager.filter(**{to_release: OuterRef("pk")}).order_by().values(to_release)
    return Coalesce(Subquery(rows.annotate(size=Count("pk")).values("size")), 0, output_field=IntegerField())
