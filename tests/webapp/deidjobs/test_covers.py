"""Covers that people draw over a recording, and versions that are made with them."""

from __future__ import annotations

import json
import uuid
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import transaction

from tests import videos
from tests.webapp.deidjobs.conftest import hidden_video
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError, Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs import covers, hiding
from webapp.deidjobs.covers import Sketch, moments_of, request_another, save_covers
from webapp.deidjobs.models import DrawnCover
from webapp.deidjobs.services import write_derivative
from webapp.deidjobs.storage import steps_dir, version_path
from webapp.recordings.models import Recording

BADGE = [[0, [4, 4, 20, 20]], [1_000_000, [8, 4, 24, 20]]]


@pytest.fixture
def recording(recording) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(width=128, height=96, duration_us=2_000_000)
    recording.refresh_from_db()
    return recording


def save(derivative, actor, *sketches, known=()):
    return save_covers(derivative=derivative, actor=actor, known=known, sketches=sketches)


def badge(reason="name badge", keys=BADGE):
    return Sketch(None, keys, reason)


def test_nothing_drawn_is_nothing_to_write_down(derivative, alice):
    assert save(derivative, alice) == []
    assert not AuditEvent.objects.filter(action="covers.saved").exists()


def test_a_cover_is_kept_with_who_and_why_and_leaves_a_trace(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    assert (cover.reason, cover.drawn_by, cover.drawn_on) == ("name badge", alice, derivative)
    assert cover.keys == BADGE
    event = AuditEvent.objects.get(action="covers.saved")
    assert event.details == {"drawn": 1, "removed": 0}


def test_a_cover_that_is_left_out_is_removed_and_its_row_says_by_whom(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    assert save(derivative, alice, known=[cover.pk]) == []
    cover.refresh_from_db()
    assert cover.removed_by == alice
    assert cover.removed_at is not None


def test_what_is_sent_again_after_a_lost_answer_is_kept_once(derivative, alice):
    first, other = (Sketch(None, BADGE, "name badge", uuid.uuid4()) for _ in range(2))
    (cover,) = save(derivative, alice, first)
    assert save(derivative, alice, first) == [cover]
    changed = Sketch(None, BADGE, "screen", uuid.uuid4())
    found = save_covers(
        derivative=derivative, actor=alice, known=[], sketches=[changed, other], tried=[first.client_key]
    )
    assert [one.reason for one in found] == ["screen", "name badge"]
    (again,) = save(derivative, alice, first, known=[one.pk for one in found])
    assert again.pk != cover.pk, "it was removed meanwhile"


def test_what_somebody_else_drew_meanwhile_stays(derivative, alice):
    save(derivative, alice, badge("screen"))
    assert [one.reason for one in save(derivative, alice, badge(), known=[])] == ["screen", "name badge"]


def test_what_is_unchanged_keeps_its_row(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    again = save(derivative, alice, Sketch(cover.pk, BADGE, "name badge"), known=[cover.pk])
    assert [one.pk for one in again] == [cover.pk]


@pytest.mark.parametrize(
    "keys",
    [
        "box",
        [],
        [[0]],
        [[0, "box"]],
        [["soon", [0, 0, 4, 4]]],
        [[0, [4, 0, 0, 4]]],
        [[5, [0, 0, 4, 4]], [5, [0, 0, 4, 4]]],
        [[9_000_000, [0, 0, 4, 4]]],
        [[0, [200, 0, 210, 4]]],
        [[0, [0, 0, 4, 10**400]]],
        [[10**400, [0, 0, 4, 4]]],
    ],
    ids=lambda keys: str(keys)[:30],
)
def test_what_is_no_cover_of_the_recording_is_refused_and_nothing_is_saved(derivative, alice, keys):
    with pytest.raises(Invalid):
        save(derivative, alice, badge(), badge(keys=keys))
    assert not DrawnCover.objects.exists()


def test_the_most_covers_count_for_the_recording_not_for_one_request(derivative, alice, monkeypatch):
    monkeypatch.setattr(covers, "MOST", 2)
    save(derivative, alice, badge(), badge("screen"))
    with pytest.raises(Invalid, match="at most 2 covers on one recording, got 3"):
        save(derivative, alice, badge("tattoo"))
    assert DrawnCover.objects.count() == 2


def test_what_is_kept_is_what_the_engine_understood(derivative, alice):
    (cover,) = save(derivative, alice, badge(keys=[[0.4, [4, 4, 20, 20]], [999_999.6, [4.5, 4, 20, 20]]]))
    assert repr(cover.keys) == "[[0, [4.0, 4.0, 20.0, 20.0]], [1000000, [4.5, 4.0, 20.0, 20.0]]]"


def test_places_to_look_at_are_told_in_the_order_of_time(derivative):
    derivative.report = {
        "starts_ms": 40,
        "gaps_to_review": [{"track": 1, "start_ms": 5040, "end_ms": 9040, "covered": False}],
        "found_by_second_ms": [[1040, 1240]],
        "held_before": [{"track": 1, "start_ms": 3040, "end_ms": 4240}],
    }
    derivative.privacy["residual_at_ms"] = [2040]
    found = moments_of(derivative)
    assert found[2]["why"].startswith("Something is held before a face: the drawn face covers it")
    assert [(one["start_us"], one["end_us"]) for one in found] == [
        (1_000_000, 1_200_000),
        (2_000_000, 2_000_000),
        (3_000_000, 4_200_000),
        (5_000_000, 9_000_000),
    ]


def test_a_version_with_covers_names_them_and_takes_up_the_parts_of_the_one_before(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    steps_dir(derivative.recording_id, derivative.job_id).mkdir(parents=True)
    job = request_another(derivative=derivative, actor=alice)
    assert (job.params["covers"], job.params["based_on"]) == ([cover.pk], str(derivative.job_id))
    asked = hiding._hiding_job(derivative.recording, job)
    assert asked.covers == (((0, (4, 4, 20, 20)), (1_000_000, (8, 4, 24, 20))),)
    assert asked.earlier is not None
    assert asked.earlier != asked.folder


def test_without_the_parts_of_the_version_before_everything_is_made_anew(derivative, alice):
    save(derivative, alice, badge())
    job = request_another(derivative=derivative, actor=alice)
    assert hiding._hiding_job(derivative.recording, job).earlier is None


def test_the_same_covers_are_asked_for_once(derivative, alice):
    with pytest.raises(Conflict, match="already"):
        request_another(derivative=derivative, actor=alice)
    save(derivative, alice, badge())
    request_another(derivative=derivative, actor=alice)
    with pytest.raises(Conflict, match="being made"):
        request_another(derivative=derivative, actor=alice)


def test_a_cover_removed_while_its_job_waits_is_still_drawn_and_one_erased_lets_it_fail(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    job = request_another(derivative=derivative, actor=alice)
    save(derivative, alice, known=[cover.pk])
    assert len(hiding._hiding_job(derivative.recording, job).covers) == 1
    cover.delete()
    with pytest.raises(AppError, match="gone"):
        hiding._hiding_job(derivative.recording, job)


def test_the_recipe_of_a_version_says_which_covers_are_in_it(derivative, alice):
    (cover,) = save(derivative, alice, badge())
    job = request_another(derivative=derivative, actor=alice)
    with transaction.atomic():
        made = write_derivative(
            recording=derivative.recording, job=job, pk=uuid.uuid4(), hidden=hidden_video()
        )
    assert (derivative.recipe["cover_rows"], made.recipe["cover_rows"]) == ([], [cover.pk])
    with pytest.raises(Conflict, match="just these"):
        request_another(derivative=made, actor=alice)


def test_without_consent_neither_covers_nor_frames_are_shown(derivative, alice, patient, client):
    client.force_login(alice)
    addresses = [
        f"/deidentified/{derivative.pk}/covers/",
        f"/api/v1/deidentified/{derivative.pk}/covers/",
        f"/api/v1/deidentified/{derivative.pk}/frames/",
    ]
    assert 403 not in [client.get(address).status_code for address in addresses]
    record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]


def test_covers_are_saved_followed_and_asked_for_over_the_api(derivative, alice, client, tmp_path):
    film = videos.write_normal(tmp_path)
    version_path(derivative.recording_id, derivative.pk).write_bytes(film.read_bytes())
    client.force_login(alice)
    at = f"/api/v1/deidentified/{derivative.pk}"

    def post(path, data):
        return client.post(f"{at}/{path}/", json.dumps(data), content_type="application/json")

    assert client.get(f"{at}/frames/").json()["times_us"][:2] == [0, 40_000]
    followed = post("follow", {"box_px": [0, 58, 24, 90], "start_us": 0, "end_us": 400_000}).json()
    assert followed["keys"][0] == [0, [0, 58, 24, 90]]
    saved = post("covers", {"known": [], "covers": [{"keys": followed["keys"], "reason": "screen"}]})
    assert saved.status_code == 200
    assert [one["reason"] for one in client.get(f"{at}/covers/").json()["covers"]] == ["screen"]
    assert post("follow", {"box_px": [0, 0, 0, 0], "start_us": 0, "end_us": 1}).status_code == 400
    assert post("follow", {"box_px": [0, 0, 9, 9], "start_us": 10**9, "end_us": 10**9}).status_code == 400
    assert post("covers", {"known": [], "covers": [{"keys": [], "reason": "x"}]}).status_code == 400


WRONG_WAYS = [
    {"box_px": [-9e6, -9e6, 9e6, 9e6]},
    {"box_px": [-60, 0, 100, 90]},
    {"box_px": [300, 0, 310, 9]},
    {"start_us": 10**30, "end_us": 10**30},
    {"start_us": 500_000, "end_us": 100_000},
]


@pytest.mark.parametrize("wrong", WRONG_WAYS, ids=str)
def test_what_cannot_be_followed_is_refused_before_anything_is_read(derivative, alice, client, wrong):
    client.force_login(alice)
    said = {"box_px": [0, 0, 9, 9], "start_us": 0, "end_us": 400_000} | wrong
    address = f"/api/v1/deidentified/{derivative.pk}/follow/"
    with mock.patch.object(engines, "follow_cover", side_effect=AssertionError):
        assert client.post(address, json.dumps(said), content_type="application/json").status_code == 400


def test_numbers_that_no_row_has_are_refused(derivative, alice, client):
    client.force_login(alice)
    address = f"/api/v1/deidentified/{derivative.pk}/covers/"
    cover = {"id": 10**30, "keys": BADGE, "reason": "badge"}
    for said in ({"known": [10**30], "covers": []}, {"known": [], "covers": [cover]}):
        assert client.post(address, json.dumps(said), content_type="application/json").status_code == 400


def test_frames_are_asked_for_one_at_a_time_and_kept_by_no_cache(derivative, alice, client):
    client.force_login(alice)
    at = f"/api/v1/deidentified/{derivative.pk}"
    with mock.patch.object(engines, "frame_times", return_value=[0]):
        for address in (f"{at}/frames/", f"{at}/covers/"):
            assert client.get(address)["Cache-Control"] == "private, no-store"
        cache.add(f"frames:{alice.pk}", True)
        assert client.get(f"{at}/frames/").status_code == 429


def test_the_page_offers_the_original_only_to_those_who_may_see_it(derivative, alice, client):
    Recording.objects.update(playable=True)
    client.force_login(alice)
    page = client.get(f"/deidentified/{derivative.pk}/covers/").content.decode()
    assert f"/recordings/{derivative.recording_id}/video" in page
    Recording.objects.update(playable=False)
    page = client.get(f"/deidentified/{derivative.pk}/covers/").content.decode()
    assert f"/recordings/{derivative.recording_id}/video" not in page
