from __future__ import annotations

import csv
import io

import pytest

from tests.webapp.records import add_job, add_recording, add_run
from webapp.analysis.models import AnalysisRun
from webapp.analysis.timelines import COLUMNS, EMOTIONS, STATUSES
from webapp.consent.services import record_decisions
from webapp.core.models import AuditEvent
from webapp.jobs import running
from webapp.jobs.models import Job


@pytest.fixture
def alices(signed_in, alice):
    return signed_in(alice)


def withdraw(actor, participant, purpose):
    record_decisions(actor=actor, participant=participant, decisions={purpose: False})


def test_words_of_the_site_are_those_of_the_library():
    from emotion import labels, tables

    assert (EMOTIONS, tuple(STATUSES), COLUMNS) == (labels.EMOTIONS, labels.STATUSES, tables.TIMELINE_COLUMNS)


def test_an_empty_encounter_says_so(alices, encounter):
    answer = alices.get(f"/api/v1/encounters/{encounter.pk}/").json()
    assert answer == {
        "id": str(encounter.pk),
        "code": encounter.code,
        "recordings": [],
        "jobs": [],
        "run": None,
        "runs": [],
    }


def test_an_encounter_tells_its_recordings_jobs_and_newest_run(alices, encounter, run, cameras):
    waiting = add_job(encounter)
    answer = alices.get(f"/api/v1/encounters/{encounter.pk}/").json()
    assert [one["camera"] for one in answer["recordings"]] == ["doctor", "patient"]
    patient = answer["recordings"][1]
    assert patient["video_url"] == f"/recordings/{cameras['patient'].pk}/video"
    assert (patient["duration_s"], patient["fps"], patient["width"]) == (3.0, 25.0, 640)
    (job,) = answer["jobs"]
    assert (job["id"], job["state"], job["can_cancel"], job["can_retry"]) == (
        str(waiting.pk),
        "queued",
        True,
        False,
    )
    assert answer["run"]["id"] == str(run.pk)


def replace(encounter, recording):
    recording.delete()
    return add_recording(encounter, recording.camera, b"another file", playable=True)


def test_a_run_is_current_while_it_rests_on_the_recordings_that_are_ready(alices, encounter, run, cameras):
    def current() -> bool:
        return alices.get(f"/api/v1/encounters/{encounter.pk}/").json()["run"]["current"]

    assert current()
    replace(encounter, cameras["patient"])
    assert not current()
    add_run(encounter)
    assert current()


def test_a_run_before_the_second_camera_arrived_is_outdated(alices, encounter):
    add_recording(encounter, "doctor")
    add_run(encounter)
    add_recording(encounter, "patient")
    assert not alices.get(f"/api/v1/encounters/{encounter.pk}/").json()["run"]["current"]


def test_results_of_a_replaced_file_are_not_drawn_over_the_new_one(alices, encounter, run, cameras):
    encounter.recordings.update(playable=True)
    page = alices.get(f"/encounters/{encounter.pk}/").content.decode()
    assert (page.count('data-part="overlay"'), "data-outdated" in page) == (2, False)
    newer = replace(encounter, cameras["patient"])
    page = alices.get(f"/encounters/{encounter.pk}/").content.decode()
    assert (page.count('data-part="overlay"'), "These results are outdated" in page) == (1, True)
    assert (
        f'data-recording="{newer.pk}" data-state="ready" data-duration-s="3.000" data-offset-ms="0.000"'
        in page
    )


def test_an_auditor_gets_results_but_no_address_of_an_original(signed_in, audrey, encounter, run):
    answer = signed_in(audrey).get(f"/api/v1/encounters/{encounter.pk}/").json()
    assert {one["video_url"] for one in answer["recordings"]} == {None}
    assert {one["poster_url"] for one in answer["recordings"]} == {None}
    assert answer["run"] is not None


def test_withdrawn_consent_to_record_hides_every_address_of_the_original(
    alices, encounter, run, alice, patient
):
    withdraw(alice, patient, "record")
    answer = alices.get(f"/api/v1/encounters/{encounter.pk}/").json()
    assert {one["video_url"] for one in answer["recordings"]} == {None}


def test_a_failure_is_shown_until_something_newer_made_it_good(alices, encounter, alice):
    url = f"/api/v1/encounters/{encounter.pk}/"
    failed = add_job(encounter)
    Job.objects.filter(pk=failed.pk).update(
        state="failed", finished_at=failed.created_at, error_message="Why."
    )
    (shown,) = alices.get(url).json()["jobs"]
    assert (shown["message"], shown["can_retry"]) == ("Why.", True)
    done = add_job(encounter)
    Job.objects.filter(pk=done.pk).update(state="done", finished_at=done.created_at)
    assert alices.get(url).json()["jobs"] == []


def test_a_timeline_has_one_lane_of_columns_per_person(alices, run, patient):
    answer = alices.get(f"/api/v1/runs/{run.pk}/timeline/").json()
    assert answer["emotions"] == list(EMOTIONS)
    assert (answer["duration_s"], answer["sync"]["offset_ms"]) == (3, 640.0)
    lane = answer["lanes"][1]
    assert (lane["camera"], lane["role"], lane["label"]) == ("patient", "patient", f"Patient {patient.code}")
    assert (lane["seconds"], lane["status"]) == ([0, 1, 2], ["ok", "ok", "no_face"])
    assert lane["emotion"] == ["happiness", "happiness", None]
    assert lane["probs"]["happiness"] == [0.7, 0.7, None]
    assert lane["offset_ms"] == 640.0
    assert lane["summary"]["seconds"]["ok"] == 2


def test_seconds_of_a_person_who_withdrew_are_served_as_withheld_and_empty(alices, run, alice, patient):
    withdraw(alice, patient, "analyse_patient")
    doctor, lane = alices.get(f"/api/v1/runs/{run.pk}/timeline/").json()["lanes"]
    assert set(lane["status"]) == {"consent_withheld"}
    assert set(lane["emotion"]) | set(lane["valence"]) | set(lane["probs"]["happiness"]) == {None}
    assert lane["summary"]["seconds_by_emotion"]["happiness"] == 0
    assert doctor["status"] == ["ok", "ok", "no_face"]
    faces = alices.get(f"/api/v1/runs/{run.pk}/faces/?camera=patient&to_s=60").json()
    assert faces["t_ms"] == faces["box"] == []
    rows = list(
        csv.DictReader(io.StringIO(alices.get(f"/api/v1/runs/{run.pk}/timeline.csv").content.decode()))
    )
    assert {row["status"] for row in rows if row["camera"] == "patient"} == {"consent_withheld"}
    assert {row["happiness"] for row in rows if row["camera"] == "patient"} == {""}


def test_a_doctors_lane_that_is_for_the_doctor_alone_is_a_sentence_and_empty_lines_to_others(
    alices, run, alice, doctor, dora, signed_in
):
    withdraw(alice, doctor, "show_doctor")
    found = alices.get(f"/api/v1/runs/{run.pk}/timeline/").json()
    assert [lane["camera"] for lane in found["lanes"]] == ["patient"]
    why = "The doctor’s expression is shown to the doctor alone."
    assert found["hidden"] == [{"camera": "doctor", "role": "doctor", "why": why}]
    assert why in alices.get(run.encounter.get_absolute_url()).content.decode()
    lines = alices.get(f"/api/v1/runs/{run.pk}/timeline.csv").content.decode().splitlines()
    assert {line for line in lines if line.startswith("doctor,")} == {
        f"doctor,{second},doctor,,consent_withheld{',' * 11},0,0" for second in range(3)
    }
    own = signed_in(dora)
    assert own.get(f"/api/v1/runs/{run.pk}/timeline/").json()["hidden"] == []
    page = own.get(run.encounter.get_absolute_url()).content.decode()
    assert why not in page
    assert "Your own expression is shown to you alone" in page


def test_the_csv_has_the_columns_of_the_contract_and_a_line_per_second(alices, run):
    answer = alices.get(f"/api/v1/runs/{run.pk}/timeline.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="empathy-E-0001-timeline.csv"'
    lines = answer.content.decode().splitlines()
    assert lines[0] == (
        "camera,second,role,track,status,emotion,confidence,anger,disgust,fear,happiness,neutral,sadness,surprise,"
        "valence,arousal,frames_sampled,frames_detected"
    )
    assert len(lines) == 7
    assert lines[1] == "doctor,0,doctor,1,ok,happiness,0.7,0.05,0.05,0.05,0.7,0.05,0.05,0.05,0.5,0.3,5,5"
    assert lines[3] == "doctor,2,doctor,,no_face,,,,,,,,,,,,5,0"


def test_whoever_takes_the_seconds_away_leaves_a_trace(alices, run, alice, encounter):
    alices.get(f"/api/v1/runs/{run.pk}/timeline.csv")
    event = AuditEvent.objects.get(action="analysis.exported")
    assert (event.actor, event.target_id, event.study_id) == (alice, str(run.pk), encounter.study_id)


def test_faces_of_a_stretch_come_in_columns_with_the_offset_of_the_camera(alices, run):
    answer = alices.get(f"/api/v1/runs/{run.pk}/faces/?camera=patient&from_s=1&to_s=1.5").json()
    assert answer["t_ms"] == [1000, 1200, 1400]
    assert answer["box"][0] == [0.1, 0.2, 0.3, 0.4]
    assert (answer["offset_ms"], answer["role"]) == (640.0, ["patient"] * 3)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "camera=patient",
        "camera=roof&to_s=5",
        "camera=patient&to_s=601",
        "camera=patient&from_s=5&to_s=4",
        "camera=patient&to_s=nan",
        "camera=patient&to_s=inf",
    ],
)
def test_a_stretch_that_makes_no_sense_is_refused(alices, run, query):
    answer = alices.get(f"/api/v1/runs/{run.pk}/faces/?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_an_analysis_by_another_model_is_queued_beside(alices, encounter, run):
    answer = alices.post(
        f"/api/v1/encounters/{encounter.pk}/runs/", {"model": "fer"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert Job.objects.get(pk=answer.json()["id"]).params == {"model": "fer"}
    assert AnalysisRun.objects.filter(pk=run.pk).exists()


def test_a_job_is_cancelled_and_tried_again(alices, encounter, cameras):
    job = add_job(encounter)
    assert alices.post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"
    assert alices.post(f"/api/v1/jobs/{job.pk}/cancel/").status_code == 409
    assert alices.post(f"/api/v1/jobs/{job.pk}/retry/").json()["state"] == "queued"
    assert alices.post(f"/api/v1/jobs/{job.pk}/retry/").status_code == 409
    assert running.claim(job.pk) is not None


def test_the_api_asks_for_the_token_against_forged_requests(alice, encounter):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    job = add_job(encounter)
    assert client.post(f"/api/v1/jobs/{job.pk}/cancel/").status_code == 403


def test_a_page_asks_as_much_with_many_recordings_as_with_one(
    alices, encounter, alice, run, django_assert_max_num_queries
):
    for _ in range(10):
        add_recording(encounter, "doctor", state="refused")
    with django_assert_max_num_queries(20):
        alices.get(f"/api/v1/encounters/{encounter.pk}/")
