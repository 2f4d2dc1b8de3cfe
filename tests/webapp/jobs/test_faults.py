"""Workers that are really killed, with a real recording and a real disk; only the networks are stand-ins.

After each fault the job ends in the right state, its rows are those of an undisturbed run, and nothing lies
about on the disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.db import connections

from tests.services import running_postgres
from tests.webapp.jobs.analysed import (
    assert_all_is_well,
    files,
    rows,
    use_a_dying_engine,
    use_a_slow_engine,
)
from tests.webapp.jobs.driving import states
from tests.webapp.jobs.processes import (
    die,
    end_of,
    finish_with_another_worker,
    start,
    start_worker,
    wait_until,
)
from webapp import engines
from webapp.analysis import services
from webapp.jobs import running, segments, spreading
from webapp.jobs.models import Segment
from webapp.recordings import storage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("weights_dir")]

BRIEFLY = timedelta(milliseconds=10)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 64 kB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted on this machine")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path: Path) -> None:
    """Write until the file system takes no more."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def kill_after(module, name: str) -> None:
    original = getattr(module, name)

    def dying(*args, **kwargs):
        original(*args, **kwargs)
        die()

    setattr(module, name, dying)


def kill_while_writing() -> None:
    def dying(sink, **_):
        sink.write(b"half of it")
        sink.flush()
        die()

    np.savez_compressed = dying


def kill_around_the_rename(*, before: bool) -> None:
    original = Path.replace

    def dying(self, target):
        if not before:
            original(self, target)
        die()

    Path.replace = dying


PHASES = {
    "claiming the job": lambda: kill_after(running, "claim"),
    "cutting it": lambda: kill_after(spreading, "enqueue_segments"),
    "claiming a segment": lambda: kill_after(segments, "claim"),
    "decoding": use_a_dying_engine,
    "writing": kill_while_writing,
    "before the rename": lambda: kill_around_the_rename(before=True),
    "after the rename": lambda: kill_around_the_rename(before=False),
    "committing a segment": lambda: kill_after(segments, "join_when_complete"),
    "joining": lambda: kill_after(engines, "conclude"),
    "writing the result": lambda: kill_after(services, "write_run"),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_worker_killed_at_any_moment_costs_one_segment_and_changes_no_row(
    job, undisturbed, recording, phase
):
    assert end_of(start_worker(PHASES[phase])) == -signal.SIGKILL
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)
    assert sum(Segment.objects.values_list("attempts", flat=True)) <= 4


def test_of_eight_processes_one_claims_a_segment(job, recording):
    running.run(job.pk)
    segment = Segment.objects.order_by("position")[0]

    def claim() -> None:
        os._exit(0 if segments.claim(segment.pk, str(os.getpid())) else 3)

    pids = [start(claim) for _ in range(8)]
    winners = [pid for pid in pids if end_of(pid) == 0]
    segment.refresh_from_db()
    assert (segment.state, [segment.worker], segment.attempts) == (
        "running",
        [str(pid) for pid in winners],
        1,
    )


def test_two_workers_share_the_segments_and_give_the_same_rows(job, undisturbed, recording, settings):
    settings.WORKER_LOST_AFTER_S = 10
    second = start_worker()
    finish_with_another_worker(job)
    os.kill(second, signal.SIGTERM)
    assert end_of(second) == 0
    assert_all_is_well(job, undisturbed, recording)
    assert list(Segment.objects.values_list("attempts", flat=True)) == [1, 1, 1]


def test_a_segment_that_always_ends_its_process_is_quarantined_and_the_rest_is_kept(job, recording):
    for _ in range(3):
        assert end_of(start_worker(use_a_dying_engine)) == -signal.SIGKILL
    finish_with_another_worker(job)
    assert (job.state, job.error_code) == ("failed", "poison_segment")
    assert job.error_message.startswith("Patient’s camera, 0:30–1:00: ")
    assert states(job) == ["done", "quarantined", "done"], states(job)
    poisoned = Segment.objects.get(state="quarantined")
    assert (poisoned.input["start_us"], poisoned.input["sha256"]) == (30_000_000, recording.sha256)
    assert sorted(path.name for path in files(recording)) == ["000000-2.npz", "000060-2.npz"]


def test_a_worker_told_to_end_hands_its_segment_back_within_seconds(job, undisturbed, recording, tmp_path):
    begun = tmp_path / "begun"

    worker = start_worker(lambda: use_a_slow_engine(begun))
    wait_until(begun.exists)
    os.kill(worker, signal.SIGTERM)
    assert end_of(worker) == 0
    segment = Segment.objects.order_by("position")[0]
    assert (segment.state, segment.attempts, segment.lease_token) == ("queued", 0, None)
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)


def test_a_full_disk_costs_attempts_and_heals_once_there_is_room(
    job, undisturbed, recording, monkeypatch, small_disk
):
    monkeypatch.setattr("webapp.jobs.segments.BACK_OFF", BRIEFLY)
    derived = storage.derived_dir(recording.pk)
    derived.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(derived, ignore_errors=True)
    (small_disk / "derived").mkdir()
    derived.symlink_to(small_disk / "derived", target_is_directory=True)
    fill(small_disk / "filler")
    running.run(job.pk)
    segment = Segment.objects.order_by("position")[0]
    segments.run(segment.pk)
    segment.refresh_from_db()
    assert (segment.state, segment.attempts) == ("queued", 1)
    (small_disk / "filler").unlink()
    assert list(small_disk.rglob("*.part")) == []
    finish_with_another_worker(job)
    assert (job.state, rows()) == ("done", undisturbed)


@pytest.mark.skipif("TEST_POSTGRES_DATA" not in os.environ, reason="run by test_faults_on_servers.py")
def test_a_database_that_restarts_costs_at_most_the_segment_in_work(job, undisturbed, recording, tmp_path):
    begun = tmp_path / "begun"
    worker = start_worker(lambda: use_a_slow_engine(begun))
    wait_until(begun.exists)
    connections.close_all()
    server = running_postgres()
    server.restart()
    os.kill(worker, signal.SIGKILL)
    end_of(worker)
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)


@pytest.mark.skipif("TEST_CELERY_BROKER_URL" not in os.environ, reason="run by test_faults_on_servers.py")
def test_messages_that_the_broker_lost_are_sent_again(job, undisturbed, recording):
    import redis

    redis.Redis.from_url(os.environ["TEST_CELERY_BROKER_URL"]).flushall()
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)
