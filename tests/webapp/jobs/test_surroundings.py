"""What happens around workers: the storage goes away, the clock jumps, memory runs out. Really."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from tests.emotion.stand_ins import OneFace
from tests.emotion.stand_ins import engine as stand_in_engine
from tests.webapp.jobs.analysed import assert_all_is_well, files, use_a_pausing_engine
from tests.webapp.jobs.driving import states
from tests.webapp.jobs.processes import end_of, finish_with_another_worker, start_worker, wait_until
from webapp import engines
from webapp.jobs import sweeping
from webapp.jobs.models import Job, Segment
from webapp.jobs.running import STORAGE_AWAY
from webapp.jobs.services import retry_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("weights_dir")]

LITTLE_MEMORY = 768 << 20
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def pause(tmp_path) -> Iterator[Callable[..., int]]:
    """Return a starter of workers that pause in the second segment, until the test lets them go on."""
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"

    def start(first: Callable[[], object] = lambda: None) -> int:
        worker = start_worker(lambda: use_a_pausing_engine(begun, go_on, first))
        wait_until(begun.exists)
        return worker

    start.go_on = go_on.touch  # type: ignore[attr-defined]
    yield start
    go_on.touch()


def finish(job: Job, worker: int) -> None:
    """Let this very worker do the rest, and end it."""
    wait_until(lambda: Job.objects.filter(pk=job.pk, state="done").exists())
    os.kill(worker, signal.SIGTERM)
    assert end_of(worker) == 0
    job.refresh_from_db()


@pytest.mark.parametrize("leaves", ["nothing", "empty_folder"])
def test_a_storage_that_goes_away_in_the_middle_of_a_segment_is_waited_for(
    job, undisturbed, recording, pause, settings, monkeypatch, leaves
):
    monkeypatch.setattr("webapp.jobs.segments.BACK_OFF", timedelta(milliseconds=10))
    worker = pause()
    data = Path(settings.DATA_DIR)
    away = data.rename(data.with_name("away"))
    if leaves == "empty_folder":  # as where a network drive was mounted
        data.mkdir()
    pause.go_on()
    wait_until(lambda: Job.objects.get(pk=job.pk).message == STORAGE_AWAY)
    if data.exists():
        assert list(data.iterdir()) == []
        data.rmdir()
    away.rename(data)
    finish(job, worker)
    assert_all_is_well(job, undisturbed, recording)
    assert list(Segment.objects.values_list("attempts", flat=True)) == [1, 1, 1]


@pytest.fixture
def later(job, monkeypatch) -> None:
    """It is two hours after consent was given: to a clock that is behind it would not have been given yet."""
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(hours=2))


def jump(hours: int) -> None:
    """Set the clock of this process."""
    right = timezone.now
    timezone.now = lambda: right() + timedelta(hours=hours)


def see_a_beat() -> None:
    before = Segment.objects.get(state="running").heartbeat_at
    wait_until(lambda: Segment.objects.get(state="running").heartbeat_at != before)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_in_the_middle_of_a_segment_takes_it_from_nobody(
    job, undisturbed, recording, pause, hours, request
):
    worker = pause(lambda: jump(hours))
    steady = request.getfixturevalue("steady")  # only now: the worker has a clock of its own
    for _ in range(3):
        see_a_beat()
        assert sweeping.requeue_lost_work() == 0
        steady.now_s += 46
    pause.go_on()
    finish(job, worker)
    assert_all_is_well(job, undisturbed, recording)
    assert list(Segment.objects.values_list("attempts", flat=True)) == [1, 1, 1]


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("hours", [1, -1])
def test_a_worker_that_dies_after_its_clock_jumped_keeps_its_segment_from_nobody(
    job, undisturbed, recording, pause, hours
):
    worker = pause(lambda: jump(hours))
    see_a_beat()
    os.kill(worker, signal.SIGKILL)
    assert end_of(worker) == -signal.SIGKILL
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)
    assert list(Segment.objects.order_by("position").values_list("attempts", flat=True)) == [1, 2, 1]


class GreedyFace(OneFace):
    """In the second part it wants more memory than there is."""

    def detect(self, image_bgr):
        found = super().detect(image_bgr)
        if 70 <= self.seen[-1] < 120:
            np.ones(4 * LITTLE_MEMORY, np.uint8)
        return found


@pytest.fixture
def little_memory() -> Iterator[Callable[[], None]]:
    """Return a function that takes memory away from the process that calls it; the kernel kills what wants
    more.
    """
    parent = CGROUPS / "memory" if (CGROUPS / "memory").is_dir() else CGROUPS
    limit, group = "memory.limit_in_bytes", parent / f"test-{secrets.token_hex(4)}"
    try:
        group.mkdir()
        limit = limit if (group / limit).exists() else "memory.max"
        (group / limit).write_text(str(LITTLE_MEMORY))
    except OSError:
        with suppress(OSError):
            group.rmdir()
        pytest.skip("the memory of a process cannot be limited on this machine")
    yield lambda: (group / "cgroup.procs").write_text(str(os.getpid())) and None
    group.rmdir()


def test_a_segment_that_the_kernel_kills_for_its_memory_is_quarantined_and_heals_with_more(
    job, undisturbed, recording, alice, little_memory
):
    def prepare() -> None:
        engine = stand_in_engine(workers=1)
        greedy = type(engine)(GreedyFace(), engine.recogniser, engine.embedder, 1)
        engines.analysis._load_engine = lambda model: greedy
        little_memory()

    for _ in range(3):
        assert end_of(start_worker(prepare)) == -signal.SIGKILL
    finish_with_another_worker(job)
    assert (job.state, job.error_code) == ("failed", "poison_segment")
    assert states(job) == ["done", "quarantined", "done"]
    assert sorted(path.name for path in files(recording)) == ["000000-2.npz", "000060-2.npz"]
    retry_job(job=job, actor=alice, study_id=None)
    assert_all_is_well(finish_with_another_worker(job), undisturbed, recording)
