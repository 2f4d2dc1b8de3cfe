from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.webapp.deidjobs.conftest import add_derivative
from webapp.consent.services import record_decisions
from webapp.deidjobs.models import Derivative, Review
from webapp.jobs.models import Job


@pytest.fixture
def versions_url(encounter):
    return reverse("deidjobs:versions", args=[encounter.pk])


def test_an_encounter_without_a_version_says_the_next_step(signed_in, alice, bob, recording, versions_url):
    assert b"Ask for one below" in signed_in(alice).get(versions_url).content
    assert b"A coordinator can make one here" in signed_in(bob).get(versions_url).content


def test_without_consent_there_is_no_form_and_the_page_says_what_is_missing(
    signed_in, alice, patient, recording, versions_url
):
    record_decisions(participant=patient, actor=alice, decisions={"share_deidentified": False})
    page = signed_in(alice).get(versions_url).content.decode()
    assert "have not both consented" in page
    assert "Hide the faces" not in page
    assert "Ask for one below" not in page


def test_a_coordinator_chooses_recordings_and_method(signed_in, alice, recording, versions_url):
    values = {"recordings": [str(recording.pk)], "method": "swap", "audio": "remove", "donor": "auto"}
    answer = signed_in(alice).post(versions_url, values)
    assert answer.status_code == 302
    assert Job.objects.get().params["method"] == "swap"


def test_what_is_on_its_way_is_shown_with_its_camera_and_method(
    signed_in, alice, bob, recording, versions_url
):
    values = {"recordings": [str(recording.pk)], "method": "swap", "audio": "remove", "donor": "auto"}
    signed_in(alice).post(versions_url, values)
    page = signed_in(alice).get(versions_url).content.decode()
    assert f"De-identify a recording: {recording.camera}’s camera by swap" in page
    assert reverse("analysis:api_cancel", args=[Job.objects.get().pk]) in page
    seen = signed_in(bob).get(versions_url).content.decode()
    assert "camera by swap" in seen
    assert "data-post=" not in seen


def test_a_form_without_a_recording_keeps_what_was_chosen(signed_in, alice, recording, versions_url):
    answer = signed_in(alice).post(versions_url, {"method": "box", "audio": "mask"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert re.search(r'value="box"[^>]* checked', page)


def test_the_compare_page_has_both_videos_and_numbers_beside_the_control(signed_in, audrey, bob, derivative):
    page = signed_in(bob).get(derivative.get_absolute_url()).content.decode()
    assert reverse("deidjobs:video", args=[derivative.pk]) in page
    assert reverse("recordings:video", args=[derivative.recording_id]) not in page  # browsers cannot play it
    assert "not measured" in page
    assert "Encoding alone" in page
    assert "0 of 100 frames" in page


def test_whoever_signs_off_is_told_who_asked_and_where_to_look(signed_in, audrey, alice, recording):
    one = add_derivative(recording, alice, verdict="review")
    gap = {"track": 1, "start_ms": 12_800, "end_ms": 16_160, "covered": True}
    Derivative.objects.filter(pk=one.pk).update(report=one.report | {"gaps_to_review": [gap]})
    page = signed_in(audrey).get(one.get_absolute_url()).content.decode()
    assert "asked for by Alice" in page
    assert "1 place to look at" in page
    assert '<button class="button button-small" type="button" data-at="12.8">0:12 to 0:16</button>' in page
    assert "Look frame by frame" not in page
    assert "You asked for it, so somebody else decides" in (
        signed_in(alice).get(one.get_absolute_url()).content.decode()
    )


def test_the_list_of_what_waits_says_what_became_of_the_sound(signed_in, audrey, alice, recording, study):
    add_derivative(recording, alice, audio="mask")
    page = signed_in(audrey).get(reverse("deidjobs:reviews", args=[study.slug])).content.decode()
    assert "<td>noise</td>" in page


def test_without_consent_nobody_is_sent_to_ask_for_a_right(signed_in, alice, derivative, patient):
    record_decisions(participant=patient, actor=alice, decisions={"share_deidentified": False})
    answer = signed_in(alice).get(reverse("deidjobs:covers", args=[derivative.pk]))
    assert answer.status_code == 403
    assert "takes the consent of everybody concerned" in answer.content.decode()
    assert "ask the coordinator" not in answer.content.decode()


def test_the_original_is_shown_only_to_those_who_may_see_it(signed_in, audrey, bob, derivative):
    type(derivative.recording).objects.update(playable=True)
    original = reverse("recordings:video", args=[derivative.recording_id]).encode()
    assert original in signed_in(bob).get(derivative.get_absolute_url()).content
    assert original not in signed_in(audrey).get(derivative.get_absolute_url()).content


def test_withdrawn_consent_hides_page_and_file(signed_in, alice, audrey, derivative, patient):
    record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
    client = signed_in(audrey)
    assert b"missing or withdrawn" in client.get(derivative.get_absolute_url()).content
    answer = client.get(reverse("deidjobs:video", args=[derivative.pk]))
    assert answer.status_code == 403


def test_the_file_is_served_as_it_was_written(signed_in, audrey, derivative):
    answer = signed_in(audrey).get(reverse("deidjobs:video", args=[derivative.pk]))
    assert (answer.status_code, answer.content) == (200, b"hidden video")


def test_a_decision_needs_a_reason_and_a_second_person(signed_in, alice, audrey, derivative):
    url = reverse("deidjobs:review", args=[derivative.pk])
    assert signed_in(audrey).post(url, {"decision": "approved"}).status_code == 422
    assert signed_in(alice).post(url, {"decision": "approved", "reason": "mine"}).status_code == 403
    answer = signed_in(audrey).post(url, {"decision": "approved", "reason": "looked at every minute"})
    assert answer.status_code == 302
    assert Review.objects.get().reason == "looked at every minute"
    assert b"looked at every minute" in signed_in(alice).get(derivative.get_absolute_url()).content
    seen = signed_in(audrey).get(derivative.get_absolute_url()).content.decode()
    assert (
        seen.index("looked at every minute")
        < seen.index("<summary>Decide anew")
        < seen.index("Record the dec")
    )


def test_a_decision_that_another_one_followed_is_still_there(signed_in, audrey, derivative):
    url = reverse("deidjobs:review", args=[derivative.pk])
    signed_in(audrey).post(url, {"decision": "approved", "reason": "looked at every minute"})
    signed_in(audrey).post(url, {"decision": "refused", "reason": "missed a badge"})
    page = signed_in(audrey).get(derivative.get_absolute_url()).content.decode()
    assert (
        page.index("missed a badge")
        < page.index("Before: approved by")
        < page.index("looked at every minute")
    )


def test_what_failed_can_only_be_refused(signed_in, alice, audrey, recording):
    failed = add_derivative(recording, alice, verdict="fail")
    page = signed_in(audrey).get(failed.get_absolute_url()).content.decode()
    assert "can only be refused" in page
    assert 'value="approved"' not in page
    url = reverse("deidjobs:review", args=[failed.pk])
    answer = signed_in(audrey).post(url, {"decision": "approved", "reason": "never mind"})
    assert answer.status_code == 422
    assert not Review.objects.exists()
    assert "never mind" in answer.content.decode()
    assert signed_in(audrey).post(url, {"decision": "refused", "reason": "a face is seen"}).status_code == 302
