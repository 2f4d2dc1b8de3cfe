"""When somebody's part in means of several faces goes: what it was made into is barred, and made anew.

The consent of a contributor ended, their recording went, or somebody said otherwise who is who in it. What
they gave is erased at once. Versions in which it was are never shown again, and their files go; where enough
others are left a version with another mean is queued in place of each, which a second person has to sign off
as any other.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from webapp.core import audit
from webapp.core.errors import AppError
from webapp.deidjobs.drawn import jobs_asked_for, remove_drawn
from webapp.deidjobs.means import FOLDER, k_of
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember, Review
from webapp.deidjobs.queries import KIND, may_be_hidden, newest_review
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import version_path
from webapp.jobs.models import UNFINISHED, Job
from webapp.recordings.models import Recording
from webapp.recordings.storage import derived_dir
from webapp.studies.models import Study

log = structlog.get_logger(__name__)


@transaction.atomic
def take_back(contributions: QuerySet[FaceContribution], because: MeanMember.Left) -> int:
    """Erase what people gave, bar what was made of it, and queue that anew where it can be; return how many
    contributions there were. Files go after the commit.
    """
    gone = list(contributions)
    if not gone:
        return 0
    made = list(_made_of(gone))
    for job_id, recording_id in _drawn_with(gone, made):
        transaction.on_commit(partial(remove_drawn, recording_id, job_id), robust=True)
    for version in made:
        path = version_path(version.recording_id, version.pk)
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)
    members = MeanMember.objects.filter(contribution__in=gone)
    members.update(participant=None, contribution=None, left_because=because)
    for one in gone:
        path = derived_dir(one.recording_id) / FOLDER / f"{one.pk}.npz"
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)
    FaceContribution.objects.filter(pk__in=[one.pk for one in gone]).delete()
    for derivative in made:
        _make_anew(derivative)
    return len(gone)


def take_back_replaced(recording: Recording) -> None:
    """Take back what was made of a recording that gives way to another one."""
    _take_back_from(recording, MeanMember.Left.REPLACED)


def take_back_corrected(recording: Recording) -> None:
    """Take back what was made of a recording of which somebody says otherwise who is who."""
    _take_back_from(recording, MeanMember.Left.CORRECTED)


def _take_back_from(recording: Recording, because: MeanMember.Left) -> None:
    Study.objects.select_for_update().get(pk=recording.encounter.study_id)
    take_back(FaceContribution.objects.filter(recording=recording), because)


def _made_of(gone: Collection[FaceContribution]) -> QuerySet[Derivative]:
    members = MeanMember.objects.filter(contribution__in=gone)
    found = Derivative.objects.filter(pk__in=members.values("derivative"))
    return found.select_related("recording__encounter__study", "requested_by").order_by("finished_at")


def _make_anew(derivative: Derivative) -> None:
    """Queue a version like this one with another mean, unless it was no good, there is a newer one or one in
    work, or it cannot be made.
    """
    recording = derivative.recording
    newer = Derivative.objects.filter(recording=recording, finished_at__gt=derivative.finished_at)
    is_superseded = newer.exists() or _in_work(recording)
    if _was_no_good(derivative) or is_superseded or not may_be_hidden(recording, derivative.audio):
        return
    recipe = derivative.recipe
    try:
        with transaction.atomic():
            request_derivative(
                recording=recording,
                actor=derivative.requested_by,
                method=derivative.method,
                audio=derivative.audio,
                donor="auto",
                k=k_of(derivative),
                covers=recipe.get("cover_rows", []),
                neutral_s=recipe.get("neutral_s"),
                exempt=recipe.get("exempt", []),
                exempt_reason=recipe.get("exempt_reason", ""),
                based_on=derivative,
            )
            audit.record(
                actor=None,
                action="derivative.made_anew",
                target=derivative,
                study_id=recording.encounter.study_id,
                details={"because": "a contributor left"},
            )
    except AppError as refused:  # too few others are left, for one; the page of the version says so
        log.info("version_not_made_anew", code=refused.code)


def _was_no_good(derivative: Derivative) -> bool:
    review = newest_review(derivative)
    return derivative.verdict == "fail" or (review is not None and review.decision == Review.Decision.REFUSED)


def _in_work(recording: Recording) -> bool:
    """Return whether a version with a mean of a recording is being made, of those who are left at its end."""
    jobs = Job.objects.filter(kind=KIND, params__recording=str(recording.pk), params__has_key="look")
    return jobs.filter(state__in=UNFINISHED).exists()


def _drawn_with(gone: Collection[FaceContribution], made: Collection[Derivative]) -> set[tuple[UUID, UUID]]:
    """Return by job and recording where parts may lie that show some of these people."""
    found: set[tuple[UUID, UUID]] = {(one.job_id, one.recording_id) for one in made if one.job_id}
    asked = jobs_asked_for({str(one.pk) for one in gone})
    return found | {(job.pk, UUID(job.params["recording"])) for job in asked}
