"""From a queued job to its end: claim it, run its handler, write how it ended. Losing a race is not an
error.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from webapp.core.errors import AppError
from webapp.jobs import leases
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped, WaitForConsent
from webapp.jobs.models import Job, JobState
from webapp.jobs.registry import find_kind
from webapp.jobs.services import after_failure, enqueue

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
BACK_OFF = timedelta(seconds=10)
MAY_HEAL = (OSError, OperationalError, InterfaceError, MemoryError)
LOST_WORKER = (
    "The work was interrupted three times, so it was given up. Try again, or ask whoever runs this server."
)
UNHEALED = "The server's storage or database did not answer three times in a row. Try again later."
UNEXPECTED = (
    "Something unexpected went wrong. Whoever runs this server finds the cause in its log under job {job_id}."
)


def run(job_id: UUID, worker: str = "") -> None:
    """Do a queued job; return without a word when it is not there to be claimed any more."""
    token = claim(job_id, worker)
    if token is None:
        return
    job = Job.objects.get(pk=job_id)
    structlog.contextvars.bind_contextvars(job_id=str(job_id), kind=job.kind)
    try:
        with leases.holding(token):
            _run_claimed(job, token)
    finally:
        structlog.contextvars.unbind_contextvars("job_id", "kind")


def claim(job_id: UUID, worker: str = "") -> UUID | None:
    """Take a queued job; return the lease, None when another worker was faster or the job is no longer
    queued.
    """
    token = uuid.uuid4()
    now = timezone.now()
    won = Job.objects.filter(pk=job_id, state=JobState.QUEUED, cancel_requested=False).update(
        state=JobState.RUNNING,
        lease_token=token,
        worker=worker,
        heartbeat_at=now,
        started_at=now,
        expected_end_at=None,
        attempts=F("attempts") + 1,
    )
    return token if won else None


def _run_claimed(job: Job, token: UUID) -> None:
    kind = find_kind(job.kind)
    if kind is None:
        fail(
            job,
            token,
            code="unknown_kind",
            message="This server no longer knows how to do work of this kind.",
        )
        return
    if not kind.may_start(job):
        release(job, token, state=JobState.WAITING_FOR_CONSENT)
        return
    context = JobContext(job, token)
    try:
        kind.run(context)
        if not context.finished:
            with context.finishing():
                pass
    except Stopped:
        hand_back(job, token)
    except WaitForConsent:
        release(job, token, state=JobState.WAITING_FOR_CONSENT)
    except AppError as error:
        fail(job, token, code=error.code, message=error.message)
    except MAY_HEAL:
        log.warning("job_attempt_failed", attempt=job.attempts, exc_info=True)
        retry_later(job, token)
    except Exception:
        log.exception("job_failed_unexpectedly")
        fail(job, token, code="unexpected", message=UNEXPECTED.format(job_id=job.pk))


@transaction.atomic
def fail(job: Job, token: UUID, *, code: str, message: str) -> bool:
    """Mark a job failed with a sentence for its owner; False when the lease is no longer ours."""
    won = _leased(job, token).update(
        state=JobState.FAILED,
        error_code=code,
        error_message=message[:500],
        message="",
        lease_token=None,
        expected_end_at=None,
        finished_at=timezone.now(),
    )
    if won:
        job.refresh_from_db()
        after_failure(job)
    return bool(won)


@transaction.atomic
def hand_back(job: Job, token: UUID) -> None:
    """End a stopped job as cancelled where that was asked for; else queue it again as if never started."""
    if release(job, token, state=JobState.QUEUED):
        Job.objects.filter(pk=job.pk).update(attempts=F("attempts") - 1)
        enqueue(job)


@transaction.atomic
def retry_later(job: Job, token: UUID) -> None:
    """Queue a job again after a pause that grows, or fail it after the last attempt."""
    if job.attempts >= MAX_ATTEMPTS:
        fail(job, token, code="did_not_heal", message=UNHEALED)
    elif release(job, token, state=JobState.QUEUED):
        enqueue(job, delay=BACK_OFF * 4 ** (job.attempts - 1))


@transaction.atomic
def release(job: Job, token: UUID, *, state: JobState) -> bool:
    """Give the lease up and leave the job in a waiting state; False when it was cancelled or the lease is
    lost.
    """
    cancelled = (
        _leased(job, token)
        .filter(cancel_requested=True)
        .update(
            state=JobState.CANCELLED,
            message="",
            lease_token=None,
            expected_end_at=None,
            finished_at=timezone.now(),
        )
    )
    if cancelled:
        job.refresh_from_db()
        after_failure(job)
        return False
    return bool(_leased(job, token).update(state=state, message="", lease_token=None, expected_end_at=None))


def _leased(job: Job, token: UUID) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_token=token)
