"""Whose face a participant is given: kept over a study, never that of two people."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.conftest import add_derivative, hidden_video
from tests.webapp.records import add_recording
from webapp import engines
from webapp.core.errors import Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs import donors, hiding
from webapp.deidjobs.covers import Sketch, request_another, save_covers
from webapp.deidjobs.models import Casting, StudyDonor
from webapp.deidjobs.services import request_derivative, write_derivative
from webapp.engines import HidingStep
from webapp.studies.models import Encounter


def ask(recording, actor, donor="auto", method="swap"):
    return request_derivative(recording=recording, actor=actor, method=method, audio="remove", donor=donor)


def told(recording, job):
    asked = hiding._hiding_job(recording, job)
    return asked.donor, asked.taken


def settle(recording, job, chosen) -> bool:
    hiding._hiding_job(recording, job)
    return donors.settle_donor(recording=recording, job=job, chosen=chosen)


@pytest.fixture
def other(encounter, alice):
    """The doctor's camera of the same encounter: another person."""
    return add_recording(encounter, "doctor", uploaded_by=alice)


@pytest.fixture
def later(encounter, alice):
    """The same patient's next recording."""
    again = Encounter.objects.create(
        study=encounter.study, number=98, doctor=encounter.doctor, patient=encounter.patient,
        held_on=timezone.localdate(),
    )  # fmt: skip
    return add_recording(again, "patient", uploaded_by=alice)


def test_a_method_without_donors_asks_for_none(recording, alice):
    assert told(recording, ask(recording, alice, method="blur")) == ("auto", ())
    assert not Casting.objects.exists()


def test_what_was_chosen_is_the_persons_in_their_next_recording_and_taken_for_others(
    recording, other, later, alice
):
    assert told(recording, ask(recording, alice)) == ("auto", ())
    assert settle(recording, ask(recording, alice), "donor-5")
    assert told(later, ask(later, alice)) == ("donor-5", ())
    assert told(other, ask(other, alice)) == ("auto", ("donor-5",))
    assert AuditEvent.objects.filter(action="donor.given").count() == 1


def test_settling_twice_changes_nothing(recording, alice):
    job = ask(recording, alice)
    assert settle(recording, job, "donor-5")
    assert settle(recording, job, "donor-5")
    assert StudyDonor.objects.count() == 1


def test_a_donor_that_two_jobs_choose_at_once_goes_to_the_first_and_the_second_chooses_again(
    recording, other, alice
):
    first, second = ask(recording, alice), ask(other, alice)
    assert told(recording, first) == told(other, second) == ("auto", ())
    assert settle(recording, first, "donor-5")
    assert not settle(other, second, "donor-5")
    assert told(other, second) == ("auto", ("donor-5",))
    assert settle(other, second, "donor-6")


def test_of_two_recordings_of_one_person_the_first_to_choose_decides(recording, later, alice):
    first, second = ask(recording, alice), ask(later, alice)
    told(recording, first), told(later, second)
    assert settle(recording, first, "donor-5")
    assert not settle(later, second, "donor-6")
    assert told(later, second) == ("donor-5", ())


def test_the_table_itself_refuses_two_people_one_donor(recording, other, alice):
    assert donors.give_donor(recording=recording, donor="donor-5", actor=alice)
    row = StudyDonor.objects.get()
    for participant in (other.encounter.doctor, row.participant):
        with pytest.raises(IntegrityError), transaction.atomic():
            StudyDonor.objects.create(
                study=row.study, participant=participant,
                donor="donor-5" if participant != row.participant else "donor-9",
            )  # fmt: skip


def test_who_is_covered_gets_no_donor(recording, alice):
    assert settle(recording, ask(recording, alice), None)
    assert not StudyDonor.objects.exists()


def test_a_donor_asked_for_by_name_is_given_at_once_and_to_nobody_else(recording, other, alice):
    ask(recording, alice, donor="donor-5")
    assert StudyDonor.objects.get().participant == recording.encounter.patient
    with pytest.raises(Conflict, match="another person"):
        ask(other, alice, donor="donor-5")
    with pytest.raises(Conflict, match="donor-5 throughout"):
        ask(recording, alice, donor="donor-6")


def test_a_donor_reserved_for_those_who_pass_by_cannot_be_asked_for(recording, alice):
    assert "donor-3" not in engines.donors_of_people()
    with pytest.raises(Invalid):
        ask(recording, alice, donor="donor-3")


def test_a_refused_donor_is_never_given_again_to_anybody(recording, other, alice, audrey, derivative):
    settle(recording, ask(recording, alice), "donor-5")
    donors.refuse_donor(derivative=derivative, actor=audrey, donor="donor-5", reason="too like the person")
    assert told(recording, ask(recording, alice)) == ("auto", ("donor-5",))
    assert told(other, ask(other, alice)) == ("auto", ("donor-5",))
    assert AuditEvent.objects.filter(action="donor.refused", actor=audrey).exists()
    with pytest.raises(Conflict, match="none to refuse"):
        donors.refuse_donor(derivative=derivative, actor=audrey, donor="donor-5", reason="again")


def test_a_donor_refused_while_a_job_runs_is_cast_anew(recording, alice, audrey, derivative):
    job = ask(recording, alice)
    settle(recording, job, "donor-5")
    donors.refuse_donor(derivative=derivative, actor=audrey, donor="donor-5", reason="too like")
    assert not settle(recording, job, "donor-5")
    assert told(recording, job) == ("auto", ("donor-5",))


def test_a_version_with_covers_is_told_what_the_one_before_was_told(recording, other, alice):
    recording.width, recording.height, recording.duration_us = 128, 96, 2_000_000
    recording.save()
    job = ask(recording, alice)
    settle(recording, job, "donor-5")
    report = {"donors": {"1": "donor-5", "2": "donor-7"}, "main_tracks": [1]}
    hidden = hidden_video()
    hidden.report.update(report)
    with transaction.atomic():
        version = write_derivative(recording=recording, job=job, pk=job.pk, hidden=hidden)
    settle(other, ask(other, alice), "donor-6")
    sketch = Sketch(None, [[0, [0, 0, 9, 9]]], "badge")
    save_covers(derivative=version, actor=alice, known=(), sketches=[sketch])
    again = request_another(derivative=version, actor=alice)
    assert told(recording, again) == ("auto", ())  # the same parts are used again
    donors.refuse_donor(derivative=version, actor=alice, donor="donor-5", reason="too like")
    Casting.objects.filter(job=again).delete()
    assert told(recording, again) == ("auto", ("donor-5", "donor-6"))


def test_a_plan_goes_on_only_with_a_donor_that_is_the_persons(recording, other, alice, monkeypatch):
    donors.give_donor(recording=other, donor="donor-5", actor=alice)
    StudyDonor.objects.update(donor="donor-8")
    job = ask(recording, alice)
    told(recording, job)
    StudyDonor.objects.update(donor="donor-5")  # meanwhile
    planned = []

    def plan(asked):
        planned.append(asked.taken)
        return [HidingStep("cast", f"cast-{len(planned)}", 0, 0.0, 0.0, is_done=True)]

    monkeypatch.setattr(engines, "plan_hiding", plan)
    monkeypatch.setattr(
        engines, "main_donor", lambda asked, name: "donor-6" if "donor-5" in asked.taken else "donor-5"
    )
    context = type("Context", (), {"job": job})
    assert [one.name for one in hiding.plan_hiding(context)] == ["cast-2"]
    assert planned == [("donor-8",), ("donor-5",)]
    assert donors.donor_of(recording).donor == "donor-6"


def test_donors_worn_in_versions_from_before_they_were_kept_are_their_persons_or_taken(
    recording, other, later, alice
):
    patients = [
        {"track": 1, "role": "irrelevant", "frames": 99},
        {"track": 2, "role": "patient", "frames": 9},
    ]
    for shown, report in (
        (recording, {"tracks": patients, "donors": {"1": "donor-1", "2": "donor-2"}}),
        (other, {"main_tracks": [2, 1], "donors": {"1": "donor-4", "2": "donor-3"}}),
        (later, {"main_tracks": [1, 2], "donors": {"1": "donor-5", "2": None}}),
    ):
        version = add_derivative(shown, alice)
        version.report = report
        version.save()
    worn = importlib.import_module("webapp.deidjobs.migrations.0007_donors_worn")
    for _ in range(2):
        worn.take_over_worn(apps, None)
    patient, doctor = recording.encounter.patient, recording.encounter.doctor
    assert dict(StudyDonor.objects.values_list("donor", "participant")) == {
        "donor-5": patient.pk, "donor-2": None, "donor-3": doctor.pk, "donor-4": None,
    }  # fmt: skip


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_whose_donor_it_was_is_forgotten_with_the_person_and_nobody_gets_it(
    recording,
    other,
    alice,
    patient,
    withdraw,  # noqa: F811
    purpose,
):
    for camera, donor in ((recording, "donor-5"), (other, "donor-6")):
        donors.give_donor(recording=camera, donor=donor, actor=alice)
    withdraw(patient, "annotate")
    assert not StudyDonor.objects.filter(participant=None).exists()
    erasure = withdraw(patient, purpose)
    assert erasure.state == "done" and erasure.certificate["erased"]
    assert StudyDonor.objects.get(donor="donor-5").participant is None
    assert StudyDonor.objects.get(donor="donor-6").participant == other.encounter.doctor


def test_a_reviewer_refuses_a_donor_on_the_page_of_a_version(derivative, alice, client):
    derivative.report = {"donors": {"1": "donor-5"}, "main_tracks": [1]}
    derivative.save()
    donors.give_donor(recording=derivative.recording, donor="donor-5", actor=alice)
    client.force_login(alice)
    page = client.get(derivative.get_absolute_url()).content.decode()
    assert "Donor: donor-5" in page
    address = f"/deidentified/{derivative.pk}/donor/refuse/"
    assert '<input type="hidden" name="donor" value="donor-5">' in page
    said = {"donor": "donor-5", "reason": "too like the person"}
    assert client.post(address, said | {"reason": ""}).status_code == 400
    assert client.post(address, said | {"donor": "donor-4"}).status_code == 409, "not the one on the page"
    assert client.post(address, said).status_code == 302
    assert StudyDonor.objects.get().reason == "too like the person"
    assert "Donor: donor-5" not in client.get(derivative.get_absolute_url()).content.decode()
