"""The session as a state machine: its clock is an argument, and no socket is near."""

from __future__ import annotations

import pytest

from tests.webapp.live.conftest import probs
from webapp.live.session import SessionMachine

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000


@pytest.fixture
def machine() -> SessionMachine:
    return SessionMachine(start_us=START_US, mode="sparse")


def seen(time_us: int, emotion: str | None) -> dict:
    if emotion is None:
        return {"time_us": time_us, "status": "no_face", "quality": 0.0, "probs": ()}
    return {"time_us": time_us, "status": "ok", "quality": 0.8, "probs": probs(emotion)}


def play(machine, seconds: range, emotion: str | None, camera: str = "patient") -> list:
    closed = []
    for second in seconds:
        for step in range(5):
            time_us = START_US + second * SECOND_US + step * 200_000
            machine.take(camera, seen(time_us, emotion), time_us + 30_000)
        closed += machine.tick(START_US + (second + 1) * SECOND_US + 700_000)
    return closed


def test_a_frame_becomes_a_reading_with_its_own_time(machine):
    reading = machine.take("patient", seen(START_US + 10, "sadness"), START_US + 50)
    assert reading == {
        "type": "reading",
        "t": START_US + 10,
        "status": "ok",
        "person": "patient",
        "emotion": "sadness",
        "confidence": 0.76,
        "detection": None,
        "enough": True,
        "calibrated": False,
    }


def test_one_other_frame_does_not_change_what_is_shown(machine):
    play(machine, range(3), "happiness")
    reading = machine.take("patient", seen(START_US + 3 * SECOND_US, "anger"), START_US + 3 * SECOND_US)
    assert reading["emotion"] == "happiness"


def test_with_too_little_seen_no_state_is_shown(machine):
    play(machine, range(4), "happiness")
    play(machine, range(4, 10), None)
    time_us = START_US + 10 * SECOND_US
    reading = machine.take("patient", seen(time_us, "happiness"), time_us)
    assert (reading["emotion"], reading["enough"], reading["detection"]) == (None, False, 0.4)


def test_every_second_is_closed_once_and_in_order(machine):
    closed = play(machine, range(5), "neutral")
    assert [one.second for one in closed] == list(range(5))
    assert [row["emotion"] for one in closed for row in one.rows] == ["neutral"] * 5
    assert machine.tick(START_US + 5 * SECOND_US + 700_000) == []


def test_a_lasting_expression_gives_one_suggestion_with_its_evidence(machine):
    play(machine, range(80), "neutral")
    made = [one.suggestion for one in play(machine, range(80, 110), "sadness") if one.suggestion]
    assert len(made) == 1
    assert made[0]["evidence"][0]["who"] == "patient"
    assert len(made[0]["evidence"][0]["seconds"]) >= 5
    assert any("Back et al." in citation for citation in made[0]["citations"])


@pytest.mark.parametrize("mode", ["none", "ambient", "sparse"])
def test_what_is_kept_is_the_same_in_every_mode(mode):
    machine = SessionMachine(start_us=START_US, mode=mode)
    closed = play(machine, range(80), "neutral") + play(machine, range(80, 100), "sadness")
    reference = SessionMachine(start_us=START_US, mode="sparse")
    assert closed == play(reference, range(80), "neutral") + play(reference, range(80, 100), "sadness")


def test_where_nothing_is_to_be_shown_no_reading_leaves_the_session():
    machine = SessionMachine(start_us=START_US, mode="none")
    assert machine.take("patient", seen(START_US, "sadness"), START_US) is None
    (closed,) = machine.tick(START_US + SECOND_US + 700_000)
    state = machine.state(START_US + 2 * SECOND_US, closed)
    assert (state["people"], state["rows"]) == ([], [])


def test_a_silent_camera_is_away_after_three_seconds_and_says_goodbye_at_once(machine):
    machine.hear("patient", START_US)
    assert machine.is_connected("patient", START_US + 3 * SECOND_US)
    assert not machine.is_connected("patient", START_US + 3 * SECOND_US + 1)
    machine.hear("patient", START_US + 4 * SECOND_US)
    machine.hear("patient", START_US + 4 * SECOND_US, is_gone=True)
    assert not machine.state(START_US + 4 * SECOND_US)["cameras"]["patient"]["connected"]


def test_after_a_restart_the_kept_rows_lead_to_the_same_suggestions(machine):
    def values(closed):
        return [row for one in closed for row in one.rows]

    before = play(machine, range(82), "neutral")
    expected = play(machine, range(82, 110), "sadness")
    again = SessionMachine(start_us=START_US, mode="sparse")
    again.restore(values(before))
    assert play(again, range(82, 110), "sadness") == expected


def test_a_face_that_rests_sadly_counts_as_neutral_once_it_is_known_and_both_are_kept():
    machine = SessionMachine(start_us=START_US, mode="sparse", calibrate=True)
    closed = play(machine, range(5), "sadness")
    assert [one.rows[0]["calibrated"] for one in closed[:4]] == [{}] * 4
    assert (closed[4].rows[0]["emotion"], closed[4].rows[0]["calibrated"]["emotion"]) == (
        "sadness",
        "neutral",
    )
    later = play(machine, range(5, 30), "sadness")
    assert machine.state(START_US + 30 * SECOND_US, later[-1])["rows"][0]["emotion"] == "neutral"
    (person,) = machine.state(START_US + 30 * SECOND_US)["people"]
    assert (person["emotion"], person["calibrated"]) == ("neutral", True)


def test_suggestions_come_in_the_language_that_was_chosen():
    machine = SessionMachine(start_us=START_US, mode="sparse", language="de")
    closed = play(machine, range(100), "happiness") + play(machine, range(100, 115), "sadness")
    found = [one.suggestion for one in closed if one.suggestion]
    assert {one["language"] for one in found} == {"de"}


def test_a_session_that_goes_on_elsewhere_knows_the_resting_face_again():
    machine, again = (SessionMachine(start_us=START_US, mode="sparse", calibrate=True) for _ in range(2))
    closed = play(machine, range(8), "sadness")
    again.restore(row for one in closed for row in one.rows)
    goes_on = [play(one, range(8, 12), "anger") for one in (machine, again)]
    assert goes_on[0] == goes_on[1]
    assert goes_on[1][-1].rows[0]["calibrated"]
