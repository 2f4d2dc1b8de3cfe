from __future__ import annotations

import datetime

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import grant_everything
from tests.webapp.records import add_job, add_recording, add_run
from webapp.analysis.batches import plan_batch, start_batch
from webapp.consent.services import record_decisions
from webapp.core.errors import Conflict, Invalid
from webapp.jobs.models import Batch, Job, Segment
from webapp.studies.services import add_participant, create_encounter


@pytest.fixture
def another(study, alice, doctor):
    """Return a maker of encounters, each with a patient of its own."""

    def make(*cameras: str, consent: bool = True):
        patient = add_participant(actor=alice, study=study, kind="patient")
        if consent:
            grant_everything(alice, patient)
        encounter = create_encounter(
            actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 3)
        )
        for camera in cameras:
            add_recording(encounter, camera, str(patient.pk).encode())
        return encounter

    return make


def test_every_encounter_is_in_exactly_one_group(study, alice, another):
    add_run(another("patient"))
    add_job(another("patient"))
    another()
    another("patient", consent=False)
    waiting = another("patient", "doctor")
    plan = plan_batch(study, "human")
    assert plan.to_do == [waiting.pk]
    assert (plan.analysed, plan.in_work, plan.without_recording, plan.without_consent) == (1, 1, 1, 1)
    assert plan.media_s == 6.0


def test_a_camera_without_consent_does_not_count_as_work(study, alice, doctor, another):
    another("patient", "doctor")
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_doctor": False})
    assert plan_batch(study, "human").media_s == 3.0


def test_what_another_model_has_seen_is_still_to_do(study, another):
    from webapp import engines

    add_run(another("patient"))
    other = next(name for name in engines.known_models() if name != "human")
    assert len(plan_batch(study, other).to_do) == 1


def test_a_run_on_a_replaced_recording_does_not_count(study, another):
    encounter = another("patient")
    add_run(encounter)
    encounter.recordings.all().delete()
    add_recording(encounter, "patient", b"a better copy")
    assert plan_batch(study, "human").to_do == [encounter.pk]


def test_hours_come_from_measured_speed_and_are_not_measured_before(study, another):
    another("patient")
    assert plan_batch(study, "human").hours is None
    job = add_job(another("patient"))
    Segment.objects.create(job=job, name="a", label="a", position=0, media_s=30, work_s=3, state="done")
    plan = plan_batch(study, "human")
    assert (plan.speed, plan.hours) == (10.0, pytest.approx(0.3 / 3600))


def test_one_click_queues_what_is_left_behind_other_work_and_a_second_finds_nothing(study, alice, another):
    first, second = another("patient"), another("doctor")
    batch, count = start_batch(study=study, model="human", actor=alice)
    assert count == 2
    jobs = Job.objects.filter(batch=batch)
    assert {job.subject_id for job in jobs} == {first.pk, second.pk}
    assert {(job.priority, job.requested_by) for job in jobs} == {(-3, alice)}
    with pytest.raises(Conflict):
        start_batch(study=study, model="human", actor=alice)


def test_an_unknown_model_is_refused(study):
    with pytest.raises(Invalid):
        plan_batch(study, "crystal ball")


def test_the_page_counts_first_and_begins_only_when_told(study, alice, another, signed_in):
    another("patient")
    client = signed_in(alice)
    text = client.get("/studies/empathy/jobs/batch/").content.decode()
    assert "Analyse 1 encounter<" in text
    assert "not measured yet" in text
    assert not Job.objects.exists()
    answer = client.post("/studies/empathy/jobs/batch/", {"model": "human"})
    assert answer["Location"] == f"/studies/empathy/jobs/?batch={Batch.objects.get().pk}"
    assert Job.objects.count() == 1


def test_home_tells_whoever_began_a_batch_that_it_is_done_until_they_looked(
    study, alice, bob, another, signed_in
):
    another("patient")
    batch, _ = start_batch(study=study, model="human", actor=alice)
    client = signed_in(alice)
    assert "Done: Analysis" not in client.get("/").content.decode()
    Job.objects.update(state="done")
    assert "1 done, 0 failed" in client.get("/").content.decode()
    assert "Done: Analysis" not in signed_in(bob).get("/").content.decode()
    client.get(f"/studies/empathy/jobs/?batch={batch.pk}")
    assert "Done: Analysis" not in client.get("/").content.decode()


def test_the_command_counts_on_a_dry_run_and_queues_otherwise(study, another, capsys):
    another("patient")
    call_command("analyse_missing", "empathy", "--dry-run")
    assert "to analyse 1, analysed 0" in capsys.readouterr().out
    assert not Job.objects.exists()
    call_command("analyse_missing", "empathy")
    assert "1 analyses queued" in capsys.readouterr().out
    assert Job.objects.count() == 1


@pytest.mark.parametrize("arguments", [["nothing"], ["empathy", "--model", "crystal ball"], ["empathy"]])
def test_the_command_says_what_it_cannot_do(study, arguments):
    with pytest.raises(CommandError):
        call_command("analyse_missing", *arguments)


def test_a_study_sees_its_jobs_parts_and_reasons_but_no_other_studys(
    study, alice, audrey, carol, another, signed_in
):
    job = add_job(another("patient"))
    Segment.objects.create(
        job=job, name="a", label="Patient’s camera, 0:00–0:30", position=0, state="quarantined"
    )
    Job.objects.update(state="failed", error_message="The work ended its process.")
    for user in (alice, audrey):
        client = signed_in(user)
        assert "The work ended its process." in client.get("/studies/empathy/jobs/").content.decode()
        assert "quarantined" in client.get(f"/jobs/{job.pk}/").content.decode()
    assert 'name="job"' not in signed_in(audrey).get("/studies/empathy/jobs/").content.decode()
    other = signed_in(carol).post(
        "/studies/other/jobs/bulk/", {"action": "retry", "job": [str(job.pk)]}, follow=True
    )
    assert "0 jobs" in other.content.decode()
    job.refresh_from_db()
    assert job.state == "failed"
