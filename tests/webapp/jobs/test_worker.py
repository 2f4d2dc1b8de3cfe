from __future__ import annotations

import signal

import pytest
from django.core.management import call_command
from django.utils import timezone

from webapp.core.health import run_checks
from webapp.jobs import queries
from webapp.jobs.models import JobState, WorkerHeartbeat


@pytest.fixture
def _own_signals():
    """The worker answers signals; afterwards pytest does again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_own_signals")
@pytest.mark.django_db(transaction=True)
def test_the_worker_does_what_is_queued_and_leaves_the_list_when_it_ends(make_job):
    beats = []
    job = make_job(lambda context: beats.append(WorkerHeartbeat.objects.count()))
    call_command("worker", "--batch", "--interval", "0")
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.worker
    assert not WorkerHeartbeat.objects.exists()


def test_health_misses_a_worker_that_has_not_reported_for_a_minute(db):
    assert run_checks()["worker"] == "missing"
    now = timezone.now()
    WorkerHeartbeat.objects.create(worker="w", host="h", process=1, started_at=now, beat_at=now)
    assert run_checks()["worker"] == "ok"
    WorkerHeartbeat.objects.update(beat_at=now - 2 * queries.WORKER_MISSING_AFTER)
    assert run_checks()["worker"] == "missing"
