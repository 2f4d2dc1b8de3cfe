from __future__ import annotations

import uuid

import pytest
from django_tasks_db.models import DBTaskResult

from webapp.core.errors import Conflict
from webapp.core.models import AuditEvent
from webapp.jobs import running
from webapp.jobs.models import Job, JobState
from webapp.jobs.services import cancel_job, create_job, retry_job


def test_a_new_job_is_queued_with_a_message_and_an_audit_row(make_job, alice):
    job = make_job()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED
    assert DBTaskResult.objects.get(pk=job.task_id).args_kwargs["args"] == [str(job.pk)]
    assert AuditEvent.objects.filter(action="job.created", target_id=str(job.pk), actor=alice).exists()


def test_a_job_of_an_unregistered_kind_is_refused(db, alice):
    with pytest.raises(LookupError):
        create_job(kind="nothing", params={}, subject_id=uuid.uuid4(), requested_by=alice, study_id=None)
    assert not Job.objects.exists()


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
def test_an_ended_job_cannot_be_cancelled(make_job, alice, state):
    job = make_job()
    Job.objects.update(state=state)
    with pytest.raises(Conflict):
        cancel_job(job=job, actor=alice, study_id=None)
    job.refresh_from_db()
    assert job.state == state


@pytest.mark.parametrize(
    "state", [JobState.DONE, JobState.QUEUED, JobState.RUNNING, JobState.WAITING_FOR_CONSENT]
)
def test_only_a_failed_or_cancelled_job_can_be_retried(make_job, alice, state):
    job = make_job()
    Job.objects.update(state=state)
    with pytest.raises(Conflict):
        retry_job(job=job, actor=alice, study_id=None)


def test_cancelling_a_running_job_asks_its_worker(make_job, alice):
    job = make_job()
    running.claim(job.pk)
    job = cancel_job(job=job, actor=alice, study_id=None)
    assert (job.state, job.cancel_requested) == (JobState.RUNNING, True)
