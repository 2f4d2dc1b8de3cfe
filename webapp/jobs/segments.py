"""From a queued segment to its end: claim it, do it, write how it ended. A segment may be done again without
harm.
"""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from webapp.core.errors import AppError
from webapp.jobs import leases
from webapp.jobs.context import LOOK_EVERY_S, REPORT_EVERY_S
from webapp.jobs.errors import PlanOutdated, Stopped, WaitForConsent
from webapp.jobs.models import UNFINISHED, Job, JobState, Segment, SegmentState
from webapp.jobs.queueing import enqueue, enqueue_segments
from webapp.jobs.registry import find_kind
from webapp.jobs.running import (
    BACK_OFF,
    MAX_ATTEMPTS,
    MAY_HEAL,
    STORAGE_AWAY,
    UNEXPECTED,
    is_storages,
    why_unhealed,
)
from webapp.jobs.services import after_failure
from webapp.jobs.spreading import count_progress, is_spread, join_when_complete, lock_job

log = structlog.get_logger(__name__)

POISON = (
    "The work on this part ended its process {attempts} times, so it was set aside. Everything else that was "
    "done is kept. Try again after an update, or ask whoever runs this server."
)


class SegmentContext:
    """A claimed segment in the hands of its handler. Everything it writes is conditional on its lease."""

    def __init__(self, segment: Segment, token: UUID) -> None:
        self.job, self.segment = segment.job, segment
        self.input: dict[str, Any] = segment.input
        self._token = token
        self._began_s = self._reported_s = self._looked_s = time.monotonic()
        self._stopped = False

    def progress(self, fraction: float) -> None:
        """Report how much is done, 0..1; also renews the lease. Written at most once per second."""
        if time.monotonic() - self._reported_s < REPORT_EVERY_S:
            return
        self._reported_s = time.monotonic()
        values = {"progress": min(1.0, max(0.0, fraction)), "heartbeat_at": timezone.now()}
        self._stopped = not leased(self.segment, self._token).update(**values)
        count_progress(self.job.pk)

    def cancelled(self) -> bool:
        """Return whether the handler should stop. Asks the database every two seconds, so call it as often
        as you like.
        """
        if not self._stopped and time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            self._stopped = not leased(self.segment, self._token).exists()
        return self._stopped or leases.stopping.is_set()

    def stop_if_asked(self) -> None:
        """Raise Stopped when the handler should stop."""
        if self.cancelled():
            raise Stopped

    def finish(self) -> None:
        """Mark the segment done and queue the joining after the last one. Raises Stopped without a lease."""
        with transaction.atomic():
            won = lock_job(self.job.pk) and leased(self.segment, self._token).update(
                state=SegmentState.DONE,
                progress=1.0,
                lease_token=None,
                finished_at=timezone.now(),
                work_s=round(time.monotonic() - self._began_s, 3),
            )
            if not won:
                raise Stopped
            count_progress(self.job.pk)
            join_when_complete(self.job.pk)


def run(segment_id: UUID, worker: str = "") -> None:
    """Do a queued segment; return without a word when it is not there to be claimed any more."""
    token = claim(segment_id, worker)
    if token is None:
        return
    segment = Segment.objects.select_related("job").get(pk=segment_id)
    with (
        structlog.contextvars.bound_contextvars(
            job_id=str(segment.job_id), segment_id=str(segment_id), kind=segment.job.kind
        ),
        leases.holding(token),
    ):
        _run_claimed(segment, token)


def claim(segment_id: UUID, worker: str = "") -> UUID | None:
    """Take a queued segment of a spread job; return the lease, None when there is nothing to take."""
    token = uuid.uuid4()
    now = timezone.now()
    going = Job.objects.filter(is_spread())
    won = Segment.objects.filter(pk=segment_id, state=SegmentState.QUEUED, job__in=going).update(
        state=SegmentState.RUNNING,
        lease_token=token,
        worker=worker,
        heartbeat_at=now,
        started_at=now,
        attempts=F("attempts") + 1,
    )
    return token if won else None


def _run_claimed(segment: Segment, token: UUID) -> None:
    kind = find_kind(segment.job.kind)
    if kind is None or kind.segmented is None:  # planned by newer code than this worker's
        hand_back(segment, token, delay=BACK_OFF)
        return
    context = SegmentContext(segment, token)
    try:
        kind.segmented.work(context)
        context.finish()
    except Stopped:
        hand_back(segment, token)
    except (PlanOutdated, WaitForConsent):
        plan_anew(segment, token)
    except (AppError, *MAY_HEAL) as error:
        if is_storages(error):
            wait_for_storage(segment, token)
        elif isinstance(error, AppError):
            fail(segment, token, code=error.code, message=error.message)
        else:
            log.warning("segment_attempt_failed", attempt=segment.attempts, exc_info=True)
            retry_later(segment, token, error)
    except Exception:
        log.exception("segment_failed_unexpectedly")
        fail(segment, token, code="unexpected", message=UNEXPECTED.format(job_id=segment.job_id))


@transaction.atomic
def hand_back(segment: Segment, token: UUID, *, delay: timedelta = timedelta(0)) -> bool:
    """Queue a stopped segment again as if never started; False when the lease is no longer ours."""
    won = release(segment, token)
    if won:
        Segment.objects.filter(pk=segment.pk, attempts__gt=0).update(attempts=F("attempts") - 1)
        enqueue_segments(segment.job, [segment], delay=delay)
    return won


@transaction.atomic
def wait_for_storage(segment: Segment, token: UUID) -> None:
    """Queue a segment again, as often as it takes: a storage that is away says nothing about the work."""
    if hand_back(segment, token, delay=BACK_OFF):
        Job.objects.filter(is_spread(), pk=segment.job_id).update(message=STORAGE_AWAY)


@transaction.atomic
def retry_later(segment: Segment, token: UUID, error: Exception) -> None:
    """Queue a segment again after a pause that grows, or fail it and its job after the last attempt."""
    if segment.attempts >= MAX_ATTEMPTS:
        code, message = why_unhealed(error)
        fail(segment, token, code=code, message=message)
    elif release(segment, token):
        enqueue_segments(segment.job, [segment], delay=BACK_OFF * 4 ** (segment.attempts - 1))


@transaction.atomic
def recover(segment: Segment, token: UUID) -> None:
    """Queue a segment again whose worker was lost; one that ended its process three times is quarantined."""
    log.warning("segment_lost_its_worker", segment_id=str(segment.pk), attempt=segment.attempts)
    if segment.attempts >= MAX_ATTEMPTS:
        message = POISON.format(attempts=segment.attempts)
        fail(segment, token, code="poison_segment", message=message, state=SegmentState.QUARANTINED)
    elif release(segment, token):
        enqueue_segments(segment.job, [segment])


@transaction.atomic
def plan_anew(segment: Segment, token: UUID) -> None:
    """Give the segment back and have its job cut again, which also asks for consent."""
    if not hand_back(segment, token):
        return
    spread_job = Job.objects.filter(is_spread(), pk=segment.job_id)
    if spread_job.update(state=JobState.QUEUED, expected_end_at=None):
        enqueue(Job.objects.get(pk=segment.job_id))


@transaction.atomic
def fail(
    segment: Segment,
    token: UUID,
    *,
    code: str,
    message: str,
    state: SegmentState = SegmentState.FAILED,
) -> None:
    """End a segment without a result, and its job with it; what other segments have done stays."""
    if not lock_job(segment.job_id):
        return
    lost = leased(segment, token).update(
        state=state,
        error_code=code,
        error_message=message[:500],
        lease_token=None,
        finished_at=timezone.now(),
    )
    if not lost:
        return
    Job.objects.filter(pk=segment.job_id, state__in=UNFINISHED).update(
        state=JobState.FAILED,
        error_code=code,
        error_message=f"{segment.label}: {message}"[:500],
        message="",
        lease_token=None,
        expected_end_at=None,
        finished_at=timezone.now(),
    )
    after_failure(Job.objects.get(pk=segment.job_id))


def release(segment: Segment, token: UUID) -> bool:
    """Give the lease up and leave the segment queued; False when it is no longer ours."""
    held = lock_job(segment.job_id) and leased(segment, token)
    return bool(held and held.update(state=SegmentState.QUEUED, progress=0.0, lease_token=None))


def leased(segment: Segment, token: UUID) -> QuerySet[Segment]:
    return Segment.objects.filter(pk=segment.pk, state=SegmentState.RUNNING, lease_token=token)
