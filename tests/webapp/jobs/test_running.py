from __future__ import annotations

import errno

import pytest
from django.db import OperationalError

from webapp.core.errors import Invalid
from webapp.jobs import leases, running
from webapp.jobs.errors import Stopped, WaitForConsent
from webapp.jobs.models import Job, JobState
from webapp.jobs.services import cancel_job, retry_job


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def test_a_queued_job_is_run_and_done(make_job):
    seen = []
    job = make_job(lambda context: seen.append(context.params))
    running.run(job.pk, worker="w1")
    assert state_of(job) == JobState.DONE
    assert seen == [{}]
    assert (job.progress, job.attempts, job.worker, job.lease_token) == (1.0, 1, "w1", None)
    assert job.finished_at >= job.started_at


def test_two_workers_claim_a_job_once(make_job):
    job = make_job()
    assert running.claim(job.pk) is not None
    assert running.claim(job.pk) is None


def test_a_delivered_message_for_a_finished_job_does_nothing(make_job):
    runs = []
    job = make_job(lambda context: runs.append(1))
    running.run(job.pk)
    running.run(job.pk)
    assert runs == [1]


def test_an_error_with_a_sentence_fails_the_job_with_that_sentence_at_once(make_job):
    def refuse(context):
        raise Invalid("Expected a picture, found none.", code="no_picture")

    job = make_job(refuse)
    running.run(job.pk)
    assert state_of(job) == JobState.FAILED
    assert (job.error_code, job.error_message) == ("no_picture", "Expected a picture, found none.")


def test_an_unexpected_error_is_told_without_its_text(make_job, caplog):
    def crash(context):
        raise RuntimeError("Mrs Miller's file")

    job = make_job(crash)
    running.run(job.pk)
    assert state_of(job) == JobState.FAILED
    assert job.error_code == "unexpected"
    assert str(job.pk) in job.error_message
    assert "Miller" not in job.error_message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "full"), "did_not_heal"),
        (OperationalError("gone"), "did_not_heal"),
        (MemoryError(), "out_of_memory"),
    ],
)
def test_what_may_heal_is_tried_three_times(make_job, error, code):
    def fail(context):
        raise error

    job = make_job(fail)
    for attempt in (1, 2):
        running.run(job.pk)
        assert (state_of(job), job.attempts) == (JobState.QUEUED, attempt)
    running.run(job.pk)
    assert (state_of(job), job.error_code) == (JobState.FAILED, code)


def test_a_retry_after_trouble_waits_longer_each_time(make_job):
    from django_tasks_db.models import DBTaskResult

    def fail(context):
        raise OSError(errno.EIO, "trouble")

    job = make_job(fail)
    delays = []
    for _ in range(2):
        running.run(job.pk)
        job.refresh_from_db()
        message = DBTaskResult.objects.get(pk=job.task_id)
        delays.append(round((message.run_after - message.enqueued_at).total_seconds()))
    assert delays == [10, 40]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "gone"), Invalid("Expected a file, found none.")])
def test_a_job_whose_storage_is_away_waits_and_loses_no_attempt(make_job, error, storage_away):
    def work(context):
        if storage_away:
            raise error

    job = make_job(work)
    storage_away.add(True)
    for _ in range(5):
        running.run(job.pk)
        assert (state_of(job), job.attempts, job.message) == (JobState.QUEUED, 0, running.STORAGE_AWAY)
    storage_away.clear()
    running.run(job.pk)
    assert (state_of(job), job.message) == (JobState.DONE, "")


def test_trouble_with_the_database_is_not_taken_for_the_storage(make_job, storage_away):
    def work(context):
        raise OperationalError("gone")

    job = make_job(work)
    storage_away.add(True)
    running.run(job.pk)
    assert (state_of(job), job.attempts) == (JobState.QUEUED, 1)


def test_a_job_without_consent_waits(make_job):
    def ask(context):
        raise WaitForConsent

    job = make_job(ask)
    running.run(job.pk)
    assert state_of(job) == JobState.WAITING_FOR_CONSENT


def test_a_kind_that_may_not_start_is_not_run(make_job):
    job = make_job(lambda context: pytest.fail("was run"), may_start=lambda job: False)
    running.run(job.pk)
    assert state_of(job) == JobState.WAITING_FOR_CONSENT


def test_a_waiting_job_is_cancelled_at_once(make_job, alice):
    ended = []
    job = make_job(on_failed=lambda job: ended.append(job.state))
    cancel_job(job=job, actor=alice, study_id=None)
    running.run(job.pk)
    assert state_of(job) == JobState.CANCELLED
    assert ended == [JobState.CANCELLED]


def test_a_running_job_notices_that_it_was_cancelled(make_job, alice, monkeypatch):
    monkeypatch.setattr("webapp.jobs.context.LOOK_EVERY_S", 0.0)

    def work(context):
        assert not context.cancelled()
        cancel_job(job=context.job, actor=alice, study_id=None)
        context.stop_if_asked()
        pytest.fail("went on")

    job = make_job(work)
    running.run(job.pk)
    assert state_of(job) == JobState.CANCELLED


def test_a_result_is_not_written_once_the_job_was_cancelled(make_job, alice):
    def work(context):
        cancel_job(job=context.job, actor=alice, study_id=None)
        with context.finishing():
            pytest.fail("wrote")

    job = make_job(work)
    running.run(job.pk)
    assert state_of(job) == JobState.CANCELLED


def test_a_worker_that_lost_its_lease_writes_nothing(make_job):
    def work(context):
        Job.objects.filter(pk=context.job.pk).update(lease_token="0" * 32, message="another's")
        context.progress(0.9, "mine")
        with context.finishing():
            pytest.fail("wrote")

    job = make_job(work)
    running.run(job.pk)
    assert (state_of(job), job.message, job.progress) == (JobState.RUNNING, "another's", 0.0)


def test_result_and_end_of_a_job_stand_or_fall_together(make_job, alice):
    def work(context):
        with context.finishing():
            alice.display_name = "changed"
            alice.save()
            raise Invalid("no")

    job = make_job(work)
    running.run(job.pk)
    alice.refresh_from_db()
    assert (state_of(job), alice.display_name) == (JobState.FAILED, "Alice")


def test_a_worker_told_to_end_hands_its_job_back_untouched(make_job):
    def work(context):
        leases.stopping.set()
        context.stop_if_asked()

    job = make_job(work)
    first = Job.objects.get(pk=job.pk).task_id
    running.run(job.pk)
    assert (state_of(job), job.attempts, job.lease_token) == (JobState.QUEUED, 0, None)
    assert job.task_id != first


def test_a_stopped_handler_of_a_cancelled_job_ends_cancelled(make_job, alice):
    def work(context):
        cancel_job(job=context.job, actor=alice, study_id=None)
        raise Stopped

    job = make_job(work)
    running.run(job.pk)
    assert state_of(job) == JobState.CANCELLED


def test_a_failed_job_can_be_tried_again(make_job, alice):
    outcomes = [Invalid("no"), None]

    def work(context):
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    job = make_job(work)
    running.run(job.pk)
    retry_job(job=job, actor=alice, study_id=None)
    assert (state_of(job), job.attempts, job.error_message) == (JobState.QUEUED, 0, "")
    running.run(job.pk)
    assert state_of(job) == JobState.DONE


def test_a_job_of_a_kind_nobody_knows_any_more_fails_with_a_sentence(make_job):
    from webapp.jobs import registry

    job = make_job()
    registry._KINDS.pop("test")
    running.run(job.pk)
    assert (state_of(job), job.error_code) == (JobState.FAILED, "unknown_kind")
