"""The life of a study: its states are data, its steps are audited, and what was approved is approved anew."""

from __future__ import annotations

import datetime

import pytest

from tests.conftest import recruiting
from webapp.consent.services import publish_form, record_decisions, withdraw_consent
from webapp.core.errors import Conflict, Forbidden, Invalid
from webapp.core.models import AuditEvent
from webapp.studies.models import Study
from webapp.studies.protocol import add_arm, add_site, change_protocol, change_state
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter, create_study
from webapp.studies.states import STATES, StudyState

DAY = datetime.date(2026, 3, 2)


@pytest.fixture
def owned(alice) -> Study:
    """A study in review that lacks nothing for its approval."""
    study = create_study(
        actor=alice, slug="new-one", title="New", protocol_number="17", purpose="Why", target_encounters=3
    )
    add_member(actor=alice, study=study, user=alice, role=Role.OWNER)
    publish_form(actor=alice, study=study, text="What taking part means.")
    return study


def take(actor, study, *states):
    for state in states:
        change_state(actor=actor, study=study, to=state)


def test_a_study_goes_from_review_to_archive_step_by_step(owned, alice):
    take(alice, owned, "approved", "recruiting", "closed", "archived")
    owned.refresh_from_db()
    assert owned.state == "archived"
    steps = AuditEvent.objects.filter(action="study.state_changed").values_list("details__to", flat=True)
    assert list(steps) == ["approved", "recruiting", "closed", "archived"]


def test_every_state_has_its_rule_and_leads_somewhere_known():
    assert set(STATES) == set(StudyState)
    assert all(rule.leads_to and set(rule.leads_to) <= set(StudyState) for rule in STATES.values())


def test_no_step_can_be_left_out(owned, alice):
    with pytest.raises(Conflict, match="cannot become recruiting"):
        take(alice, owned, "recruiting")


def test_only_an_owner_enters_the_approval(owned, alice):
    add_member(actor=alice, study=owned, user=alice, role=Role.COORDINATOR)
    with pytest.raises(Forbidden):
        take(alice, owned, "approved")


def test_approval_asks_for_what_a_review_would_ask_for(alice):
    bare = create_study(actor=alice, slug="bare", title="Bare")
    add_member(actor=alice, study=bare, user=alice, role=Role.OWNER)
    with pytest.raises(Invalid, match="a protocol number, a purpose statement"):
        take(alice, bare, "approved")


def test_two_people_at_once_take_one_step(owned, alice):
    stale = Study.objects.get(pk=owned.pk)
    take(alice, owned, "approved")
    with pytest.raises(Conflict, match="a moment ago"):
        change_state(actor=alice, study=stale, to="approved")


@pytest.mark.parametrize("state", ["approved", "recruiting", "closed"])
@pytest.mark.parametrize("change", ["protocol", "form", "site", "arm"])
def test_a_change_to_what_was_approved_returns_it_to_review(owned, alice, state, change):
    Study.objects.filter(pk=owned.pk).update(state=state)
    {
        "protocol": lambda: change_protocol(actor=alice, study=owned, values={"purpose": "Another"}),
        "form": lambda: publish_form(actor=alice, study=owned, text="Reworded."),
        "site": lambda: add_site(actor=alice, study=owned, name="Bern"),
        "arm": lambda: add_arm(actor=alice, study=owned, name="B", policy="sparse"),
    }[change]()
    owned.refresh_from_db()
    assert owned.state == "draft"
    assert AuditEvent.objects.filter(action="study.returned_to_review").count() == 1


def test_saving_the_same_protocol_changes_nothing(owned, alice):
    take(alice, owned, "approved")
    assert change_protocol(actor=alice, study=owned, values={"purpose": "Why"}) == []
    owned.refresh_from_db()
    assert owned.state == "approved"


@pytest.mark.parametrize("state", ["draft", "approved", "closed", "archived"])
def test_nobody_is_enrolled_unless_the_study_recruits(encounter, study, alice, doctor, patient, state):
    Study.objects.filter(pk=study.pk).update(state=state)
    with pytest.raises(Conflict, match="must be recruiting"):
        add_participant(actor=alice, study=study, kind="patient")
    with pytest.raises(Conflict, match="must be recruiting"):
        create_encounter(actor=alice, study=study, doctor=doctor, patient=patient, held_on=DAY)


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_consent_can_be_withdrawn_in_every_state_but_not_always_given(study, alice, patient, state):
    Study.objects.filter(pk=study.pk).update(state=state)
    with pytest.raises(Conflict, match="New consent"):
        record_decisions(actor=alice, participant=patient, decisions={"annotate": True})
    assert withdraw_consent(actor=alice, participant=patient, purposes=["record"]) is not None


@pytest.mark.parametrize(("state", "status"), [("closed", 201), ("draft", 409), ("archived", 409)])
def test_files_are_taken_while_the_state_allows_it(study, encounter, alice, signed_in, state, status):
    from tests.webapp.recordings.conftest import TusClient

    Study.objects.filter(pk=study.pk).update(state=state)
    assert TusClient(signed_in(alice), encounter).create(9).status_code == status


def test_new_retention_is_counted_for_encounters_that_are_there(study, alice, encounter):
    change_protocol(actor=alice, study=study, values={"retention_days": 10})
    encounter.refresh_from_db()
    assert encounter.keep_until == encounter.held_on + datetime.timedelta(days=10)


def test_encounters_are_drawn_into_the_arms_with_the_fewest(study, alice, doctor, patient):
    arms = [add_arm(actor=alice, study=study, name=name, policy="none") for name in "AB"]
    recruiting(study)
    made = [
        create_encounter(actor=alice, study=study, doctor=doctor, patient=patient, held_on=DAY)
        for _ in range(6)
    ]
    assert [sum(one.arm == arm for one in made) for arm in arms] == [3, 3]


def test_page_offers_the_next_step_and_says_what_is_missing(alice, signed_in, study):
    Study.objects.filter(pk=study.pk).update(state="draft")
    page = signed_in(alice).get(f"/studies/{study.slug}/").content.decode()
    assert "a purpose statement" in page
    client = signed_in(alice)
    client.post(f"/studies/{study.slug}/state/", {"to": "archived"})
    study.refresh_from_db()
    assert study.state == "draft"


def test_staff_begin_a_study_and_own_it(alice, signed_in):
    alice.is_staff = True
    alice.save()
    client = signed_in(alice)
    values = {"slug": "begun", "title": "Begun", "target_encounters": 1}
    assert client.post("/studies/new/", values).status_code == 302
    assert Study.objects.get(slug="begun").memberships.get().role == Role.OWNER
    assert client.post("/studies/new/", values | {"slug": "new"}).status_code == 422
