"""From a queued job to its end: claim it, cut it or run its handler, write how it ended. Losing a race is not
an error.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import Error as DatabaseTrouble
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from webapp.core.errors import AppError
from webapp.core.health import STORAGE, is_working
from webapp.jobs import leases
from webapp.jobs.context import JobContext
from webapp.jobs.errors import Stopped, WaitForConsent
from webapp.jobs.models import Job, JobState
from webapp.jobs.queueing import enqueue
from webapp.jobs.registry import JobKind, find_kind
from webapp.jobs.services import after_failure
from webapp.jobs.spreading import is_spread, spread, without_open_segments

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
BACK_OFF = timedelta(seconds=10)
MAY_HEAL = (OSError, OperationalError, InterfaceError, MemoryError)
LOST_WORKER = (
    "The work was interrupted three times, so it was given up. Try again, or ask whoever runs this server."
)
UNHEALED = (
    "What the server needs for this (its storage, database or mail server) did not answer three times in a "
    "row. Try again later."
)
NO_MEMORY = (
    "The server had too little memory for this three times in a row. Run fewer workers on it, then try again."
)
STORAGE_AWAY = "Waits for the server's storage, which does not answer, and goes on by itself."
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
    """Take a queued job, or one whose segments are all closed; return the lease, None when another worker was
    faster or there is nothing to do.
    """
    token = uuid.uuid4()
    now = timezone.now()
    open_to_us = Job.objects.filter(pk=job_id, cancel_requested=False, pause_requested=False)
    ready = open_to_us.filter(state=JobState.QUEUED) | without_open_segments(open_to_us.filter(is_spread()))
    won = ready.update(
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
    try:
        _do(kind, JobContext(job, token), token)
    except Stopped:
        hand_back(job, token)
    except WaitForConsent:
        release(job, token, state=JobState.WAITING_FOR_CONSENT)
    except (AppError, *MAY_HEAL) as error:
        if is_storages(error):
            hand_back(job, token, delay=BACK_OFF, message=STORAGE_AWAY)
        elif isinstance(error, AppError):
            fail(job, token, code=error.code, message=error.message)
        else:
            log.warning("job_attempt_failed", attempt=job.attempts, exc_info=True)
            retry_later(job, token, error)
    except Exception:
        log.exception("job_failed_unexpectedly")
        fail(job, token, code="unexpected", message=UNEXPECTED.format(job_id=job.pk))


def is_storages(error: Exception) -> bool:
    """Return whether it is no wonder that work failed, for the storage is away."""
    return not isinstance(error, DatabaseTrouble) and not is_working(STORAGE)


def _do(kind: JobKind, context: JobContext, token: UUID) -> None:
    """Spread the job over its segments; or run it, when it has none or they are all done."""
    cut = kind.segmented
    if cut is not None and spread(context.job, token, cut.plan(context), cut.whole_s(context.job)):
        return
    kind.run(context)
    if not context.finished:
        with context.finishing():
            pass


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
def hand_back(job: Job, token: UUID, *, delay: timedelta = timedelta(0), message: str = "") -> None:
    """End a stopped job as cancelled or paused where that was asked for; else queue it again as if never
    started.
    """
    if release(job, token, state=JobState.QUEUED):
        Job.objects.filter(pk=job.pk).update(message=message)
        Job.objects.filter(pk=job.pk, attempts__gt=0).update(attempts=F("attempts") - 1)
        enqueue(job, delay=delay)


@transaction.atomic
def retry_later(job: Job, token: UUID, error: Exception) -> None:
    """Queue a job again after a pause that grows, or fail it after the last attempt."""
    if job.attempts >= MAX_ATTEMPTS:
        code, message = why_unhealed(error)
        fail(job, token, code=code, message=message)
    elif release(job, token, state=JobState.QUEUED):
        enqueue(job, delay=BACK_OFF * 4 ** (job.attempts - 1))


def why_unhealed(error: Exception) -> tuple[str, str]:
    """Return the code and the sentence for work that the server was not fit for three times in a row."""
    if isinstance(error, MemoryError):
        return "out_of_memory", NO_MEMORY
    return "did_not_heal", UNHEALED


@transaction.atomic
def release(job: Job, token: UUID, *, state: JobState) -> bool:
    """Give the lease up and leave the job in a waiting state; False when it was cancelled or paused, or the
    lease is lost.
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
    idle = {"message": "", "lease_token": None, "expected_end_at": None}
    if _leased(job, token).filter(pause_requested=True).update(state=JobState.PAUSED, **idle):
        return False
    won = _leased(job, token).update(state=state, **idle)
    job.refresh_from_db()
    return bool(won)


def _leased(job: Job, token: UUID) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_token=token)
