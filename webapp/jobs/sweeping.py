"""Repairing the ledger after workers died and messages were lost. Every worker sweeps; conditional updates
keep it exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from webapp.jobs import segments
from webapp.jobs.models import Job, JobState, Segment, SegmentState, WorkerHeartbeat
from webapp.jobs.queueing import LONGEST_DELAY, enqueue, enqueue_segments, without_message
from webapp.jobs.registry import find_kind, sweeps
from webapp.jobs.running import LOST_WORKER, MAX_ATTEMPTS, fail, release
from webapp.jobs.spreading import is_spread, without_open_segments
from webapp.jobs.watching import Watcher

log = structlog.get_logger(__name__)

FORGET_WORKERS_AFTER = timedelta(days=1)
FORGET_MESSAGES_AFTER = timedelta(days=7)


Held = tuple[str, UUID, UUID | None]


@lru_cache(maxsize=1)
def watcher() -> Watcher[Held]:
    """Return this process's memory of heartbeats. With a beat every 5 s and a sweep every 10 s, a dead worker
    is noticed within a minute.
    """
    return Watcher(patience_s=settings.WORKER_LOST_AFTER_S)


def sweep() -> None:
    """Put everything right that dead workers left behind. Cheap when there is nothing to do.

    A step that fails is logged and tried again at the next sweep; it keeps no other step from its work.
    """
    steps = (requeue_lost_work, requeue_lost_messages, resume_waiting_jobs, forget_the_past, *sweeps())
    for step in steps:
        try:
            step()
        except Exception:
            log.exception("sweep_step_failed", step=step.__qualname__)


def requeue_lost_work() -> int:
    """Queue jobs and segments again whose worker fell silent, or fail them after the last attempt; return how
    many.
    """
    held = {(work, one.pk, one.lease_token): (one, one.heartbeat_at) for work, one in _held()}
    silent = watcher().silent((key, sign) for key, (_, sign) in held.items())
    return sum(_recover(held[key][0]) for key in silent)


def recover_worker(worker: str) -> int:
    """Take everything from a worker that is known to be dead; return how much."""
    return sum(_recover(one) for _, one in _held() if one.worker == worker)


def _held() -> Iterator[tuple[str, Job | Segment]]:
    jobs = Job.objects.filter(state=JobState.RUNNING, lease_token__isnull=False)
    yield from (("job", job) for job in jobs)
    running = Segment.objects.filter(state=SegmentState.RUNNING, lease_token__isnull=False)
    yield from (("segment", segment) for segment in running.select_related("job"))


@transaction.atomic
def _recover(work: Job | Segment) -> bool:
    token = work.lease_token
    rows: QuerySet[Job] | QuerySet[Segment] = type(work).objects.filter(pk=work.pk, lease_token=token)
    still_lost = rows.filter(heartbeat_at=work.heartbeat_at)
    if token is None or not still_lost.update(heartbeat_at=timezone.now()):
        return False
    if isinstance(work, Segment):
        segments.recover(work, token)
        return True
    log.warning("job_lost_its_worker", job_id=str(work.pk), kind=work.kind, attempt=work.attempts)
    if work.attempts >= MAX_ATTEMPTS and not work.cancel_requested:
        fail(work, token, code="lost_worker", message=LOST_WORKER)
    elif release(work, token, state=JobState.QUEUED):
        enqueue(work)
    return True


def requeue_lost_messages() -> int:
    """Queue jobs and segments again whose message was taken by a worker that died before it claimed them, was
    lost by a broker, or was put off by a clock that has jumped; return how many.
    """
    now = timezone.now()
    due = Q(enqueued_at__lt=now - timedelta(seconds=settings.WORKER_LOST_AFTER_S))
    due |= Q(enqueued_at__gt=now + LONGEST_DELAY)
    waiting = Job.objects.filter(due)
    ready = waiting.filter(state=JobState.QUEUED) | without_open_segments(waiting.filter(is_spread()))
    open_segments = Segment.objects.filter(
        due, state=SegmentState.QUEUED, job__in=Job.objects.filter(is_spread())
    )
    found = sum(_enqueue_again(job) for job in without_message(ready))
    lost = without_message(open_segments).select_related("job")
    return found + sum(_enqueue_segment_again(segment) for segment in lost)


@transaction.atomic
def _enqueue_again(job: Job) -> bool:
    same = Job.objects.filter(pk=job.pk, state=job.state, lease_token=None, task_id=job.task_id)
    won = same.update(task_id=F("task_id"))
    if won:
        enqueue(job)
    return bool(won)


@transaction.atomic
def _enqueue_segment_again(segment: Segment) -> bool:
    same = Segment.objects.filter(pk=segment.pk, state=SegmentState.QUEUED, task_id=segment.task_id)
    won = same.update(task_id=F("task_id"))
    if won:
        enqueue_segments(segment.job, [segment])
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
        job.refresh_from_db()
        enqueue(job)
    return bool(won)


def forget_the_past() -> None:
    """Drop heartbeats of workers long gone and messages long delivered."""
    now = timezone.now()
    WorkerHeartbeat.objects.filter(beat_at__lt=now - FORGET_WORKERS_AFTER).delete()
    long_ago = now - FORGET_MESSAGES_AFTER
    DBTaskResult.objects.finished().filter(finished_at__lt=long_ago).delete()
    DBTaskResult.objects.running().filter(started_at__lt=long_ago).delete()  # their workers died
