from __future__ import annotations

import pytest

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.conftest import add_derivative
from webapp.consent.erasing import erased_counts
from webapp.deidjobs.models import Derivative, DrawnCover
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import steps_dir, version_path


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
