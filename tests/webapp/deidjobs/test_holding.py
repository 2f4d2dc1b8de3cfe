from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.records import add_recording
from webapp.consent.erasing import erased_counts, finish_open_erasures
from webapp.consent.models import ConsentDecision, ConsentRecord, Erasure
from webapp.consent.queries import forms_for
from webapp.consent.retention import apply_retention
from webapp.deidjobs import donors
from webapp.deidjobs.models import Casting, Derivative, DrawnCover, MarkedSpan, StudyDonor
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import steps_dir, version_path
from webapp.jobs.models import Job
from webapp.studies.models import Encounter


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_versions_go_with_the_consent_that_they_rest_on(derivative, patient, withdraw, purpose):  # noqa: F811
    path = version_path(derivative.recording_id, derivative.pk)
    erasure = withdraw(patient, purpose)
    assert not Derivative.objects.exists()
    assert not path.exists()
    assert erasure.state == "done"
    assert erased_counts(erasure)["de-identified version"] == 1


def test_without_consent_to_the_sound_only_versions_that_keep_it_go(
    recording,
    alice,
    patient,
    withdraw,  # noqa: F811
):
    silent = add_derivative(recording, alice)
    add_derivative(recording, alice, audio="keep")
    withdraw(patient, "share_audio")
    assert list(Derivative.objects.all()) == [silent]


def test_another_consent_that_ends_leaves_versions_alone(derivative, patient, withdraw):  # noqa: F811
    withdraw(patient, "annotate")
    assert Derivative.objects.get() == derivative
    assert version_path(derivative.recording_id, derivative.pk).exists()


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_what_a_job_has_computed_so_far_goes_with_the_consent_that_it_rests_on(
    recording,
    alice,
    patient,
    withdraw,  # noqa: F811
    purpose,
):
    job = request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")
    folder = steps_dir(recording.pk, job.pk)
    folder.mkdir(parents=True)
    (folder / "look-00000.npz").write_bytes(b"faces")
    withdraw(patient, purpose)
    assert not folder.exists()


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_covers_drawn_by_hand_go_with_the_consent_that_they_rest_on(
    derivative,
    alice,
    patient,
    withdraw,  # noqa: F811
    purpose,
):
    cover = DrawnCover.objects.create(
        recording=derivative.recording, keys=[[0, [0, 0, 9, 9]]], reason="badge", drawn_by=alice
    )
    withdraw(patient, "annotate")
    assert DrawnCover.objects.get() == cover
    erasure = withdraw(patient, purpose)
    assert not DrawnCover.objects.exists()
    assert erased_counts(erasure)["covers drawn by hand"] == 1
    assert erasure.state == "done" and erasure.certificate["erased"]


@pytest.mark.parametrize("purpose", ["share_audio", "share_deidentified", "record"])
def test_marked_spans_go_with_the_consent_to_share_the_sound(
    recording,
    alice,
    patient,
    withdraw,  # noqa: F811
    purpose,
):
    span = MarkedSpan.objects.create(
        recording=recording, start_us=0, end_us=9, client_key=uuid.uuid4(), marked_by=alice
    )
    withdraw(patient, "annotate")
    assert MarkedSpan.objects.get() == span
    erasure = withdraw(patient, purpose)
    assert not MarkedSpan.objects.exists()
    assert erased_counts(erasure)["marked spans of sound"] == 1
    assert erasure.state == "done"


def test_another_consent_that_ends_when_that_to_sharing_has_lapsed_leaves_everything(
    derivative,
    alice,
    patient,
    withdraw,  # noqa: F811
):
    cover = DrawnCover.objects.create(
        recording=derivative.recording, keys=[[0, [0, 0, 9, 9]]], reason="badge", drawn_by=alice
    )
    lapse(patient, alice)
    erasure = withdraw(patient, "annotate")
    assert (erasure.state, erased_counts(erasure)) == ("done", {})
    assert DrawnCover.objects.get() == cover and Derivative.objects.get() == derivative
    assert version_path(derivative.recording_id, derivative.pk).exists()


def lapse(person, actor) -> None:
    now = timezone.now()
    record = ConsentRecord.objects.create(
        participant=person, form=forms_for(person).first(), method="typed", signature="HM", signed_at=now,
        valid_until=now.date() - datetime.timedelta(days=1), countersigned_by=actor,
        document={}, sha256=uuid.uuid4().hex,
    )  # fmt: skip
    ConsentDecision.objects.create(
        participant=person, form=record.form, purpose="share_deidentified", granted=True, record=record,
        valid_until=record.valid_until, decided_at=now, recorded_by=actor,
    )  # fmt: skip


@pytest.fixture
def cast(recording, alice):
    """A job that was told of the patient's donor, which was refused then."""
    job = request_derivative(recording=recording, actor=alice, method="swap", audio="remove", donor="donor-5")
    donors.casting_of(recording, job)
    StudyDonor.objects.update(refused_at=timezone.now(), reason="his scar shows")
    return job


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_nothing_of_a_job_tells_whose_donor_it_was_once_consent_ended(
    cast,
    patient,
    withdraw,  # noqa: F811
    purpose,
):
    withdraw(patient, "annotate")
    assert Casting.objects.get().donor == Job.objects.get(pk=cast.pk).params["donor"] == "donor-5"
    erasure = withdraw(patient, purpose)
    assert erasure.state == "done"
    assert erased_counts(erasure)["what a job was told of donors"] == 1
    assert not Casting.objects.exists()
    assert Job.objects.get(pk=cast.pk).params["donor"] == "auto"
    assert StudyDonor.objects.values_list("participant", "donor", "reason").get() == (None, "donor-5", "")


def test_whose_donor_it_was_is_forgotten_with_the_last_of_several_visits_that_may_be_kept(
    cast, encounter, alice, django_capture_on_commit_callbacks
):
    today = timezone.localdate()
    later = Encounter.objects.create(
        study=encounter.study, number=98, doctor=encounter.doctor, patient=encounter.patient, held_on=today
    )
    add_recording(later, "patient", uploaded_by=alice)

    def end(one) -> None:
        Encounter.objects.filter(pk=one.pk).update(keep_until=today - datetime.timedelta(days=1))
        with django_capture_on_commit_callbacks(execute=True):
            apply_retention()
        finish_open_erasures()
        assert not Erasure.objects.exclude(state="done").exists()

    end(encounter)
    assert StudyDonor.objects.get().participant == encounter.patient
    end(later)
    assert StudyDonor.objects.get().participant is None
    assert apply_retention() == []


def test_whose_donor_it_was_is_forgotten_though_the_last_visit_left_nothing_to_erase(
    cast, encounter, django_capture_on_commit_callbacks
):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    other = Encounter.objects.create(
        study=encounter.study,
        number=98,
        doctor=encounter.doctor,
        patient=encounter.patient,
        held_on=yesterday,
    )
    Encounter.objects.filter(pk=encounter.pk).update(keep_until=yesterday)
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
    assert StudyDonor.objects.get().participant == encounter.patient
    Encounter.objects.filter(pk=other.pk).update(keep_until=yesterday)
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
    assert StudyDonor.objects.get().participant is None
    assert apply_retention() == []
