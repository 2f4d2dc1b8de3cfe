from __future__ import annotations

import pytest
from django.utils import timezone

from tests.webapp.deidjobs.conftest import add_derivative
from webapp.consent.services import record_decisions
from webapp.core.errors import Conflict, ConsentMissing, Forbidden, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs.models import Review
from webapp.deidjobs.queries import newest_review
from webapp.deidjobs.services import request_derivative, review_derivative, seed_of
from webapp.deidjobs.waiting import unreviewed
from webapp.jobs.models import Job
from webapp.studies.models import Encounter


def ask(recording, actor, **changes):
    values = {"method": "blur", "audio": "remove", "donor": "auto"} | changes
    return request_derivative(recording=recording, actor=actor, **values)


def test_asking_queues_a_job_about_the_encounter(recording, alice):
    job = ask(recording, alice)
    assert (job.kind, job.subject_id, job.params["recording"]) == (
        "deidentify_recording",
        recording.encounter_id,
        str(recording.pk),
    )


@pytest.mark.parametrize(
    "wrong", [{"method": "paint"}, {"audio": "louder"}, {"donor": "the neighbour"}], ids=str
)
def test_what_does_not_exist_cannot_be_asked_for(recording, alice, wrong):
    with pytest.raises(Invalid):
        ask(recording, alice, **wrong)
    assert not Job.objects.exists()


@pytest.mark.parametrize("person", ["doctor", "patient"])
def test_without_both_consents_to_share_nothing_is_queued(recording, alice, request, person):
    participant = request.getfixturevalue(person)
    record_decisions(actor=alice, participant=participant, decisions={"share_deidentified": False})
    with pytest.raises(ConsentMissing):
        ask(recording, alice)
    assert not Job.objects.exists()


def test_sound_is_kept_only_with_consent_to_share_it(recording, alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"share_audio": False})
    with pytest.raises(ConsentMissing, match="sound"):
        ask(recording, alice, audio="keep")
    ask(recording, alice, audio="mask")


def test_a_person_has_one_seed_throughout_a_study_and_another_person_another(recording, encounter):
    later = Encounter.objects.create(
        study=encounter.study,
        number=99,
        doctor=encounter.doctor,
        patient=encounter.patient,
        held_on=timezone.localdate(),
    )
    again = type(recording)(encounter=later, camera="patient")
    other = type(recording)(encounter=later, camera="doctor")
    assert seed_of(again) == seed_of(recording)
    assert seed_of(other) != seed_of(recording)


def test_whoever_asked_for_a_version_cannot_sign_it_off(derivative, alice):
    with pytest.raises(Forbidden):
        review_derivative(derivative=derivative, actor=alice, decision="approved", reason="looks fine")
    assert not Review.objects.exists()


def test_a_second_person_signs_off_and_leaves_a_trace(derivative, audrey):
    review_derivative(derivative=derivative, actor=audrey, decision="approved", reason="looked at it all")
    assert newest_review(derivative).reviewer == audrey
    assert AuditEvent.objects.filter(action="derivative.approved", actor=audrey).exists()


def test_a_version_whose_audit_failed_cannot_be_approved_but_refused(recording, alice, audrey):
    failed = add_derivative(recording, alice, verdict="fail")
    with pytest.raises(Conflict):
        review_derivative(derivative=failed, actor=audrey, decision="approved", reason="but still")
    review_derivative(derivative=failed, actor=audrey, decision="refused", reason="a face is open")
    assert newest_review(failed).decision == "refused"


def test_the_second_person_is_reminded_until_somebody_decided(derivative, alice, audrey, bob):
    assert [item.url for item in unreviewed(audrey)] == [derivative.get_absolute_url()]
    assert list(unreviewed(alice)) == list(unreviewed(bob)) == []
    review_derivative(derivative=derivative, actor=audrey, decision="refused", reason="no")
    assert list(unreviewed(audrey)) == []
