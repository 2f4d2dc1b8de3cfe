from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.consent.services import record_decisions
from webapp.recordings.models import Recording
from webapp.recordings.queries import consents_to, is_usable_for, usable_for


@pytest.fixture
def recording(encounter) -> Recording:
    return Recording.objects.create(
        encounter=encounter,
        camera="patient",
        original_name="a.mp4",
        suffix=".mp4",
        size_bytes=1,
        state="ready",
    )


@pytest.mark.parametrize(
    ("withdrawn_by", "purpose", "usable"),
    [
        ("patient", "analyse_patient", False),
        ("doctor", "analyse_patient", True),
        ("patient", "analyse_doctor", True),
        ("doctor", "analyse_doctor", False),
        ("patient", "record", False),
        ("doctor", "record", False),
        ("patient", "share_deidentified", False),
        ("doctor", "share_audio", False),
    ],
)
def test_a_purpose_needs_those_whom_it_concerns(recording, alice, request, withdrawn_by, purpose, usable):
    participant = request.getfixturevalue(withdrawn_by)
    record_decisions(actor=alice, participant=participant, decisions={purpose: False})
    assert is_usable_for(recording, purpose) is usable
    assert consents_to(recording.encounter, purpose) is usable


def test_the_newest_decision_counts_and_the_past_can_be_asked(recording, alice, patient):
    before = timezone.now()
    record_decisions(actor=alice, participant=patient, decisions={"record": False})
    assert not is_usable_for(recording, "record")
    assert is_usable_for(recording, "record", at=before)
    record_decisions(actor=alice, participant=patient, decisions={"record": True})
    assert is_usable_for(recording, "record")
    assert not is_usable_for(recording, "record", at=before - timedelta(days=1))


def test_the_question_is_one_query_however_many_recordings(recording, encounter, django_assert_num_queries):
    for number in range(5):
        Recording.objects.create(
            encounter=encounter, camera="doctor", original_name=f"{number}", suffix=".mp4", size_bytes=1
        )
    with django_assert_num_queries(1):
        assert len(usable_for(Recording.objects.all(), "record")) == 6
