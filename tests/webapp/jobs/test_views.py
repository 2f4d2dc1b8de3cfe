from __future__ import annotations

import pytest
from django.utils import timezone

from tests.webapp.jobs.driving import drive
from webapp.core.models import AuditEvent
from webapp.jobs import segments
from webapp.jobs.models import Job, JobState, Segment, WorkerHeartbeat


@pytest.fixture
def staff(alice, signed_in):
    alice.is_staff = True
    alice.save()
    return signed_in(alice)


def page(client, query: str = "") -> str:
    return client.get(f"/jobs/{query}").content.decode()


def test_staff_see_workers_with_what_they_hold(staff, segmented):
    drive(segmented, steps=1)
    segments.claim(Segment.objects.first().pk, "w1")
    now = timezone.now()
    for name in ("w1", "w2"):
        WorkerHeartbeat.objects.create(
            worker=name, host=f"host-of-{name}", process=7, started_at=now, beat_at=now
        )
    text = page(staff)
    assert "host-of-w1" in text and "Test, part 1" in text
    assert "waits for work" in text


def test_without_a_worker_the_page_says_how_to_start_one(staff):
    assert "manage.py worker" in page(staff)


def test_reasons_of_failures_are_counted(staff, make_job):
    for _ in range(2):
        job = make_job()
        Job.objects.filter(pk=job.pk).update(
            state="failed", error_code="no_picture", error_message="No picture.", finished_at=timezone.now()
        )
    text = page(staff)
    assert "No picture." in text
    assert '<td class="number">2</td>' in text


def test_the_list_is_narrowed_by_state_and_kind(staff, make_job):
    job = make_job()
    assert str(job.pk) in page(staff, "?state=queued&kind=test")
    assert str(job.pk) not in page(staff, "?state=done")
    assert staff.get("/jobs/?state=felt").status_code == 400
    assert staff.get("/jobs/?kind=felt").status_code == 400
    assert staff.get("/jobs/?batch=felt").status_code == 400


def test_many_jobs_are_paused_resumed_cancelled_and_retried_together(staff, make_job):
    jobs = [make_job(), make_job()]
    done = make_job()
    Job.objects.filter(pk=done.pk).update(state=JobState.DONE)
    chosen = [str(job.pk) for job in (*jobs, done)]
    for action, state in (
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ):
        answer = staff.post("/jobs/bulk/", {"action": action, "job": chosen}, follow=True)
        text = answer.content.decode()
        assert "2 jobs" in text and "1 could not be" in text
        assert set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("state", flat=True)) == {
            state
        }
    assert AuditEvent.objects.filter(action="job.retried").count() == 2
    assert Job.objects.get(pk=done.pk).state == JobState.DONE


def test_an_unknown_action_or_nothing_ticked_is_refused(staff, make_job):
    job = make_job()
    assert staff.post("/jobs/bulk/", {"action": "burn", "job": [str(job.pk)]}).status_code == 400
    assert staff.post("/jobs/bulk/", {"action": "cancel"}).status_code == 400
    assert staff.post("/jobs/bulk/", {"action": "cancel", "job": ["x"]}).status_code == 400


def test_throughput_counts_recorded_hours_of_the_last_hour(staff, segmented):
    drive(segmented)
    Segment.objects.update(work_s=2.0, media_s=1800.0)
    assert "1.5 h" in page(staff)
