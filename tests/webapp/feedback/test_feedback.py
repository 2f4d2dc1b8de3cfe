"""The doctor's page after an encounter: for whom, in which order, and with what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import grant_everything
from tests.webapp.records import add_recording, add_run, add_suggestion, findings
from webapp.consent.services import record_decisions, withdraw_consent
from webapp.core.models import AuditEvent
from webapp.feedback.access import care_token
from webapp.feedback.models import CareRating, Note, Reflection
from webapp.feedback.queries import compare_shares, doctor_shares, visits
from webapp.live.models import LiveSession, Reading
from webapp.live.services import end_session, open_live_session
from webapp.studies.services import add_participant, create_encounter


def page(encounter) -> str:
    return reverse("feedback:session", args=[encounter.pk])


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_no_number_is_shown_before_the_doctor_wrote_their_own_view(run, encounter, dora, signed_in):
    client = signed_in(dora)
    first = text_of(client.get(page(encounter)))
    assert "First, your own view" in first
    assert "Timeline" not in first and "classified as" not in first
    client.post(reverse("feedback:reflect", args=[encounter.pk]), {"text": "It went well."})
    second = text_of(client.get(page(encounter)))
    assert "It went well." in second
    assert "Moments that may matter" in second


def test_going_on_without_a_text_is_possible(run, encounter, dora, signed_in):
    signed_in(dora).post(reverse("feedback:reflect", args=[encounter.pk]), {"text": ""})
    assert "You went on without writing one." in text_of(signed_in(dora).get(page(encounter)))


def test_the_trail_says_that_something_was_written_but_not_what(encounter, dora, signed_in):
    signed_in(dora).post(reverse("feedback:reflect", args=[encounter.pk]), {"text": "secret words"})
    event = AuditEvent.objects.get(action="feedback.reflected")
    assert "secret" not in str(event.details) + event.reason


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("bob", 403), ("audrey", 403), ("carol", 404)])
def test_nobody_but_the_doctor_sees_it(encounter, reflection, name, status, request, signed_in):
    assert signed_in(request.getfixturevalue(name)).get(page(encounter)).status_code == status


def test_a_colleague_who_is_a_doctor_too_does_not_find_it(encounter, reflection, study, alice, signed_in):
    from tests.conftest import member

    dan = member(study, alice, "dan", "doctor")
    assert signed_in(dan).get(page(encounter)).status_code == 404


def test_before_anything_was_classified_the_page_says_what_comes(encounter, reflection, dora, signed_in):
    assert "Nothing has been classified yet." in text_of(signed_in(dora).get(page(encounter)))


def test_withdrawn_consent_takes_the_readings_away(run, encounter, reflection, dora, alice, signed_in):
    decisions = {"analyse_patient": False, "analyse_doctor": False}
    for person in (encounter.patient, encounter.doctor):
        record_decisions(actor=alice, participant=person, decisions=decisions)
    timeline = signed_in(dora).get(reverse("feedback:api_timeline", args=[encounter.pk])).json()
    assert {status for lane in timeline["lanes"] for status in lane["status"]} == {"consent_withheld"}
    assert "Not measured" in text_of(signed_in(dora).get(page(encounter)))


# after a live session


@pytest.fixture
def live(encounter, alice) -> LiveSession:
    session = open_live_session(actor=alice, encounter=encounter)
    Reading.objects.bulk_create(
        Reading(
            session=session,
            camera=camera,
            second=second,
            status="ok",
            emotion=emotion,
            confidence=0.76,
            probs=[0.76 if name == emotion else 0.04 for name in EMOTIONS],
            frames_sampled=5,
            frames_detected=5,
        )
        for second in range(20)
        for camera, emotion in (
            ("doctor", "neutral"),
            ("patient", "sadness" if 5 <= second < 9 else "neutral"),
        )
    )
    add_suggestion(session, second=8, answer="helped")
    add_suggestion(session, second=15, text="Breathe.", shown=False)
    return session


EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def test_an_open_session_gives_no_feedback_yet(live, encounter, reflection, dora, signed_in):
    assert "Nothing has been classified yet." in text_of(signed_in(dora).get(page(encounter)))


def test_a_live_session_alone_is_enough(live, encounter, reflection, dora, alice, signed_in):
    end_session(actor=alice, session=live)
    shown = text_of(signed_in(dora).get(page(encounter)))
    assert "From the live session" in shown
    assert "no answer in your expression" in shown
    assert "Pause." in shown and "Helped" in shown
    assert "not shown" in shown
    timeline = signed_in(dora).get(reverse("feedback:api_timeline", args=[encounter.pk])).json()
    assert [lane["label"] for lane in timeline["lanes"]] == ["You", "Patient"]
    assert timeline["lanes"][1]["emotion"][5:9] == ["sadness"] * 4
    assert timeline["duration_s"] == 20


def test_home_reminds_the_doctor_until_they_have_reflected(live, encounter, dora, alice, signed_in):
    client = signed_in(dora)
    assert f"Reflect on {encounter.code}" not in text_of(client.get("/"))
    end_session(actor=alice, session=live)
    assert f"Reflect on {encounter.code}" in text_of(client.get("/"))
    assert f"Reflect on {encounter.code}" not in text_of(signed_in(alice).get("/"))
    client.post(reverse("feedback:reflect", args=[encounter.pk]), {"text": ""})
    assert f"Reflect on {encounter.code}" not in text_of(client.get("/"))


# notes


def test_a_note_stands_at_its_second_with_its_code(run, encounter, reflection, dora, signed_in):
    client = signed_in(dora)
    data = {"text": "She looked down.", "second": 75, "cue": "cue", "response": "implicit_space"}
    assert client.post(reverse("feedback:note", args=[encounter.pk]), data).status_code == 302
    shown = text_of(client.get(page(encounter)))
    assert "She looked down." in shown and "1:15" in shown and "Not explicit, gave space" in shown


def test_an_empty_note_is_refused_and_what_was_typed_stays(encounter, dora, signed_in):
    answer = signed_in(dora).post(reverse("feedback:note", args=[encounter.pk]), {"second": 75})
    assert answer.status_code == 422
    assert 'value="75"' in text_of(answer)


def test_only_its_writer_can_delete_a_note(encounter, dora, alice, signed_in):
    note = Note.objects.create(encounter=encounter, doctor=dora, text="mine")
    address = reverse("feedback:note_delete", args=[note.pk])
    assert signed_in(alice).post(address).status_code == 404
    assert signed_in(dora).post(address).status_code == 302
    assert not Note.objects.exists()


# comparison


def shares_of(run, happiness: float) -> None:
    roles = run.summary["cameras"]["doctor"]["roles"]["doctor"]
    roles["share_by_emotion"] = dict.fromkeys(EMOTIONS, 0.0) | {"happiness": happiness}
    run.save()


def another(encounter, alice, doctor, happiness: float):
    other = create_encounter(
        actor=alice,
        study=encounter.study,
        doctor=doctor,
        patient=encounter.patient,
        held_on=encounter.held_on,
    )
    for camera in ("doctor", "patient"):
        add_recording(other, camera, data=f"{other.pk}".encode())
    run = add_run(other, findings())
    shares_of(run, happiness)
    return other


def compared(encounter, dora) -> dict:
    return compare_shares(encounter, doctor_shares(encounter, dora), dora)[3]


def test_shares_stand_beside_the_doctors_own_past_and_never_beside_a_few_others(
    run, encounter, alice, dora, consent_form
):
    another(encounter, alice, encounter.doctor, 0.2)
    another(encounter, alice, encounter.doctor, 0.4)
    others = [
        grant_everything(alice, add_participant(actor=alice, study=encounter.study, kind="doctor"))
        for _ in range(3)
    ]
    for place in range(4):
        another(encounter, alice, others[place % 3], 0.1 * place)
    happiness = compared(encounter, dora)
    assert happiness["emotion"] == "happiness"
    assert happiness["past"] == pytest.approx(0.3)
    assert happiness["study"] is None, "four encounters point at persons"
    another(encounter, alice, others[0], 0.4)
    happiness = compared(encounter, dora)
    assert happiness["study"] == pytest.approx((0.1, 0.2, 0.3))
    assert happiness["left_out"] == 0


def test_doctors_who_show_their_expression_to_nobody_else_do_not_count_in_the_studys_shares(
    run, encounter, alice, doctor, dora, signed_in
):
    others = [
        grant_everything(alice, add_participant(actor=alice, study=encounter.study, kind="doctor"))
        for _ in range(4)
    ]
    for place in range(6):
        another(encounter, alice, others[place % 3], 0.2)
    another(encounter, alice, others[3], 1.0)
    another(encounter, alice, doctor, 0.4)
    record_decisions(actor=alice, participant=others[3], decisions={"show_doctor": False})
    record_decisions(actor=alice, participant=doctor, decisions={"show_doctor": False})
    happiness = compared(encounter, dora)
    assert happiness["study"] == pytest.approx((0.2, 0.2, 0.2))
    assert (happiness["left_out"], happiness["past"]) == (1, 0.4)
    encounter.reflections.create(doctor=dora)
    page = text_of(signed_in(dora).get(reverse("feedback:session", args=[encounter.pk])))
    assert "1 encounter left out: its doctor shows their expression to nobody else." in page


def test_the_page_of_visits_asks_as_often_for_many_encounters_as_for_few(run, encounter, alice, doctor, dora):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert visits(dora)
        return len(queries)

    few = asked()
    for _ in range(4):
        another(encounter, alice, doctor, 0.2)
    assert len(visits(dora)) == 5
    assert asked() == few


def test_comparing_asks_as_often_for_many_encounters_as_for_few(
    run, encounter, alice, doctor, dora, django_assert_num_queries
):
    shares = doctor_shares(encounter, dora)
    for _ in range(5):
        another(encounter, alice, doctor, 0.2)
    with django_assert_num_queries(3):
        compare_shares(encounter, shares, dora)


def test_visits_list_the_doctors_own_encounters_alone(run, encounter, dora, alice, signed_in):
    assert encounter.code in text_of(signed_in(dora).get(reverse("feedback:trends")))
    assert encounter.code not in text_of(signed_in(alice).get(reverse("feedback:trends")))


def test_visits_show_no_number_before_the_doctors_own_view(run, encounter, dora, signed_in):
    page = reverse("feedback:trends")
    assert "After your own view of it" in text_of(signed_in(dora).get(page))
    assert "%" not in text_of(signed_in(dora).get(page))
    Reflection.objects.create(encounter=encounter, doctor=dora, text="")
    shown = text_of(signed_in(dora).get(page))
    assert "After your own view of it" not in shown
    assert "%" in shown


# after a withdrawal


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_nothing_more_is_kept_once_somebody_withdrew(
    encounter, reflection, dora, alice, client, signed_in, who
):
    token = care_token(encounter)
    withdraw_consent(actor=alice, participant=getattr(encounter, who), purposes=["record"])
    writes = {
        reverse("feedback:reflect", args=[encounter.pk]): {"text": "Later."},
        reverse("feedback:note", args=[encounter.pk]): {"text": "Later."},
    }
    for address, data in writes.items():
        assert "consent to it is missing" in refusal(signed_in(dora).post(address, data))
    ratings = {f"item_{number}": 4 for number in range(1, 11)}
    assert "consent to it is missing" in refusal(client.post(reverse("feedback:care", args=[token]), ratings))
    assert not Note.objects.exists() and not CareRating.objects.exists()
    assert not Reflection.objects.filter(text="Later.").exists()


def refusal(answer) -> str:
    assert answer.status_code == 403
    return text_of(answer)


# CARE


def test_the_patient_rates_once_on_a_tablet_where_nobody_is_signed_in(
    encounter, client, reflection, dora, signed_in
):
    address = reverse("feedback:care", args=[care_token(encounter)])
    assert "How was your consultation" in text_of(client.get(address))
    ratings = {f"item_{number}": 4 for number in range(1, 11)}
    assert client.post(address, ratings).status_code == 302
    assert "Thank you" in text_of(client.get(address))
    client.post(address, dict.fromkeys(ratings, 1))
    assert set(CareRating.objects.values_list("rating", flat=True)) == {4}
    assert "40.0" in text_of(signed_in(dora).get(page(encounter)))


def test_a_form_with_a_gap_comes_back_with_what_was_chosen(encounter, client):
    address = reverse("feedback:care", args=[care_token(encounter)])
    answer = client.post(address, {"item_1": 5})
    assert answer.status_code == 422
    assert "9 things need another look" in text_of(answer)
    assert "checked" in text_of(answer)
    assert not CareRating.objects.exists()


def test_a_forged_link_opens_no_form(encounter, client):
    assert client.get(reverse("feedback:care", args=[care_token(encounter) + "x"])).status_code == 404


# to keep
