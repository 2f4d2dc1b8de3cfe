"""Making what people give to averages: of whoever agreed, of their face alone, once, and of nobody else."""

from __future__ import annotations

import datetime
import secrets

import pytest
from django.test import TestCase
from django.urls import reverse

from tests.conftest import grant_everything
from tests.webapp.deidjobs.lenders import add_patient, lend, work_off
from tests.webapp.records import add_recording, add_run
from webapp import engines
from webapp.analysis.correcting import correct_person
from webapp.analysis.models import FaceObservation
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError, Conflict
from webapp.core.models import AuditEvent
from webapp.deidjobs.lending import plan_lending, start_lending
from webapp.deidjobs.models import FaceContribution
from webapp.deidjobs.sweeping import sweep_what_nobody_needs
from webapp.engines import MadeContribution
from webapp.jobs.errors import Stopped
from webapp.jobs.models import Job
from webapp.jobs.services import retry_job
from webapp.recordings.storage import derived_dir
from webapp.studies.models import Participant, Study
from webapp.studies.protocol import add_site
from webapp.studies.services import add_participant, create_encounter


@pytest.fixture
def engine(monkeypatch):
    """Makes anything of any face; tests replace `during`. places: where it was told to look."""

    class Engine:
        places = ()

        def during(self, cancelled) -> None:
            pass

        def contribute(self, source, destination, places, *, cancelled):
            self.places = places
            with destination.open("wb") as sink:
                sink.write(b"a face")
            self.during(cancelled)
            return MadeContribution("d" * 16, "e" * 64, 6)

    engine = Engine()
    monkeypatch.setattr(engines, "contribute_face", engine.contribute)
    return engine


@pytest.fixture
def analysed(recording, settings):
    """A recording of the patient, in which an analysis knows them; files are encrypted."""
    settings.MEDIA_KEYS = [secrets.token_bytes(32)]
    return add_run(recording.encounter)


@pytest.fixture
def job(study, alice, analysed):
    start_lending(study=study, actor=alice)
    return Job.objects.get(kind="contribute_face")


def files(recording) -> list[str]:
    folder = derived_dir(recording.pk) / "averaging"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_nobody_gives_a_face_before_somebody_asks_for_it(study, analysed):
    assert not Job.objects.filter(kind="contribute_face").exists()
    plan = plan_lending(study)
    assert (plan.agreed, plan.ready, len(plan.to_do), plan.without_recording) == (2, 0, 1, 1)


def test_what_is_made_is_the_person_s_encrypted_beside_the_recording_and_in_the_trail(
    job, recording, patient, engine
):
    work_off(job)
    one = FaceContribution.objects.get()
    assert (job.state, one.participant, one.recording) == ("done", patient, recording)
    assert files(recording) == [f"{one.pk}.npz"]
    stored = derived_dir(recording.pk) / "averaging" / f"{one.pk}.npz"
    assert b"a face" not in stored.read_bytes()
    event = AuditEvent.objects.get(action="face.contributed")
    assert event.target_id == str(one.pk)


def test_only_where_the_analysis_knows_the_person_is_looked_and_never_at_a_bystander(
    job, analysed, recording, engine
):
    faces = FaceObservation.objects.filter(run=analysed, camera="patient")
    faces.filter(t_ms__gte=1000).update(role="irrelevant")
    FaceObservation.objects.filter(run=analysed, camera="doctor").update(t_ms=77)
    work_off(job)
    assert [time_us for time_us, _ in engine.places] == [0, 200_000, 400_000, 600_000, 800_000]
    assert engine.places[0][1] == pytest.approx((64, 96, 256, 288))


@pytest.mark.parametrize("purpose", ["average_face", "record", "analyse_patient"])
def test_without_the_consent_of_the_person_nothing_is_asked_of_them(study, alice, patient, analysed, purpose):
    record_decisions(actor=alice, participant=patient, decisions={purpose: False})
    assert plan_lending(study).to_do == []
    with pytest.raises(Conflict, match="nobody left who agreed"):
        start_lending(study=study, actor=alice)


def test_without_the_doctor_s_consent_to_averaging_the_patient_gives_theirs(study, alice, doctor, analysed):
    record_decisions(actor=alice, participant=doctor, decisions={"average_face": False})
    assert len(plan_lending(study).to_do) == 1


def test_consent_that_ends_before_the_job_begins_leaves_nothing(job, recording, alice, patient, engine):
    record_decisions(actor=alice, participant=patient, decisions={"average_face": False})
    work_off(job)
    assert (job.state, job.error_code) == ("failed", "no_consent")
    assert files(recording) == []


def test_consent_that_ends_while_it_is_made_leaves_nothing(
    job, recording, alice, patient, engine, monkeypatch
):
    monkeypatch.setattr("webapp.deidjobs.lending.ASK_CONSENT_EVERY_S", 0.0)

    def withdraw(cancelled):
        assert not cancelled()
        record_decisions(actor=alice, participant=patient, decisions={"average_face": False})
        if cancelled():
            raise Stopped

    engine.during = withdraw
    work_off(job)
    assert (job.state, job.error_code) == ("failed", "no_consent")
    assert files(recording) == []
    assert not FaceContribution.objects.exists()


def test_consent_that_ends_at_the_very_end_leaves_nothing(job, recording, alice, patient, engine):
    engine.during = lambda _: record_decisions(
        actor=alice, participant=patient, decisions={"average_face": False}
    )
    work_off(job)
    assert (job.state, files(recording), FaceContribution.objects.count()) == ("failed", [], 0)


def test_a_correction_of_who_is_who_meanwhile_leaves_nothing(job, recording, alice, engine):
    engine.during = lambda _: correct_person(
        encounter=recording.encounter, actor=alice, camera="patient", kind="reassign", track=1, role="doctor"
    )
    work_off(job)
    assert (job.state, job.error_code, files(recording)) == ("failed", "not_settled", [])


def test_a_face_that_cannot_be_made_is_a_sentence_on_the_page(job, study, alice, engine, signed_in):
    def fail(_cancelled):
        raise AppError("expected a face that is seen from the front for longer", code="nobody_seen")

    engine.during = fail
    work_off(job)
    page = signed_in(alice).get(reverse("deidjobs:faces", args=[study.slug])).content.decode()
    assert "seen from the front for longer" in page
    engine.during = lambda _: None
    retry_job(job=job, actor=alice, study_id=study.pk)
    work_off(job)
    assert job.state == "done"
    assert (
        "seen from the front"
        not in signed_in(alice).get(reverse("deidjobs:faces", args=[study.slug])).content.decode()
    )


def test_nobody_gives_two_faces_however_often_it_is_begun_and_however_many_recordings_there_are(
    job, study, alice, doctor, patient, engine
):
    with pytest.raises(Conflict):
        start_lending(study=study, actor=alice)
    work_off(job)
    again = create_encounter(
        actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 9)
    )
    add_recording(again, "patient", b"another day")
    add_run(again)
    assert plan_lending(study).to_do == []


def test_people_of_another_study_are_not_asked(study, alice, analysed, carol):
    assert plan_lending(Study.objects.get(slug="other")).agreed == 0


def test_for_a_member_of_another_site_nobody_of_this_one_is_counted_or_asked(study, alice, analysed):
    here, elsewhere = (add_site(actor=alice, study=study, name=name) for name in ("here", "elsewhere"))
    Participant.objects.filter(study=study).update(site=here)
    analysed.encounter.site = here
    analysed.encounter.save()
    assert len(plan_lending(study, site=here).to_do) == 1
    plan = plan_lending(study, site=elsewhere)
    assert (plan.agreed, plan.to_do) == (0, [])


def test_the_page_says_how_many_agreed_and_how_many_are_needed(study, alice, doctor, signed_in):
    url = reverse("deidjobs:faces", args=[study.slug])
    page = signed_in(alice).get(url).content.decode()
    assert "needs 9 participants" in page
    assert "9 more" in page
    for number in range(1, 10):
        lend(add_patient(study, alice, doctor), number)
    assert "Enough are ready" in signed_in(alice).get(url).content.decode()


def test_the_button_makes_them(study, alice, analysed, engine, signed_in):
    url = reverse("deidjobs:faces", args=[study.slug])
    page = signed_in(alice).get(url).content.decode()
    assert "1 participant agreed whose face can be made now" in page
    assert "Make 1 face for averaging" in page
    with TestCase.captureOnCommitCallbacks():
        assert signed_in(alice).post(url).status_code == 302
    assert Job.objects.filter(kind="contribute_face").count() == 1


def test_a_file_without_a_row_is_swept_and_one_with_a_row_stays(study, alice, doctor, monkeypatch):
    one = lend(add_patient(study, alice, doctor), 1)
    folder = derived_dir(one.recording_id) / "averaging"
    (folder / "11111111-1111-4111-8111-111111111111.npz").write_bytes(b"left by a killed worker")
    monkeypatch.setattr("webapp.deidjobs.sweeping.ORPHAN_AFTER_S", -1)
    sweep_what_nobody_needs()
    assert files(one.recording) == [f"{one.pk}.npz"]


def test_newcomers_count_once_they_agree(study, alice, consent_form):
    newcomer = add_participant(actor=alice, study=study, kind="patient")
    assert plan_lending(study).agreed == 0
    grant_everything(alice, newcomer)
    assert plan_lending(study).agreed == 1
