"""The flow diagram is counted from the data: every encounter is in exactly one place."""

from __future__ import annotations

import datetime

import pytest

from tests.conftest import make_user
from tests.webapp.records import add_recording, add_run
from webapp.consent.services import withdraw_consent
from webapp.core.errors import Invalid
from webapp.core.models import AuditEvent
from webapp.studies.encounters import exclude_encounters, include_encounters, mark_recorded
from webapp.studies.flow import Flow, flow_of
from webapp.studies.models import Encounter, Participant
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter


@pytest.fixture
def make(study, alice, doctor, patient):
    def one(person=patient):
        return create_encounter(
            actor=alice, study=study, doctor=doctor, patient=person, held_on=datetime.date(2026, 3, 2)
        )

    return one


def record(encounter, *, analysed=False):
    add_recording(encounter, "patient")
    mark_recorded(encounter)
    if analysed:
        add_run(encounter)


def test_empty_study_flows_nowhere(study):
    assert flow_of(study) == Flow(total=0, excluded=(), planned=0, analysed=0, waiting=0)


def test_paper_in_small(study, alice, make):
    made = [make() for _ in range(8)]
    for number, encounter in enumerate(made[:6]):
        record(encounter, analysed=number < 4)
    damaged = Encounter.objects.filter(pk__in=[made[4].pk, made[0].pk])
    exclude_encounters(actor=alice, study=study, encounters=damaged, reason="video_damaged")
    flow = flow_of(study)
    assert flow == Flow(total=8, excluded=(("Video damaged", 2),), planned=2, analysed=3, waiting=1)
    assert (flow.excluded_total, flow.remaining, flow.recorded) == (2, 6, 4)
    assert flow.excluded_total + flow.planned + flow.recorded == flow.total


def test_withdrawn_encounter_is_excluded_with_its_reason(study, alice, make, consent_form):
    from tests.conftest import grant_everything

    person = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    record(make(person))
    withdraw_consent(actor=alice, participant=person, purposes=["record"])
    assert flow_of(study).excluded == (("Consent withdrawn", 1),)


def test_taking_in_again_restores_what_the_encounter_was(study, alice, make):
    recorded, planned = make(), make()
    record(recorded)
    everything = Encounter.objects.all()
    exclude_encounters(actor=alice, study=study, encounters=everything, reason="other", note="moved")
    assert include_encounters(actor=alice, study=study, encounters=everything) == 2
    assert {one.pk: one.status for one in everything} == {recorded.pk: "recorded", planned.pk: "planned"}
    assert AuditEvent.objects.filter(action="encounter.excluded", reason="Another reason").count() == 2


def test_coordinator_can_neither_give_nor_undo_a_withdrawal_as_a_reason(study, alice, make):
    make()
    with pytest.raises(Invalid):
        exclude_encounters(
            actor=alice, study=study, encounters=Encounter.objects.all(), reason="consent_withdrawn"
        )
    Encounter.objects.update(status="excluded", reason="consent_withdrawn")
    assert include_encounters(actor=alice, study=study, encounters=Encounter.objects.all()) == 0


def test_new_file_does_not_undo_what_a_coordinator_excluded(study, alice, make):
    encounter = make()
    exclude_encounters(actor=alice, study=study, encounters=Encounter.objects.all(), reason="not_eligible")
    mark_recorded(encounter)
    assert Encounter.objects.get().status == "excluded"


def test_diagram_says_its_numbers_in_words(study, alice, make, signed_in):
    record(make(), analysed=True)
    page = signed_in(alice).get(f"/studies/{study.slug}/").content.decode()
    assert "1 encounters; 0 excluded; 0 planned; 1 recorded, of which 1 analysed" in page


def test_overview_of_a_member_of_one_site_counts_that_site_alone(study, alice, encounter, signed_in):
    here, elsewhere = (add_site(actor=alice, study=study, name=name) for name in ("here", "elsewhere"))
    Encounter.objects.update(site=here)
    Participant.objects.update(site=here)
    for name, site, expected in (("hanna", here, (1, 2)), ("gina", elsewhere, (0, 0))):
        user = make_user(name)
        add_member(actor=alice, study=study, user=user, role=Role.COORDINATOR, site=site)
        page = signed_in(user).get(f"/studies/{study.slug}/").context
        assert (page["flow"].total, page["participant_count"]) == expected, name
