"""Who spoke, on the doctor's page: only while both agree to be analysed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.webapp.records import add_recording, add_run
from webapp.consent.services import record_decisions
from webapp.feedback.models import Reflection
from webapp.feedback.speaking import speaking_of

SPEECH = {
    "spoken_s": 5.0,
    "apart_db": 9.0,
    "share": {"doctor": 0.6, "patient": 0.4},
    "silences": [{"start_s": 5.0, "end_s": 8.2}],
    "first_second": 0,
    "spoken_by": {"doctor": [1.0, 1.0, 1.0, 0.0, 0.0], "patient": [0.0, 0.0, 0.0, 1.0, 1.0]},
}


@pytest.fixture
def run(encounter, dora):
    Reflection.objects.create(encounter=encounter, doctor=dora)
    for camera in ("doctor", "patient"):
        add_recording(encounter, camera)
    found = add_run(encounter)
    found.summary["speech"] = SPEECH
    found.save()
    return found


def shown(run, dora, signed_in) -> str:
    answer = signed_in(dora).get(reverse("feedback:session", args=[run.encounter_id]))
    return " ".join(answer.content.decode().split())


def test_shares_turns_and_silences_are_shown(run, dora, signed_in):
    text = shown(run, dora, signed_in)
    assert "You: 60 % of what was spoken" in text
    assert "three seconds or longer 1 time, 3 s in all" in text
    assert 'data-seek-s="5"' in text
    assert speaking_of(run)["people"][1]["turns"] == [{"start": 3, "length": 2}]


def test_voices_that_cannot_be_told_apart_are_not_shared_out(run, dora, signed_in):
    run.summary["speech"] = SPEECH | {"share": {}, "spoken_by": {}}
    run.save()
    assert "Whose they were cannot be told" in shown(run, dora, signed_in)


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_a_microphone_hears_both_so_both_must_agree(run, who, dora, alice, signed_in):
    record_decisions(
        actor=alice, participant=getattr(run.encounter, who), decisions={f"analyse_{who}": False}
    )
    assert speaking_of(run) is None
    assert "Not measured: that needs a recording with sound" in shown(run, dora, signed_in)


def test_a_run_from_before_says_that_it_was_not_measured(run, dora, signed_in):
    del run.summary["speech"]
    run.save()
    assert "Not measured: that needs a recording with sound" in shown(run, dora, signed_in)
