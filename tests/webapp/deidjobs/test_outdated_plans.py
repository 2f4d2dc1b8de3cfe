"""When a step makes its job be planned anew, and when that would go on for ever."""

from __future__ import annotations

import functools

import pytest

from deid.errors import ResultLost, UnknownStep
from emotion.media.source import partial_path
from webapp.core.scratch import scratch_dir
from webapp.engines import HidingJob, Judging, hiding
from webapp.jobs.errors import PlanOutdated


class Work:
    """Fails as it is told to."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble = trouble

    def do(self, _name, **_more) -> None:
        raise self.trouble

    def steps(self) -> list:
        return []

    def conclude(self, **options) -> dict:
        raise self.trouble


@pytest.fixture
def job(tmp_path) -> HidingJob:
    source = tmp_path / "original.mp4"
    source.touch()
    return HidingJob(source, tmp_path / "out.mp4", tmp_path / "steps", "blur", "remove", "auto", 0)


@pytest.fixture
def failing(monkeypatch):
    """Return a function with which every step fails; it returns the works that were opened."""

    def fail(trouble: Exception) -> list[Work]:
        opened: list[Work] = []

        def open_work(_job) -> Work:
            opened.append(Work(trouble))
            return opened[-1]

        monkeypatch.setattr(hiding, "_open", functools.lru_cache(maxsize=1)(open_work))
        return opened

    return fail


def hide(job: HidingJob) -> None:
    hiding.hide_step(job, "write-0", progress=lambda _: None, cancelled=lambda: False)


@pytest.mark.parametrize("trouble", [UnknownStep("not planned"), ResultLost("damaged")])
def test_a_step_of_another_plan_has_it_made_anew_from_what_is_there_now(job, failing, trouble):
    opened = failing(trouble)
    for _ in range(2):
        with pytest.raises(PlanOutdated):
            hide(job)
    assert len(opened) == 2, "what was read for the outdated plan is not used again"


def test_a_mistake_in_a_step_is_no_outdated_plan(job, failing):
    failing(KeyError("of a dictionary"))
    with pytest.raises(KeyError):
        hide(job)


def test_frames_of_other_people_lie_in_the_processs_own_folder_under_a_key_of_the_moment(job, monkeypatch):
    made = {}
    monkeypatch.setattr("deid.work.Work", lambda *_, keep, **__: None)
    monkeypatch.setattr("deid.delivery.Delivery", lambda *_, keep, **__: made.update(keep=keep))
    monkeypatch.setattr(hiding, "load_hiding_networks", lambda: None)
    hiding._open.__wrapped__(job)
    keep = made["keep"]
    for name in ("look-0.npz", "watch-0.npz", "cast-0.json", "write-0.mp4", "join-0.json", "audit-0.npz"):
        assert keep(name) == job.folder / name
    shown = partial_path(keep("shown.mp4"))
    with shown.open("wb") as file:
        file.write(b"a face")
    (path,) = scratch_dir().glob(".*.part")
    assert b"a face" not in path.read_bytes()
    shown.unlink()


def test_a_result_that_is_lost_when_all_are_concluded_from_is_computed_again(job, failing):
    failing(ResultLost("damaged"))
    with pytest.raises(PlanOutdated):
        hiding.finish_hiding(
            job, Judging(hiding.usual_limits()), progress=lambda _: None, cancelled=lambda: False
        )
