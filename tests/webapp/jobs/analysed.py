"""A recording that is analysed while something goes wrong: its rows and files, and faces that cause it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.emotion.stand_ins import OneFace
from tests.emotion.stand_ins import engine as stand_in_engine
from tests.webapp.jobs.driving import states
from tests.webapp.jobs.processes import die, wait_until
from webapp import engines
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.core.audit import find_breaks
from webapp.jobs.models import Job
from webapp.recordings import storage

ROWS = [field.name for field in SecondRow._meta.fields if field.name not in ("id", "run")]
SECONDS_OF_MEDIA = 70


def rows() -> list:
    assert AnalysisRun.objects.count() == 1
    return [*SecondRow.objects.order_by("second").values(*ROWS), FaceObservation.objects.count()]


def files(recording) -> list[Path]:
    return [path for path in storage.derived_dir(recording.pk).rglob("*") if path.is_file()]


def assert_all_is_well(job: Job, undisturbed: list, recording) -> None:
    assert (job.state, job.error_message, job.lease_token) == ("done", "", None)
    assert states(job) == ["done"] * 3
    assert rows() == undisturbed
    assert [path.name.split("-")[0] for path in files(recording)] == ["people"]
    assert list(find_breaks()) == []


class DyingFace(OneFace):
    """Dies while it looks at the second part."""

    def detect(self, image_bgr):
        found = super().detect(image_bgr)
        if 70 <= self.seen[-1] < 120:
            die()
        return found


def use_a_dying_engine() -> None:
    engine = stand_in_engine(workers=1)
    dying = type(engine)(DyingFace(), engine.recogniser, engine.embedder, 1)
    engines.analysis._load_engine = lambda model: dying


class SlowFace(OneFace):
    """Takes its time with every frame, and says when it has begun."""

    def __init__(self, begun: Path) -> None:
        super().__init__()
        self.begun = begun

    def detect(self, image_bgr):
        self.begun.touch()
        time.sleep(0.1)
        return super().detect(image_bgr)


def use_a_slow_engine(begun: Path) -> None:
    engine = stand_in_engine(workers=1)
    slow = type(engine)(SlowFace(begun), engine.recogniser, engine.embedder, 1)
    engines.analysis._load_engine = lambda model: slow


class PausingFace(OneFace):
    """In the second part, does something, says that it has begun, and waits until it may go on."""

    def __init__(self, begun: Path, go_on: Path, first: Callable[[], object]) -> None:
        super().__init__()
        self.begun, self.go_on, self.first = begun, go_on, first

    def detect(self, image_bgr):
        found = super().detect(image_bgr)
        if self.seen[-1] >= 80 and not self.begun.exists():
            self.first()
            self.begun.touch()
            wait_until(self.go_on.exists)
        return found


def use_a_pausing_engine(begun: Path, go_on: Path, first: Callable[[], object] = lambda: None) -> None:
    engine = stand_in_engine(workers=1)
    pausing = type(engine)(PausingFace(begun, go_on, first), engine.recogniser, engine.embedder, 1)
    engines.analysis._load_engine = lambda model: pausing
