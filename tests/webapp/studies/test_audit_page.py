"""The audit trail as a page: searched, exported, and itself leaving a trace when it is taken out."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.cache import cache

from tests.webapp.records import add_recording
from webapp.core import audit
from webapp.core.models import AuditEvent
from webapp.studies.audit_views import COLUMNS


def actions_on(client, study, query: str = "") -> list[str]:
    page = client.get(f"/studies/{study.slug}/audit/?{query}")
    assert page.status_code == 200
    return [event.action for event in page.context["page"]]


def test_search_filters_and_dates_go_together(study, alice, patient, doctor, signed_in):
    client = signed_in(alice)
    assert set(actions_on(client, study, "action=participant.added")) == {"participant.added"}
    assert set(actions_on(client, study, "q=consent+alice")) == {"consent.form_published", "consent.recorded"}
    assert actions_on(client, study, "until=2020-01-01") == []
    assert actions_on(client, study, "since=2020-01-01") == actions_on(client, study)


@pytest.mark.parametrize("query", ["since=yesterday", "page=x", "q=%00", "action=odd"])
def test_nonsense_breaks_nothing(study, alice, signed_in, query):
    actions_on(signed_in(alice), study, query)


def test_events_of_other_studies_are_not_shown(study, alice, carol, signed_in):
    other = carol.memberships.get().study
    ids = {event.study_id for event in signed_in(carol).get(f"/studies/{other.slug}/audit/").context["page"]}
    assert ids == {other.pk}


def test_export_holds_every_matching_row_and_leaves_one_itself(study, alice, patient, signed_in):
    expected = AuditEvent.objects.filter(study_id=study.pk, action="participant.added").count()
    answer = signed_in(alice).post(f"/studies/{study.slug}/audit.csv", {"action": "participant.added"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == expected > 0
    assert rows[0]["hash"] == AuditEvent.objects.get(pk=rows[0]["number"]).hash
    assert AuditEvent.objects.filter(action="audit.exported", actor=alice).count() == 1
    assert list(audit.find_breaks()) == []


def test_no_cell_is_a_formula(study, alice, signed_in):
    from django.db import transaction

    with transaction.atomic():
        audit.record(actor=alice, action="x", target=study, study_id=study.pk, reason="=HYPERLINK(1)")
    answer = signed_in(alice).post(f"/studies/{study.slug}/audit.csv", {"action": "x"})
    assert "'=HYPERLINK" in b"".join(answer.streaming_content).decode()


def test_every_look_at_an_original_or_its_poster_leaves_a_row_per_person(encounter, alice, dora, signed_in):
    recording = add_recording(encounter, "patient")
    for user in (alice, dora):
        for name in ("video", "poster.jpg"):
            assert signed_in(user).get(f"/recordings/{recording.pk}/{name}").status_code == 200
    seen = AuditEvent.objects.filter(target_id=str(recording.pk)).values_list("actor__email", "action")
    assert set(seen) == {
        (user.email, action)
        for user in (alice, dora)
        for action in ("recording.viewed", "recording.poster_viewed")
    }


def test_a_later_look_is_another_row_and_a_refused_one_is_none(encounter, alice, audrey, signed_in):
    recording = add_recording(encounter, "patient")
    for _ in range(2):
        signed_in(alice).get(f"/recordings/{recording.pk}/video")
        cache.clear()
    assert signed_in(audrey).get(f"/recordings/{recording.pk}/video").status_code == 403
    assert AuditEvent.objects.filter(action="recording.viewed").count() == 2


def test_details_read_as_words(study, alice, patient, signed_in):
    page = signed_in(alice).get(f"/studies/{study.slug}/audit/?action=consent.recorded").content.decode()
    assert "record: yes" in page
    assert "{&#x27;" not in page
