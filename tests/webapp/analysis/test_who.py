from __future__ import annotations

import json

import pytest
from django.urls import reverse

from tests.webapp.records import add_run, findings
from webapp import engines
from webapp.analysis.models import PersonCorrection, RuleSet
from webapp.consent.services import record_decisions


@pytest.fixture
def page(signed_in, alice, encounter):
    client = signed_in(alice)
    return lambda query="": client.get(encounter.get_absolute_url() + query)


def send(client, address, data):
    return client.post(address, json.dumps(data), content_type="application/json")


def test_panel_says_who_is_who_with_confidence_and_reasons(page, run):
    text = page().content.decode()
    assert 'Person 1</strong> <span class="badge badge-done">the patient' in text
    assert 'Person 2</strong> <span class="badge badge-plain">somebody else' in text
    assert "Confidence 0.90: central." in text
    assert 'name="into"' in text


def test_people_of_somebody_who_withdrew_are_not_listed(page, run, alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    assert [camera["name"] for camera in page().context["people"]] == ["doctor"]


def test_annotators_see_who_is_who_and_cannot_correct_it(run, encounter, bob, signed_in):
    text = signed_in(bob).get(encounter.get_absolute_url()).content.decode()
    assert "Who is who" in text
    assert "data-post-form" not in text


def test_a_correction_over_the_api_is_listed_until_it_is_undone(page, run, encounter, alice, signed_in):
    client = signed_in(alice)
    address = reverse("analysis:api_people", args=[encounter.pk])
    said = {"camera": "patient", "kind": "reassign", "track": "2", "role": "doctor"}
    assert send(client, address, said).status_code == 202
    assert "Person 2 is the doctor" in page().content.decode()
    assert "Waits for the analysis" in page().content.decode()
    undo = reverse("analysis:api_undo", args=[PersonCorrection.objects.get().pk])
    assert send(client, undo, {}).status_code == 202
    assert send(client, undo, {}).status_code == 409
    assert "Person 2 is the doctor" not in page().content.decode()


def test_what_became_of_a_correction_is_said(page, run, cameras):
    said = PersonCorrection.objects.create(recording=cameras["patient"], kind="merge", track=2, into=1)
    run.params["by_hand"] = {"corrections": {"patient": [str(said.pk)]}}
    run.summary["cameras"]["patient"]["corrections"] = [{"refusal": "there is no track 2"}]
    run.save()
    assert "Not applied: there is no track 2." in page().content.decode()


@pytest.mark.parametrize("data", [{}, {"offset_ms": "soon"}, {"offset_ms": 1.5}, {"offset_ms": 9_999_999}])
def test_an_offset_that_is_none_is_refused(run, encounter, alice, signed_in, data):
    answer = send(signed_in(alice), reverse("analysis:api_clock", args=[encounter.pk]), data)
    assert answer.status_code == 400


def test_an_offset_by_hand_is_shown_beside_what_counts(page, run, encounter, alice, signed_in):
    send(signed_in(alice), reverse("analysis:api_clock", args=[encounter.pk]), {"offset_ms": 400})
    assert page().context["clock"]["by_hand_ms"] == 400
    assert "began 640 ms after the doctor’s" in page().content.decode()


def test_a_camera_that_began_earlier_is_said_to_have_begun_before(page, run):
    run.sync_offset_ms = -484.3
    run.save()
    assert "began 484 ms before the doctor’s" in page().content.decode()


def test_runs_of_models_stand_side_by_side_and_one_is_chosen(page, run, encounter):
    newer = add_run(encounter, engines.Findings(**(vars(findings()) | {"model": "fer"})))
    assert [(one["model"], one["is_shown"]) for one in page().context["runs"]] == [
        ("fer", True),
        ("human", False),
    ]
    chosen = page(f"?run={run.pk}")
    assert chosen.context["run"] == run
    assert reverse("analysis:api_timeline", args=[run.pk]) in chosen.content.decode()
    assert 'data-post-form="/api/v1/encounters' in page().content.decode()
    assert 'name="role"' not in chosen.content.decode(), "only the newest run's people are corrected"
    assert newer.model in chosen.content.decode()


def test_runs_of_all_models_are_told_by_the_api(run, encounter, alice, signed_in):
    add_run(encounter, engines.Findings(**(vars(findings()) | {"model": "fer"})))
    add_run(encounter, engines.Findings(**(vars(findings()) | {"model": "fer"})))
    told = signed_in(alice).get(reverse("analysis:api_encounter", args=[encounter.pk])).json()
    assert [(one["model"], one["current"]) for one in told["runs"]] == [("fer", True), ("human", True)]
    assert told["run"] == told["runs"][0]


def test_a_model_can_be_chosen_to_analyse_by(run, encounter, alice, signed_in):
    answer = send(signed_in(alice), reverse("analysis:api_runs", args=[encounter.pk]), {"model": "fer"})
    assert answer.status_code == 202


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_run_that_is_not_there_is_not_found(page, run, wanted):
    assert page(f"?run={wanted}").status_code == 404


def test_suggestions_are_shown_while_both_people_agree(page, run, alice, patient):
    run.summary["suggestions"] = [
        {"second": 65, "text": "Pause.", "framework": "NURSE", "confidence": 0.7, "evidence": []}
    ]
    run.save()
    assert "Pause." in page().content.decode()
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    assert "Pause." not in page().content.decode()


def test_rules_are_shown_in_words_in_each_language_and_saved_as_a_version(study, alice, signed_in):
    client, address = signed_in(alice), reverse("analysis:rules", args=[study.slug])
    assert "rules that ship" in client.get(address).content.decode()
    assert "Halten Sie inne" in client.get(address + "?language=de").content.decode()
    text = engines.shipped_rules().replace("refractory_s: 90", "refractory_s: 45")
    assert client.post(address, {"text": text}).status_code == 302
    assert "its own rules, version 1" in client.get(address).content.decode()
    assert RuleSet.objects.get().text.count("refractory_s: 45") == 1


def test_a_mistake_in_the_rules_is_named_and_what_was_typed_stays(study, alice, signed_in):
    answer = signed_in(alice).post(reverse("analysis:rules", args=[study.slug]), {"text": "rules: [sad]"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "line 1" in text
    assert "rules: [sad]" in text
    assert not RuleSet.objects.exists()


def test_players_are_told_by_how_much_the_second_camera_drifts(page, run):
    run.summary["sync"] = {"drift_ppm": 52.5}
    run.save()
    html = page().content.decode()
    assert 'data-offset-ms="0.000" data-drift-ppm="0.000"' in html
    assert 'data-offset-ms="640.000" data-drift-ppm="52.500"' in html
