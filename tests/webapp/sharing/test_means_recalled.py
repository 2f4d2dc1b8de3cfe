"""No release holds a face of which somebody is a part who does not agree; one that does is called back."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.lenders import add_patient, lend
from tests.webapp.records import add_run
from tests.webapp.sharing.conftest import build
from webapp.analysis.correcting import correct_person
from webapp.consent.retention import call_back_lapsed
from webapp.consent.services import record_decisions
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.errors import ConsentMissing
from webapp.deidjobs.means import is_barred
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember
from webapp.recordings.services import delete_recording
from webapp.sharing import packing
from webapp.sharing.access import access_package
from webapp.sharing.models import Recall, RecalledItem
from webapp.sharing.planning import LEFT, plan_release


@pytest.fixture
def lender(study, alice, doctor) -> FaceContribution:
    return lend(add_patient(study, alice, doctor), 1)


@pytest.fixture
def shared(share, lender) -> Derivative:
    """The patient's video, in whose face the lender is a part; the doctor's video beside it is rendered."""
    version = Derivative.objects.get(recording__encounter=share(), recording__camera="patient")
    Derivative.objects.filter(pk=version.pk).update(recipe={"look": {"k": 2}})
    MeanMember.objects.create(
        derivative=version, participant=lender.participant, contribution=lender, at_rest=True
    )
    return version


def leave(alice, lender) -> None:
    record_decisions(actor=alice, participant=lender.participant, decisions={"average_face": False})


def test_a_version_whose_contributor_left_is_not_planned_and_the_reason_is_said(study, alice, shared, lender):
    assert plan_release(study).videos == 2
    leave(alice, lender)
    plan = plan_release(study)
    assert plan.videos == 1
    assert plan.reasons[LEFT] == 1


def test_a_contributor_who_leaves_while_it_is_packed_leaves_no_package(
    release, alice, shared, lender, monkeypatch
):
    original = packing.Asking

    def leaving(planned):
        asking = original(planned)
        leave(alice, lender)
        monkeypatch.setattr(packing, "Asking", original)
        return asking

    monkeypatch.setattr("webapp.sharing.asking.ASK_EVERY_S", 0.0)
    monkeypatch.setattr(packing, "Asking", leaving)
    built = build(release, alice)
    assert not built.items.filter(source_id=shared.pk).exists()


def test_what_was_released_is_called_back_and_nothing_else_of_it(
    release,
    alice,
    shared,
    lender,
    withdraw,  # noqa: F811
):
    built = build(release, alice)
    assert built.items.count() == 3
    withdraw(lender.participant, "average_face")
    built.refresh_from_db()
    assert built.state == "recalled"
    assert [one.item.source_id for one in RecalledItem.objects.all()] == [shared.pk]
    assert Recall.objects.get().reason == Recall.Reason.WITHDRAWAL


def test_the_withdrawal_says_before_that_a_release_is_called_back(release, alice, shared, lender):
    build(release, alice)
    found = [one for one in preview(scope_of(lender.participant, ["average_face"])) if one.action == "recall"]
    assert [one.count for one in found] == [1]


def test_a_package_is_not_handed_out_once_a_contributor_does_not_agree(
    release, study, alice, shared, lender, monkeypatch
):
    build(release, alice)
    assert access_package(alice, study.slug, release.version)
    monkeypatch.setattr("webapp.deidjobs.means.usable_contributions", FaceContribution.objects.none)
    with pytest.raises(ConsentMissing):
        access_package(alice, study.slug, release.version)


def test_a_contributor_s_consent_that_lapsed_calls_back_too(release, alice, shared, lender, monkeypatch):
    build(release, alice)
    monkeypatch.setattr("webapp.deidjobs.lent_holding.usable_contributions", FaceContribution.objects.none)
    assert call_back_lapsed() == 1
    assert Recall.objects.get().reason == Recall.Reason.EXPIRY
    assert call_back_lapsed() == 0


@pytest.mark.parametrize("purpose", ["annotate", "average_face"])
def test_the_withdrawal_of_a_stranger_is_not_blamed_for_somebody_else_s(
    release,
    study,
    alice,
    doctor,
    shared,
    purpose,
    monkeypatch,
    withdraw,  # noqa: F811
):
    build(release, alice)
    stranger = lend(add_patient(study, alice, doctor), 2)
    monkeypatch.setattr("webapp.deidjobs.means.usable_contributions", FaceContribution.objects.none)
    found = preview(scope_of(stranger.participant, [purpose]))
    assert not [one for one in found if one.action == "recall"]
    withdraw(stranger.participant, purpose)
    assert not Recall.objects.exists()


def replace(lender, alice) -> None:
    with transaction.atomic():
        delete_recording(lender.recording, action="recording.replaced")


def correct(lender, alice) -> None:
    encounter = lender.recording.encounter
    add_run(encounter)
    correct_person(
        encounter=encounter, actor=alice, camera="patient", kind="reassign", track=2, role="patient"
    )


@pytest.mark.parametrize(("happens", "reasons"), [(replace, []), (correct, [Recall.Reason.ERROR])])
def test_no_consent_is_said_to_have_ended_where_a_recording_is_replaced_or_corrected(
    release, study, alice, shared, lender, happens, reasons
):
    build(release, alice)
    happens(lender, alice)
    assert is_barred(shared)
    assert plan_release(study).reasons[LEFT] == 1
    with pytest.raises(ConsentMissing, match="replaced or corrected"):
        access_package(alice, study.slug, release.version)
    assert call_back_lapsed() == len(reasons)
    assert [one.reason for one in Recall.objects.all()] == reasons
    assert call_back_lapsed() == 0
