"""The job: what it leaves behind when it ends well, and nothing when it does not."""

from __future__ import annotations

import errno

import pytest
from django.test import TestCase

from tests.webapp.deidjobs.conftest import hidden_video
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError
from webapp.deidjobs import hiding
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.services import request_derivative, review_derivative
from webapp.deidjobs.storage import steps_dir, version_path
from webapp.engines import HidingStep
from webapp.jobs import running, segments
from webapp.jobs.errors import Stopped
from webapp.jobs.models import Segment
from webapp.jobs.services import cancel_job
from webapp.recordings.storage import derived_dir


@pytest.fixture
def job(recording, alice):
    return request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")


@pytest.fixture
def engine(monkeypatch):
    """Hiding in two steps, the second known after the first; tests replace `during` and `before_end`."""

    class Engine:
        def __init__(self) -> None:
            self.finished, self.done = 0, []

        def during(self, name: str) -> None:
            pass

        def before_end(self) -> None:
            pass

        def plan(self, job):
            kept = {path.stem for path in job.folder.glob("*.npz")}
            names = ["look-0", "write-0"][: 1 + ("look-0" in kept)]
            return [
                HidingStep(name[:-2], f"{name}.npz", 0, 30.0, 15.0, is_done=name in kept) for name in names
            ]

        def step(self, job, name, *, progress, cancelled):
            job.folder.mkdir(parents=True, exist_ok=True)
            self.during(name)
            if name.startswith("write"):
                job.destination.write_bytes(b"hidden")
            (job.folder / name).write_bytes(b"kept")
            self.done.append(name)

        def finish(self, job, judging, *, progress, cancelled):
            assert all(step.is_done for step in self.plan(job))
            self.finished += 1
            self.before_end()
            return hidden_video()

    engine = Engine()
    monkeypatch.setattr(engines, "plan_hiding", engine.plan)
    monkeypatch.setattr(engines, "hide_step", engine.step)
    monkeypatch.setattr(engines, "finish_hiding", engine.finish)
    return engine


def work_off(job) -> None:
    """Do what workers do until nobody can go on."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        for _ in range(9):
            running.run(job.pk)
            for segment in Segment.objects.filter(job=job, state="queued"):
                segments.run(segment.pk)


def kept(recording, job) -> list[str]:
    folder = steps_dir(recording.pk, job.pk)
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def files(recording) -> list[str]:
    folder = derived_dir(recording.pk) / "deidentified"
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def test_a_job_leaves_one_version_with_its_cards_and_file(job, recording, engine):
    work_off(job)
    job.refresh_from_db()
    derivative = Derivative.objects.get()
    assert job.state == "done"
    assert derivative.job == job
    assert derivative.recipe["original_sha256"] == recording.sha256
    assert version_path(recording.pk, derivative.pk).read_bytes() == b"hidden"


def test_running_twice_writes_no_second_version(job, engine):
    work_off(job)
    type(job).objects.filter(pk=job.pk).update(state="queued")
    work_off(job)
    assert Derivative.objects.count() == engine.finished == 1


def test_what_cannot_be_hidden_leaves_neither_row_nor_file(job, recording, engine):
    def fail():
        raise AppError("a face remains at 3.20 s; nothing was written", code="face_remains")

    engine.before_end = fail
    work_off(job)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "face_remains")
    assert not Derivative.objects.exists()
    assert files(recording) == []


def test_consent_withdrawn_while_it_ran_leaves_neither_row_nor_file(job, recording, engine, alice, patient):
    engine.before_end = lambda: record_decisions(
        actor=alice, participant=patient, decisions={"share_deidentified": False}
    )
    work_off(job)
    assert not Derivative.objects.exists()
    assert files(recording) == []


def test_a_job_whose_purpose_ended_is_cancelled_and_one_without_consent_to_its_sound_waits(
    job, recording, engine, alice, patient
):
    sounding = request_derivative(recording=recording, actor=alice, method="blur", audio="keep", donor="auto")
    record_decisions(actor=alice, participant=patient, decisions={"share_audio": False})
    work_off(sounding)
    sounding.refresh_from_db()
    assert sounding.state == "waiting_for_consent"
    record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
    work_off(job)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert engine.done == []


def test_a_recording_that_is_gone_is_a_sentence(job, recording, engine):
    recording.delete()
    work_off(job)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "no_recording")


def test_full_disk_leaves_no_version_and_only_the_joining_is_tried_again(job, recording, engine):
    def fail():
        engine.before_end = lambda: None
        raise OSError(errno.ENOSPC, "No space left on device")

    engine.before_end = fail
    work_off(job)
    job.refresh_from_db()
    assert (job.state, Derivative.objects.count(), len(files(recording))) == ("done", 1, 1)
    assert (engine.done, engine.finished) == (["look-0.npz", "write-0.npz"], 2)


def test_disk_that_stays_full_ends_the_job_with_a_sentence_and_no_file(job, recording, engine):
    def fail():
        raise OSError(errno.ENOSPC, "No space left on device")

    engine.before_end = fail
    work_off(job)
    job.refresh_from_db()
    assert (job.state, job.error_message) == ("failed", running.UNHEALED)
    assert files(recording) == []
    assert not Derivative.objects.exists()
    assert kept(recording, job) == ["look-0.npz", "write-0.npz"], "so that trying again only joins"


def test_the_parts_of_a_version_are_kept_until_it_is_approved(job, recording, engine, audrey):
    engine.during = lambda name: steps_dir(recording.pk, job.pk).joinpath("audit-0.npz").touch()
    work_off(job)
    assert kept(recording, job) == ["look-0.npz", "write-0.npz"]
    for decision, left in (("refused", 2), ("approved", 0)):
        with TestCase.captureOnCommitCallbacks(execute=True):
            review_derivative(
                derivative=Derivative.objects.get(), actor=audrey, decision=decision, reason="looked"
            )
        assert len(kept(recording, job)) == left


@pytest.fixture
def others(monkeypatch):
    """Two other people, of whom one is lost while they are read."""

    class Two:
        def __init__(self, recording) -> None:
            self.files, self.asked = ("one", "two"), 0

        def left(self) -> bool:
            self.asked += 1
            return len(self.files) == 2

        def drop_lost(self) -> bool:
            found = len(self.files) == 2
            self.files = self.files[:1]
            return found

    monkeypatch.setattr(hiding, "Others", Two)


@pytest.mark.parametrize("trouble", [Stopped(), AppError("not a video"), FileNotFoundError()], ids=repr)
def test_another_person_who_leaves_while_they_are_read_is_left_out(job, engine, others, monkeypatch, trouble):
    compared = []

    def finish(_job, judging, *, progress, cancelled):
        compared.append(judging.others)
        if cancelled():
            raise trouble
        return hidden_video()

    monkeypatch.setattr(engines, "finish_hiding", finish)
    work_off(job)
    job.refresh_from_db()
    assert (job.state, compared) == ("done", [("one", "two"), ("one",)])


def test_a_failure_that_is_nobody_elses_is_the_jobs(job, engine, others):
    def fail():
        raise AppError("a face remains", code="face_remains")

    engine.before_end = fail
    work_off(job)
    job.refresh_from_db()
    assert (job.state, job.error_code, engine.finished) == ("failed", "face_remains", 2)


def test_what_a_killed_worker_measured_of_faces_goes_with_the_next_attempt(job, recording, engine):
    work_off(job)
    steps_dir(recording.pk, job.pk).joinpath("audit-0.npz").touch()
    type(job).objects.filter(pk=job.pk).update(state="queued")
    work_off(job)
    assert kept(recording, job) == ["look-0.npz", "write-0.npz"]


def test_a_lost_worker_costs_its_own_segment_alone(job, recording, engine):
    def die(name):
        if name.startswith("write"):
            engine.during = lambda _: None
            raise SystemExit

    engine.during = die
    with pytest.raises(SystemExit):
        work_off(job)
    lost = Segment.objects.get(job=job, state="running")
    segments.recover(lost, lost.lease_token)
    work_off(job)
    job.refresh_from_db()
    assert (job.state, engine.done) == ("done", ["look-0.npz", "write-0.npz"])


def test_progress_never_goes_back_when_more_segments_become_known(job, recording, engine):
    seen = []

    def look(_name):
        job.refresh_from_db()
        seen.append(job.progress)

    engine.during = look
    engine.before_end = lambda: look("")
    work_off(job)
    assert seen == sorted(seen)
    assert 0 < seen[1] < 1


def test_a_segment_keeps_nothing_when_consent_ended_while_it_ran(
    job, recording, engine, alice, patient, monkeypatch
):
    forgotten = []
    monkeypatch.setattr(engines, "forget_hiding", lambda _job, name: forgotten.append(name))
    engine.during = lambda _: monkeypatch.setattr("webapp.deidjobs.hiding.may_be_hidden", lambda *_: False)
    work_off(job)
    job.refresh_from_db()
    assert (job.state, forgotten) == ("waiting_for_consent", ["look-0.npz"])


def test_cancelling_removes_what_the_segments_kept(
    job, recording, engine, alice, django_capture_on_commit_callbacks
):
    running.run(job.pk)
    (segment,) = Segment.objects.filter(job=job, state="queued")
    segments.run(segment.pk)
    assert kept(recording, job) == ["look-0.npz"]
    with django_capture_on_commit_callbacks(execute=True):
        cancel_job(job=job, actor=alice, study_id=None)
    assert kept(recording, job) == []
