"""A contributor leaves: what they gave is gone at once, what was made of it is barred, and made anew."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.deidjobs.lenders import add_lenders, add_patient, lend, work_off
from tests.webapp.records import add_run
from webapp.analysis.correcting import correct_person, undo_correction
from webapp.analysis.models import PersonCorrection
from webapp.consent.erasing import erased_counts, finish_open_erasures
from webapp.consent.models import Erasure
from webapp.consent.retention import apply_retention
from webapp.consent.services import record_decisions
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.errors import Conflict, ConsentMissing
from webapp.deidjobs.access import access_derivative_file
from webapp.deidjobs.batches import plan_hiding
from webapp.deidjobs.means import BARRED, is_barred, people_in
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember
from webapp.deidjobs.queries import showable_version, unreviewed_in
from webapp.deidjobs.services import request_derivative, review_derivative
from webapp.deidjobs.storage import steps_dir, version_path
from webapp.jobs.models import Job
from webapp.recordings.services import delete_recording
from webapp.recordings.storage import derived_dir
from webapp.studies.models import Encounter, Participant, Site

K = 3


@pytest.fixture
def lenders(study, alice, doctor) -> list[FaceContribution]:
    return add_lenders(study, alice, doctor, K + 1)


@pytest.fixture
def made(recording, alice, lenders, drawing) -> Derivative:
    """A version whose face is the mean of three of the four, and shows something of all."""
    work_off(
        request_derivative(recording=recording, actor=alice, method="swap", audio="remove", donor="auto", k=K)
    )
    return Derivative.objects.get()


def file_of(one: FaceContribution):
    return derived_dir(one.recording_id) / "averaging" / f"{one.pk}.npz"


def anew() -> list[Job]:
    return list(Job.objects.filter(kind="deidentify_recording", state="queued"))


def test_what_somebody_gave_goes_with_their_consent_and_leaves_a_tombstone(
    made,
    lenders,
    withdraw,  # noqa: F811
):
    one = lenders[0]
    erasure = withdraw(one.participant, "average_face")
    assert not FaceContribution.objects.filter(pk=one.pk).exists()
    assert not file_of(one).exists()
    assert erasure.state == "done"
    assert erased_counts(erasure) == {"face for averaging": 1}
    assert FaceContribution.objects.count() == K


def test_the_version_is_barred_from_the_moment_of_the_withdrawal_and_for_ever(
    made,
    lenders,
    alice,
    signed_in,
    withdraw,  # noqa: F811
):
    one = lenders[0]
    record_decisions(actor=alice, participant=one.participant, decisions={"average_face": False})
    assert is_barred(made), "before anything is erased"
    withdraw(one.participant, "share_audio")
    FaceContribution.objects.filter(pk=one.pk).delete()
    record_decisions(actor=alice, participant=one.participant, decisions={"average_face": True})
    lend(one.recording, 77)
    assert is_barred(made), "who agrees again gives another face"
    with pytest.raises(ConsentMissing):
        access_derivative_file(alice, made.pk)
    page = signed_in(alice).get(made.get_absolute_url())
    assert "must not be released" in page.content.decode()
    assert "<video" not in page.content.decode()
    listed = signed_in(alice).get(reverse("deidjobs:versions", args=[made.recording.encounter_id]))
    assert "must not be released" in listed.content.decode()


def test_a_barred_version_is_neither_signed_off_nor_waited_for_nor_shown_elsewhere(
    made, lenders, alice, audrey, signed_in
):
    record_decisions(actor=alice, participant=lenders[0].participant, decisions={"average_face": False})
    with pytest.raises(Conflict, match=BARRED[:40]):
        review_derivative(derivative=made, actor=audrey, decision="approved", reason="looked")
    page = signed_in(audrey).get(made.get_absolute_url()).content.decode()
    assert "this version can only be refused" in page
    assert not unreviewed_in(Encounter.objects.all()).exists()
    assert showable_version(made.recording) is None
    assert plan_hiding(made.recording.encounter.study, method="swap", audio="remove").hidden == 0
    review_derivative(derivative=made, actor=audrey, decision="refused", reason="somebody left")


def test_another_version_with_another_mean_is_queued_and_made_of_those_who_are_left(
    made,
    lenders,
    withdraw,  # noqa: F811
    drawing,
    alice,
):
    withdraw(lenders[0].participant, "average_face")
    (job,) = anew()
    assert job.params["recording"] == str(made.recording_id)
    assert job.params["look"]["k"] == K
    assert str(lenders[0].pk) not in job.params["look"]["contributions"]
    assert job.requested_by == alice
    work_off(job)
    newest = Derivative.objects.exclude(pk=made.pk).get()
    assert {one.contribution for one in newest.members.all()} == set(lenders[1:])
    assert not is_barred(newest)
    assert is_barred(made)


def test_too_few_others_are_no_new_version_and_the_page_says_so(
    made,
    lenders,
    withdraw,  # noqa: F811
    alice,
    signed_in,
):
    for one in lenders[:2]:
        Job.objects.filter(state="queued").update(state="cancelled")
        withdraw(one.participant, "average_face")
    assert anew() == []
    page = signed_in(alice).get(made.get_absolute_url()).content.decode()
    assert f"As long as {K} others agree" in page
    assert "see who can be averaged" in page


def test_what_failed_is_not_made_anew_and_the_page_promises_none(made, lenders, withdraw, alice, signed_in):  # noqa: F811
    Derivative.objects.filter(pk=made.pk).update(verdict="fail")
    withdraw(lenders[0].participant, "average_face")
    assert anew() == []
    page = signed_in(alice).get(made.get_absolute_url()).content.decode()
    assert "Its audit failed, so none is made in its place by itself." in page
    assert "others agree" not in page


def test_an_older_version_is_not_made_anew_beside_a_newer_one(made, lenders, withdraw, alice):  # noqa: F811
    add_derivative(made.recording, alice)
    Job.objects.filter(state="queued").update(state="done")
    withdraw(lenders[0].participant, "average_face")
    assert anew() == []


@pytest.mark.parametrize("purpose", ["average_face", "record"])
def test_versions_in_which_nobody_else_is_keep_their_files(
    made,
    lenders,
    alice,
    withdraw,  # noqa: F811
    purpose,
):
    other = add_derivative(lenders[1].recording, alice)
    path = version_path(other.recording_id, other.pk)
    withdraw(lenders[0].participant, purpose)
    finish_open_erasures()
    assert path.read_bytes() == b"hidden video"
    assert not version_path(made.recording_id, made.pk).exists()


def test_who_leave_in_turn_lead_to_one_new_version(made, lenders, study, alice, doctor, withdraw):  # noqa: F811
    lend(add_patient(study, alice, doctor), 91)
    for one in lenders[:2]:
        withdraw(one.participant, "average_face")
    assert len(anew()) == 1


@pytest.mark.parametrize("reason", ["refused", "failed"])
def test_a_version_that_was_no_good_is_not_made_anew(made, lenders, audrey, withdraw, reason):  # noqa: F811
    if reason == "refused":
        review_derivative(derivative=made, actor=audrey, decision="refused", reason="an eye is seen")
    else:
        Derivative.objects.filter(pk=made.pk).update(verdict="fail")
    withdraw(lenders[0].participant, "average_face")
    assert anew() == []


def test_whoever_keeps_the_consents_of_one_site_is_not_told_people_of_others(
    made, lenders, study, alice, signed_in
):
    site = Site.objects.create(study=study, name="Elsewhere")
    Participant.objects.filter(pk=lenders[0].participant_id).update(site=site)
    here, others = people_in(made, site=site)
    assert [one.participant_id for one in here] == [lenders[0].participant_id]
    everybody, none = people_in(made, site=None)
    assert (len(everybody), none) == (1 + others, 0)
    assert others == len(lenders) - 1
    page = signed_in(alice).get(made.get_absolute_url()).content.decode()
    assert lenders[0].participant.code in page, "who works at all sites is told of all"


def test_what_was_drawn_with_their_face_goes_and_what_was_seen_of_the_other_stays(
    made,
    lenders,
    withdraw,  # noqa: F811
):
    folder = steps_dir(made.recording_id, made.job_id)
    for name in ("look-0.npz", "watch-0.npz", "cast-0.json", "write-0.json", "write-0.mp4"):
        (folder / name).write_bytes(b"kept")
    withdraw(lenders[0].participant, "average_face")
    assert sorted(path.name for path in folder.iterdir()) == ["look-0.npz", "watch-0.npz"]


def test_whoever_withdraws_everything_takes_what_others_gave_in_the_same_room_along(
    made,
    lenders,
    doctor,
    withdraw,  # noqa: F811
):
    withdraw(doctor, "record")
    assert not FaceContribution.objects.exists()
    assert not any(file_of(one).exists() for one in lenders)


def test_other_purposes_end_without_taking_the_face(made, lenders, withdraw):  # noqa: F811
    withdraw(lenders[0].participant, "share_deidentified")
    assert FaceContribution.objects.count() == K + 1
    assert not is_barred(made)


def test_what_outlives_its_last_day_goes_by_the_calendar(made, lenders, django_capture_on_commit_callbacks):
    one = lenders[0]
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    Encounter.objects.filter(pk=one.recording.encounter_id).update(keep_until=yesterday)
    assert is_barred(made)
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
    finish_open_erasures()
    assert not FaceContribution.objects.filter(pk=one.pk).exists()
    assert not file_of(one).exists()
    assert Erasure.objects.get().state == "done"


@pytest.mark.parametrize("undone", [False, True])
def test_saying_otherwise_who_is_who_takes_the_face_back_and_bars_what_was_made(
    made, lenders, alice, undone, django_capture_on_commit_callbacks
):
    one = lenders[0]
    add_run(one.recording.encounter)
    said = {"camera": "patient", "kind": "reassign", "track": 2, "role": "patient"}
    if undone:
        correct_person(encounter=one.recording.encounter, actor=alice, **said)
        one = lend(one.recording, 55)
    with django_capture_on_commit_callbacks(execute=True):
        if undone:
            undo_correction(correction=PersonCorrection.objects.get(), actor=alice)
        else:
            correct_person(encounter=one.recording.encounter, actor=alice, **said)
    assert not FaceContribution.objects.filter(pk=one.pk).exists()
    assert not file_of(one).exists()
    assert is_barred(made)


def test_a_recording_that_goes_takes_the_face_along_and_bars_what_was_made(made, lenders):
    lenders[0].recording.delete()
    assert not FaceContribution.objects.filter(pk=lenders[0].pk).exists()
    assert MeanMember.objects.filter(derivative=made, contribution=None).count() == 1
    assert is_barred(made)


def test_where_a_recording_is_replaced_another_version_is_made_of_those_who_are_left(made, lenders):
    with transaction.atomic():
        delete_recording(lenders[0].recording, action="recording.replaced")
    (job,) = anew()
    assert sorted(job.params["look"]["contributions"]) == sorted(str(one.pk) for one in lenders[1:])
    assert is_barred(made)


def test_before_a_withdrawal_it_is_said_what_becomes_of_the_face_and_of_what_was_made(made, lenders):
    effects = {one.what: one.count for one in preview(scope_of(lenders[0].participant, ["average_face"]))}
    assert effects["faces for averaging"] == 1
    assert effects["versions in whose face it is a part"] == 1


def test_a_version_of_others_alone_stays_as_it_is(made, study, alice, doctor, withdraw):  # noqa: F811
    stranger = lend(add_patient(study, alice, doctor), 88)
    withdraw(stranger.participant, "average_face")
    assert not is_barred(made)
    assert anew() == []
