from __future__ import annotations

import pytest

from tests.webapp.records import add_recording
from webapp.analysis.services import start_by_itself, start_run
from webapp.consent.services import record_decisions
from webapp.core.errors import Conflict, ConsentMissing, Invalid
from webapp.jobs import running
from webapp.jobs.models import Job


def test_an_encounter_without_a_recording_cannot_be_analysed(encounter, alice):
    with pytest.raises(Conflict):
        start_run(encounter=encounter, actor=alice)


def test_an_unknown_model_is_named_with_those_that_are_known(encounter, cameras, alice):
    with pytest.raises(Invalid, match="human"):
        start_run(encounter=encounter, actor=alice, model="crystal ball")


def test_without_any_consent_no_analysis_is_queued(encounter, cameras, alice, patient, doctor):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_doctor": False})
    with pytest.raises(ConsentMissing):
        start_run(encounter=encounter, actor=alice)
    start_by_itself(cameras["doctor"])
    assert not Job.objects.exists()


def test_an_analysis_that_still_waits_does_for_the_second_camera_too(encounter, cameras, alice):
    first = start_run(encounter=encounter, actor=alice)
    assert start_run(encounter=encounter, actor=alice) == first
    running.claim(first.pk)
    assert start_run(encounter=encounter, actor=alice) != first


def test_a_ready_recording_is_analysed_by_itself(encounter, alice):
    start_by_itself(add_recording(encounter, "patient", uploaded_by=alice))
    job = Job.objects.get()
    assert (job.kind, job.requested_by, job.subject_id) == ("analyse_encounter", alice, encounter.pk)
