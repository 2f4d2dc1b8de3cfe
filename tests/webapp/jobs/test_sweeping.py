from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from tests.webapp.jobs.driving import drive
from webapp.jobs import leases, registry, running, segments, sweeping
from webapp.jobs.models import Job, JobState, Segment, WorkerHeartbeat
from webapp.jobs.services import cancel_job

LONG_AGO = timedelta(seconds=61)


def test_a_job_whose_worker_fell_silent_is_queued_again(make_job, wait_out):
    job = make_job()
    running.claim(job.pk)
    assert wait_out() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_token) == (JobState.QUEUED, 1, None)
    assert DBTaskResult.objects.get(pk=job.task_id).status == TaskResultStatus.READY


def test_a_job_with_a_live_worker_is_left_alone(make_job, steady):
    job = make_job()
    with leases.holding(running.claim(job.pk)):
        for _ in range(10):
            steady.now_s += 10
            assert leases.beat() == 1
            assert sweeping.requeue_lost_work() == 0
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_by_an_hour_takes_nothing_from_a_live_worker(make_job, steady, jump):
    job = make_job()
    running.claim(job.pk)
    for minutes in range(3):
        heartbeat = timezone.now() + jump + timedelta(minutes=minutes)
        Job.objects.update(heartbeat_at=heartbeat)
        assert sweeping.requeue_lost_work() == 0
        steady.now_s += 44


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_dead_worker_is_noticed_although_its_clock_was_wrong(make_job, wait_out, jump):
    job = make_job()
    running.claim(job.pk)
    Job.objects.update(heartbeat_at=timezone.now() + jump)
    assert wait_out() == 1


def test_two_sweepers_recover_a_job_once(make_job):
    job = make_job()
    running.claim(job.pk)
    stale = Job.objects.get(pk=job.pk)
    assert sweeping._recover(stale)
    assert not sweeping._recover(stale)


def test_after_three_lost_workers_a_job_fails_with_a_sentence(make_job, wait_out):
    job = make_job()
    for _ in range(3):
        running.claim(job.pk)
        wait_out()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "lost_worker")
    assert job.error_message == running.LOST_WORKER


def test_a_lost_job_that_was_being_cancelled_ends_cancelled(make_job, alice, wait_out):
    job = make_job()
    running.claim(job.pk)
    cancel_job(job=job, actor=alice, study_id=None)
    wait_out()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_what_a_dead_worker_held_is_given_to_others_at_once(make_job, segmented):
    drive(segmented, steps=1)
    segment = Segment.objects.filter(job=segmented).first()
    segments.claim(segment.pk, "dead")
    other = Segment.objects.filter(job=segmented).last()
    segments.claim(other.pk, "alive")
    assert sweeping.recover_worker("dead") == 1
    segment.refresh_from_db()
    other.refresh_from_db()
    assert (segment.state, other.state) == ("queued", "running")


def test_a_message_about_a_segment_that_was_lost_is_sent_again(segmented):
    drive(segmented, steps=1)
    DBTaskResult.objects.all().delete()
    assert sweeping.requeue_lost_messages() == 0
    Segment.objects.update(enqueued_at=timezone.now() - LONG_AGO)
    assert sweeping.requeue_lost_messages() == 3
    assert drive(segmented).state == JobState.DONE


def test_a_lost_message_about_the_joining_is_sent_again(segmented):
    drive(segmented, steps=4)
    DBTaskResult.objects.all().delete()
    Job.objects.update(enqueued_at=timezone.now() - LONG_AGO)
    assert sweeping.requeue_lost_messages() == 1
    assert drive(segmented).state == JobState.DONE


def test_a_job_whose_message_died_with_its_worker_is_queued_again(make_job):
    job = make_job()
    Job.objects.update(enqueued_at=timezone.now() - LONG_AGO)
    assert sweeping.requeue_lost_messages() == 0
    DBTaskResult.objects.update(status=TaskResultStatus.RUNNING)
    assert sweeping.requeue_lost_messages() == 1
    job.refresh_from_db()
    assert DBTaskResult.objects.get(pk=job.task_id).status == TaskResultStatus.READY
    assert sweeping.requeue_lost_messages() == 0


def test_another_attempt_that_a_wrong_clock_put_off_by_an_hour_is_made_in_time(segmented, parts, monkeypatch):
    def during(context):
        raise OSError("away")

    parts.during = during
    right = timezone.now
    drive(segmented, steps=1)
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=1))
    drive(segmented, steps=3)
    monkeypatch.setattr(timezone, "now", right)
    parts.during = lambda context: None
    assert drive(segmented).state == JobState.RUNNING
    assert sweeping.requeue_lost_messages() == 3
    assert drive(segmented).state == JobState.DONE
    assert sweeping.requeue_lost_messages() == 0


def test_another_attempt_that_waits_for_its_time_is_left_alone(segmented, parts):
    def during(context):
        raise OSError("away")

    parts.during = during
    drive(segmented, steps=4)
    assert sweeping.requeue_lost_messages() == 0


def test_a_job_that_waits_for_consent_goes_on_once_it_is_given(make_job):
    consent = []
    job = make_job(may_start=lambda job: bool(consent))
    running.run(job.pk)
    assert sweeping.resume_waiting_jobs() == 0
    consent.append(True)
    assert sweeping.resume_waiting_jobs() == 1
    running.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_old_heartbeats_and_delivered_messages_are_forgotten(make_job):
    long_ago = timezone.now() - timedelta(days=30)
    for status in (TaskResultStatus.SUCCESSFUL, TaskResultStatus.RUNNING):
        job = make_job()
        DBTaskResult.objects.filter(pk=Job.objects.get(pk=job.pk).task_id).update(
            status=status, started_at=long_ago, finished_at=long_ago
        )
    WorkerHeartbeat.objects.create(worker="w", host="h", process=1, started_at=long_ago, beat_at=long_ago)
    sweeping.forget_the_past()
    assert not DBTaskResult.objects.exists()
    assert not WorkerHeartbeat.objects.exists()


def test_a_sweep_calls_what_apps_registered(db, monkeypatch):
    called = []
    monkeypatch.setattr(registry, "_SWEEPS", [lambda: called.append(1)])
    sweeping.sweep()
    assert called == [1]


def test_a_step_that_fails_keeps_no_other_step_from_its_work(db, monkeypatch):
    done = []

    def broken():
        raise OSError("disk")

    monkeypatch.setattr(sweeping, "sweeps", lambda: (broken, lambda: done.append(True)))
    monkeypatch.setattr(sweeping, "requeue_lost_work", broken)
    sweeping.sweep()
    assert done == [True]
