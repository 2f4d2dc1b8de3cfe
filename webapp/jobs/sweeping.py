"""Repairing the ledger after workers died and messages were lost. Every worker sweeps; conditional updates
keep it exact.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from webapp.jobs.models import Job, JobState, WorkerHeartbeat
from webapp.jobs.registry import find_kind, sweeps
from webapp.jobs.running import LOST_WORKER, MAX_ATTEMPTS, fail, release
from webapp.jobs.services import enqueue

log = structlog.get_logger(__name__)

#: With a beat every 5 s and a sweep every 10 s, a dead worker is noticed within a minute.
LOST_AFTER = timedelta(seconds=45)
FORGET_WORKERS_AFTER = timedelta(days=1)
FORGET_MESSAGES_AFTER = timedelta(days=7)


def sweep() -> None:
    """Put everything right that dead workers left behind. Cheap when there is nothing to do.

    A step that fails is logged and tried again at the next sweep; it keeps no other step from its work.
    """
    steps = (requeue_lost_jobs, requeue_lost_messages, resume_waiting_jobs, forget_the_past, *sweeps())
    for step in steps:
        try:
            step()
        except Exception:
            log.exception("sweep_step_failed", step=step.__qualname__)


def requeue_lost_jobs() -> int:
    """Queue running jobs again whose worker fell silent, or fail them after the last attempt; return how
    many.
    """
    lost = Job.objects.filter(state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    return sum(_recover(job) for job in lost)


@transaction.atomic
def _recover(job: Job) -> bool:
    token = job.lease_token
    still_lost = Job.objects.filter(pk=job.pk, lease_token=token, heartbeat_at=job.heartbeat_at)
    if token is None or not still_lost.update(heartbeat_at=timezone.now()):
        return False
    log.warning("job_lost_its_worker", job_id=str(job.pk), kind=job.kind, attempt=job.attempts)
    if job.attempts >= MAX_ATTEMPTS and not job.cancel_requested:
        fail(job, token, code="lost_worker", message=LOST_WORKER)
    elif release(job, token, state=JobState.QUEUED):
        enqueue(job)
    return True


def requeue_lost_messages() -> int:
    """Queue jobs again whose task was taken by a worker that died before it claimed the job; return how
    many.
    """
    waiting = DBTaskResult.objects.filter(pk=OuterRef("task_id"), status=TaskResultStatus.READY)
    orphans = Job.objects.filter(state=JobState.QUEUED, enqueued_at__lt=timezone.now() - LOST_AFTER)
    return sum(_enqueue_again(job) for job in orphans.filter(~Exists(waiting)))


@transaction.atomic
def _enqueue_again(job: Job) -> bool:
    won = Job.objects.filter(pk=job.pk, state=JobState.QUEUED, task_id=job.task_id).update(
        task_id=F("task_id")
    )
    if won:
        enqueue(job)
    return bool(won)


def resume_waiting_jobs() -> int:
    """Queue the jobs again for which consent has been given since; return how many."""
    return sum(_resume(job) for job in Job.objects.filter(state=JobState.WAITING_FOR_CONSENT))


@transaction.atomic
def _resume(job: Job) -> bool:
    kind = find_kind(job.kind)
    if kind is None or not kind.may_start(job):
        return False
    won = Job.objects.filter(pk=job.pk, state=JobState.WAITING_FOR_CONSENT).update(
        state=JobState.QUEUED, attempts=0
    )
    if won:
        enqueue(job)
    return bool(won)


def forget_the_past() -> None:
    """Drop heartbeats of workers long gone and messages long delivered."""
    now = timezone.now()
    WorkerHeartbeat.objects.filter(beat_at__lt=now - FORGET_WORKERS_AFTER).delete()
    long_ago = now - FORGET_MESSAGES_AFTER
    DBTaskResult.objects.finished().filter(finished_at__lt=long_ago).delete()
    DBTaskResult.objects.running().filter(started_at__lt=long_ago).delete()  # their workers died
