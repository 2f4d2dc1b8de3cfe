"""One frame as a version would show it, and what the form for a version says and takes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from django.core.cache import cache

from deid.preview import Preview
from tests.webapp.deidjobs.conftest import add_derivative
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import TooFast
from webapp.core.models import AuditEvent
from webapp.deidjobs import batches, donors, turns
from webapp.engines import previewing
from webapp.engines.previewing import HiddenFrame
from webapp.jobs.models import Job
from webapp.recordings import storage
from webapp.recordings.models import Recording


@pytest.fixture
def asked(monkeypatch):
    """What the engine was asked to show."""
    calls = []

    def show(source, method, **rules):
        calls.append((method, rules["donor"], rules["taken"]))
        return HiddenFrame(b"jpeg", rules["donor"], 1, 70_000 if rules["at_us"] is None else rules["at_us"])

    monkeypatch.setattr(engines, "preview_hiding", show)
    return calls


def address(recording, **choice):
    query = "&".join(f"{name}={value}" for name, value in choice.items())
    return f"/recordings/{recording.pk}/hidden-frame/?{query}"


@pytest.fixture
def previewer(monkeypatch):
    """Stands in for what draws: says which frames it was told of."""

    class Previewer:
        told: ClassVar[list[int | None]] = []
        warmed = 0

        def warm_up(self):
            self.warmed += 1

        def show(self, source, method, rules, *, at_us):
            self.told.append(at_us)
            return Preview(np.zeros((4, 4, 3), np.uint8), None, 1, 70_000)

    one = Previewer()
    monkeypatch.setattr(previewing, "_load_previewer", lambda: one)
    monkeypatch.setattr(previewing, "_moments", {})
    monkeypatch.setattr(previewing, "_is_warming", threading.Lock())
    return one


def shown_of(name):
    return previewing.preview_hiding(Path(name), "box", donor="auto", seed=1, taken=())


def test_the_frame_of_a_recording_is_looked_for_once_and_few_are_remembered(previewer, monkeypatch):
    monkeypatch.setattr(previewing, "MOST_REMEMBERED", 2)
    for name in ("a", "b", "a", "c", "b"):
        shown_of(name)
    assert previewer.told == [None, None, 70_000, None, None]  # b was forgotten for c, which came later
    assert set(previewing._moments) == {"c", "b"}


def test_a_moment_that_somebody_chose_is_shown_and_not_remembered(previewer):
    shown_of("a")
    previewer.told.clear()
    frame = previewing.preview_hiding(Path("a"), "box", donor="auto", seed=1, taken=(), at_us=0)
    assert frame.time_us == 70_000
    shown_of("a")
    assert previewer.told == [0, 70_000]


def test_a_coordinator_chooses_the_moment_within_the_recording(recording, alice, client, asked):
    client.force_login(alice)
    assert client.get(address(recording, method="swap"))["X-Time-Us"] == "70000"
    assert client.get(address(recording, method="swap", at_us=1_500_000))["X-Time-Us"] == "1500000"
    for wrong in ("-1", "3000001", "now", "9" * 40):
        assert client.get(address(recording, method="swap", at_us=wrong)).status_code == 400


def test_faces_of_a_recording_are_shown_to_whoever_may_see_it_and_that_is_written_down(
    recording, alice, patient, client, monkeypatch
):
    monkeypatch.setattr(engines, "preview_moments", lambda source: [previewing.FaceAt(70_000, b"jpeg")])
    client.force_login(alice)
    at = f"/api/v1/recordings/{recording.pk}/moments/"
    answer = client.get(at)
    assert answer.json() == {"moments": [{"time_us": 70_000, "jpeg": "anBlZw=="}]}
    assert answer["Cache-Control"] == "private, no-store"
    assert AuditEvent.objects.get(action="recording.faces_viewed").details == {"moments": 1}
    cache.add(f"previewing:{alice.pk}", True)
    assert client.get(at).status_code == 429
    cache.clear()
    record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
    assert client.get(at).status_code == 403


def test_what_a_preview_needs_is_loaded_once_before_anybody_waits_for_it(previewer):
    for _ in range(2):
        previewing.warm_previews()
        for thread in threading.enumerate():
            if thread.name == "warm-previews":
                thread.join()
    assert previewer.warmed == 1


def test_the_page_that_offers_a_preview_begins_to_load_it(recording, alice, bob, client, monkeypatch):
    begun = []
    monkeypatch.setattr(engines, "warm_previews", lambda: begun.append(1))
    for user in (bob, alice):
        client.force_login(user)
        client.get(f"/encounters/{recording.encounter_id}/deidentified/")
    assert begun == [1]


def test_a_preview_is_drawn_kept_by_nobody_and_leaves_a_trace(recording, alice, client, asked):
    client.force_login(alice)
    answer = client.get(address(recording, method="swap", donor="auto"))
    assert (answer.status_code, answer.content, answer["X-Faces"]) == (200, b"jpeg", "1")
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert asked == [("swap", "auto", ())]
    assert AuditEvent.objects.filter(action="recording.previewed", actor=alice).exists()


def test_the_donor_of_a_person_is_shown_and_those_of_others_are_not(recording, alice, client, asked):
    donors.give_donor(recording=recording, donor="donor-5", actor=alice)
    client.force_login(alice)
    client.get(address(recording, method="swap"))
    client.get(address(recording, method="swap", donor="donor-8"))
    assert asked == [("swap", "donor-5", ()), ("swap", "donor-8", ())]


@pytest.mark.parametrize("choice", [{}, {"method": "paint"}, {"method": "swap", "donor": "donor-3"}])
def test_what_does_not_exist_is_not_previewed(recording, alice, client, asked, choice):
    client.force_login(alice)
    assert client.get(address(recording, **choice)).status_code == 400
    assert asked == []


@pytest.mark.parametrize("purpose", ["share_deidentified", "record"])
def test_without_consent_nothing_is_previewed(recording, alice, patient, client, asked, purpose):
    record_decisions(actor=alice, participant=patient, decisions={purpose: False})
    client.force_login(alice)
    assert client.get(address(recording, method="swap")).status_code == 403
    assert asked == []


def test_consent_that_ends_while_a_preview_is_drawn_keeps_it_from_being_shown(
    recording, alice, patient, client, monkeypatch
):
    def show(source, method, **rules):
        record_decisions(actor=alice, participant=patient, decisions={"share_deidentified": False})
        return HiddenFrame(b"jpeg", None, 1, 0)

    monkeypatch.setattr(engines, "preview_hiding", show)
    client.force_login(alice)
    assert client.get(address(recording, method="swap")).status_code == 403
    assert not AuditEvent.objects.filter(action="recording.previewed").exists()


def test_a_turn_that_lasts_too_long_does_not_end_the_one_after_it():
    with turns.one_at_a_time("previewing", 1):
        with pytest.raises(TooFast), turns.one_at_a_time("previewing", 1):
            pass
        cache.delete("previewing:1")  # it has lapsed
        with turns.one_at_a_time("previewing", 1):
            slow = cache.get("previewing:1")
            cache.set("previewing:1", "of a later one")
    assert slow != "of a later one"
    assert cache.get("previewing:1") == "of a later one"
    cache.delete("previewing:1")
    with turns.one_at_a_time("previewing", 1):
        pass


def test_a_video_that_cannot_be_read_is_said_so(recording, alice, client, weights_dir):
    client.force_login(alice)
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no video")
    assert client.get(address(recording, method="blur")).status_code == 400


def ask(client, encounter, **values):
    said = {"method": "swap", "donor": "auto", "audio": "remove"} | values
    return client.post(f"/encounters/{encounter.pk}/deidentified/", said)


def test_a_calm_moment_named_in_the_form_reaches_the_job(recording, encounter, alice, client):
    Recording.objects.update(duration_us=60_000_000)
    client.force_login(alice)
    assert ask(client, encounter, recordings=[recording.pk], neutral_s="12.5").status_code == 302
    assert Job.objects.get().params["neutral_s"] == 12.5


@pytest.mark.parametrize("moment", ["61", "-1", "soon", "nan"])
def test_a_moment_that_is_not_in_the_recording_is_refused(recording, encounter, alice, client, moment):
    Recording.objects.update(duration_us=60_000_000)
    client.force_login(alice)
    assert ask(client, encounter, recordings=[recording.pk], neutral_s=moment).status_code == 422
    assert not Job.objects.exists()


def test_speeds_are_those_of_past_jobs_or_else_of_the_benchmark(recording, alice):
    assert batches.known_speeds() == {
        method: (speed, False) for method, speed in batches.BENCHMARK_SPEEDS.items()
    }
    derivative = add_derivative(recording, alice)
    Recording.objects.update(duration_us=60_000_000)
    at = derivative.finished_at
    Job.objects.update(state="done", started_at=at, finished_at=at.replace(year=at.year + 1))
    speed, is_measured = batches.known_speeds()["blur"]
    assert is_measured
    assert speed < 0.001
