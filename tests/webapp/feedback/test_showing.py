"""The video of the feedback page: the original, or what stands in for it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.records import add_recording, add_run
from webapp.consent.services import record_decisions
from webapp.deidjobs.services import review_derivative
from webapp.feedback.models import Reflection


@pytest.fixture
def recordings(encounter, dora):
    Reflection.objects.create(encounter=encounter, doctor=dora)
    made = [add_recording(encounter, camera, playable=camera == "doctor") for camera in ("doctor", "patient")]
    add_run(encounter)
    return made


@pytest.fixture
def version(recordings, alice):
    return add_derivative(recordings[1], alice)


@pytest.fixture
def text(recordings, encounter, dora, signed_in):
    def read() -> str:
        answer = signed_in(dora).get(reverse("feedback:session", args=[encounter.pk]))
        return answer.content.decode()

    return read


def address(version) -> str:
    return reverse("deidjobs:video", args=[version.pk])


def test_an_original_that_browsers_cannot_play_is_replaced_by_its_version(version, recordings, text):
    shown = text()
    assert address(version) in shown and "de-identified: blur" in shown
    assert reverse("recordings:video", args=[recordings[0].pk]) in shown
    assert reverse("recordings:poster", args=[recordings[1].pk]) not in shown


def test_a_version_that_failed_or_was_refused_stands_in_for_nothing(version, recordings, alice, bob, text):
    review_derivative(derivative=version, actor=bob, decision="refused", reason="A face shows.")
    add_derivative(recordings[1], alice, verdict="fail")
    assert "de-identified:" not in text()


def test_without_consent_to_share_no_version_is_shown(version, encounter, alice, text):
    record_decisions(actor=alice, participant=encounter.patient, decisions={"share_deidentified": False})
    assert address(version) not in text()
