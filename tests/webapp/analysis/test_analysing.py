from __future__ import annotations

import pytest

from tests.conftest import recruiting
from tests.webapp.jobs.driving import drive
from tests.webapp.records import add_job, add_recording, findings
from webapp import engines
from webapp.analysis.identities import set_wish
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError
from webapp.core.models import AuditEvent
from webapp.jobs import sweeping
from webapp.jobs.models import Segment
from webapp.jobs.services import cancel_job
from webapp.recordings import storage


class Stand:
    """Stands for the networks: two stretches for each camera that may be opened, kept in memory."""

    def __init__(self) -> None:
        self.opened: list[dict] = []
        self.kept: set[tuple] = set()
        self.sampled: list[tuple] = []
        self.with_identities: list[bool] = []

    def plan(self, sources, *, model, by_hand, with_identities):
        self.with_identities.append(with_identities)
        self.opened.append({source.camera: source.path for source in sources})
        return [
            engines.Stretch(source.camera, start, None, 1.5, (source.camera, start) in self.kept)
            for source in sources
            if source.path
            for start in (0, 30_000_000)
        ]

    def sample(self, source, stretch, *, model, progress, cancelled):
        self.sampled.append((stretch.camera, stretch.start_us))
        assert not cancelled()
        progress(0.5)
        self.kept.add((stretch.camera, stretch.start_us))

    def forget(self, source, stretch, *, model):
        self.kept.remove((stretch.camera, stretch.start_us))

    def conclude(self, sources, *, model, by_hand, with_identities):
        self.with_identities.append(with_identities)
        return findings(tuple(source.camera for source in sources))


@pytest.fixture
def engine(monkeypatch) -> Stand:
    stand = Stand()
    for name in ("plan", "sample", "forget", "conclude"):
        monkeypatch.setattr(engines, name, getattr(stand, name))
    return stand


def test_a_run_holds_every_second_and_face_and_what_it_rests_on(encounter, cameras, engine):
    job = drive(add_job(encounter))
    run = AnalysisRun.objects.get(job=job)
    assert (job.state, run.model, run.sync_offset_ms) == ("done", "human", 640.0)
    assert run.inputs["patient"] == {
        "recording": str(cameras["patient"].pk),
        "sha256": cameras["patient"].sha256,
        "consent": True,
    }
    assert (SecondRow.objects.filter(run=run).count(), FaceObservation.objects.filter(run=run).count()) == (
        6,
        20,
    )
    assert AuditEvent.objects.filter(action="analysis.finished", target_id=str(run.pk)).exists()


def test_identities_are_asked_of_the_engine_only_where_the_study_asks_and_is_approved(
    encounter, cameras, engine, alice, study
):
    drive(add_job(encounter))
    assert not any(engine.with_identities)
    engine.with_identities.clear()
    set_wish(study=study, actor=alice, is_kept=True, reason="Vote 12.")
    drive(add_job(encounter))  # in review, as the wish left it
    assert not any(engine.with_identities)
    engine.with_identities.clear()
    recruiting(study)
    drive(add_job(encounter))
    assert engine.with_identities
    assert all(engine.with_identities)


def test_a_camera_without_consent_is_not_opened(encounter, cameras, engine, alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    drive(add_job(encounter))
    assert engine.opened[0] == {"doctor": storage.original_path(cameras["doctor"]), "patient": None}
    assert {camera for camera, _ in engine.sampled} == {"doctor"}
    assert AnalysisRun.objects.get().inputs["patient"]["consent"] is False


def test_without_any_consent_the_job_waits_and_goes_on_once_it_is_given(
    encounter, cameras, engine, alice, patient, doctor
):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_doctor": False})
    job = drive(add_job(encounter))
    assert (job.state, engine.opened) == ("waiting_for_consent", [])
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": True})
    sweeping.resume_waiting_jobs()
    assert drive(job).state == "done"
    assert engine.opened[0]["doctor"] is None


def test_consent_is_asked_again_when_a_segment_starts(encounter, cameras, engine, alice, patient):
    job = add_job(encounter)
    drive(job, steps=2)
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    assert drive(job).state == "done"
    assert [camera for camera, _ in engine.sampled].count("patient") == 0
    assert AnalysisRun.objects.get().inputs["patient"]["consent"] is False
    assert not Segment.objects.filter(input__camera="patient").exists()


def test_consent_withdrawn_while_a_segment_runs_stops_it_and_cuts_the_job_anew(
    encounter, cameras, engine, alice, patient, monkeypatch
):
    monkeypatch.setattr("webapp.analysis.analysing.ASK_CONSENT_EVERY_S", 0.0)

    def sample(source, stretch, *, model, progress, cancelled):
        if stretch.camera == "patient":
            record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
            cancelled()
            pytest.fail("went on")
        engine.kept.add((stretch.camera, stretch.start_us))

    monkeypatch.setattr(engines, "sample", sample)
    assert drive(add_job(encounter)).state == "done"
    assert engine.opened[0]["patient"] is not None
    assert [one["patient"] for one in engine.opened[1:]] == [None] * (len(engine.opened) - 1)
    assert AnalysisRun.objects.get().inputs["patient"]["consent"] is False


def test_nothing_is_kept_of_a_segment_whose_consent_went_while_it_was_written(
    encounter, cameras, engine, alice, patient, monkeypatch
):
    def sample(source, stretch, *, model, progress, cancelled):
        engine.kept.add((stretch.camera, stretch.start_us))
        if stretch.camera == "patient":
            record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})

    monkeypatch.setattr(engines, "sample", sample)
    assert drive(add_job(encounter)).state == "done"
    assert {camera for camera, _ in engine.kept} == {"doctor"}


def test_consent_withdrawn_at_the_last_moment_leaves_nothing_written(
    encounter, cameras, engine, alice, patient, monkeypatch
):
    job = add_job(encounter)

    def conclude(sources, *, model, by_hand, with_identities):
        record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
        return findings()

    monkeypatch.setattr(engines, "conclude", conclude)
    drive(job, steps=6)
    assert job.state == "queued"
    assert not AnalysisRun.objects.exists()
    assert not SecondRow.objects.exists()


def test_a_second_camera_that_becomes_ready_on_the_way_is_not_left_out(encounter, engine, monkeypatch):
    add_recording(encounter, "doctor")
    job = add_job(encounter)
    drive(job, steps=2)
    add_recording(encounter, "patient")
    assert drive(job).state == "done"
    assert {camera for camera, _ in engine.sampled} == {"doctor", "patient"}
    assert len(engine.sampled) == 4


def test_a_second_analysis_takes_what_the_first_has_kept(encounter, cameras, engine):
    drive(add_job(encounter))
    assert drive(add_job(encounter)).state == "done"
    assert len(engine.sampled) == 4
    assert AnalysisRun.objects.count() == 2


def test_a_kept_segment_that_the_disk_lost_is_done_again(encounter, cameras, engine):
    job = add_job(encounter)
    drive(job, steps=4)
    engine.kept.remove(engine.sampled[0])
    assert drive(job).state == "done"
    assert len(engine.sampled) == 5


def test_nothing_half_written_stays_when_writing_fails(encounter, cameras, engine, monkeypatch):
    broken = findings()
    broken.faces.append({"camera": "patient"})
    monkeypatch.setattr(engines, "conclude", lambda *args, **kwargs: broken)
    job = drive(add_job(encounter))
    assert (job.state, job.error_code) == ("failed", "unexpected")
    assert not AnalysisRun.objects.exists()
    assert not SecondRow.objects.exists()


def test_what_the_engine_cannot_do_is_told_in_its_sentence_and_with_its_place(
    encounter, cameras, engine, monkeypatch
):
    def sample(*args, **kwargs):
        raise AppError("The weights are not installed: run 'make weights'.", code="weights_missing")

    monkeypatch.setattr(engines, "sample", sample)
    job = drive(add_job(encounter))
    assert (job.state, job.error_code) == ("failed", "weights_missing")
    assert job.error_message.startswith("Doctor’s camera, 0:00–0:02: The weights")


def test_a_cancelled_analysis_writes_nothing(encounter, cameras, engine, monkeypatch, alice):
    job = add_job(encounter)

    def sample(source, stretch, **_):
        cancel_job(job=job, actor=alice, study_id=None)

    monkeypatch.setattr(engines, "sample", sample)
    assert drive(job).state == "cancelled"
    assert not AnalysisRun.objects.exists()


def test_an_analysis_whose_recordings_are_gone_says_so(encounter, cameras, engine):
    job = add_job(encounter)
    encounter.recordings.all().delete()
    assert (drive(job).state, job.error_code) == ("failed", "no_recording")
