"""A job and its segments: cutting it, counting what is done, and ending all of it together.

Whoever changes segments takes the job's row first, so that two workers that finish the last two segments at
the same moment cannot both overlook that the job is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from webapp.core.errors import AppError
from webapp.jobs.errors import Stopped
from webapp.jobs.models import SEGMENT_UNFINISHED, UNFINISHED, Job, JobState, Segment, SegmentState
from webapp.jobs.queueing import enqueue, enqueue_segments
from webapp.jobs.registry import PlannedSegment

#: A segment that was done this often and whose result is still not there will not be there next time.
MOST_ATTEMPTS = 20
LOST_RESULTS = (
    "What was computed of {label} does not stay on the server's storage. Ask whoever runs this server."
)


def is_spread() -> Q:
    """Return the condition for jobs whose segments are being worked on."""
    return Q(state=JobState.RUNNING, lease_token=None)


def without_open_segments(jobs: QuerySet[Job]) -> QuerySet[Job]:
    open_segments = Segment.objects.filter(job=OuterRef("pk"), state__in=SEGMENT_UNFINISHED)
    return jobs.filter(~Exists(open_segments))


@transaction.atomic
def spread(job: Job, token: UUID, planned: Sequence[PlannedSegment], whole_s: float = 0.0) -> bool:
    """Write the plan and queue what is not done; return False when nothing is left but joining.

    whole_s: as in Segmented. Afterwards a spread job has no lease. Raises Stopped when the job is no longer
    ours or not wanted now, AppError for a segment whose result keeps getting lost.
    """
    mine = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease_token=token)
    if not mine.update(heartbeat_at=timezone.now(), whole_s=whole_s):
        raise Stopped
    job.whole_s = whole_s
    _write_plan(job, planned)
    waiting = list(Segment.objects.filter(job=job, state__in=SEGMENT_UNFINISHED))
    hopeless = [one for one in waiting if one.attempts >= MOST_ATTEMPTS]
    if hopeless:
        raise AppError(LOST_RESULTS.format(label=hopeless[0].label), code="results_lost")
    if not waiting:
        return False
    done = _share_done(job)
    begun = mine.filter(pause_requested=False, cancel_requested=False).update(
        lease_token=None, attempts=0, progress=done, spread_at=timezone.now(), spread_from=done, message=""
    )
    if not begun:
        raise Stopped
    enqueue_segments(job, [one for one in waiting if one.state == SegmentState.QUEUED])
    return True


def _write_plan(job: Job, planned: Sequence[PlannedSegment]) -> None:
    """Bring the rows in step with the plan, which knows best what is done; work in progress goes on."""
    there = {segment.name: segment for segment in Segment.objects.filter(job=job)}
    others = Segment.objects.filter(job=job).exclude(name__in=[one.name for one in planned])
    others.exclude(state=SegmentState.DONE).delete()  # what was done stays as a record
    new: list[Segment] = []
    changed: list[Segment] = []
    for position, one in enumerate(planned):
        segment = there.get(one.name) or Segment(job=job, name=one.name)
        segment.position, segment.label, segment.media_s = position, one.label, one.media_s
        segment.input = dict(one.input)
        if one.is_done:
            segment.state, segment.progress, segment.lease_token = SegmentState.DONE, 1.0, None
        elif segment.state != SegmentState.RUNNING:
            segment.state, segment.progress = SegmentState.QUEUED, 0.0
            segment.error_code = segment.error_message = ""
        (changed if one.name in there else new).append(segment)
    Segment.objects.bulk_create(new, batch_size=500)
    fields = ("position", "label", "media_s", "input", "state", "progress", "lease_token")
    Segment.objects.bulk_update(changed, (*fields, "error_code", "error_message"), batch_size=200)


def lock_job(job_id: UUID) -> bool:
    """Take the row of an unfinished job until the transaction ends; False when the job has ended."""
    return bool(Job.objects.filter(pk=job_id, state__in=UNFINISHED).update(priority=F("priority")))


def count_progress(job_id: UUID) -> None:
    """Bring a spread job's progress and expected end up to date with its segments."""
    job = Job.objects.filter(is_spread(), pk=job_id).first()
    if job is None or job.spread_at is None:
        return
    done = _share_done(job)
    elapsed = timezone.now() - job.spread_at
    expected = None
    if done > job.spread_from and elapsed > timedelta(seconds=2):
        expected = timezone.now() + elapsed * ((1 - done) / (done - job.spread_from))
    Job.objects.filter(is_spread(), pk=job_id).update(progress=done, expected_end_at=expected, message="")


def join_when_complete(job_id: UUID) -> None:
    """Queue the joining once no segment is open. Call it in the transaction that closed one."""
    for job in without_open_segments(Job.objects.filter(is_spread(), pk=job_id)):
        enqueue(job)


def close_segments(job: Job) -> None:
    """Take every open segment of a job that ended from its worker, who notices within seconds."""
    Segment.objects.filter(job=job, state__in=SEGMENT_UNFINISHED).update(
        state=SegmentState.CANCELLED, lease_token=None
    )


def _share_done(job: Job) -> float:
    sums = Segment.objects.filter(job=job).aggregate(
        total=Sum("media_s"), done=Sum(F("media_s") * F("progress"))
    )
    total = max(sums["total"] or 0.0, job.whole_s)
    return min(1.0, (sums["done"] or 0.0) / total) if total else 0.0
