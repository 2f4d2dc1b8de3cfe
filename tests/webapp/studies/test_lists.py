"""Lists: the address carries every choice, nonsense breaks nothing, more rows cost no more queries."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import grant_everything, make_user, recruiting
from webapp.consent.services import record_decisions
from webapp.studies.models import Encounter, Participant, SavedView
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter


@pytest.fixture
def many(study, alice, doctor, patient) -> list[Encounter]:
    return Encounter.objects.bulk_create(
        Encounter(
            study=study,
            number=number,
            doctor=doctor,
            patient=patient,
            held_on=datetime.date(2026, 1, 1) + datetime.timedelta(days=number % 9),
            department=("Cardiology", "Oncology")[number % 2],
            status=("planned", "recorded", "excluded")[number % 3],
        )
        for number in range(1, 61)
    )


def codes(client, study, query: str) -> list[str]:
    page = client.get(f"/studies/{study.slug}/encounters/?{query}")
    assert page.status_code == 200
    return [encounter.code for encounter in page.context["page"]]


def test_filters_sort_and_search_go_together(study, alice, many, signed_in):
    client = signed_in(alice)
    assert codes(client, study, "status=excluded&q=oncology&sort=code")[:2] == ["E-0005", "E-0011"]
    assert codes(client, study, "status=excluded&sort=-code")[0] == "E-0059"
    assert codes(client, study, "")[0] == "E-0060"
    assert len(codes(client, study, "page=2")) == 10


@pytest.mark.parametrize("query", ["sort=drop", "status=odd", "site=9", "page=-1", "q=%00", "q=" + "x" * 300])
def test_nonsense_in_the_address_breaks_nothing(study, alice, many, signed_in, query):
    codes(signed_in(alice), study, query)


@pytest.mark.parametrize("page", ["encounters", "participants"])
def test_more_rows_cost_no_more_queries(study, alice, many, signed_in, page):
    client = signed_in(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/studies/{study.slug}/{page}/")
        return len(caught)

    queries()
    Encounter.objects.filter(number__gt=5).delete()
    few = queries()
    for _ in range(20):
        add_participant(actor=alice, study=study, kind="patient")
    person = Participant.objects.filter(kind="patient").last()
    Encounter.objects.bulk_create(
        Encounter(
            study=study, number=number, doctor_id=many[0].doctor_id, patient=person, held_on=many[0].held_on
        )
        for number in range(100, 150)
    )
    assert queries() == few


def test_participants_are_found_by_their_newest_answer(study, alice, patient, doctor, signed_in):
    never = add_participant(actor=alice, study=study, kind="patient")
    gone = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    record_decisions(actor=alice, participant=gone, decisions={"record": False})
    client = signed_in(alice)

    def found(query: str) -> set[str]:
        page = client.get(f"/studies/{study.slug}/participants/?{query}")
        return {one.code for one in page.context["page"]}

    assert found("consent=yes") == {patient.code, doctor.code}
    assert found("consent=no") == {gone.code}
    assert found("consent=never") == {never.code}
    assert found(f"q={patient.code}") == {patient.code}
    assert found("kind=doctor&q=dora") == {doctor.code}


def test_chosen_encounters_are_excluded_and_the_list_keeps_its_place(study, alice, many, signed_in):
    back = f"/studies/{study.slug}/encounters/?status=planned"
    chosen = [str(one.pk) for one in many if one.status == "planned"][:3]
    answer = signed_in(alice).post(
        f"/studies/{study.slug}/encounters/change/",
        {"chosen": chosen, "action": "exclude", "reason": "video_damaged", "back": back},
    )
    assert answer.url == back
    assert Encounter.objects.filter(pk__in=chosen, status="excluded", reason="video_damaged").count() == 3


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", "/studies/other/"])
def test_bulk_change_leads_nowhere_else(study, alice, many, signed_in, back):
    answer = signed_in(alice).post(
        f"/studies/{study.slug}/encounters/change/", {"chosen": ["x"], "action": "exclude", "back": back}
    )
    assert answer.url == f"/studies/{study.slug}/encounters/"


def test_encounters_of_another_study_cannot_be_chosen(study, alice, many, carol, signed_in):
    other = carol.memberships.get().study
    signed_in(carol).post(
        f"/studies/{other.slug}/encounters/change/",
        {"chosen": [str(many[0].pk)], "action": "exclude", "reason": "other"},
    )
    assert Encounter.objects.get(pk=many[0].pk).reason == ""


def test_saved_view_is_kept_for_one_person_and_forgotten(study, alice, bob, many, signed_in):
    client, address = signed_in(alice), f"/studies/{study.slug}/views/"
    values = {"page_name": "encounters", "name": "Damaged", "query": "status=excluded"}
    assert client.post(address, values).url.endswith("?status=excluded")
    assert "Damaged" in client.get(f"/studies/{study.slug}/encounters/").content.decode()
    assert "Damaged" not in signed_in(bob).get(f"/studies/{study.slug}/encounters/").content.decode()
    client.post(address, {"page_name": "encounters", "forget": "Damaged"})
    assert not SavedView.objects.exists()


def test_a_new_encounter_offers_first_who_agreed_to_be_recorded_and_marks_the_others(
    study, alice, doctor, patient, signed_in
):
    never, withdrew = (add_participant(actor=alice, study=study, kind="patient") for _ in range(2))
    record_decisions(actor=alice, participant=withdrew, decisions={"record": False})
    people = signed_in(alice).get(f"/studies/{study.slug}/encounters/new/").context["form"]["patient"]
    labels = [label for _, label in people.field.choices][1:]
    assert labels[0] == patient.code
    assert set(labels[1:]) == {
        f"{person.code} · no consent to the recording on file" for person in (never, withdrew)
    }


def test_cards_of_studies_count_the_encounters_that_one_may_see(
    study, encounter, doctor, alice, dora, signed_in
):
    here, there = (add_site(actor=alice, study=study, name=name) for name in ("here", "there"))
    recruiting(study)
    other = grant_everything(alice, add_participant(actor=alice, study=study, kind="doctor"))
    for site, whose in ((here, doctor), (there, other)):
        create_encounter(
            actor=alice,
            study=study,
            doctor=whose,
            patient=encounter.patient,
            held_on=datetime.date(2026, 3, 4),
            site=site,
        )
    hanna = make_user("hanna")
    add_member(actor=alice, study=study, user=hanna, role=Role.COORDINATOR, site=here)
    for user, count in ((alice, 3), (hanna, 1), (dora, 2)):
        for page in ("/", "/studies/"):
            (card,) = signed_in(user).get(page).context["studies"]
            assert card.encounter_count == count, (user, page)
