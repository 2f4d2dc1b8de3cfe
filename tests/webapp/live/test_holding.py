"""What goes when consent ends, and what stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.records import add_suggestion
from webapp.consent.holders import Scope
from webapp.consent.services import record_decisions
from webapp.feedback.holding import HOLDER as FEEDBACK
from webapp.feedback.models import CareRating, Comment, Note, Reflection
from webapp.live.holding import HOLDER
from webapp.live.models import LiveSession, Reading


@pytest.fixture
def watched(live) -> LiveSession:
    for camera in ("doctor", "patient"):
        Reading.objects.create(
            session=live,
            camera=camera,
            second=0,
            status="ok",
            emotion="fear",
            confidence=0.7,
            probs=[0.05] * 6 + [0.7],
            frames_sampled=5,
            frames_detected=5,
        )
    add_suggestion(live)
    return live


@pytest.fixture
def end(encounter, alice):
    """Return what ends purposes of a person and gives the scope of what must go."""

    def ended(person: str, *purposes: str) -> Scope:
        participant = getattr(encounter, person)
        record_decisions(actor=alice, participant=participant, decisions=dict.fromkeys(purposes, False))
        return Scope((encounter.pk,), person, frozenset(purposes), timezone.now() + timedelta(seconds=1))

    return ended


def effects(scope: Scope) -> list[tuple[str, str, int]]:
    return [(one.action, one.what, one.count) for one in HOLDER.preview(scope)]


@pytest.mark.parametrize("purpose", ["record", "live_feedback"])
def test_without_live_feedback_whole_sessions_go(watched, end, purpose):
    scope = end("patient", purpose)
    assert effects(scope) == [("delete", "live sessions", 1)]
    assert list(HOLDER.remains(scope, frozenset())) == ["1 live sessions are still in the database"]
    (gone,) = HOLDER.erase(scope)
    assert (gone.kind, gone.object_id) == ("live session", str(watched.pk))
    assert not LiveSession.objects.exists() and not Reading.objects.exists()
    assert list(HOLDER.remains(scope, frozenset())) == []
    assert HOLDER.erase(scope) == []


def test_without_the_analysis_of_one_person_their_seconds_say_so_and_the_others_stay(watched, end):
    scope = end("patient", "analyse_patient")
    assert effects(scope) == [("delete", "live seconds of the patient", 1)]
    (gone,) = HOLDER.erase(scope)
    assert (gone.kind, gone.count) == ("live seconds of the patient", 1)
    patient, doctor = (Reading.objects.get(camera=camera) for camera in ("patient", "doctor"))
    assert (patient.status, patient.emotion, patient.probs) == ("consent_withheld", None, [])
    assert (doctor.status, doctor.emotion) == ("ok", "fear")
    assert not watched.suggestions.exists()
    assert list(HOLDER.remains(scope, frozenset())) == []


def test_another_purpose_touches_nothing(watched, end):
    scope = end("patient", "share_audio")
    assert effects(scope) == []
    assert HOLDER.erase(scope) == []
    assert Reading.objects.filter(status="ok").count() == 2


def test_what_doctor_and_patient_wrote_goes_with_the_recording(encounter, dora, end):
    Reflection.objects.create(encounter=encounter, doctor=dora, text="words")
    Note.objects.create(encounter=encounter, doctor=dora, text="words")
    Comment.objects.create(encounter=encounter, author=dora, second=1, text="words")
    CareRating.objects.create(encounter=encounter, item=1, rating=4)
    kept = end("patient", "live_feedback")
    assert FEEDBACK.erase(kept) == []
    scope = end("patient", "record")
    assert [one.count for one in FEEDBACK.preview(scope)] == [1, 1, 1, 1]
    kinds = {gone.kind for gone in FEEDBACK.erase(scope)}
    assert kinds == {"patient's rating", "private note", "comment", "reflection"}
    assert list(FEEDBACK.remains(scope, frozenset())) == []
    assert not Reflection.objects.exists() and not Comment.objects.exists()


@pytest.mark.parametrize("purpose", ["record", "live_feedback", "analyse_patient"])
def test_the_erasure_of_sessions_and_of_what_was_written_is_certified(
    watched,
    encounter,
    dora,
    withdraw,  # noqa: F811
    purpose,
):
    Reflection.objects.create(encounter=encounter, doctor=dora, text="words")
    Note.objects.create(encounter=encounter, doctor=dora, text="words")
    Comment.objects.create(encounter=encounter, author=dora, second=1, text="words")
    CareRating.objects.create(encounter=encounter, item=1, rating=4)
    erasure = withdraw(encounter.patient, purpose)
    assert erasure.state == "done" and erasure.certificate["erased"]
