from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.calibrate import (
    AT_REST,
    QuietOptions,
    calibrate_probs,
    calibrate_rows,
    find_resting_face,
    resting_face_at,
)
from emotion.labels import EMOTIONS
from tests.emotion.faces import probs_of
from tests.emotion.seconds import second_of, spell

SAD_AT_REST = probs_of(sadness=0.5, anger=0.05)

probabilities = st.lists(st.floats(0.001, 1), min_size=7, max_size=7).map(
    lambda values: tuple(value / sum(values) for value in values)
)


def rows_at(*probs, start: int = 0):
    return [second_of(second, one) for second, one in enumerate(probs, start)]


@pytest.mark.parametrize("letters", ["", "NNNN", "....." * 3, "NNNN.NNNN"])
def test_without_a_quiet_stretch_there_is_no_resting_face(letters):
    assert find_resting_face(spell(letters)) is None


def test_the_first_quiet_seconds_are_the_resting_face():
    restless = rows_at(probs_of(fear=0.9), probs_of(anger=0.9), probs_of(fear=0.9))
    quiet = rows_at(*[SAD_AT_REST] * 8, start=3)
    resting = find_resting_face([*restless, *quiet])
    assert resting.seconds == (3, 4, 5, 6, 7)
    assert resting.probs == pytest.approx(SAD_AT_REST)
    assert resting.how == "first quiet seconds"


def test_a_steady_smile_is_no_resting_face():
    assert find_resting_face(spell("H" * 30)) is None
    assert find_resting_face(spell("H" * 30 + "N" * 5)).seconds == (30, 31, 32, 33, 34)


def test_quiet_seconds_that_come_too_late_are_not_taken():
    assert find_resting_face(spell("." * 120 + "N" * 9)) is None
    assert find_resting_face(spell("." * 20 + "N" * 9), QuietOptions(within_s=20)) is None


def test_quiet_seconds_follow_one_another():
    assert find_resting_face([*spell("NNN"), *spell("NN", start=9)]) is None


def test_a_chosen_frame_must_have_been_seen():
    rows = spell("N.")
    assert resting_face_at(rows, [0]).how == "chosen by hand"
    for seconds in ([1], [7], []):
        with pytest.raises(ValueError, match="classified face"):
            resting_face_at(rows, seconds)


def test_a_face_that_rests_sad_becomes_neutral_and_raw_is_kept():
    rows = [*rows_at(*[SAD_AT_REST] * 5), second_of(5), *rows_at(probs_of(happiness=0.9), start=6)]
    found = calibrate_rows(rows, find_resting_face(rows))
    assert found.raw == tuple(rows)
    assert [row.emotion for row in rows] == ["sadness"] * 5 + [None, "happiness"]
    assert [row.emotion for row in found.calibrated] == ["neutral"] * 5 + [None, "happiness"]
    assert [row.status for row in found.calibrated] == [row.status for row in rows]
    assert found.calibrated[0].valence > rows[0].valence
    assert found.calibrated[0].confidence == max(found.calibrated[0].probs)


def test_the_formula_worked_by_hand():
    resting = tuple(0.02 if name not in ("sadness", "neutral") else 0.45 for name in EMOTIONS)
    probs = probs_of(sadness=0.6)
    expected_sadness = 0.6 * 0.02 / 0.45
    expected_neutral = 0.4 * 0.88 / 0.45
    found = dict(zip(EMOTIONS, calibrate_probs(probs, resting), strict=True))
    assert found["sadness"] == pytest.approx(expected_sadness / (expected_sadness + expected_neutral))


@given(probabilities, probabilities, st.floats(0, 1))
def test_calibrated_scores_are_probabilities(probs, resting, strength):
    found = calibrate_probs(probs, resting, strength=strength)
    assert sum(found) == pytest.approx(1)
    assert min(found) >= 0


@given(probabilities, probabilities)
def test_no_strength_changes_nothing(probs, resting):
    assert calibrate_probs(probs, resting, strength=0) == pytest.approx(probs)


@given(probabilities)
def test_a_face_that_rests_as_expected_is_left_alone(probs):
    assert calibrate_probs(probs, AT_REST) == pytest.approx(probs)


@given(probabilities.filter(lambda probs: min(probs) >= 0.02))
def test_the_resting_face_itself_becomes_neutral(resting):
    assert calibrate_probs(resting, resting) == pytest.approx(AT_REST)


@pytest.mark.parametrize("wrong", [((1.0,), AT_REST, 1.0), (AT_REST, (1.0,), 1.0), (AT_REST, AT_REST, 1.5)])
def test_wrong_arguments_are_refused(wrong):
    probs, resting, strength = wrong
    with pytest.raises(ValueError, match="expected twice"):
        calibrate_probs(probs, resting, strength=strength)
