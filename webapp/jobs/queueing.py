"""Messages about jobs and segments in the task queue, whichever engine delivers it.

A message says only which row to look at; the ledger decides whether there is anything to do. Segments go
before new jobs and joins before segments, so that what was begun is finished first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from webapp.jobs.models import Job, JobState, Leased, Segment
from webapp.jobs.registry import find_kind

SEGMENTS_FIRST = 1
JOINS_FIRST = 2
CPU = "cpu"
#: Longer than any pause before another attempt: what is due even later was written by a clock that was wrong.
LONGEST_DELAY = timedelta(minutes=5)
Work = TypeVar("Work", bound=Leased)


def enqueue(job: Job, *, delay: timedelta = timedelta(0)) -> None:
    """Put a job into the task queue, in the transaction of the caller."""
    from webapp.jobs.tasks import run_job

    is_join = job.state == JobState.RUNNING
    due = timezone.now() + delay
    task = run_job.using(
        priority=job.priority + (JOINS_FIRST if is_join else 0),
        run_after=due if delay else None,
        queue_name=CPU,
    )
    result = task.enqueue(str(job.pk))
    Job.objects.filter(pk=job.pk).update(task_id=result.id, enqueued_at=due)


def enqueue_segments(job: Job, segments: Sequence[Segment], *, delay: timedelta = timedelta(0)) -> None:
    """Put queued segments of a job into the task queue, in the transaction of the caller."""
    from webapp.jobs.tasks import run_segment

    kind = find_kind(job.kind)  # not known to a worker of an older version, which hands it on
    queue = kind.segmented.queue() if kind is not None and kind.segmented is not None else CPU
    due = timezone.now() + delay
    task = run_segment.using(
        priority=job.priority + SEGMENTS_FIRST,
        run_after=due if delay else None,
        queue_name=queue,
    )
    for segment in segments:
        segment.task_id, segment.enqueued_at = task.enqueue(str(segment.pk)).id, due
    Segment.objects.bulk_update(segments, ("task_id", "enqueued_at"), batch_size=200)


def without_message(work: QuerySet[Work]) -> QuerySet[Work]:
    """Return the queued work about which no message is on its way that will be due in time.

    A broker cannot be asked about a single message; but once its queues are empty, none is on its way.
    """
    if settings.CELERY_BROKER_URL:
        from webapp.jobs.celery_engine import count_messages

        return work.none() if work.exists() and count_messages() else work
    waiting = DBTaskResult.objects.filter(pk=OuterRef("task_id"), status=TaskResultStatus.READY)
    return work.filter(~Exists(waiting) | Q(enqueued_at__gt=timezone.now() + LONGEST_DELAY))
