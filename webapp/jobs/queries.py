"""Questions about jobs and workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from webapp.jobs.models import UNFINISHED, Job, JobState, Segment, SegmentState, WorkerHeartbeat

WORKER_MISSING_AFTER = timedelta(seconds=60)
MEASURED_SEGMENTS = 500


class NoWorker(Exception):
    """No worker has reported for a minute."""


def latest_worker_heartbeat() -> datetime | None:
    """Return when any worker was last alive."""
    return WorkerHeartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()


def check_worker() -> None:
    """Raise NoWorker unless a worker reported within the last minute."""
    latest = latest_worker_heartbeat()
    if latest is None or latest < timezone.now() - WORKER_MISSING_AFTER:
        raise NoWorker("no worker has reported for a minute")


def jobs_about(subject_id: UUID) -> QuerySet[Job]:
    return Job.objects.filter(subject_id=subject_id)


def unfinished(jobs: QuerySet[Job]) -> QuerySet[Job]:
    return jobs.filter(state__in=UNFINISHED)


def remaining_s(job: Job) -> int | None:
    """Return the seconds that a running job still needs, None while nobody can say."""
    if job.state != JobState.RUNNING or job.expected_end_at is None:
        return None
    return max(0, round((job.expected_end_at - timezone.now()).total_seconds()))


def can_cancel(job: Job) -> bool:
    return job.state in UNFINISHED and not job.cancel_requested


def can_retry(job: Job) -> bool:
    return job.state in (JobState.FAILED, JobState.CANCELLED)


def can_pause(job: Job) -> bool:
    return job.state in UNFINISHED and not (job.cancel_requested or job.pause_requested)


def can_resume(job: Job) -> bool:
    return job.state == JobState.PAUSED


def live_workers() -> QuerySet[WorkerHeartbeat]:
    """Return the workers that reported within the last minute, in a steady order."""
    since = timezone.now() - WORKER_MISSING_AFTER
    return WorkerHeartbeat.objects.filter(beat_at__gte=since).order_by("host", "started_at")


def measured_speed(jobs: QuerySet[Job]) -> float | None:
    """Return seconds of recording that one worker does per second, over the latest segments of the jobs; None
    when none was measured.
    """
    done = Segment.objects.filter(state=SegmentState.DONE, work_s__gt=0, job__in=jobs)
    latest = done.order_by("-finished_at").values_list("media_s", "work_s")[:MEASURED_SEGMENTS]
    media_s, work_s = (sum(column) for column in zip(*latest, strict=True)) if latest else (0, 0)
    return media_s / work_s if work_s else None
