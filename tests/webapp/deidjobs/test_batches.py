from __future__ import annotations

import datetime
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.conftest import grant_everything
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.records import add_recording
from webapp.consent.services import record_decisions
from webapp.core.errors import Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs import batches
from webapp.deidjobs.batches import plan_hiding, start_hiding
from webapp.jobs.models import Batch, Job
from webapp.studies.services import add_participant, create_encounter

CHOICE = {"method": "blur", "audio": "remove"}
URL = "/studies/empathy/jobs/deidentify/"


@pytest.fixture
def another(study, alice, doctor):
    """Return a maker of recordings, each of a patient of its own."""

    def make(*, consent: bool = True, **fields):
        patient = add_participant(actor=alice, study=study, kind="patient")
        if consent:
            grant_everything(alice, patient)
        encounter = create_encounter(
            actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 3)
        )
        return add_recording(encounter, "patient", str(patient.pk).encode(), **fields)

    return make


def make_version(recording, actor, **times):
    """Give a recording a version whose job is done."""
    version = add_derivative(recording, actor)
    Job.objects.filter(pk=version.job_id).update(state="done", **times)
    return version


def test_every_recording_is_in_exactly_one_group(study, alice, another):
    make_version(another(), alice)
    another(consent=False)
    another(state="checking")
    another()
    start_hiding(study=study, actor=alice, **CHOICE)
    waiting = another()
    plan = plan_hiding(study, **CHOICE)
    assert plan.to_do == [waiting.pk]
    assert (plan.hidden, plan.in_work, plan.without_consent, plan.not_ready) == (1, 1, 1, 1)
    assert plan.media_s == 3.0


def test_a_version_made_in_another_way_leaves_the_recording_to_do(study, alice, another):
    recording = another()
    make_version(recording, alice)
    assert plan_hiding(study, method="box", audio="remove").to_do == [recording.pk]
    assert plan_hiding(study, method="blur", audio="mask").to_do == [recording.pk]
    assert plan_hiding(study, **CHOICE).to_do == []


def test_keeping_the_sound_needs_consent_to_share_it(study, alice, another):
    recording = another()
    record_decisions(actor=alice, participant=recording.encounter.patient, decisions={"share_audio": False})
    assert plan_hiding(study, method="blur", audio="keep").without_consent == 1
    assert plan_hiding(study, method="blur", audio="mask").to_do == [recording.pk]


def test_recordings_of_other_studies_are_left_alone(study, carol, another):
    another()
    other = carol.memberships.get().study
    assert plan_hiding(other, **CHOICE).to_do == []


def test_hours_come_from_the_measured_speed_of_the_method(study, alice, another):
    another()
    assert plan_hiding(study, **CHOICE).hours is None
    now = timezone.now()
    make_version(another(), alice, started_at=now - timedelta(seconds=6), finished_at=now)
    plan = plan_hiding(study, **CHOICE)
    assert (plan.speed, plan.hours) == (0.5, pytest.approx(6 / 3600))
    assert plan_hiding(study, method="swap", audio="remove").speed is None


def test_one_click_queues_what_is_left_behind_other_work_and_a_second_finds_nothing(study, alice, another):
    recordings = [another(), another()]
    batch, count = start_hiding(study=study, actor=alice, **CHOICE)
    assert count == 2
    jobs = Job.objects.filter(batch=batch)
    assert {job.params["recording"] for job in jobs} == {str(one.pk) for one in recordings}
    assert {(job.priority, job.requested_by, job.params["donor"]) for job in jobs} == {(-3, alice, "auto")}
    assert AuditEvent.objects.filter(action="job.created", study_id=study.pk).count() == 2
    with pytest.raises(Conflict):
        start_hiding(study=study, actor=alice, **CHOICE)


def test_of_two_batches_begun_at_once_one_makes_each_version(study, alice, another, monkeypatch):
    another()
    plan = plan_hiding(study, **CHOICE)
    start_hiding(study=study, actor=alice, **CHOICE)
    monkeypatch.setattr(batches, "plan_hiding", lambda *_, **__: plan)
    _, count = start_hiding(study=study, actor=alice, **CHOICE)
    assert (count, Job.objects.count()) == (0, 1)


def test_consent_withdrawn_between_count_and_click_is_respected(study, alice, another, monkeypatch):
    recording = another()
    plan = plan_hiding(study, **CHOICE)
    record_decisions(
        actor=alice, participant=recording.encounter.patient, decisions={"share_deidentified": False}
    )
    monkeypatch.setattr(batches, "plan_hiding", lambda *_, **__: plan)
    assert start_hiding(study=study, actor=alice, **CHOICE)[1] == 0
    assert not Job.objects.exists()


def test_an_archived_study_begins_nothing(study, alice, another):
    another()
    study.state = "archived"
    study.save()
    with pytest.raises(Conflict):
        start_hiding(study=study, actor=alice, **CHOICE)
    assert not Batch.objects.exists()


@pytest.mark.parametrize("wrong", [{"method": "paint"}, {"audio": "louder"}])
def test_a_way_that_does_not_exist_is_refused(study, alice, signed_in, wrong):
    with pytest.raises(Invalid):
        plan_hiding(study, **(CHOICE | wrong))
    assert signed_in(alice).get(URL, wrong).status_code == 400


def test_the_page_counts_first_and_begins_only_when_told(study, alice, another, signed_in):
    another()
    client = signed_in(alice)
    text = client.get(URL, CHOICE).content.decode()
    assert "De-identify 1 recording with blur<" in text
    assert "not measured yet" in text
    assert not Job.objects.exists()
    answer = client.post(URL, CHOICE)
    assert answer["Location"] == f"/studies/empathy/jobs/?batch={Batch.objects.get().pk}"
    assert Job.objects.get().params["method"] == "blur"


def test_home_tells_when_it_is_done(study, alice, another, signed_in):
    another()
    start_hiding(study=study, actor=alice, **CHOICE)
    Job.objects.update(state="done")
    text = signed_in(alice).get("/").content.decode()
    assert "Done: De-identification" in text and "1 done, 0 failed" in text


def test_the_command_counts_on_a_dry_run_and_queues_otherwise(study, another, capsys):
    another()
    call_command("deidentify_missing", "empathy", "--method", "blur", "--dry-run")
    printed = capsys.readouterr().out
    assert "to de-identify 1, de-identified 0" in printed and "not measured" in printed
    assert not Job.objects.exists()
    call_command("deidentify_missing", "empathy", "--method", "blur")
    assert "1 recordings queued" in capsys.readouterr().out
    assert Job.objects.get().params == {
        "recording": Job.objects.get().params["recording"],
        "camera": "patient",
        "donor": "auto",
        **CHOICE,
    }


@pytest.mark.parametrize("arguments", [["nothing"], ["empathy", "--method", "paint"], ["empathy"]])
def test_the_command_says_what_it_cannot_do(study, arguments):
    with pytest.raises(CommandError):
        call_command("deidentify_missing", *arguments)
