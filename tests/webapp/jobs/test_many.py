"""A thousand jobs at once, of which not all end well, and workers of which not all survive."""

from __future__ import annotations

import os
import signal
import uuid
from collections import Counter

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from tests.webapp.jobs.driving import step
from tests.webapp.jobs.processes import die, end_of, start_worker, wait_until
from webapp.core.errors import Invalid
from webapp.jobs import sweeping
from webapp.jobs.models import Job, JobState
from webapp.jobs.registry import JobKind, register_kind
from webapp.jobs.services import cancel_job, create_job, pause_job

MANY = 1000
#: What becomes of the job with this last digit; every other one is done.
ENDS = {0: "failed", 1: "waiting_for_consent", 2: "cancelled", 3: "paused"}


def end_of_job(job: Job) -> str:
    return ENDS.get(job.params["n"] % 10, "done")


def work(context) -> None:
    if end_of_job(context.job) == "failed":
        raise Invalid("Expected a picture, found none.", code="no_picture")


def die_at_the_fiftieth() -> None:
    done = []

    def dying(context) -> None:
        done.append(1)
        if len(done) == 50:
            die()
        work(context)

    register_kind(JobKind("test", "Test", dying, may_start=may_start))


def may_start(job: Job) -> bool:
    return end_of_job(job) != "waiting_for_consent"


@transaction.atomic
def queue(count: int, actor) -> None:
    register_kind(JobKind("test", "Test", work, may_start=may_start))
    steer = {"cancelled": cancel_job, "paused": pause_job}
    for n in range(count):
        job = create_job(
            kind="test", params={"n": n}, subject_id=uuid.uuid4(), requested_by=actor, study_id=None
        )
        if end_of_job(job) in steer:
            steer[end_of_job(job)](job=job, actor=actor, study_id=None)


def unsettled() -> int:
    return Job.objects.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).count()


@pytest.mark.timeout(400)
@pytest.mark.django_db(transaction=True)
def test_a_thousand_jobs_end_as_they_should_although_a_worker_dies(alice, settings):
    settings.WORKER_LOST_AFTER_S = 2
    queue(MANY, alice)
    dying, steady = start_worker(die_at_the_fiftieth), start_worker()
    assert end_of(dying) == -signal.SIGKILL
    wait_until(lambda: unsettled() == 0 and not DBTaskResult.objects.ready().exists(), patience_s=300)
    connections.close_all()
    os.kill(steady, signal.SIGTERM)
    assert end_of(steady) == 0
    jobs = list(Job.objects.all())
    assert [job.pk for job in jobs if job.state != end_of_job(job)] == []
    tries = Counter(job.attempts for job in jobs if job.state in ("done", "failed"))
    assert tries in ({1: 700}, {1: 699, 2: 1})
    assert Job.objects.exclude(lease_token=None).count() == 0
    assert sweeping.requeue_lost_messages() == sweeping.requeue_lost_work() == 0


def test_a_job_costs_as_many_statements_among_a_thousand_as_alone(db, alice):
    counts = []
    for waiting in (MANY, 1):
        if waiting == 1:
            Job.objects.all().delete()
            DBTaskResult.objects.all().delete()
        queue(waiting + 4, alice)
        DBTaskResult.objects.filter(args_kwargs__args=[str(first_plain())]).update(priority=9)
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert step()
        counts.append(len(made))
    assert counts[0] == counts[1]


def first_plain() -> uuid.UUID:
    return Job.objects.get(params__n=4).pk


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL decides by statistics")
def test_the_next_message_is_found_by_an_index_without_sorting(db):
    plan = DBTaskResult.objects.ready().filter(queue_name__in=["cpu", "gpu"])[:1].explain()
    assert "tasks_db_new_ordering_idx" in plan
    assert "TEMP B-TREE" not in plan
