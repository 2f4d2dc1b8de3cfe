"""Withdrawing consent: from the commit on nothing is served or processed, then what was there is erased."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.consent.erasing import finish_erasure
from webapp.consent.holders import Effect, Scope, holders
from webapp.consent.models import Erasure, Purpose
from webapp.core import audit
from webapp.core.errors import AppError
from webapp.jobs.models import Job, JobState, Segment, SegmentState
from webapp.jobs.queries import unfinished
from webapp.jobs.services import cancel_job
from webapp.studies.encounters import exclude_erased
from webapp.studies.models import Encounter, Participant, Study

#: Without recording there is nothing that any other purpose could use.
EVERYTHING = frozenset(Purpose.values)
_REASONS: dict[str, str] = {
    Erasure.Cause.WITHDRAWAL: Encounter.Reason.CONSENT_WITHDRAWN,
    Erasure.Cause.RETENTION: Encounter.Reason.RETENTION_ENDED,
}
KEPT = (
    Effect(
        "keep",
        "the code, the decisions and the audit trail",
        1,
        "They prove that consent was given and ended. Of the person they hold initials or a drawn signature.",
    ),
    Effect(
        "keep", "a tombstone for each thing erased", 1, "It says what was erased and when, not what it held."
    ),
)


def scope_of(participant: Participant, purposes: Collection[str], ended_at: datetime | None = None) -> Scope:
    """Return what a withdrawal concerns. Without `record` nothing else can be kept either."""
    encounters = Encounter.objects.filter(**{participant.kind: participant})
    return Scope(
        encounters=tuple(encounters.order_by("number").values_list("pk", flat=True)),
        person=participant.kind,
        purposes=EVERYTHING if Purpose.RECORD in purposes else frozenset(purposes),
        ended_at=ended_at or timezone.now(),
        participant=participant.pk,
    )


def preview(scope: Scope) -> list[Effect]:
    """Return what erasing this scope would stop, delete and keep; nothing changes."""
    found = [effect for holder in holders() for effect in holder.preview(scope) if effect.count]
    stopping = jobs_to_stop(scope)
    if stopping:
        found.append(Effect("stop", "running or waiting jobs", len(stopping), "Their consent ends."))
    order = ("stop", "delete", "recall", "keep")
    return [*sorted(found, key=lambda effect: order.index(effect.action)), *KEPT]


@transaction.atomic
def open_erasure(
    *,
    actor: User | None,
    study: Study,
    scope: Scope,
    cause: str,
    participant: Participant | None = None,
    purposes: Collection[str] = (),
    entire: bool = False,
) -> Erasure:
    """Stop what may no longer run and write down what must go and until when; erase it after the commit."""
    _stop_jobs(scope, actor=actor, study=study)
    if Purpose.RECORD in scope.purposes:
        exclude_erased(scope.encounters, _REASONS[cause])
    erasure = Erasure.objects.create(
        study=study,
        participant=participant,
        person=scope.person or "",
        cause=cause,
        purposes=sorted(purposes),
        entire=entire,
        encounters=[str(pk) for pk in scope.encounters],
        requested_by=actor,
        requested_at=scope.ended_at,
        due_at=scope.ended_at + timedelta(days=settings.ERASE_WITHIN_DAYS),
        waits_for=_still_running(scope.encounters),
    )
    audit.record(
        actor=actor,
        action=f"erasure.opened_{cause}",
        target=erasure,
        study_id=study.pk,
        details={"purposes": sorted(purposes), "encounters": len(scope.encounters)},
    )
    transaction.on_commit(lambda: finish_erasure(erasure.pk), robust=True)
    return erasure


def jobs_to_stop(scope: Scope) -> list[Job]:
    """Return the unfinished jobs that no consent covers any more.

    All of them once the recordings go, else those made for an ended purpose; others ask for it themselves.
    """
    jobs = unfinished(Job.objects.filter(subject_id__in=scope.encounters))
    if Purpose.RECORD not in scope.purposes:
        jobs = jobs.filter(purpose__in=scope.purposes)
    return list(jobs)


def _stop_jobs(scope: Scope, *, actor: User | None, study: Study) -> None:
    for job in jobs_to_stop(scope):
        try:
            with transaction.atomic():
                cancel_job(job=job, actor=actor, study_id=study.pk)
        except AppError:  # it ended by itself a moment ago
            continue


def _still_running(encounters: tuple[UUID, ...]) -> list[list[str]]:
    """Return id and lease of every job and segment that some worker holds at this moment."""
    jobs = Job.objects.filter(subject_id__in=encounters, state=JobState.RUNNING)
    segments = Segment.objects.filter(job__subject_id__in=encounters, state=SegmentState.RUNNING)
    held = [
        *jobs.exclude(lease_token=None).values_list("pk", "lease_token"),
        *segments.exclude(lease_token=None).values_list("pk", "lease_token"),
    ]
    return [[str(pk), str(token)] for pk, token in held]
