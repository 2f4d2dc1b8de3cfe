"""Spans of sound that people mark, and versions in which these alone are masked."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import replace
from unittest import mock
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from tests import videos
from tests.webapp.deidjobs.conftest import add_derivative, hidden_video
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError, Conflict, ConsentMissing, Forbidden, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs import hiding
from webapp.deidjobs.batches import plan_hiding
from webapp.deidjobs.covers import request_another
from webapp.deidjobs.models import MarkedSpan
from webapp.deidjobs.queries import purposes_of
from webapp.deidjobs.services import request_derivative, write_derivative
from webapp.deidjobs.spans import MOST, SpanSketch, save_spans
from webapp.engines.hiding import _task
from webapp.jobs.models import Job
from webapp.recordings import storage
from webapp.recordings.models import Recording

NAME = SpanSketch(None, 500_000, 1_200_000, "bleep")


@pytest.fixture
def recording(recording) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(duration_us=2_000_000, has_audio=True)
    recording.refresh_from_db()
    return recording


@pytest.fixture
def address(recording):
    return {name: reverse(f"deidjobs:{name}", args=[recording.pk]) for name in
            ("spans", "api_spans", "api_sound", "api_speech")}  # fmt: skip


def save(recording, actor, *sketches, known=(), tried=()):
    return save_spans(recording=recording, actor=actor, known=known, sketches=sketches, tried=tried)


def ask(recording, actor, audio="spans"):
    return request_derivative(recording=recording, actor=actor, method="blur", audio=audio, donor="auto")


def forbid_sound(alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"share_audio": False})


def test_nothing_marked_is_nothing_to_write_down(recording, alice):
    assert save(recording, alice) == []
    assert not AuditEvent.objects.filter(action="spans.saved").exists()


def test_a_span_is_kept_with_who_and_when_and_leaves_a_trace(recording, alice):
    (span,) = save(recording, alice, NAME)
    assert (span.start_us, span.end_us, span.style) == (500_000, 1_200_000, "bleep")
    assert span.marked_by == alice and span.marked_at is not None
    assert AuditEvent.objects.get(action="spans.saved").details == {"marked": 1, "removed": 0}


def test_what_is_left_out_is_removed_its_row_says_by_whom_and_what_others_marked_stays(recording, alice, bob):
    (mine,) = save(recording, alice, NAME)
    (_, theirs) = save(recording, bob, SpanSketch(None, 1_500_000, 1_600_000, "mute"))
    assert save(recording, alice, known=[mine.pk]) == [theirs]
    mine.refresh_from_db()
    assert mine.removed_by == alice and mine.removed_at is not None


def test_a_span_sent_twice_is_kept_once_and_one_taken_back_meanwhile_goes(recording, alice):
    key = uuid.uuid4()
    sent = SpanSketch(None, 0, 9_000, "mute", key)
    save(recording, alice, sent)
    assert len(save(recording, alice, sent, tried=[key])) == 1
    assert save(recording, alice, tried=[key]) == []


def test_a_span_sent_again_after_it_was_removed_is_a_row_of_its_own(recording, alice):
    sent = SpanSketch(None, 0, 9_000, "mute", uuid.uuid4())
    (first,) = save(recording, alice, sent)
    assert save(recording, alice, tried=[sent.client_key]) == []
    (again,) = save(recording, alice, sent)
    assert again.pk != first.pk
    assert MarkedSpan.objects.filter(removed_at=None).get() == again


def test_a_span_that_could_only_be_dropped_is_refused_and_nothing_is_changed(recording, alice):
    key = uuid.uuid4()
    (span,) = save(recording, alice, replace(NAME, client_key=key))
    same = replace(NAME, pk=span.pk)
    for wrong in (
        [replace(same, end_us=1_900_000)],
        [replace(same, style="mute")],
        [replace(same, pk=span.pk + 1)],
        [replace(NAME, client_key=key, end_us=1_900_000)],
        [SpanSketch(None, at, at + 9_000, "mute", UUID(int=1)) for at in (0, 20_000)],
    ):
        with pytest.raises(Invalid):
            save(recording, alice, *wrong)
    assert save(recording, alice, same, known=[span.pk]) == [span]


@pytest.mark.parametrize(
    ("start_us", "end_us", "style"),
    [(5, 5, "mute"), (9, 5, "mute"), (2_000_000, 2_100_000, "mute"), (0, 9, "hum")],
)
def test_what_is_no_span_of_the_recording_is_refused(recording, alice, start_us, end_us, style):
    with pytest.raises(Invalid):
        save(recording, alice, SpanSketch(None, start_us, end_us, style))
    assert not MarkedSpan.objects.exists()


def test_a_recording_without_sound_has_nothing_to_mark_and_a_machine_marks_nothing(recording, alice):
    with pytest.raises(Forbidden):
        save(recording, None, NAME)
    Recording.objects.update(has_audio=False)
    with pytest.raises(Invalid, match="no sound"):
        save(recording, alice, NAME)


def test_a_sound_that_is_marked_nowhere_is_refused_in_words(recording, alice):
    with pytest.raises(Invalid, match="no span of the sound is marked"):
        ask(recording, alice)
    (span,) = save(recording, alice, NAME)
    save(recording, alice, known=[span.pk])
    with pytest.raises(Invalid, match="no span of the sound is marked"):
        ask(recording, alice)
    assert not Job.objects.exists()


def test_marked_spans_need_the_consent_to_share_the_sound_for_all_other_voices_stay(
    recording, alice, patient
):
    assert set(purposes_of("remove")) == set(purposes_of("mask")) < set(purposes_of("spans"))
    assert purposes_of("spans") == purposes_of("keep") == purposes_of("whatever comes")
    save(recording, alice, NAME)
    forbid_sound(alice, patient)
    with pytest.raises(ConsentMissing, match="with its sound"):
        ask(recording, alice)


def test_a_job_masks_the_spans_that_were_marked_when_it_was_asked_for_and_its_version_names_them(
    recording, alice
):
    (span,) = save(recording, alice, NAME)
    job = ask(recording, alice)
    save(recording, alice, SpanSketch(None, 0, 9_000, "mute"), known=[span.pk])
    told = hiding._hiding_job(recording, job)
    assert (told.audio, told.spans) == ("spans", ((500_000, 1_200_000, "bleep"),))
    task = _task(told)
    assert task.audio == "mask"
    assert [(one.start_s, one.end_s, one.style) for one in task.spans] == [(0.5, 1.2, "bleep")]
    with transaction.atomic():
        made = write_derivative(recording=recording, job=job, pk=uuid.uuid4(), hidden=hidden_video())
    assert (made.audio, made.recipe["span_rows"]) == ("spans", [span.pk])
    assert made.verdict == "review"  # no machine knows whether a name is still said
    (reason,) = made.reasons
    assert "outside of 1 marked span is heard" in reason


def test_spans_that_are_gone_make_no_version_and_never_one_in_which_all_is_heard(recording, alice):
    save(recording, alice, NAME)
    job = ask(recording, alice)
    told = hiding._hiding_job(recording, job)
    for wrong in ({"spans": ()}, {"audio": "keep"}, {"audio": "mask"}, {"audio": "remove"}):
        with pytest.raises(AppError, match="do not go together"):
            _task(mock.Mock(**(vars(told) | wrong)))
    MarkedSpan.objects.all().delete()
    with pytest.raises(AppError, match="Spans that were marked are gone"):
        hiding._hiding_job(recording, job)


def test_a_batch_does_not_ask_for_what_is_marked_in_each_recording(study, recording, alice, signed_in):
    with pytest.raises(Invalid, match="from its encounter"):
        plan_hiding(study, method="blur", audio="spans")
    page = signed_in(alice).get(reverse("deidjobs:batch_new", args=[study.slug])).content.decode()
    assert 'value="mask"' in page and 'value="spans"' not in page


def test_another_version_may_have_another_sound(recording, alice):
    derivative = add_derivative(recording, alice)
    with pytest.raises(Conflict):
        request_another(derivative=derivative, actor=alice, audio="remove")
    assert request_another(derivative=derivative, actor=alice, audio="keep").params["audio"] == "keep"
    with pytest.raises(Conflict, match="being made"):
        request_another(derivative=derivative, actor=alice, audio="keep")
    with pytest.raises(Invalid, match="no span"):
        request_another(derivative=derivative, actor=alice, audio="spans")
    (span,) = save(recording, alice, NAME)
    assert request_another(derivative=derivative, actor=alice, audio="spans").params["spans"] == [span.pk]


def test_another_version_of_marked_sound_differs_once_other_spans_are_marked(recording, alice, signed_in):
    (span,) = save(recording, alice, NAME)
    derivative = add_derivative(recording, alice, audio="spans")
    page = reverse("deidjobs:covers", args=[derivative.pk])
    assert '"differs": false' in signed_in(alice).get(page).content.decode()
    with pytest.raises(Conflict):
        request_another(derivative=derivative, actor=alice)
    save(recording, alice, SpanSketch(None, 0, 9_000, "mute"), known=[span.pk])
    assert '"differs": true' in signed_in(alice).get(page).content.decode()
    assert request_another(derivative=derivative, actor=alice).params["audio"] == "spans"


def test_the_form_for_another_version_offers_the_sounds_that_consent_allows(
    recording, alice, patient, signed_in
):
    derivative = add_derivative(recording, alice)
    client, at = signed_in(alice), reverse("deidjobs:covered_version", args=[derivative.pk])
    answer = client.post(at, {"audio": "spans"})
    assert answer.status_code == 400 and "no span of the sound is marked" in answer.content.decode()
    forbid_sound(alice, patient)
    assert client.post(at, {"audio": "keep"}).status_code == 422
    assert client.post(at, {"audio": "mask"}).status_code == 302
    assert Job.objects.exclude(pk=derivative.job_id).get().params["audio"] == "mask"


def test_the_form_for_a_version_says_in_which_recording_nothing_is_marked(recording, alice, signed_in):
    client = signed_in(alice)
    at = reverse("deidjobs:versions", args=[recording.encounter_id])
    said = {"recordings": [str(recording.pk)], "method": "blur", "audio": "spans"}
    answer = client.post(at, said)
    assert answer.status_code == 422 and "no span of the sound is marked" in answer.content.decode()
    assert "0 spans marked" in answer.content.decode()
    save(recording, alice, NAME)
    assert client.post(at, said).status_code == 302
    assert Job.objects.get().params["audio"] == "spans"


def test_the_page_plays_the_original_to_whoever_may_hear_it_while_its_sound_may_be_shared(
    recording, alice, patient, signed_in, address
):
    Recording.objects.update(playable=True)
    page = signed_in(alice).get(address["spans"])
    assert page.status_code == 200
    assert reverse("recordings:video", args=[recording.pk]) in page.content.decode()
    forbid_sound(alice, patient)
    client = signed_in(alice)
    assert {client.get(at).status_code for at in address.values() if at != address["api_speech"]} == {403}
    assert client.post(address["api_speech"], {"start_us": 0}, "application/json").status_code == 403
    assert client.post(address["api_spans"], {}, "application/json").status_code == 403
    versions = client.get(reverse("deidjobs:versions", args=[recording.encounter_id])).content.decode()
    assert address["spans"] not in versions


def test_the_page_of_a_recording_without_sound_says_what_to_do(recording, alice, signed_in, address):
    Recording.objects.update(has_audio=False)
    client = signed_in(alice)
    assert "This recording has no sound" in client.get(address["spans"]).content.decode()
    assert client.get(address["api_sound"]).status_code == 400


def test_the_api_saves_and_tells_the_spans_and_refuses_what_no_row_has(recording, alice, signed_in, address):
    client = signed_in(alice)

    def send(**said):
        return client.post(address["api_spans"], json.dumps(said), content_type="application/json")

    span = {"id": None, "start_us": 0, "end_us": 400_000, "style": "mute", "client_key": str(uuid.uuid4())}
    answer = send(known=[], spans=[span])
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"
    assert client.get(address["api_spans"]).json() == answer.json()
    assert answer.json()["spans"][0]["client_key"] == span["client_key"]
    for wrong in ({"id": 10**30}, {"start_us": -1}, {"style": "hum"}, {"end_us": 0}, {"end_us": 10**30}):
        assert send(known=[], spans=[span | wrong]).status_code == 400
    assert send(known=[10**30], spans=[]).status_code == 400
    assert "no more than" in send(known=[], spans=[span] * (MOST + 1)).content.decode()
    assert MarkedSpan.objects.count() == 1


@pytest.fixture
def film(recording, tmp_path):
    shutil.copyfile(videos.write_normal(tmp_path), storage.original_path(recording))
    return recording


def test_the_sound_is_drawn_from_the_first_frame_on_and_that_is_written_down(film, alice, signed_in, address):
    client = signed_in(alice)
    said = client.get(address["api_sound"]).json()
    assert (said["step_us"], said["delay_us"]) == (20_000, 0)
    assert 90 <= len(said["levels"]) <= 110 and 0 < max(said["levels"]) <= 255
    assert AuditEvent.objects.filter(action="recording.sound_drawn").count() == 1
    cache.add(f"sound:{alice.pk}", True)
    assert client.get(address["api_sound"]).status_code == 429


def test_voices_are_looked_for_in_pieces_and_not_after_the_end(film, alice, signed_in, address, monkeypatch):
    heard = []

    def propose(source, *, start_us, end_us):
        heard.append((start_us, end_us))
        return [(start_us, end_us)]

    monkeypatch.setattr(engines, "propose_spans", propose)
    client = signed_in(alice)
    Recording.objects.update(duration_us=130_000_000)
    first = client.post(address["api_speech"], {"start_us": 0}, "application/json").json()
    assert first == {"spans": [[0, 120_000_000]], "end_us": 120_000_000}
    assert (
        client.post(address["api_speech"], {"start_us": first["end_us"]}, "application/json").json()["end_us"]
        == 130_000_000
    )
    assert (
        client.post(address["api_speech"], {"start_us": 130_000_000}, "application/json").status_code == 400
    )
    assert heard == [(0, 120_000_000), (120_000_000, 130_000_000)]
    (event,) = AuditEvent.objects.filter(action="recording.speech_found")
    assert (event.actor, event.target_id) == (alice, str(film.pk))
