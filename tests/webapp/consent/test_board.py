"""The board: who agreed to which purpose, with counts over everybody found, and filters that agree."""

from __future__ import annotations

import csv
import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.conftest import recruiting
from webapp.consent.models import ConsentDecision, Purpose
from webapp.consent.services import publish_form, record_decisions
from webapp.core.models import AuditEvent
from webapp.studies.models import SavedView
from webapp.studies.services import add_participant

DAY = datetime.timedelta(days=1)


@pytest.fixture
def people(study, alice, doctor, patient):
    """One patient per state of the recording purpose; doctor and patient agreed to everything."""
    made = {
        name: add_participant(actor=alice, study=study, kind="patient") for name in ("no", "ended", "never")
    }
    record_decisions(actor=alice, participant=made["no"], decisions={"record": False})
    record_decisions(actor=alice, participant=made["ended"], decisions={"record": True, "annotate": True})
    bygone = ConsentDecision.objects.get(participant=made["ended"], purpose="record")
    ConsentDecision.objects.create(
        participant=bygone.participant,
        form=bygone.form,
        purpose="record",
        granted=True,
        valid_until=timezone.localdate() - DAY,
        decided_at=timezone.now(),
        recorded_by=alice,
    )
    return made | {"yes": patient, "doctor": doctor}


def board(client, study, query: str = ""):
    answer = client.get(f"/studies/{study.slug}/consent/board/?{query}")
    assert answer.status_code == 200
    return answer.context


def codes(context) -> set[str]:
    return {participant.code for participant, _ in context["rows"]}


@pytest.mark.parametrize("state", ["yes", "no", "ended", "never"])
def test_filter_finds_those_whose_newest_answer_is_this(study, alice, people, signed_in, state):
    found = board(signed_in(alice), study, f"state={state}&kind=patient")
    assert codes(found) == {people[state].code}


def test_counts_cover_everybody_found_and_leave_out_who_is_not_asked(study, alice, people, signed_in):
    columns = {one.purpose: (one.agreed, one.asked) for one in board(signed_in(alice), study)["columns"]}
    assert columns[Purpose.RECORD] == (2, 5)
    assert columns[Purpose.ANNOTATE] == (3, 5)
    assert columns[Purpose.ANALYSE_DOCTOR] == (1, 1)
    assert columns[Purpose.ANALYSE_PATIENT] == (1, 4)
    none = board(signed_in(alice), study, "q=nobody")
    assert [(one.agreed, one.asked) for one in none["columns"]] == [(0, 0)] * len(Purpose)


def test_another_purpose_is_filtered_by_its_own_answers(study, alice, people, signed_in):
    client = signed_in(alice)
    assert codes(board(client, study, "purpose=annotate&state=yes&kind=patient")) == {
        people["yes"].code,
        people["ended"].code,
    }
    assert codes(board(client, study, "purpose=analyse_doctor&state=never")) == set()


def test_cells_say_version_day_and_end(study, alice, people, signed_in):
    rows = dict(board(signed_in(alice), study)["rows"])
    cells = dict(zip(Purpose, rows[people["ended"]], strict=True))
    assert (cells[Purpose.RECORD].state, cells[Purpose.RECORD].version) == ("ended", 1)
    assert cells[Purpose.RECORD].valid_until == timezone.localdate() - DAY
    assert cells[Purpose.ANALYSE_DOCTOR].words == "not asked about this"
    assert cells[Purpose.SHARE_AUDIO].words == "never asked"


def test_who_is_to_be_asked_anew_is_marked_and_found(study, alice, people, signed_in):
    client = signed_in(alice)
    assert codes(board(client, study, "due=yes")) == {people["ended"].code}
    publish_form(actor=alice, study=study, text="Reworded.")
    recruiting(study)
    assert codes(board(client, study, "due=yes")) == {people[one].code for one in ("ended", "yes", "doctor")}


def test_auditors_look_and_are_offered_nothing_to_change(study, people, audrey, signed_in):
    page = signed_in(audrey).get(f"/studies/{study.slug}/consent/board/").content.decode()
    assert people["yes"].code in page
    assert f"participants/{people['yes'].code}" not in page


def test_nonsense_in_the_address_breaks_nothing_and_views_are_saved(study, alice, people, signed_in):
    client = signed_in(alice)
    board(client, study, "state=odd&purpose=x&kind=y&site=9&page=-1&sort=drop&q=%00")
    sent = {"page_name": "board", "name": "Due", "query": "due=yes"}
    assert client.post(f"/studies/{study.slug}/views/", sent).url.endswith("/consent/board/?due=yes")
    assert SavedView.objects.get().page == "board"
    assert "Due" in client.get(f"/studies/{study.slug}/consent/board/").content.decode()


def test_more_participants_cost_no_more_queries(study, alice, people, signed_in):
    client = signed_in(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            board(client, study)
        return len(caught)

    before = queries()
    for _ in range(10):
        more = add_participant(actor=alice, study=study, kind="patient")
        record_decisions(actor=alice, participant=more, decisions={"record": True})
    assert queries() == before


def exported(client, study, **sent) -> list[dict[str, str]]:
    answer = client.post(f"/studies/{study.slug}/consent/board.csv", sent)
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_export_holds_the_chosen_or_all_who_were_found_and_leaves_a_row(study, alice, people, signed_in):
    client = signed_in(alice)
    rows = {row["participant"]: row for row in exported(client, study)}
    assert set(rows) == {one.code for one in people.values()}
    ended = rows[people["ended"].code]
    assert (ended["record"], ended["record_version"], ended["annotate"]) == ("ended", "1", "yes")
    assert ended["record_valid_until"] == str(timezone.localdate() - DAY)
    assert (ended["analyse_doctor"], ended["share_audio"]) == ("not asked", "never")
    assert [one["participant"] for one in exported(client, study, state="no")] == [people["no"].code]
    chosen = [people["yes"].code, people["no"].code]
    assert {one["participant"] for one in exported(client, study, chosen=chosen)} == set(chosen)
    counts = (
        AuditEvent.objects.filter(action="consent.exported").order_by("pk").values_list("details", flat=True)
    )
    assert [one["participants"] for one in counts] == [5, 1, 2]


def test_export_of_another_studys_participant_is_empty(study, people, carol, signed_in):
    answer = signed_in(carol).post("/studies/other/consent/board.csv", {"chosen": people["yes"].code})
    assert people["yes"].code not in b"".join(answer.streaming_content).decode()
