"""What may not be kept may not be used: every purpose rests on the consent to record, of both people."""

import pytest

from tests.webapp.records import add_recording
from webapp.consent.services import record_decisions
from webapp.recordings.models import Recording
from webapp.recordings.queries import consents_to, usable_for


@pytest.mark.parametrize("who", ["doctor", "patient"])
@pytest.mark.parametrize("purpose", ["record", "analyse_patient", "analyse_doctor", "annotate"])
def test_withdrawing_the_recording_withdraws_every_use_of_it(encounter, alice, doctor, patient, who, purpose):
    add_recording(encounter, "patient", uploaded_by=alice)
    assert usable_for(Recording.objects.all(), purpose).exists()
    person = {"doctor": doctor, "patient": patient}[who]
    record_decisions(actor=alice, participant=person, decisions={"record": False})
    assert not usable_for(Recording.objects.all(), purpose).exists()
    assert not consents_to(encounter, purpose)


def test_analysis_of_the_patient_needs_no_yes_of_the_doctor_to_their_own(encounter, alice, doctor):
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_doctor": False})
    assert consents_to(encounter, "analyse_patient")
    assert not consents_to(encounter, "analyse_doctor")
