"""The job: what it leaves behind when it ends well, and nothing when it does not."""

from __future__ import annotations

import errno

import pytest

from tests.webapp.deidjobs.conftest import hidden_video
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import version_path
from webapp.jobs import running
from webapp.recordings.storage import derived_dir


@pytest.fixture
def job(recording, alice):
    return request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")


@pytest.fixture
def engine(monkeypatch):
    """Hiding that writes a few bytes; `before_end` may be replaced by a test."""

    class Engine:
        calls: list[dict] = []

        def before_end(self) -> None:
            pass

        def hide_faces(self, source, destination, **values):
            self.calls.append(values)
            destination.write_bytes(b"hidden")
            self.before_end()
            return hidden_video()

    engine = Engine()
    engine.calls = []
    monkeypatch.setattr(engines, "hide_faces", engine.hide_faces)
    return engine


def files(recording) -> list[str]:
    folder = derived_dir(recording.pk) / "deidentified"
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def test_a_job_leaves_one_version_with_its_cards_and_file(job, recording, engine):
    running.run(job.pk)
    job.refresh_from_db()
    derivative = Derivative.objects.get()
    assert job.state == "done"
    assert derivative.job == job
    assert derivative.recipe["original_sha256"] == recording.sha256
    assert version_path(recording.pk, derivative.pk).read_bytes() == b"hidden"


def test_running_twice_writes_no_second_version(job, engine):
    running.run(job.pk)
    type(job).objects.filter(pk=job.pk).update(state="queued")
    running.run(job.pk)
    assert Derivative.objects.count() == len(engine.calls) == 1


def test_what_cannot_be_hidden_leaves_neither_row_nor_file(job, recording, engine):
    def fail():
        raise AppError("a face remains at 3.20 s; nothing was written", code="face_remains")

    engine.before_end = fail
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "face_remains")
    assert not Derivative.objects.exists()
    assert files(recording) == []


def test_consent_withdrawn_while_it_ran_leaves_neither_row_nor_file(job, recording, engine, alice, patient):
    engine.before_end = lambda: record_decisions(
        actor=alice, participant=patient, decisions={"share_deidentified": False}
    )
    running.run(job.pk)
    assert not Derivative.objects.exists()
    assert files(recording) == []


def test_a_job_whose_purpose_ended_is_cancelled_and_one_without_consent_to_its_sound_waits(
    job, recording, engine, alice, patient
):
    sounding = request_derivative(recording=recording, actor=alice, method="blur", audio="keep", donor="auto")
    record_decisions(actor=alice, participant=patient, decisions={"share_audio": False})
    running.run(sounding.pk)
    sounding.refresh_from_db()
    assert sounding.state == "waiting_for_consent"
    record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
    running.run(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert engine.calls == []


def test_a_recording_that_is_gone_is_a_sentence(job, recording, engine):
    recording.delete()
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "no_recording")


def test_full_disk_leaves_no_version_and_the_job_is_tried_again(job, recording, engine):
    def fail():
        raise OSError(errno.ENOSPC, "No space left on device")

    engine.before_end = fail
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 1)
    assert files(recording) == []
    engine.before_end = lambda: None
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, Derivative.objects.count()) == ("done", 1)


def test_disk_that_stays_full_ends_the_job_with_a_sentence_and_no_file(job, recording, engine):
    def fail():
        raise OSError(errno.ENOSPC, "No space left on device")

    engine.before_end = fail
    for _ in range(running.MAX_ATTEMPTS):
        running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_message) == ("failed", running.UNHEALED)
    assert files(recording) == []
    assert not Derivative.objects.exists()
