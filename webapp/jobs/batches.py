"""Many jobs begun with one click: what they would mean, their queueing, and how they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing
from webapp.jobs.durations import in_words
from webapp.jobs.models import UNFINISHED, Batch, Job, JobState
from webapp.jobs.services import Actor

#: Behind what somebody waits for in front of a page.
BATCH_PRIORITY = -3
#: Whatever is still being queued after this long was interrupted.
QUEUED_WITHIN = timedelta(hours=1)


@dataclass(kw_only=True)
class BatchPlan:
    """What a batch would do, before it does anything.

    media_s: seconds of recording in it. speed: recorded seconds that one worker does per second, None before
    any was measured. hours: with the workers that live now.
    """

    to_do: list[UUID] = field(default_factory=list)
    in_work: int = 0
    without_consent: int = 0
    media_s: float = 0.0
    speed: float | None = None
    workers: int = 0

    @property
    def hours(self) -> float | None:
        if self.speed is None:
            return None
        return self.media_s / self.speed / max(1, self.workers) / 3600

    @property
    def media_words(self) -> str:
        return in_words(self.media_s)

    @property
    def hours_words(self) -> str:
        return "" if self.hours is None else in_words(self.hours * 3600)

    @property
    def estimate(self) -> str:
        """Return how much work it is, for the command line."""
        return (
            f"recordings: {self.media_words}, workers: {self.workers}, "
            f"time needed: {self.hours_words or 'not measured'}"
        )


def queue_batch(
    *, title: str, study_id: int, actor: Actor, starts: Iterable[Callable[[Batch], Job]]
) -> tuple[Batch, int]:
    """Begin a batch and call each start with it; return the batch and how many jobs it has.

    Each job is its own transaction: whatever interrupts this, beginning again does the rest. A start that
    raises Conflict or ConsentMissing, because something changed since it was planned, is left out.
    """
    batch = _begin(title, study_id, actor)
    started = 0
    for start in starts:
        try:
            start(batch)
        except (Conflict, ConsentMissing):
            continue
        started += 1
    Batch.objects.filter(pk=batch.pk).update(queued_at=timezone.now())
    return batch, started


@transaction.atomic
def _begin(title: str, study_id: int, actor: Actor) -> Batch:
    batch = Batch.objects.create(
        title=title[:200], study_id=study_id, requested_by_id=getattr(actor, "pk", None)
    )
    audit.record(actor=actor, action="batch.begun", target=batch, study_id=study_id)
    return batch


def ended(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """Return those of the batches of which nothing is left to do."""
    unfinished = Job.objects.filter(batch=OuterRef("pk"), state__in=UNFINISHED)
    is_queued = Q(queued_at__isnull=False) | Q(created_at__lt=timezone.now() - QUEUED_WITHIN)
    return batches.filter(is_queued, ~Exists(unfinished))


def outcome_of(batch: Batch) -> str:
    """Return how the jobs of a batch ended, in numbers."""
    counts = dict(batch.jobs.order_by().values_list("state").annotate(Count("pk")))
    words = f"{counts.get(JobState.DONE, 0)} done, {counts.get(JobState.FAILED, 0)} failed"
    cancelled = counts.get(JobState.CANCELLED, 0)
    return f"{words}, {cancelled} cancelled" if cancelled else words


def mark_seen(batch: Batch, user_id: int | None) -> None:
    """Remember that whoever began a batch has seen how it ended."""
    mine = Batch.objects.filter(pk=batch.pk, requested_by_id=user_id, seen_at=None)
    if user_id is not None and ended(mine).exists():
        mine.update(seen_at=timezone.now())
