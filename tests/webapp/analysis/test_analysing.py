from __future__ import annotations

import pytest

from tests.webapp.records import add_job, add_recording, findings
from webapp import engines
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError
from webapp.core.models import AuditEvent
from webapp.jobs import running, sweeping
from webapp.jobs.errors import Stopped
from webapp.jobs.services import cancel_job
from webapp.recordings import storage


@pytest.fixture
def engine(monkeypatch):
    """Replace the networks by a function; return the list of what they were given."""
    given = []

    def analyse(sources, *, model, progress, cancelled, by_hand):
        given.append({source.camera: source.path for source in sources})
        progress(0.5)
        return findings(tuple(source.camera for source in sources))

    monkeypatch.setattr(engines, "analyse", analyse)
    return given


def work(job):
    running.run(job.pk)
    job.refresh_from_db()
    return job


def test_a_run_holds_every_second_and_face_and_what_it_rests_on(encounter, cameras, engine):
    job = work(add_job(encounter))
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


def test_a_camera_without_consent_is_not_opened(encounter, cameras, engine, alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    work(add_job(encounter))
    assert engine == [{"doctor": storage.original_path(cameras["doctor"]), "patient": None}]
    assert AnalysisRun.objects.get().inputs["patient"]["consent"] is False


def test_without_any_consent_the_job_waits_and_goes_on_once_it_is_given(
    encounter, cameras, engine, alice, patient, doctor
):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_doctor": False})
    job = work(add_job(encounter))
    assert (job.state, engine) == ("waiting_for_consent", [])
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": True})
    sweeping.resume_waiting_jobs()
    assert work(job).state == "done"
    assert engine[0]["doctor"] is None


def test_consent_withdrawn_on_the_way_stops_the_run_and_starts_it_anew_without_that_camera(
    encounter, cameras, alice, patient, monkeypatch
):
    monkeypatch.setattr("webapp.analysis.analysing.ASK_CONSENT_EVERY_S", 0.0)
    opened = []

    def analyse(sources, *, model, progress, cancelled, by_hand):
        opened.append({source.camera for source in sources if source.path})
        if len(opened) == 1:
            record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
        if cancelled():
            raise Stopped
        return findings(("doctor",))

    monkeypatch.setattr(engines, "analyse", analyse)
    job = work(add_job(encounter))
    assert (job.state, AnalysisRun.objects.count()) == ("queued", 0)
    assert work(job).state == "done"
    assert opened == [{"doctor", "patient"}, {"doctor"}]


def test_consent_withdrawn_at_the_last_moment_leaves_nothing_written(
    encounter, cameras, alice, patient, monkeypatch
):
    def analyse(sources, **_):
        record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
        return findings()

    monkeypatch.setattr(engines, "analyse", analyse)
    job = work(add_job(encounter))
    assert job.state == "queued"
    assert not AnalysisRun.objects.exists()
    assert not SecondRow.objects.exists()


def test_a_second_camera_that_becomes_ready_on_the_way_is_not_left_out(encounter, monkeypatch):
    add_recording(encounter, "doctor")
    seen = []

    def analyse(sources, **_):
        seen.append([source.camera for source in sources])
        if len(seen) == 1:
            add_recording(encounter, "patient")
        return findings(tuple(seen[-1]))

    monkeypatch.setattr(engines, "analyse", analyse)
    job = work(add_job(encounter))
    assert work(job).state == "done"
    assert seen == [["doctor"], ["doctor", "patient"]]


def test_nothing_half_written_stays_when_writing_fails(encounter, cameras, monkeypatch):
    broken = findings()
    broken.faces.append({"camera": "patient"})
    monkeypatch.setattr(engines, "analyse", lambda *args, **kwargs: broken)
    job = work(add_job(encounter))
    assert (job.state, job.error_code) == ("failed", "unexpected")
    assert not AnalysisRun.objects.exists()
    assert not SecondRow.objects.exists()


def test_what_the_engine_cannot_do_is_told_in_its_sentence(encounter, cameras, monkeypatch):
    def analyse(*args, **kwargs):
        raise AppError("The weights are not installed: run 'make weights'.", code="weights_missing")

    monkeypatch.setattr(engines, "analyse", analyse)
    job = work(add_job(encounter))
    assert (job.state, job.error_code) == ("failed", "weights_missing")


def test_a_cancelled_analysis_writes_nothing(encounter, cameras, monkeypatch, alice):
    monkeypatch.setattr("webapp.jobs.context.LOOK_EVERY_S", 0.0)
    job = add_job(encounter)

    def analyse(*args, cancelled, **kwargs):
        cancel_job(job=job, actor=alice, study_id=None)
        assert cancelled()
        raise Stopped

    monkeypatch.setattr(engines, "analyse", analyse)
    assert work(job).state == "cancelled"
    assert not AnalysisRun.objects.exists()


def test_an_analysis_whose_recordings_are_gone_says_so(encounter, cameras, engine):
    job = add_job(encounter)
    encounter.recordings.all().delete()
    assert (work(job).state, job.error_code) == ("failed", "no_recording")
