"""A consent that is no longer valid calls back what was shared on it, and erases nothing here."""

from __future__ import annotations

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.sharing.conftest import WORDS, build
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.models import Erasure
from webapp.consent.retention import call_back_lapsed
from webapp.consent.services import record_decisions
from webapp.consent.signing import sign_consent
from webapp.core.errors import ConsentMissing
from webapp.recordings.models import Recording
from webapp.sharing import storage
from webapp.sharing.access import access_package
from webapp.sharing.models import Recall, RecalledItem, Release, ReleaseItem
from webapp.sharing.services import draft_release
from webapp.studies.services import create_study

EVERYTHING = {"record": True, "share_deidentified": True, "analyse_patient": True}


@pytest.fixture
def sign(alice, study):
    """Return a function with which somebody agrees until today."""

    def agree(person, **answers) -> None:
        sign_consent(
            actor=alice,
            participant=person,
            form=study.consent_forms.get(),
            answers=answers,
            signature="AB",
            valid_until=timezone.localdate(),
        )

    return agree


@pytest.fixture
def next_day(monkeypatch):
    """Return a function that lets a day pass for whoever asks which day it is."""
    today = timezone.localdate()

    def pass_on() -> None:
        tomorrow = today + datetime.timedelta(days=1)
        monkeypatch.setattr(timezone, "localdate", lambda *_: tomorrow)

    return pass_on


def test_on_its_last_day_a_consent_is_valid_and_on_the_next_the_command_recalls(
    release, share, alice, sign, next_day, capsys, django_capture_on_commit_callbacks
):
    kept, over = share(), share()
    build(release, alice)
    sign(over.patient, **EVERYTHING)
    assert call_back_lapsed() == 0
    next_day()
    with pytest.raises(ConsentMissing):
        access_package(alice, "empathy", 1)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("apply_retention")
    assert "1 releases recalled" in capsys.readouterr().out
    release.refresh_from_db()
    assert (release.state, Recall.objects.get().reason) == ("recalled", "expiry")
    assert {one.item.encounter for one in RecalledItem.objects.all()} == {over} != {kept}
    assert not storage.package_path(release).exists()
    assert call_back_lapsed() == 0, "nothing is called back twice"
    assert Recording.objects.filter(encounter=over).count() == 2
    assert not Erasure.objects.exists()


def test_a_consent_to_the_analysis_that_is_over_calls_back_the_timeline_alone(
    release, share, alice, sign, next_day
):
    encounter = share()
    build(release, alice)
    sign(encounter.patient, analyse_patient=True)
    next_day()
    assert call_back_lapsed() == 1
    assert [one.item.kind for one in RecalledItem.objects.all()] == ["timeline"]


def test_releases_of_two_studies_with_the_same_version_are_called_back_once_each(
    release, share, alice, sign, next_day
):
    encounter = share()
    build(release, alice)
    other = create_study(actor=alice, slug="other", title="Another study")
    second = Release.objects.create(study=other, version=release.version, state="ready", **WORDS)
    for path in ("a.mp4", "z.mp4"):  # before and after all files of the first release
        ReleaseItem.objects.create(
            release=second,
            encounter=encounter,
            code="enc-1",
            kind="video",
            source_id=second.pk,
            purposes=["record"],
            path=path,
            sha256="",
            size_bytes=1,
        )
    sign(encounter.patient, **EVERYTHING)
    next_day()
    assert call_back_lapsed() == 2
    assert sorted(one.items.count() for one in Recall.objects.all()) == [2, 3]


def test_renewed_it_goes_into_the_next_version(release, share, study, alice, sign, next_day):
    encounter = share()
    build(release, alice)
    sign(encounter.patient, **EVERYTHING)
    next_day()
    call_back_lapsed()
    record_decisions(actor=alice, participant=encounter.patient, decisions=EVERYTHING)
    again = build(draft_release(actor=alice, study=study, **WORDS), alice)
    assert (again.state, again.items.count()) == ("ready", 3)
    assert call_back_lapsed() == 0


def test_a_withdrawal_is_recalled_as_one_also_when_its_consent_was_to_end(
    release,
    share,
    alice,
    sign,
    next_day,
    withdraw,  # noqa: F811
):
    encounter = share()
    build(release, alice)
    sign(encounter.patient, **EVERYTHING)
    withdraw(encounter.patient, "share_deidentified")
    next_day()
    assert call_back_lapsed() == 0
    finish_open_erasures()
    assert [one.reason for one in Recall.objects.all()] == ["withdrawal"]
