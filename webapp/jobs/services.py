"""Creating, cancelling, pausing and retrying jobs. Callers have checked access; every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import Conflict
from webapp.jobs.models import Batch, Job, JobState, Segment
from webapp.jobs.queries import unfinished
from webapp.jobs.queueing import enqueue
from webapp.jobs.registry import find_kind
from webapp.jobs.spreading import close_segments

Actor = AbstractBaseUser | AnonymousUser | None


@transaction.atomic
def create_job(
    *,
    kind: str,
    params: Mapping[str, Any],
    subject_id: UUID,
    requested_by: Actor,
    study_id: int | None,
    purpose: str = "",
    priority: int = 0,
    batch: Batch | None = None,
) -> Job:
    """Write a job into the ledger and queue it. Raises LookupError for a kind that no app registered."""
    if find_kind(kind) is None:
        raise LookupError(f"no app registered jobs of kind {kind!r}")
    job = Job.objects.create(
        kind=kind,
        params=dict(params),
        subject_id=subject_id,
        requested_by_id=getattr(requested_by, "pk", None),
        purpose=purpose,
        priority=priority,
        batch=batch,
    )
    audit.record(
        actor=requested_by, action="job.created", target=job, study_id=study_id, details={"kind": kind}
    )
    enqueue(job)
    return job


@transaction.atomic
def cancel_job(*, job: Job, actor: Actor, study_id: int | None) -> Job:
    """Stop a job: at once while it waits, within seconds while it runs. Raises Conflict when it has already
    ended.
    """
    if not unfinished(Job.objects.filter(pk=job.pk)).update(cancel_requested=True):
        raise Conflict("This job has already ended, so there is nothing left to cancel.")
    if _unleased(job).update(state=JobState.CANCELLED, finished_at=timezone.now(), message=""):
        job.refresh_from_db()
        after_failure(job)
    audit.record(actor=actor, action="job.cancelled", target=job, study_id=study_id)
    job.refresh_from_db()
    return job


@transaction.atomic
def pause_job(*, job: Job, actor: Actor, study_id: int | None) -> Job:
    """Begin nothing new of a job until it is resumed; segments that workers hold are finished and kept.

    Raises Conflict when it has ended, is being cancelled, or is paused already.
    """
    going = unfinished(Job.objects.filter(pk=job.pk, cancel_requested=False, pause_requested=False))
    if not going.update(pause_requested=True):
        raise Conflict("Only a job that waits or runs can be paused.")
    _unleased(job).update(state=JobState.PAUSED, expected_end_at=None, message="")
    audit.record(actor=actor, action="job.paused", target=job, study_id=study_id)
    job.refresh_from_db()
    return job


@transaction.atomic
def resume_job(*, job: Job, actor: Actor, study_id: int | None) -> Job:
    """Queue a paused job again; what is done stays done. Raises Conflict in every other state."""
    paused = Job.objects.filter(pk=job.pk, pause_requested=True)
    if paused.filter(state=JobState.PAUSED).update(state=JobState.QUEUED, pause_requested=False):
        job.refresh_from_db()
        enqueue(job)
    elif not unfinished(paused).update(pause_requested=False):
        raise Conflict("Only a paused job can be resumed.")
    audit.record(actor=actor, action="job.resumed", target=job, study_id=study_id)
    job.refresh_from_db()
    return job


@transaction.atomic
def retry_job(*, job: Job, actor: Actor, study_id: int | None) -> Job:
    """Queue a failed or cancelled job anew with fresh attempts. Raises Conflict in every other state."""
    ended = Job.objects.filter(pk=job.pk, state__in=(JobState.FAILED, JobState.CANCELLED))
    changed = ended.update(
        state=JobState.QUEUED,
        attempts=0,
        cancel_requested=False,
        pause_requested=False,
        message="",
        error_code="",
        error_message="",
        started_at=None,
        finished_at=None,
        expected_end_at=None,
    )
    if not changed:
        raise Conflict("Only a failed or cancelled job can be tried again.")
    Segment.objects.filter(job=job).update(attempts=0)
    audit.record(actor=actor, action="job.retried", target=job, study_id=study_id)
    job.refresh_from_db()
    enqueue(job)
    job.refresh_from_db()
    return job


def _unleased(job: Job) -> QuerySet[Job]:
    """Return the job unless a worker holds it as a whole; then that worker has to give it up itself."""
    held = Q(state=JobState.RUNNING, lease_token__isnull=False)
    return Job.objects.filter(~held, pk=job.pk)


def after_failure(job: Job) -> None:
    """Take open segments from their workers, and let the app that owns the kind tidy up after a job that
    ended without its result.
    """
    close_segments(job)
    kind = find_kind(job.kind)
    if kind is not None:
        kind.on_failed(job)
