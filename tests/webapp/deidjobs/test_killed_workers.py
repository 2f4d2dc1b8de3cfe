"""Workers that are really killed while they hide faces: not a byte of the file changes.

A real recording of three segments and real processes; the networks are stand-ins, and the audit is left out.
"""

from __future__ import annotations

import os
import signal
from fractions import Fraction
from pathlib import Path

import pytest

from deid import delivery, joining, work
from deid.pipeline import deidentify
from deid.readings import Readings
from deid.task import Task
from emotion.media import VideoSink
from tests.deid.stand_ins import hiding
from tests.videos import write_recording
from tests.webapp.deidjobs.conftest import hidden_video
from tests.webapp.jobs.processes import die, end_all, end_of, finish_with_another_worker, start_worker
from tests.webapp.records import add_recording
from webapp import engines
from webapp.core.audit import find_breaks
from webapp.deidjobs import services
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.services import request_derivative, seed_of
from webapp.jobs.models import Segment
from webapp.recordings import storage

pytestmark = pytest.mark.django_db(transaction=True)

SEGMENTS = 3
FILM_S = 70


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Two frames a second."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return write_recording(path, times=range(2 * FILM_S), time_base=Fraction(1, 2), audio=None)


class NoAudit:
    """Reads nothing, and finds everything well."""

    def __init__(self, *_args, **_options) -> None:
        pass

    def read(self, *_args, **_options) -> Readings:
        return Readings()

    def conclude(self, parts, scratch, **_options) -> dict:
        assert len(parts) == SEGMENTS
        return vars(hidden_video())


@pytest.fixture
def recording(encounter, film, monkeypatch, settings):
    settings.WORKER_LOST_AFTER_S = 1
    monkeypatch.setattr(engines.hiding, "load_hiding_networks", hiding)
    monkeypatch.setattr(engines.hiding, "_load_tools", lambda: None)
    monkeypatch.setattr(delivery, "Audit", NoAudit)
    engines.hiding._open.cache_clear()
    yield add_recording(encounter, "patient", film.read_bytes(), duration_us=FILM_S * 1_000_000)
    end_all()


@pytest.fixture
def job(recording, alice):
    return request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")


@pytest.fixture
def undisturbed(recording, film, tmp_path) -> bytes:
    """What one process writes in one go."""
    output = tmp_path / "undisturbed.mp4"
    deidentify(film, output, Task("blur", seed=seed_of(recording)), hiding=hiding())
    return output.read_bytes()


def kill_at(module, name: str, *, nth: int = 1, after: bool = False) -> None:
    """Die at the nth call of a function, before or after it did its work."""
    original, calls = getattr(module, name), []

    def dying(*args, **kwargs):
        calls.append(name)
        result = original(*args, **kwargs) if after or len(calls) < nth else None
        if len(calls) >= nth:
            die()
        return result

    setattr(module, name, dying)


PHASES = {
    "finding faces": lambda: kill_at(work, "look_at", nth=2),
    "keeping the faces": lambda: kill_at(work, "write_samples", nth=2, after=True),
    "writing a stretch": lambda: kill_at(VideoSink, "write_frame", nth=70),
    "between a stretch and what is said of it": lambda: kill_at(work, "write_stretch", nth=2, after=True),
    "joining": lambda: kill_at(joining, "add_mark"),
    "naming the file": lambda: kill_at(work.Work, "finish", after=True),
    "measuring": lambda: kill_at(NoAudit, "read", nth=2),
    "keeping what was measured": lambda: kill_at(delivery, "write_readings", after=True),
    "writing the result": lambda: kill_at(services, "write_derivative", after=True),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_worker_killed_at_any_moment_costs_one_segment_and_changes_no_byte(
    job, recording, undisturbed, phase
):
    assert end_of(start_worker(PHASES[phase])) == -signal.SIGKILL
    finish_with_another_worker(job)
    assert (job.state, job.error_message) == ("done", "")
    derivative = Derivative.objects.get()
    folder = storage.derived_dir(recording.pk)
    assert (folder / "deidentified" / f"{derivative.pk}.mp4").read_bytes() == undisturbed
    kept = {path.name.split("-")[0] for path in (folder / "hiding" / str(job.pk)).iterdir()}
    assert kept == {"look", "write"}  # until it is approved
    assert Segment.objects.filter(job=job, state="done").count() == 3 * SEGMENTS + 1
    assert sum(Segment.objects.values_list("attempts", flat=True)) <= 3 * SEGMENTS + 2
    assert list(find_breaks()) == []


def test_two_workers_share_the_segments_and_write_the_same_bytes(job, recording, undisturbed, settings):
    settings.WORKER_LOST_AFTER_S = 10
    second = start_worker()
    finish_with_another_worker(job)
    os.kill(second, signal.SIGTERM)
    assert end_of(second) == 0
    derivative = Derivative.objects.get()
    path = storage.derived_dir(recording.pk) / "deidentified" / f"{derivative.pk}.mp4"
    assert path.read_bytes() == undisturbed
