"""Creating, cancelling and retrying jobs. Callers have checked access; every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import Conflict
from webapp.jobs.models import Job, JobState
from webapp.jobs.queries import unfinished
from webapp.jobs.registry import find_kind

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
    )
    audit.record(
        actor=requested_by, action="job.created", target=job, study_id=study_id, details={"kind": kind}
    )
    enqueue(job)
    return job


def enqueue(job: Job, *, delay: timedelta = timedelta(0)) -> None:
    """Put a queued job into the task queue, in the transaction of the caller."""
    from webapp.jobs.tasks import run_job

    run_after = timezone.now() + delay if delay else None
    result = run_job.using(priority=job.priority, run_after=run_after).enqueue(str(job.pk))
    Job.objects.filter(pk=job.pk).update(task_id=result.id, enqueued_at=timezone.now())


@transaction.atomic
def cancel_job(*, job: Job, actor: Actor, study_id: int | None) -> Job:
    """Stop a job: at once while it waits, within seconds while it runs. Raises Conflict when it has already
    ended.
    """
    if not unfinished(Job.objects.filter(pk=job.pk)).update(cancel_requested=True):
        raise Conflict("This job has already ended, so there is nothing left to cancel.")
    waiting = Job.objects.filter(pk=job.pk).exclude(state=JobState.RUNNING)  # the update above holds the row
    if waiting.update(state=JobState.CANCELLED, finished_at=timezone.now(), message=""):
        job.refresh_from_db()
        after_failure(job)
    audit.record(actor=actor, action="job.cancelled", target=job, study_id=study_id)
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
        message="",
        error_code="",
        error_message="",
        started_at=None,
        finished_at=None,
        expected_end_at=None,
    )
    if not changed:
        raise Conflict("Only a failed or cancelled job can be tried again.")
    audit.record(actor=actor, action="job.retried", target=job, study_id=study_id)
    enqueue(job)
    job.refresh_from_db()
    return job


def after_failure(job: Job) -> None:
    """Let the app that owns the kind tidy up after a job that ended without its result."""
    kind = find_kind(job.kind)
    if kind is not None:
        kind.on_failed(job)
