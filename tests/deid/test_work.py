"""Steps whose results are lost, damaged or asked for by a name that nobody planned."""

from __future__ import annotations

import pytest

from deid import work
from deid.errors import ResultLost, UnknownStep
from deid.hiders import MaskHider
from deid.task import Task
from deid.watched import Watched
from deid.work import Work
from tests import videos
from tests.deid.stand_ins import hiding


class Follower(MaskHider):
    """Covers like a mask, and has to see everything first; tests let it fail."""

    watches = True

    def __init__(self) -> None:
        super().__init__("box")
        self.prepared, self.trouble = 0, None

    def watch(self, source, found, plan, stretch, cancelled) -> Watched:
        rows = stretch.rows(plan)
        return Watched.none(rows.stop - rows.start)

    def prepare(self, source, found, plan, watched, known):
        self.prepared += 1
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble
        return {}


@pytest.fixture
def open_work(tmp_path):
    source = videos.write_normal(tmp_path)
    folder = tmp_path / "kept"
    folder.mkdir()
    return lambda: Work(source, Task("box"), hiding=hiding(), keep=lambda name: folder / name)


def do_all(one: Work, *, but: str = "none") -> list[str]:
    """Do what is left, apart from a kind of steps; return what was done."""
    done = []
    while left := [step.name for step in one.steps() if not step.is_done and step.kind != but]:
        for name in left:
            one.do(name, progress=lambda _: None)
        done += left
    return done


@pytest.mark.parametrize("spoil", ["remove", "empty"])
def test_a_stretch_whose_video_is_lost_is_written_again(tmp_path, open_work, spoil):
    one = open_work()
    do_all(one)
    (picture,) = (tmp_path / "kept").glob("write-*.mp4")
    picture.unlink()
    if spoil == "empty":
        picture.touch()
    with pytest.raises(ResultLost):
        one.finish(tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    assert do_all(one) == [f"{picture.stem}.json"]
    assert one.finish(tmp_path / "out.mp4").verification.frames == videos.FRAMES


def test_a_step_that_nobody_planned_is_refused(open_work):
    one = open_work()
    do_all(one)
    with pytest.raises(UnknownStep):
        one.do("write-00000-0000000000000000.json", progress=lambda _: None)


def test_too_little_memory_to_read_a_result_does_not_cost_it(tmp_path, open_work, monkeypatch):
    do_all(open_work())
    kept = sorted(tmp_path.glob("kept/*"))

    def read(_path):
        raise MemoryError

    monkeypatch.setattr(work, "read_samples", read)
    with pytest.raises(MemoryError):
        open_work().steps()
    assert sorted(tmp_path.glob("kept/*")) == kept


def test_a_preparation_that_failed_is_done_again_before_anything_is_written(open_work, monkeypatch):
    hider = Follower()
    monkeypatch.setattr(work, "make_hider", lambda *_args, **_more: hider)
    do_all(open_work(), but="write")
    other = open_work()
    (step,) = [step for step in other.steps() if step.kind == "write"]
    hider.trouble = MemoryError()
    with pytest.raises(MemoryError):
        other.do(step.name, progress=lambda _: None)
    prepared = hider.prepared
    other.do(step.name, progress=lambda _: None)
    assert hider.prepared == prepared + 1
