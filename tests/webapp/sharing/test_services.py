from __future__ import annotations

import datetime
from functools import partial

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from tests.conftest import make_user
from tests.webapp.sharing.conftest import WORDS
from webapp.core.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.core.models import AuditEvent
from webapp.sharing.access import access_release
from webapp.sharing.models import (
    Acknowledgement,
    Recall,
    RecalledItem,
    Recipient,
    Release,
    ReleaseItem,
    ReleasePerson,
)
from webapp.sharing.services import discard_release, draft_release, edit_release, move, record_recipient
from webapp.sharing.states import LEADS_TO, ReleaseState
from webapp.studies.models import Study
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member

GIVEN = {
    "organisation": "University of Bern",
    "email": "data@bern.example",
    "purpose": "Comparing classifiers",
    "agreement": "DUA 2026-4",
}


@pytest.fixture
def packed(release) -> Release:
    Release.objects.filter(pk=release.pk).update(state="ready", made_at=timezone.now())
    release.refresh_from_db()
    return release


def give(release, actor, **changes) -> Recipient:
    values = GIVEN | {"given_on": timezone.localdate()} | changes
    return record_recipient(actor=actor, release=release, **values)


def test_versions_of_a_study_count_up_and_each_leaves_a_trace(release, study, alice):
    second = draft_release(actor=alice, study=study, **WORDS)
    assert (release.version, second.version, second.state) == (1, 2, "draft")
    assert AuditEvent.objects.filter(action="release.drafted", study_id=study.pk, actor=alice).count() == 2
    assert release.code_key != second.code_key


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_a_study_in_review_or_archived_drafts_no_release(study, alice, state):
    Study.objects.update(state=state)
    with pytest.raises(Conflict, match="No release is made"):
        draft_release(actor=alice, study=study, **WORDS)
    assert not Release.objects.exists()


def test_only_what_was_never_packed_can_be_discarded(release, alice):
    for state in set(ReleaseState.values) - {"draft", "failed"}:
        Release.objects.update(state=state)
        with pytest.raises(Conflict), transaction.atomic():
            discard_release(actor=alice, release=release)
    Release.objects.update(state="failed")
    discard_release(actor=alice, release=release)
    assert not Release.objects.exists()
    assert AuditEvent.objects.filter(action="release.discarded").count() == 1


def test_a_release_moves_only_where_its_state_leads(release):
    for before in ReleaseState:
        for after in ReleaseState:
            Release.objects.update(state=before)
            assert move(release, after) == (after in LEADS_TO[before]), (before, after)


def test_a_recipient_is_written_down_once_there_is_a_package(packed, alice):
    recipient = give(packed, alice)
    assert (recipient.organisation, recipient.recorded_by) == ("University of Bern", alice)
    event = AuditEvent.objects.get(action="release.given")
    assert event.details == {"version": 1, "recipient": recipient.pk}


def test_nobody_got_what_was_never_packed_nor_on_a_day_without_it(release, packed, alice):
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    for day in (tomorrow, timezone.localdate() - datetime.timedelta(days=2)):
        with pytest.raises(Invalid):
            give(packed, alice, given_on=day)
    Release.objects.update(state="draft")
    with pytest.raises(Conflict):
        give(packed, alice)
    assert not Recipient.objects.exists()


def test_what_was_shared_and_called_back_cannot_be_changed_or_deleted(packed, encounter, patient, alice):
    person = ReleasePerson.objects.create(release=packed, participant=patient, code="pat-AAAAAA")
    item = ReleaseItem.objects.create(
        release=packed,
        encounter=encounter,
        code="enc-AAAAAA",
        kind="video",
        source_id=packed.pk,
        path="a.mp4",
        sha256="a" * 64,
        size_bytes=1,
    )
    recipient = give(packed, alice)
    recall = Recall.objects.create(release=packed, reason="error", made_at=timezone.now())
    called = RecalledItem.objects.create(recall=recall, item=item)
    answer = Acknowledgement.objects.create(
        recall=recall, recipient=recipient, acknowledged_on=timezone.localdate(), recorded_by=alice
    )
    for row in (person, item, recipient, recall, called, answer):
        rows = type(row)._default_manager.filter(pk=row.pk)
        update = partial(rows.update, **{row._meta.pk.name: row.pk})
        for change in (update, partial(rows._raw_delete, "default")):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                change()


def test_owner_and_coordinator_share_and_the_auditor_reads(release, study, alice, audrey):
    olivia = make_user("olivia")
    add_member(actor=alice, study=study, user=olivia, role=Role.OWNER)
    for user in (alice, olivia):
        assert access_release(user, study.slug, 1, "share_releases") == release
    assert access_release(audrey, study.slug, 1, "view_releases") == release
    with pytest.raises(Forbidden):
        access_release(audrey, study.slug, 1, "share_releases")


def test_annotator_doctor_and_members_of_one_site_get_nothing_and_strangers_see_nothing(
    release, study, alice, bob, dora, carol
):
    site = add_site(actor=alice, study=study, name="Basel")
    hanna = make_user("hanna")
    add_member(actor=alice, study=study, user=hanna, role=Role.OWNER, site=site)
    for user in (bob, dora, hanna):
        with pytest.raises(Forbidden):
            access_release(user, study.slug, 1, "view_releases")
    with pytest.raises(NotFound):
        access_release(carol, study.slug, 1, "view_releases")
    with pytest.raises(NotFound):
        access_release(alice, study.slug, 2, "view_releases")
    with pytest.raises(NotFound):
        access_release(carol, "other", 1, "view_releases")


def test_the_words_of_a_draft_are_changed_and_the_trail_names_which(release, alice):
    edited = edit_release(
        actor=alice, release=release, **(WORDS | {"title": "Clearer", "terms": "Ask first."})
    )
    assert (edited.title, edited.terms, edited.licence) == ("Clearer", "Ask first.", WORDS["licence"])
    event = AuditEvent.objects.get(action="release.edited")
    assert event.details["fields"] == ["terms", "title"]
    edit_release(actor=alice, release=edited, title="Clearer")
    assert AuditEvent.objects.filter(action="release.edited").count() == 1


@pytest.mark.parametrize("state", ["building", "ready", "superseded", "recalled"])
def test_the_words_of_what_is_built_are_not_changed(release, alice, signed_in, state):
    Release.objects.filter(pk=release.pk).update(state=state)
    with pytest.raises(Conflict, match="until it is built"):
        edit_release(actor=alice, release=release, title="Clearer")
    page = signed_in(alice).get(f"/studies/empathy/releases/{release.version}/edit/", follow=True)
    assert "can be changed until it is built" in page.content.decode()
    assert Release.objects.get().title == WORDS["title"]


def test_the_page_of_a_draft_leads_to_its_words_and_keeps_what_was_typed(release, alice, signed_in):
    client, address = signed_in(alice), f"/studies/empathy/releases/{release.version}/edit/"
    assert address in client.get(release.get_absolute_url()).content.decode()
    wrong = client.post(address, WORDS | {"title": "About P-ABC12"})
    assert wrong.status_code == 422
    assert "leads back to a person" in wrong.content.decode()
    assert "About P-ABC12" in wrong.content.decode()
    client.post(address, WORDS | {"title": "Clearer"})
    assert Release.objects.get().title == "Clearer"
