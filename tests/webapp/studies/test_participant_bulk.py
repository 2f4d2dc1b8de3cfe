"""One thing done to many participants of the list."""

from __future__ import annotations

import csv

import pytest

from tests.conftest import make_user, recruiting
from webapp.consent.queries import reconsent_queue
from webapp.consent.services import record_decisions
from webapp.core.models import AuditEvent
from webapp.studies.attributes import define_attribute
from webapp.studies.models import Participant
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant

CHANGE, EXPORT = "/studies/empathy/participants/change/", "/studies/empathy/participants.csv"


@pytest.fixture
def client(signed_in, alice):
    return signed_in(alice)


@pytest.fixture
def never_asked(study, alice, patient) -> Participant:
    return add_participant(actor=alice, study=study, kind="patient", age=93)


def rows(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(answer.getvalue().decode().splitlines()))


def test_those_who_agree_are_queued_until_their_next_answer(client, study, patient, never_asked, alice):
    chosen = {"chosen": [patient.code, never_asked.code], "action": "ask"}
    said = client.post(CHANGE, chosen, follow=True).content.decode()
    assert "1 of 2 stand in the queue" in said
    assert list(reconsent_queue(study)) == [patient]
    assert AuditEvent.objects.filter(action="participant.ask_anew").count() == 1
    board = client.get("/studies/empathy/consent/board/?due=marked").context["page"]
    assert [one.code for one in board] == [patient.code]
    assert "Marked on" in client.get("/studies/empathy/consent/").content.decode()
    record_decisions(actor=alice, participant=patient, decisions={"record": True})
    assert list(reconsent_queue(study)) == []


def test_their_encounters_are_excluded_with_a_reason_and_taken_in_again(client, encounter):
    chosen = {"chosen": [encounter.patient.code], "reason": "not_eligible", "note": "too young"}
    client.post(CHANGE, chosen | {"action": "exclude"})
    encounter.refresh_from_db()
    assert (encounter.status, encounter.reason, encounter.note) == ("excluded", "not_eligible", "too young")
    client.post(CHANGE, chosen | {"action": "include"})
    encounter.refresh_from_db()
    assert encounter.status == "planned"
    refused = client.post(CHANGE, chosen | {"action": "exclude", "reason": "retention_ended"}, follow=True)
    assert "Choose why" in refused.content.decode()


def test_the_file_holds_those_chosen_else_all_who_were_found(client, study, alice, patient, never_asked):
    define_attribute(actor=alice, study=study, name="years", kind="number")
    recruiting(study)
    Participant.objects.filter(pk=patient.pk).update(attributes={"years": 7})
    (one,) = rows(client.post(EXPORT, {"chosen": patient.code}))
    assert (one["participant"], one["consent_to_recording"], one["years"]) == (patient.code, "yes", "7")
    (other,) = rows(client.post(EXPORT, {"consent": "never"}))
    assert (other["participant"], other["age"]) == (never_asked.code, "90+")
    assert len(rows(client.post(EXPORT))) == 2
    counted = AuditEvent.objects.filter(action="participants.exported").values_list("details", flat=True)
    assert [one["participants"] for one in counted] == [1, 1, 2]


def test_nothing_chosen_and_nothing_known_change_nothing(client, study, patient):
    for sent in ({}, {"action": "ask"}, {"chosen": patient.code}, {"chosen": "P-\0", "action": "ask"}):
        assert "Choose at least one participant" in client.post(CHANGE, sent, follow=True).content.decode()
    assert list(reconsent_queue(study)) == []


def test_a_coordinator_of_one_site_reaches_nobody_of_another(study, alice, encounter, signed_in):
    site = add_site(actor=alice, study=study, name="Elsewhere")
    recruiting(study)
    gina = make_user("gina")
    add_member(actor=alice, study=study, user=gina, role=Role.COORDINATOR, site=site)
    client, code = signed_in(gina), encounter.patient.code
    client.post(CHANGE, {"chosen": code, "action": "exclude", "reason": "other"})
    encounter.refresh_from_db()
    assert encounter.status == "planned"
    assert rows(client.post(EXPORT, {"chosen": code})) == rows(client.post(EXPORT)) == []
