"""A second job on a recording goes on from the parts of the first, by the seam's own functions."""

from __future__ import annotations

import numpy as np
import pytest

from deid.errors import ResultLost
from deid.mark import read_heard
from emotion.media import read_audio
from emotion.samples import plan_segments
from tests import videos
from tests.deid.stand_ins import hiding
from webapp import engines
from webapp.core.errors import AppError
from webapp.engines import HidingJob
from webapp.engines import hiding as seam
from webapp.jobs.errors import PlanOutdated

CORNER = (4.0, 70.0, 34.0, 92.0)
COVER = ((1_000_000, CORNER), (1_300_000, CORNER))


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Return a maker of jobs on one recording in five stretches, which no network reads."""
    for module in ("deid.work", "deid.stretches"):
        monkeypatch.setattr(f"{module}.plan_segments", lambda us: plan_segments(us, segment_us=400_000))
    monkeypatch.setattr(seam, "load_hiding_networks", hiding)
    source = videos.write_normal(tmp_path)

    def make(name, **further):
        return HidingJob(
            source=source, destination=tmp_path / f"{name}.mp4", folder=tmp_path / name,
            method="blur", donor="auto", seed=1, **{"audio": "remove", **further},
        )  # fmt: skip

    yield make
    seam._open.cache_clear()


def hide(job) -> list[str]:
    """Do all steps up to the joined file; return the names of those that had to be done."""

    def left():
        steps = engines.plan_hiding(job)
        return [step.name for step in steps if not step.is_done and step.kind != "audit"]

    done = []
    while names := left():
        for name in names:
            engines.hide_step(job, name, progress=lambda _: None, cancelled=lambda: False)
        done += names
    return [name[:11] for name in done]


def test_only_stretches_under_a_cover_are_written_again_and_a_whole_run_gives_the_same_bytes(ask, tmp_path):
    first = ask("first")
    assert len(hide(first)) == 5 + 5 + 1
    engines.keep_parts(first.folder)
    assert {path.name.split("-")[0] for path in first.folder.iterdir()} == {"look", "write"}
    second = ask("second", covers=(COVER,), earlier=first.folder)
    assert hide(second) == ["write-00002", "write-00003", "join-00000-"]
    assert len(hide(ask("whole", covers=(COVER,)))) == 5 + 5 + 1
    assert (tmp_path / "second.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert (tmp_path / "second.mp4").read_bytes() != (tmp_path / "first.mp4").read_bytes()


def test_marked_spans_are_silent_in_the_joined_file_alone_and_its_mark_says_so(ask):
    first = ask("first")
    hide(first)
    marked = ask("marked", audio="spans", spans=((500_000, 1_000_000, "mute"),), earlier=first.folder)
    assert hide(marked) == ["join-00000-"]
    sound = np.abs(read_audio(marked.destination, rate_hz=16_000))
    assert sound[16_000 // 2 + 400 : 16_000 - 400].max() < 0.01 < 0.2 < sound[17_000:].max()
    assert read_heard(marked.destination) == {"sound": "masked-in-spans", "voices": "outside-of-spans"}
    assert hide(ask("all", audio="mask", earlier=first.folder)) == ["join-00000-"]
    for audio, spans in (("spans", ()), ("keep", marked.spans), ("mask", marked.spans)):
        with pytest.raises(AppError) as told:
            engines.plan_hiding(ask(f"{audio}-wrong", audio=audio, spans=spans))
        assert told.value.code == "no_spans"


def test_parts_that_are_gone_are_made_anew(ask, tmp_path):
    assert len(hide(ask("second", covers=(COVER,), earlier=tmp_path / "first"))) == 5 + 5 + 1


def test_an_exemption_holds_only_for_faces_that_were_taken_over(ask, tmp_path):
    first = ask("first")
    hide(first)
    engines.plan_hiding(ask("second", exempt=(1,), earlier=first.folder))
    next(first.folder.glob("look-00002*")).unlink()
    for earlier in (first.folder, tmp_path / "gone", None):
        with pytest.raises(AppError) as told:
            engines.plan_hiding(ask(f"third-{earlier is None}", exempt=(1,), earlier=earlier))
        assert told.value.code == "numbered_anew"


def test_a_part_of_an_earlier_job_that_is_damaged_is_made_anew(ask):
    first = ask("first")
    hide(first)
    (look,) = first.folder.glob("look-00001-*")
    look.write_bytes(look.read_bytes()[:-9])
    assert hide(ask("second", earlier=first.folder)) == ["look-00001-", "join-00000-"]


def test_planning_ends_when_parts_are_lost_again_and_again(ask, monkeypatch):
    def lose(job):
        tried.append(job)
        raise ResultLost("what was computed before was damaged, so it is computed again")

    tried = []
    monkeypatch.setattr(seam, "_take_over", lose)
    with pytest.raises(AppError, match="damaged"):
        engines.plan_hiding(ask("first"))
    assert len(tried) == seam.MOST_LOST + 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"donors": {}, "main_tracks": [1]}'])
def test_a_casting_that_is_damaged_is_removed(ask, text):
    job = ask("first")
    job.folder.mkdir()
    said = job.folder / "cast-00000-0.json"
    said.write_text(text)
    with pytest.raises(PlanOutdated):
        engines.main_donor(job, said.name)
    assert not said.exists()


def test_the_donor_of_the_cameras_person_is_read_from_a_casting(ask):
    job = ask("first")
    job.folder.mkdir()
    said = job.folder / "cast-00000-0.json"
    said.write_text('{"donors": {"1": "donor-3", "2": "donor-5"}, "main_tracks": [2]}')
    assert engines.main_donor(job, said.name) == "donor-5"
    said.write_text('{"donors": {"1": "donor-3"}, "main_tracks": []}')
    assert engines.main_donor(job, said.name) is None
