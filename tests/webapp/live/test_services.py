from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.consent.services import record_decisions
from webapp.core.errors import Conflict, ConsentMissing, Forbidden, Invalid, NotFound
from webapp.core.models import AuditEvent
from webapp.live import services, tokens
from webapp.live.access import access_camera, access_session, access_suggestion
from webapp.live.models import LiveSession
from webapp.live.queries import allowed_cameras


def row(second: int = 0) -> dict:
    values = {"camera": "patient", "second": second, "status": "no_face", "emotion": None, "confidence": None}
    return values | {"probs": [], "frames_sampled": 5, "frames_detected": 0}


SUGGESTION = {
    "second": 0,
    "rule": "patient-sadness-name",
    "text": "Pause.",
    "language": "en",
    "framework": "NURSE",
    "citations": ["Back et al."],
    "severity": "notice",
    "confidence": 0.7,
    "evidence": [],
}


def withdraw(actor, participant, *purposes: str) -> None:
    record_decisions(actor=actor, participant=participant, decisions=dict.fromkeys(purposes, False))


def keep(live, token, second: int = 0, suggestion=None):
    return services.keep_second(session_id=live.pk, token=token, rows=[row(second)], suggestion=suggestion)


@pytest.fixture
def token(live) -> uuid.UUID:
    made = uuid.uuid4()
    assert services.take_lease(session_id=live.pk, token=made)
    return made


def test_an_open_session_is_opened_once(live, encounter, alice):
    assert services.open_live_session(actor=alice, encounter=encounter, mode="none") == live
    assert AuditEvent.objects.filter(action="live.opened").count() == 1


def test_another_session_can_follow_one_that_ended(live, encounter, alice):
    assert services.end_session(actor=alice, session=live)
    assert not services.end_session(actor=alice, session=live)
    assert services.open_live_session(actor=alice, encounter=encounter) != live


@pytest.mark.parametrize("purpose", ["live_feedback", "record"])
@pytest.mark.parametrize("who", ["doctor", "patient"])
def test_without_either_ones_consent_no_session_is_opened(encounter, alice, who, purpose):
    withdraw(alice, getattr(encounter, who), purpose)
    with pytest.raises(ConsentMissing):
        services.open_live_session(actor=alice, encounter=encounter)


def test_each_camera_needs_the_consent_of_its_own_person(encounter, alice):
    withdraw(alice, encounter.doctor, "analyse_doctor")
    assert allowed_cameras(encounter) == ["patient"]
    withdraw(alice, encounter.patient, "analyse_patient")
    with pytest.raises(ConsentMissing):
        services.open_live_session(actor=alice, encounter=encounter)


def test_an_unknown_mode_is_refused(encounter, alice):
    with pytest.raises(Invalid):
        services.open_live_session(actor=alice, encounter=encounter, mode="loud")


def test_only_one_conductor_holds_the_lease(live, token):
    other = uuid.uuid4()
    assert services.take_lease(session_id=live.pk, token=other) is None
    assert services.take_lease(session_id=live.pk, token=token)
    LiveSession.objects.update(conductor_until=timezone.now() - timedelta(seconds=1))
    assert services.take_lease(session_id=live.pk, token=other)
    assert services.take_lease(session_id=live.pk, token=token) is None


def test_a_second_that_is_kept_keeps_the_lease(live, token):
    LiveSession.objects.update(conductor_until=timezone.now() - timedelta(seconds=1))
    session, made = keep(live, token)
    assert (session, made) == (live, None)
    assert services.take_lease(session_id=live.pk, token=uuid.uuid4()) is None


def test_what_consent_allows_is_one_question(encounter, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert allowed_cameras(encounter) == ["doctor", "patient"]


def test_a_lease_that_was_given_back_is_free_at_once(live, token):
    services.give_lease_back(session_id=live.pk, token=token)
    assert services.take_lease(session_id=live.pk, token=uuid.uuid4())


def test_who_lost_the_lease_can_keep_nothing(live, token):
    keep(live, token)
    with pytest.raises(Conflict):
        keep(live, uuid.uuid4(), second=1)
    services.end_session(actor=None, session=live)
    with pytest.raises(Conflict):
        keep(live, token, second=1)
    assert live.readings.count() == 1


@pytest.mark.parametrize(
    ("mode", "silenced", "shown"),
    [("sparse", False, True), ("sparse", True, False), ("ambient", False, False), ("none", False, False)],
)
def test_a_suggestion_is_kept_in_every_mode_and_shown_where_it_may(live, token, mode, silenced, shown):
    LiveSession.objects.update(mode=mode, silenced=silenced)
    _, made = keep(live, token, suggestion=SUGGESTION)
    assert made.shown is shown


def test_an_answer_is_kept_and_audited(live, token, dora):
    _, made = keep(live, token, suggestion=SUGGESTION)
    services.answer_suggestion(actor=dora, suggestion=made, answer="helped")
    made.refresh_from_db()
    assert (made.answer, made.answered_at is not None) == ("helped", True)
    assert AuditEvent.objects.filter(action="live.suggestion_answered", actor_id=dora.pk).exists()
    with pytest.raises(Invalid):
        services.answer_suggestion(actor=dora, suggestion=made, answer="great")


def test_silence_ends_with_the_session(live, dora):
    services.set_silence(actor=dora, session=live, silenced=True)
    services.end_session(actor=dora, session=live)
    with pytest.raises(Conflict):
        services.set_silence(actor=dora, session=live, silenced=False)


def test_a_session_that_everybody_left_is_ended_by_itself(live):
    assert services.end_abandoned_sessions() == 0
    LiveSession.objects.update(started_at=timezone.now() - timedelta(hours=2))
    assert services.end_abandoned_sessions() == 1
    live.refresh_from_db()
    assert live.end_reason == "abandoned"


def test_a_long_session_with_recent_readings_goes_on(live, token):
    LiveSession.objects.update(started_at=timezone.now() - timedelta(hours=2), conductor_until=None)
    keep(live, token, second=7000)
    assert services.end_abandoned_sessions() == 0


# access


def test_the_dashboard_is_the_doctors_alone(live, alice, bob, dora, audrey, carol):
    assert access_session(dora, live.pk, "view_live") == live
    for user in (alice, bob, audrey):
        with pytest.raises(Forbidden):
            access_session(user, live.pk, "view_live")
    with pytest.raises(NotFound):
        access_session(carol, live.pk, "view_live")


def test_suggestions_are_answered_by_the_doctor_alone(live, token, alice, dora, carol):
    _, made = keep(live, token, suggestion=SUGGESTION)
    assert access_suggestion(dora, made.pk) == made
    with pytest.raises(Forbidden):
        access_suggestion(alice, made.pk)
    with pytest.raises(NotFound):
        access_suggestion(carol, made.pk)
    with pytest.raises(NotFound):
        access_suggestion(dora, made.pk + 1)


def test_a_token_opens_its_own_camera_of_its_own_session_and_nothing_else(live, db):
    from django.contrib.auth.models import AnonymousUser

    nobody = AnonymousUser()
    token = tokens.make(live.pk, "patient")
    assert access_camera(nobody, live.pk, "patient", token) == live
    for pk, camera, wrong in (
        (live.pk, "doctor", token),
        (uuid.uuid4(), "patient", token),
        (live.pk, "patient", token[:-2] + "xx"),
    ):
        with pytest.raises(Forbidden):
            access_camera(nobody, pk, camera, wrong)
    with pytest.raises(NotFound):
        access_camera(nobody, live.pk, "patient", "")
    with pytest.raises(NotFound):
        access_camera(nobody, live.pk, "ward", token)


# the study


def test_the_arm_of_the_encounter_decides_what_is_shown(encounter, study, alice):
    encounter.arm = study.arms.create(name="control", policy="none")
    encounter.save()
    assert services.open_live_session(actor=alice, encounter=encounter, mode="sparse").mode == "none"


def test_a_session_keeps_the_rules_of_its_study_as_they_were(encounter, study, alice):
    from webapp import engines
    from webapp.analysis.correcting import save_rules

    own = engines.shipped_rules().replace("refractory_s: 90", "refractory_s: 45")
    save_rules(study=study, actor=alice, text=own)
    live = services.open_live_session(actor=alice, encounter=encounter)
    save_rules(study=study, actor=alice, text=engines.shipped_rules())
    live.refresh_from_db()
    assert live.rules == own


def test_a_study_that_does_not_record_opens_no_session(encounter, study, alice):
    from webapp.studies.models import Study

    Study.objects.filter(pk=study.pk).update(state="archived")
    with pytest.raises(Conflict):
        services.open_live_session(actor=alice, encounter=encounter)


def test_language_and_resting_face_are_chosen_when_a_session_is_opened(alice, encounter):
    with pytest.raises(Invalid, match="language"):
        services.open_live_session(actor=alice, encounter=encounter, language="tlh")
    live = services.open_live_session(actor=alice, encounter=encounter, language="zh-Hant", calibrate=True)
    assert (live.language, live.calibrate) == ("zh-Hant", True)
