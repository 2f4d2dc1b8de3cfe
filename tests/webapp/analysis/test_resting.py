"""A person's face at rest counts as neutral once somebody says when it was; both readings are kept."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.webapp.records import add_run, findings
from webapp.analysis.models import RestingChoice, SecondRow
from webapp.consent.models import Purpose
from webapp.consent.services import record_decisions
from webapp.core.models import AuditEvent
from webapp.recordings.models import Recording

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


@pytest.fixture
def sad_run(encounter, cameras):
    """Ten seconds of a patient whose calm face is classified as sad, and who smiles in the last two."""
    found = findings(seconds=10)
    for row in found.rows:
        if row["camera"] == "patient":
            smiles = row["second"] >= 8
            top = "happiness" if smiles else "sadness"
            probs = (
                dict.fromkeys(EMOTIONS, 0.02)
                | ({} if smiles else {"neutral": 0.32})
                | {top: 0.88 if smiles else 0.58}
            )
            row.update(
                status="ok",
                track=1,
                emotion=top,
                confidence=probs[top],
                frames_detected=5,
                valence=0.0,
                arousal=0.0,
                **probs,
            )
    return add_run(encounter, found)


@pytest.fixture
def choose(signed_in, alice, encounter):
    client = signed_in(alice)

    def send(second, camera="patient"):
        data = json.dumps({"camera": camera, "second": second})
        address = reverse("analysis:api_resting", args=[encounter.pk])
        return client.post(address, data, content_type="application/json")

    return send


@pytest.fixture
def lane(signed_in, alice, sad_run):
    client = signed_in(alice)
    address = reverse("analysis:api_timeline", args=[sad_run.pk])

    def read(camera="patient"):
        return next(one for one in client.get(address).json()["lanes"] if one["camera"] == camera)

    return read


@pytest.mark.parametrize("second", [None, 3])
def test_the_calm_face_becomes_neutral_and_the_smile_stays(sad_run, choose, lane, second):
    assert lane()["calibrated"] is None
    assert choose(second).status_code == 204
    found = lane()
    assert found["emotion"] == ["sadness"] * 8 + ["happiness"] * 2
    assert found["calibrated"]["emotion"] == ["neutral"] * 8 + ["happiness"] * 2
    assert found["calibrated"]["summary"]["seconds_by_emotion"]["neutral"] == 8
    assert found["summary"] == sad_run.summary["cameras"]["patient"]["roles"]["patient"]
    assert found["calibrated"]["resting_seconds"] == ([0, 1, 2, 3, 4] if second is None else [2, 3, 4])
    assert lane("doctor")["calibrated"] is None
    assert SecondRow.objects.filter(run=sad_run, camera="patient", emotion="sadness").count() == 8


def test_both_readings_can_be_taken_along(sad_run, choose, signed_in, alice):
    choose(3)
    address = reverse("analysis:timeline_csv", args=[sad_run.pk])
    read = [
        list(csv.DictReader(io.StringIO(signed_in(alice).get(address + query).content.decode())))
        for query in ("", "?calibrated=true")
    ]
    patients = [[row["emotion"] for row in rows if row["camera"] == "patient"] for rows in read]
    assert patients == [["sadness"] * 8 + ["happiness"] * 2, ["neutral"] * 8 + ["happiness"] * 2]
    doctors = [[row for row in rows if row["camera"] == "doctor"] for rows in read]
    assert doctors[0] == doctors[1]
    answer = signed_in(alice).get(address + "?calibrated=perhaps")
    assert answer.status_code == 400


def test_a_choice_is_replaced_and_taken_back(sad_run, choose, lane, signed_in, alice, encounter):
    choose(3)
    choose(None)
    assert RestingChoice.objects.filter(undone_at=None).count() == 1
    undo = reverse("analysis:api_resting_undo", args=[encounter.pk])
    answers = [
        signed_in(alice)
        .post(undo, json.dumps({"camera": "patient"}), content_type="application/json")
        .status_code
        for _ in range(2)
    ]
    assert answers == [204, 409]
    assert lane()["calibrated"] is None
    actions = AuditEvent.objects.filter(action__startswith="analysis.resting_face").values_list(
        "action", flat=True
    )
    assert sorted(actions) == ["analysis.resting_face_chosen"] * 2 + ["analysis.resting_face_forgotten"]


@pytest.mark.parametrize(("second", "camera", "words"), [
    (500, "patient", "No expression was classified at that moment"),
    (None, "doctor", "no five quiet seconds"),
])  # fmt: skip
def test_seconds_that_do_not_tell_are_refused_in_a_sentence(sad_run, choose, second, camera, words):
    SecondRow.objects.filter(run=sad_run, camera="doctor").update(status="no_face", emotion=None)
    answer = choose(second, camera)
    assert answer.status_code in (400, 422) and words in answer.content.decode()
    assert not RestingChoice.objects.exists()


def test_a_face_that_is_not_shown_to_somebody_cannot_be_calibrated_by_them(
    sad_run, choose, alice, encounter, signed_in
):
    RestingChoice.objects.create(recording=Recording.objects.get(camera="doctor"))
    record_decisions(actor=alice, participant=encounter.doctor, decisions={Purpose.SHOW_DOCTOR: False})
    assert choose(0, "doctor").status_code == 403
    undo = reverse("analysis:api_resting_undo", args=[encounter.pk])
    answer = signed_in(alice).post(undo, json.dumps({"camera": "doctor"}), content_type="application/json")
    assert answer.status_code == 403
    page = signed_in(alice).get(encounter.get_absolute_url()).content.decode()
    assert 'data-resting-face="doctor"' not in page and 'data-resting-face="patient"' in page
    record_decisions(actor=alice, participant=encounter.patient, decisions={Purpose.ANALYSE_PATIENT: False})
    assert choose(0, "patient").status_code == 403


def test_a_moment_stays_the_same_when_the_clock_is_set_anew(sad_run, choose, lane):
    choose(3)
    sad_run.offsets_ms["patient"] += 2000
    sad_run.save()
    assert lane()["calibrated"]["resting_seconds"] == [4, 5, 6]


def test_one_choice_stands_per_recording(sad_run, choose):
    choose(3)
    standing = RestingChoice.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        RestingChoice.objects.create(recording=standing.recording)


def test_the_page_offers_the_choice_and_then_shows_both(sad_run, choose, signed_in, alice, encounter):
    client = signed_in(alice)

    def page():
        return " ".join(client.get(encounter.get_absolute_url()).content.decode().split())

    assert "Take the first quiet seconds" in page() and "?calibrated=true" not in page()
    choose(3)
    text = page()
    assert "resting face as neutral</th>" in text and "?calibrated=true" in text
    assert "The face around 0:03 counts as neutral" in text
