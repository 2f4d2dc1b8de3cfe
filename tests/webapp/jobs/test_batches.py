from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from webapp.core.errors import Conflict, ConsentMissing
from webapp.core.models import AuditEvent
from webapp.jobs import batches
from webapp.jobs.batches import BatchPlan, ended, mark_seen, outcome_of, queue_batch
from webapp.jobs.models import Batch, Job
from webapp.jobs.services import create_job


@pytest.fixture
def begin(make_job, alice):
    """Return a function that begins a batch of jobs, one per given error, function to call first, or None."""
    make_job()

    def start(first, batch):
        if isinstance(first, Exception):
            raise first
        if first is not None:
            first()
        return create_job(
            kind="test", params={}, subject_id=uuid.uuid4(), requested_by=alice, study_id=1, batch=batch
        )

    def begin(*firsts):
        starts = (partial(start, first) for first in firsts)
        return queue_batch(title="Batch", study_id=1, actor=alice, starts=starts)

    return begin


def test_hours_are_shared_by_the_workers_that_live():
    plan = BatchPlan(media_s=7200.0, speed=2.0, workers=2)
    assert (plan.hours, plan.hours_words) == (0.5, "30\u00a0min")
    assert BatchPlan(media_s=7200.0, speed=2.0).hours == 1.0


def test_nothing_measured_gives_no_hours():
    plan = BatchPlan(media_s=7200.0, workers=2)
    assert (plan.hours, plan.hours_words) == (None, "")


def test_a_batch_leaves_a_trace_and_leaves_out_what_changed_meanwhile(begin, alice):
    batch, count = begin(None, Conflict("gone"), ConsentMissing(), None)
    assert count == batch.jobs.count() == 2
    assert AuditEvent.objects.get(action="batch.begun").target_id == str(batch.pk)


def test_a_batch_whose_first_jobs_are_done_while_others_are_still_queued_has_not_ended(begin):
    seen = []

    def look():
        Job.objects.update(state="done")
        seen.append(ended(Batch.objects.all()).exists())

    begin(None, look)
    assert seen == [False]
    Job.objects.update(state="done")
    assert ended(Batch.objects.all()).exists()


def test_a_batch_whose_queueing_was_interrupted_ends_with_the_jobs_that_it_has(begin):
    with pytest.raises(RuntimeError):
        begin(None, RuntimeError("the server went down"))
    Job.objects.filter(batch__isnull=False).update(state="done")
    assert not ended(Batch.objects.all()).exists()
    Batch.objects.update(created_at=timezone.now() - batches.QUEUED_WITHIN - timedelta(seconds=1))
    assert ended(Batch.objects.all()).exists()


def test_how_a_batch_ended_is_told_in_numbers(begin):
    batch, _ = begin(None, None, None)
    for job, state in zip(batch.jobs.all(), ("done", "failed", "cancelled"), strict=True):
        Job.objects.filter(pk=job.pk).update(state=state)
    assert outcome_of(batch) == "1 done, 1 failed, 1 cancelled"


@pytest.mark.parametrize(("who", "state"), [("bob", "done"), ("nobody", "done"), ("alice", "running")])
def test_only_whoever_began_a_batch_has_seen_it_and_only_when_it_ended(begin, alice, bob, who, state):
    batch, _ = begin(None)
    Job.objects.update(state=state)
    mark_seen(batch, {"alice": alice.pk, "bob": bob.pk, "nobody": None}[who])
    batch.refresh_from_db()
    assert batch.seen_at is None
