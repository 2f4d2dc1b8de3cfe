from __future__ import annotations

import signal
import sys
from unittest import mock

import pytest
from django.core.management import call_command
from django.db import InterfaceError
from django.utils import timezone

from tests.webapp.jobs.driving import drive, states
from tests.webapp.jobs.processes import wait_until
from webapp.core.health import run_checks
from webapp.jobs import pulse, queries, segments, supervising
from webapp.jobs.models import JobState, Segment, WorkerHeartbeat

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_is_replaced_and_what_it_held_goes_to_others_at_once(segmented, monkeypatch):
    place = supervising.Supervised(SLEEPER)
    place.look()
    dead, name = place.process, place.name
    drive(segmented, steps=1)
    segments.claim(Segment.objects.order_by("position")[0].pk, name)
    dead.kill()
    dead.wait()
    place.look()
    assert states(segmented) == ["queued"] * 3
    assert place.process is None
    wait_until(lambda: place.look() or place.process is not None)
    assert place.name != name
    place.process.kill()
    place.process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_at_once_again_and_again_is_started_less_and_less_often():
    place = supervising.Supervised((sys.executable, "-c", ""))
    pauses = []
    for _ in range(3):
        place._start()
        place.process.wait()
        place.look()
        pauses.append(place._pause_s)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.usefixtures("_own_signals")
@pytest.mark.django_db(transaction=True)
def test_a_supervisor_told_to_end_ends_its_workers():
    supervisor = supervising.Supervisor(2, SLEEPER)
    for place in supervisor._team:
        place.look()
    processes = [place.process for place in supervisor._team]
    supervisor._end(signal.SIGTERM, None)
    supervisor.run()
    assert [process.returncode for process in processes] == [-signal.SIGTERM] * 2


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


@pytest.mark.parametrize("trouble", [InterfaceError("gone"), OSError("disk"), KeyError("bug")])
def test_a_pulse_outlives_whatever_happens_to_it(monkeypatch, settings, trouble):
    beats = []

    def beat(it):
        beats.append(it)
        if len(beats) == 1:
            raise trouble
        it._end.set()

    for name in ("close_old_connections", "sweep", "connection"):
        monkeypatch.setattr(pulse, name, mock.Mock())
    settings.WORKER_LOST_AFTER_S = 0
    monkeypatch.setattr(pulse.Pulse, "_beat", beat)
    pulse.Pulse("w").run()
    assert len(beats) == 2
