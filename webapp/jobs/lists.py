"""Many jobs at a glance: rows of a table, figures, who works on what, and why things failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.http import QueryDict
from django.utils import timezone

from webapp.core.errors import Invalid
from webapp.jobs.durations import in_words
from webapp.jobs.models import Job, JobState, Segment, SegmentState, WorkerHeartbeat
from webapp.jobs.queries import can_cancel, can_pause, can_resume, can_retry, live_workers, remaining_s
from webapp.jobs.registry import known_kinds, label_of, words_of

THROUGHPUT_OVER = timedelta(hours=1)


@dataclass(frozen=True)
class Choice:
    """What a list of jobs is narrowed to; empty means everything."""

    state: str = ""
    kind: str = ""
    batch: UUID | None = None

    def narrow(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        wanted = {"state": self.state, "kind": self.kind, "batch": self.batch}
        return jobs.filter(**{name: value for name, value in wanted.items() if value})

    def __bool__(self) -> bool:
        return bool(self.state or self.kind or self.batch)


def read_choice(query: QueryDict) -> Choice:
    """Return the filters of an address. Raises Invalid for a state, kind or batch that cannot be."""
    state, kind, batch = (query.get(name, "") for name in ("state", "kind", "batch"))
    if state and state not in JobState.values:
        raise Invalid(f"Expected a state of {', '.join(JobState.values)}, got “{state[:20]}”.")
    if kind and kind not in {one.name for one in known_kinds()}:
        raise Invalid(f"There are no jobs of the kind “{kind[:20]}”.")
    try:
        return Choice(state, kind, UUID(batch) if batch else None)
    except ValueError:
        raise Invalid("Expected the number of a batch.") from None


@dataclass(frozen=True)
class Row:
    """A job as a line of a table. began_at: of its first part, for a job that joins its parts starts anew.
    about: what an app to the right knows of its subject.
    """

    job: Job
    began_at: datetime | None
    label: str
    words: str
    parts_done: int
    parts: int
    remaining_s: int | None
    can_cancel: bool
    can_retry: bool
    can_pause: bool
    can_resume: bool
    about: Any = None

    @property
    def remaining_words(self) -> str:
        return "" if self.remaining_s is None else in_words(self.remaining_s)


def rows_of(jobs: Iterable[Job], about: dict[Any, Any] | None = None) -> list[Row]:
    """Return the lines of some jobs. about: by subject, what to say of it."""
    jobs = list(jobs)
    counted = Segment.objects.filter(job__in=jobs).order_by().values("job")
    done = Count("pk", filter=Q(state=SegmentState.DONE))
    counts = counted.annotate(done=done, all=Count("pk"), began_at=Min("started_at"))
    parts = {one["job"]: (one["done"], one["all"]) for one in counts}
    began = {one["job"]: one["began_at"] for one in counts}
    return [
        Row(
            job=job,
            began_at=_earlier(job.started_at, began.get(job.pk)),
            label=words_of(job),
            words=job.error_message or job.message,
            parts_done=parts.get(job.pk, (0, 0))[0],
            parts=parts.get(job.pk, (0, 0))[1],
            remaining_s=remaining_s(job),
            can_cancel=can_cancel(job),
            can_retry=can_retry(job),
            can_pause=can_pause(job),
            can_resume=can_resume(job),
            about=(about or {}).get(job.subject_id),
        )
        for job in jobs
    ]


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


@dataclass(frozen=True)
class Figures:
    """How work goes. media_h: hours of recording done in the last hour, None when nothing was."""

    waiting: int
    running: int
    failed: int
    oldest_waiting: datetime | None
    media_h: float | None
    segments: int


def figures_of(jobs: QuerySet[Job]) -> Figures:
    counts = jobs.order_by().aggregate(
        waiting=Count("pk", filter=Q(state=JobState.QUEUED)),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        failed=Count("pk", filter=Q(state=JobState.FAILED)),
        oldest_waiting=Min("created_at", filter=Q(state=JobState.QUEUED)),
    )
    done = Segment.objects.filter(
        job__in=jobs,
        state=SegmentState.DONE,
        work_s__isnull=False,
        finished_at__gte=timezone.now() - THROUGHPUT_OVER,
    )
    sums = done.order_by().aggregate(media=Sum("media_s"), count=Count("pk"))
    media_h = sums["media"] / 3600 if sums["media"] else None
    return Figures(**counts, media_h=media_h, segments=sums["count"])


@dataclass(frozen=True)
class Failure:
    """Why jobs failed: a reason, how many share it, and the newest sentence about it."""

    code: str
    count: int
    newest: datetime
    sentence: str


def failures_of(jobs: QuerySet[Job]) -> list[Failure]:
    """Return the reasons of failed jobs, the most frequent first."""
    failed = jobs.filter(state=JobState.FAILED).order_by()
    reasons = failed.values("error_code").annotate(count=Count("pk"), newest=Max("finished_at"))
    return [
        Failure(
            code=one["error_code"],
            count=one["count"],
            newest=one["newest"],
            sentence=failed.filter(error_code=one["error_code"]).order_by("-finished_at")[0].error_message,
        )
        for one in reasons.order_by("-count", "error_code")
    ]


@dataclass(frozen=True)
class WorkerRow:
    """A live worker. holds: its work in words, empty when it waits. silent_s: since its last sign of life."""

    worker: WorkerHeartbeat
    holds: str
    silent_s: int


def workers_at_work() -> list[WorkerRow]:
    held = {
        segment.worker: f"{label_of(segment.job.kind)}, part {segment.position + 1}"
        for segment in Segment.objects.filter(state=SegmentState.RUNNING).select_related("job")
    }
    held |= {
        job.worker: label_of(job.kind)
        for job in Job.objects.filter(state=JobState.RUNNING, lease_token__isnull=False)
    }
    now = timezone.now()
    return [
        WorkerRow(worker, held.get(worker.worker, ""), max(0, round((now - worker.beat_at).total_seconds())))
        for worker in live_workers()
    ]
