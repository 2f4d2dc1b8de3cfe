"""Kinds of jobs that exist for one test, and a recording whose analysis is disturbed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest

from tests.emotion.stand_ins import engine as stand_in_engine
from tests.videos import write_recording
from tests.webapp.jobs.analysed import SECONDS_OF_MEDIA, files, rows
from tests.webapp.jobs.driving import work_through
from tests.webapp.jobs.processes import end_all
from tests.webapp.records import add_job, add_recording
from webapp import engines
from webapp.analysis.models import AnalysisRun
from webapp.core import health
from webapp.jobs import leases, registry, sweeping
from webapp.jobs.models import Job
from webapp.jobs.registry import JobKind, PlannedSegment, Segmented, register_kind
from webapp.jobs.segments import SegmentContext
from webapp.jobs.services import create_job
from webapp.jobs.watching import Watcher
from webapp.recordings.storage import StorageAway


@pytest.fixture(autouse=True)
def _clean_process():
    yield
    end_all()
    leases.stopping.clear()
    registry._KINDS.pop("test", None)


@pytest.fixture
def make_job(db, alice) -> Callable[..., Job]:
    """Return a function that registers a handler as the kind "test" and queues a job of it."""

    def make(run=lambda context: None, **hooks) -> Job:
        register_kind(JobKind("test", "Test", run, **hooks))
        return create_job(kind="test", params={}, subject_id=uuid.uuid4(), requested_by=alice, study_id=None)

    return make


class Parts:
    """A segmented kind that keeps its results in memory: `done` in the order of their doing."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.done: list[str] = []
        self.joined: list[list[str]] = []
        self.during: Callable[[SegmentContext], None] = lambda context: None

    def plan(self, context) -> list[PlannedSegment]:
        return [
            PlannedSegment(name, f"Part {name}", {"name": name}, 30.0, name in self.done)
            for name in self.names
        ]

    def work(self, context) -> None:
        self.during(context)
        self.done.append(context.input["name"])

    def join(self, context) -> None:
        self.joined.append(sorted(self.done))


@pytest.fixture
def parts() -> Parts:
    return Parts("abc")


@pytest.fixture
def segmented(make_job, parts) -> Job:
    """A queued job of three segments."""
    return make_job(parts.join, segmented=Segmented(parts.plan, parts.work, lambda: "cpu"))


class Clock:
    """A steady clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def steady(monkeypatch) -> Clock:
    """The clock by which this process's sweeps notice silence."""
    clock = Clock()
    watcher = Watcher(patience_s=45, clock=clock)
    monkeypatch.setattr(sweeping, "watcher", lambda: watcher)
    return clock


@pytest.fixture
def wait_out(steady) -> Callable[[], int]:
    """Sweep, let the patience for silent workers pass, and sweep again; return how many were recovered."""

    def sweep_twice() -> int:
        before = sweeping.requeue_lost_work()
        steady.now_s += 46
        return before + sweeping.requeue_lost_work()

    return sweep_twice


@pytest.fixture
def storage_away(monkeypatch) -> set:
    """The storage is away while there is something in this set."""
    away: set[bool] = set()

    def check() -> None:
        if away:
            raise StorageAway

    monkeypatch.setitem(health._CHECKS, health.STORAGE, check)
    return away


UNDISTURBED: dict[str, list] = {}


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> bytes:
    """Two frames a second, 70 s: three segments."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return write_recording(
        path, times=range(2 * SECONDS_OF_MEDIA), time_base=Fraction(1, 2), audio=None
    ).read_bytes()


@pytest.fixture
def recording(encounter, film, monkeypatch, settings):
    settings.WORKER_LOST_AFTER_S = 1
    monkeypatch.setattr(engines.analysis, "_load_engine", lambda model: stand_in_engine(workers=1))
    return add_recording(encounter, "patient", film)


@pytest.fixture
def undisturbed(encounter, recording) -> list:
    """The rows of a run that nothing disturbed, computed once; its files are removed again."""
    if "rows" not in UNDISTURBED:
        work_through(add_job(encounter))
        UNDISTURBED["rows"] = rows()
        AnalysisRun.objects.all().delete()
        Job.objects.all().delete()
        for path in files(recording):
            path.unlink()
    return UNDISTURBED["rows"]


@pytest.fixture
def job(encounter, undisturbed) -> Job:
    return add_job(encounter)
