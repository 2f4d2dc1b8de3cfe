from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from tests.webapp.sharing.conftest import WORDS, build
from tests.webapp.sharing.test_recalling import give
from webapp.core.models import AuditEvent
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.sharing import storage
from webapp.sharing.models import Release
from webapp.sharing.recalling import recall_release

URL = "/api/v1/studies/empathy/releases/"


@pytest.fixture
def post(signed_in, alice):
    client = signed_in(alice)
    return lambda url, data=None: client.post(url, data or {}, content_type="application/json")


def test_a_release_is_planned_drafted_built_and_recalled(share, alice, post, signed_in):
    share()
    plan = signed_in(alice).get(f"{URL}plan/").json()
    assert (plan["videos"], plan["people"], plan["left_out"]) == (2, 2, [])
    assert post(URL, WORDS).json()["state"] == "draft"
    assert post(f"{URL}1/build/").json()["state"] == "building"
    running.run(Job.objects.get(kind="build_release").pk)
    found = signed_in(alice).get(f"{URL}1/").json()
    assert (found["state"], len(found["items"])) == ("ready", 3)
    assert post(f"{URL}1/recall/", {"note": "A face is open."}).json()["state"] == "recalled"
    answer = signed_in(alice).get(f"{URL}1/package.zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "release_recalled")


def test_a_package_is_taken_along_in_ranges_with_one_row_in_the_audit_trail(release, share, alice, signed_in):
    share()
    build(release, alice)
    content = storage.package_path(release).read_bytes()
    client = signed_in(alice)
    parts = [
        client.get(f"{URL}1/package.zip", HTTP_RANGE=f"bytes={start}-{start + 999}") for start in (0, 1000)
    ]
    assert [part.status_code for part in parts] == [206, 206]
    assert b"".join(part.content for part in parts) == content[:2000]
    assert parts[0]["Content-Disposition"] == 'attachment; filename="empathy-release-1.zip"'
    assert AuditEvent.objects.filter(action="release.downloaded", actor=alice).count() == 1


def test_what_is_missing_is_named(post, study, db):
    assert set(post(URL, {"title": "a"}).json()["error"]["fields"]) == {"description", "terms", "licence"}
    assert not Release.objects.exists()


def test_who_got_a_release_is_written_down(release, share, alice, audrey, post, signed_in):
    share()
    build(release, alice)
    given = {"organisation": "Bern", "email": "data@bern.example", "purpose": "p", "agreement": "DUA 1"}
    day = timezone.localdate().isoformat()
    assert post(f"{URL}1/recipients/", given | {"given_on": day}).status_code == 201
    assert signed_in(audrey).get(f"{URL}1/recipients/").json()[0]["organisation"] == "Bern"


def test_a_draft_is_discarded(release, alice, signed_in):
    assert signed_in(alice).delete(f"{URL}1/").status_code == 204
    assert not Release.objects.exists()
    assert signed_in(alice).delete(f"{URL}1/").status_code == 404


def test_who_answered_a_recall_is_read_and_written_down(release, share, alice, audrey, post, signed_in):
    share()
    recipient = give(build(release, alice), alice)
    recall = recall_release(actor=alice, release=release, note="A face is open.").recall
    read = partial(signed_in(audrey).get, f"{URL}1/recalls/")
    (found,) = read().json()
    assert (found["note"], found["items"], found["unanswered"]) == ("A face is open.", 3, [recipient.pk])
    assert found["due_on"] == (timezone.localdate() + timedelta(days=30)).isoformat()
    address = f"{URL}1/recalls/{recall.pk}/acknowledgements/"
    assert post(address, {"recipient": 0}).status_code == 404
    assert post(address, {"recipient": recipient.pk, "note": "by e-mail"}).status_code == 201
    assert post(address, {"recipient": recipient.pk}).status_code == 409
    (found,) = read().json()
    assert (found["acknowledged"], found["unanswered"]) == ([recipient.pk], [])
