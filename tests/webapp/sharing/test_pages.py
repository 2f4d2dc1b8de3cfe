"""What the pages of releases show and do, to whom."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.webapp.records import add_recording
from tests.webapp.sharing.conftest import WORDS, build
from tests.webapp.sharing.test_recalling import give
from webapp.core.models import AuditEvent
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.sharing.models import Acknowledgement, Recall, Recipient, Release
from webapp.sharing.recalling import recall_release
from webapp.studies.models import Study

LIST, NEW, ONE = (f"/studies/empathy/releases/{end}" for end in ("", "new/", "1/"))


@pytest.fixture
def client(signed_in, alice):
    return signed_in(alice)


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_without_a_release_the_list_says_what_to_do(client, study, audrey, signed_in):
    assert NEW in text(client.get(LIST))
    assert NEW not in text(signed_in(audrey).get(LIST))
    Study.objects.update(state="archived")
    assert NEW not in text(client.get(LIST))
    assert "this one is archived" in text(client.get(LIST))


def test_the_plan_names_each_recording_that_is_left_out_with_its_reason(client, share, encounter):
    share(cameras=("patient",))
    add_recording(encounter, "doctor")
    said = text(client.get(NEW))
    assert "Build release 1 of 1 video<" in said
    assert (
        "<strong>There is no de-identified version</strong>: 1 recording</summary> <ul><li><a href=" in said
    )
    assert f">{encounter.code}</a>, doctor’s camera" in said
    lines = client.post(f"{LIST}plan.csv").getvalue().decode().splitlines()
    assert lines[1].split(",")[1:5] == ["patient", "yes", "blur", "remove"]
    assert lines[2].split(",")[0:3] == [encounter.code, "doctor", "no"]
    assert AuditEvent.objects.filter(action="release.plan_exported").count() == 1


def test_with_nothing_to_share_it_is_said_what_is_missing(client, study):
    assert "Nothing can be shared yet" in text(client.get(NEW))
    assert "a few seconds" not in text(client.get(NEW))
    answer = client.post(NEW, WORDS | {"action": "build"})
    assert answer.status_code == 422
    assert not Release.objects.exists(), "no draft is left of a refused build"


def test_one_click_drafts_and_builds(client, share):
    share()
    assert client.post(NEW, WORDS | {"action": "build"})["Location"] == ONE
    assert "Cancel the build" in text(client.get(ONE))
    running.run(Job.objects.get(kind="build_release").pk)
    said = text(client.get(ONE))
    assert Release.objects.get().sha256 in said
    assert reverse("sharing:api_package", args=["empathy", 1]) in said


def test_a_draft_waits_until_it_is_built(client, share):
    share()
    client.post(NEW, WORDS | {"action": "draft"})
    assert not Job.objects.filter(kind="build_release").exists()
    client.post(f"{ONE}build/")
    assert Release.objects.get().state == "building"
    assert "was built" in text(client.post(f"{ONE}build/", follow=True))


def test_a_build_that_waits_is_cancelled_and_can_be_begun_again(client, release, share):
    share()
    client.post(f"{ONE}build/")
    client.post(f"{ONE}cancel/")
    said = text(client.get(ONE))
    assert "The build was cancelled." in said
    assert "Build it again" in said
    assert "already ended" in text(client.post(f"{ONE}cancel/", follow=True))


def test_words_that_lead_back_to_a_person_are_refused_beside_their_field(client, share):
    code = share().patient.code
    answer = client.post(NEW, WORDS | {"description": f"Mostly {code}."})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"description"}
    assert not Release.objects.exists()


def test_the_next_version_begins_with_the_words_of_the_newest(client, release):
    assert client.get(NEW).context["form"].initial["terms"] == WORDS["terms"]


def test_a_recipient_is_added_and_their_answer_recorded(client, release, share, alice):
    share()
    build(release, alice)
    given = {"organisation": "Bern", "email": "data@bern.example", "purpose": "p", "agreement": "DUA 1"}
    assert client.post(f"{ONE}recipients/", given | {"given_on": "2020-01-01"}).status_code == 422
    day = release.made_at.date().isoformat()
    client.post(f"{ONE}recipients/", given | {"given_on": day})
    assert client.post(f"{ONE}recall/", {"recall-note": "Wrong.", "recall-code": "no"}).status_code == 422
    client.post(f"{ONE}recall/", {"recall-note": "Wrong.", "recall-code": "Release-1"})
    assert "1 of 1" in text(client.get(LIST))
    address = f"{ONE}recalls/{Recall.objects.get().pk}/acknowledgements/"
    for _ in range(2):
        client.post(address, {"recipient": Recipient.objects.get().pk, "note": "by telephone"})
    assert Acknowledgement.objects.get().note == "by telephone"
    assert "0 of 1" in text(client.get(LIST))


def test_a_recipient_of_another_release_cannot_answer(client, release, share, alice):
    share()
    give(build(release, alice), alice)
    recall = recall_release(actor=alice, release=release, note="a").recall
    address = f"{ONE}recalls/{recall.pk}/acknowledgements/"
    for recipient in ("", "0", "x", str(10**30)):
        assert client.post(address, {"recipient": recipient}).status_code == 404
    assert not Acknowledgement.objects.exists()


def test_an_auditor_reads_and_is_offered_nothing(release, share, alice, audrey, signed_in):
    share()
    give(build(release, alice), alice)
    recall_release(actor=alice, release=release, note="A table is wrong.")
    said = text(signed_in(audrey).get(ONE))
    assert "A table is wrong." in said
    assert "not answered" in said
    assert '<form method="post" action="/studies' not in said
    assert "package.zip" not in said


def test_the_list_asks_as_much_for_many_releases_as_for_one(
    client, release, study, alice, django_assert_max_num_queries
):
    client.get(LIST)
    for _ in range(6):
        Release.objects.create(study=study, version=study.releases.count() + 1, **WORDS)
    with django_assert_max_num_queries(14):
        assert "Expressions in cardiology" in text(client.get(LIST))
