"""A withdrawal calls back every release that contains the person, and nobody downloads one that does."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.recordings.conftest import MASTER
from tests.webapp.sharing.conftest import WORDS, build
from webapp.analysis.models import SecondRow
from webapp.consent.erasing import erased_counts, finish_open_erasures
from webapp.consent.queries import state_of
from webapp.consent.retention import apply_retention
from webapp.consent.services import record_decisions
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.errors import AppError, Conflict, ConsentMissing
from webapp.sharing import storage
from webapp.sharing.access import ReleaseRecalled, access_package
from webapp.sharing.models import Recall, RecalledItem, Recipient, Release, ReleaseKey, ReleasePerson
from webapp.sharing.planning import plan_release
from webapp.sharing.queries import unanswered
from webapp.sharing.recalling import acknowledge, recall_release
from webapp.sharing.services import draft_release, record_recipient
from webapp.studies.models import Encounter, Study


class Undone(Exception):
    """Ends an example, so that its rows are rolled back."""


def give(release, actor) -> Recipient:
    return record_recipient(
        actor=actor,
        release=release,
        organisation="University of Bern",
        email="data@bern.example",
        purpose="Comparing classifiers",
        agreement="DUA 2026-4",
        given_on=timezone.localdate(),
    )


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_a_withdrawal_recalls_the_release_deletes_its_package_and_names_it_in_the_certificate(
    release,
    share,
    alice,
    settings,
    withdraw,  # noqa: F811
    purpose,
):
    settings.MEDIA_KEYS = [MASTER]
    gone, _ = share(), share()
    build(release, alice)
    erasure = withdraw(gone.patient, purpose)
    release.refresh_from_db()
    assert (release.state, erasure.state) == ("recalled", "done")
    assert not storage.package_path(release).exists()
    assert not ReleaseKey.objects.exists()
    kinds = {one["kind"] for one in erasure.certificate["erased"]}
    assert {"recall of release 1", "package of release 1"} <= kinds
    assert {one.item.encounter for one in RecalledItem.objects.all()} == {gone}
    assert Recall.objects.get().reason == "withdrawal"
    with pytest.raises(ReleaseRecalled, match="was recalled"):
        access_package(alice, release.study.slug, 1)


def test_the_preview_counts_releases_and_recipients_and_changes_nothing(release, share, alice):
    encounter = share()
    give(build(release, alice), alice)
    effects = {one.action: one for one in preview(scope_of(encounter.patient, ["share_deidentified"]))}
    assert (effects["recall"].count, effects["recall"].what) == (1, "releases, given to 1 recipient")
    assert not Recall.objects.exists()
    assert "recall" not in {one.action for one in preview(scope_of(encounter.patient, ["annotate"]))}


def test_an_ended_analysis_recalls_the_timeline_and_not_the_videos(release, share, alice, withdraw):  # noqa: F811
    encounter = share()
    build(release, alice)
    withdraw(encounter.patient, "analyse_patient")
    assert [one.item.kind for one in RecalledItem.objects.all()] == ["timeline"]


def test_a_doctor_who_is_shown_to_nobody_else_any_more_has_the_timeline_called_back(
    release,
    share,
    alice,
    withdraw,  # noqa: F811
):
    encounter = share()
    build(release, alice)
    withdraw(encounter.doctor, "show_doctor")
    assert [one.item.kind for one in RecalledItem.objects.all()] == ["timeline"]
    assert SecondRow.objects.filter(camera="doctor", emotion="happiness").exists()


def test_a_second_withdrawal_is_told_too_and_nothing_is_called_back_twice(
    release,
    share,
    alice,
    withdraw,  # noqa: F811
):
    first, second = share(), share()
    build(release, alice)
    withdraw(first.patient, "share_deidentified")
    erasure = withdraw(second.patient, "share_deidentified")
    assert Recall.objects.count() == 2
    assert "package of release 1" not in erased_counts(erasure)
    withdraw(first.doctor, "share_deidentified")
    assert Recall.objects.count() == 2


def test_the_end_of_the_time_to_keep_recalls_too(release, share, alice):
    encounter = share()
    build(release, alice)
    Encounter.objects.filter(pk=encounter.pk).update(keep_until="2026-01-01")
    with pytest.raises(ConsentMissing):
        access_package(alice, release.study.slug, 1)
    apply_retention()
    finish_open_erasures()
    assert Recall.objects.get().reason == "retention"
    assert apply_retention() == []


def test_recipients_are_waited_for_until_each_has_answered(release, share, alice):
    share()
    recipients = [give(build(release, alice), alice), give(release, alice)]
    recall = recall_release(actor=alice, release=release, note="A face is open.").recall
    assert list(unanswered(recall)) == recipients
    acknowledge(actor=alice, recall=recall, recipient=recipients[0])
    assert list(unanswered(recall)) == recipients[1:]
    with pytest.raises(Conflict):
        acknowledge(actor=alice, recall=recall, recipient=recipients[0])
    release.refresh_from_db()
    with pytest.raises(Conflict):
        recall_release(actor=alice, release=release, note="again")


steps = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(("share_deidentified", "record", "analyse_patient")), st.booleans()
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=steps)
def test_no_package_can_be_downloaded_that_contains_somebody_who_withdrew_sharing(
    sequence, study, alice, share
):
    with pytest.raises(Undone), transaction.atomic():
        people = [share().patient, share().patient]
        for who, purpose, granted in sequence:
            Study.objects.update(state="recruiting")
            _build_again(study, alice)
            record_decisions(actor=alice, participant=people[who], decisions={purpose: granted})
            _probe(study, alice)
            finish_open_erasures()
            _probe(study, alice)
        raise Undone


def _build_again(study, alice) -> None:
    if plan_release(study).videos:
        build(draft_release(actor=alice, study=study, **WORDS), alice)


def _probe(study, alice) -> None:
    for release in Release.objects.filter(study=study):
        people = ReleasePerson.objects.filter(release=release).select_related("participant")
        states = [state_of(one.participant) for one in people]
        if all(state["share_deidentified"] and state["record"] for state in states):
            continue
        with pytest.raises(AppError):
            access_package(alice, study.slug, release.version)
