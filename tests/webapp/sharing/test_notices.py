"""What is told of a recall, to whom, and what stands in it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from tests.conftest import make_user
from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.jobs.driving import drive
from tests.webapp.sharing.conftest import WORDS, build
from tests.webapp.sharing.test_recalling import give
from webapp.core.waiting import counts_waiting_in
from webapp.jobs.models import Job, JobState
from webapp.sharing.describing import STUDY_CODE, UUID
from webapp.sharing.models import Recall, Release
from webapp.sharing.notices import NOTICE, mail_address, recipients_text
from webapp.sharing.recalling import acknowledge, recall_release
from webapp.sharing.services import draft_release
from webapp.studies.models import Membership
from webapp.studies.roles import Role
from webapp.studies.services import add_member


@pytest.fixture(autouse=True)
def _address(settings):
    settings.SITE_URL = "https://lab.example"


@pytest.fixture
def given(release, share, alice):
    """A release with two people's encounters that one recipient got: the first encounter, the recipient."""
    encounter, _ = share(), share()
    return encounter, give(build(release, alice), alice)


def send() -> Job:
    return drive(Job.objects.get(kind=NOTICE))


def due() -> str:
    return f"{timezone.localdate() + timedelta(days=30):%-d %B %Y}"


def test_whoever_made_a_release_is_told_what_is_called_back_and_until_when(given, alice, withdraw):  # noqa: F811
    encounter, _ = given
    withdraw(encounter.patient, "share_deidentified")
    assert send().state == JobState.DONE
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([alice.email], "Recall of empathy-release-1.zip")
    for words in ("Files called back: 3.", "destroyed it: 1,", due(), "https://lab.example/studies/empathy/"):
        assert words in message.body
    for code in (encounter.patient.code, encounter.code, str(encounter.pk)):
        assert code not in message.body


def test_when_the_maker_may_no_longer_share_everybody_who_may_is_told(given, study, alice):
    olivia = make_user("olivia")
    add_member(actor=alice, study=study, user=olivia, role=Role.OWNER)
    recall_release(actor=olivia, release=Release.objects.get(), note="a")
    Membership.objects.filter(user=alice).update(role="annotator")
    send()
    assert mail.outbox[0].to == [olivia.email]


def test_with_nobody_left_to_tell_nothing_is_sent(given, alice):
    recall_release(actor=alice, release=Release.objects.get(), note="a")
    Membership.objects.all().delete()
    assert send().state == JobState.DONE
    assert mail.outbox == []


def test_without_an_address_of_the_site_home_alone_tells(given, settings, alice, signed_in):
    settings.SITE_URL = ""
    recall_release(actor=alice, release=Release.objects.get(), note="a")
    assert not Job.objects.filter(kind=NOTICE).exists()
    assert "1 of 1 answers are missing" in signed_in(alice).get("/").content.decode()


def test_a_recipient_reads_which_files_to_destroy_and_nothing_of_the_study(given, alice, withdraw):  # noqa: F811
    encounter, recipient = given
    withdraw(encounter.patient, "share_deidentified")
    recall = Recall.objects.get()
    text = recipients_text(recall, recipient)
    for words in ("University of Bern", "empathy-release-1.zip", "DUA 2026-4", due(), "consent to share it"):
        assert words in text
    assert len(re.findall(r"^- release-1/data/encounters/enc-", text, re.MULTILINE)) == 3
    assert not STUDY_CODE.search(text)
    assert not UUID.search(text)
    assert mail_address(recall, recipient, text).startswith("mailto:data%40bern.example?subject=")
    assert len(mail_address(recall, recipient, text * 9)) < 200


def test_the_page_shows_the_text(given, alice, signed_in):
    recall = recall_release(actor=alice, release=Release.objects.get(), note="A face is open.").recall
    address = f"/studies/empathy/releases/1/recalls/{recall.pk}/recipients/{given[1].pk}/"
    said = signed_in(alice).get(address).content.decode()
    assert "Something in it is wrong. A face is open." in said
    assert signed_in(alice).get(address.replace(f"/{given[1].pk}/", "/0/")).status_code == 404


def test_home_and_the_study_remind_of_answers_until_the_last_has_come(given, study, alice, bob, signed_in):
    recall = recall_release(actor=alice, release=Release.objects.get(), note="a").recall
    assert "Recall of release 1" in signed_in(alice).get("/").content.decode()
    assert "Recall of release 1" not in signed_in(bob).get("/").content.decode()
    assert {one.what: one.count for one in counts_waiting_in(alice, study)}["recalls to answer"] == 1
    assert [one for one in counts_waiting_in(bob, study) if "recall" in one.what] == []
    acknowledge(actor=alice, recall=recall, recipient=given[1])
    assert "Recall of release 1" not in signed_in(alice).get("/").content.decode()


def test_home_asks_for_a_new_version_until_there_is_one(given, study, alice, signed_in):
    recall_release(actor=alice, release=Release.objects.get(), note="a")
    assert "Build a new version of Expressions" in signed_in(alice).get("/").content.decode()
    draft_release(actor=alice, study=study, **WORDS)
    said = signed_in(alice).get("/").content.decode()
    assert "Build a new version" not in said
    assert "Release 2 waits to be built" in said
    Release.objects.filter(version=2).update(state="failed", message="The disk is full.")
    said = signed_in(alice).get("/").content.decode()
    assert "Release 2 failed" in said
    assert "The disk is full." in said
