"""Questions about jobs and workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from webapp.jobs.models import UNFINISHED, Job, JobState, WorkerHeartbeat

WORKER_MISSING_AFTER = timedelta(seconds=60)


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
