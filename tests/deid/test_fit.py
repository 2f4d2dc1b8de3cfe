from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deid.anchors import load_anchors
from deid.expected import expect_units, fill_between
from deid.fit import (
    Placement,
    count_from_calm,
    find_calm,
    fit_units,
    make_model,
    mean_face,
    place,
    smooth,
    to_front,
    turn_degrees,
    turn_to_front,
    unplace,
)
from deid.response import load_response, turn_features
from emotion.labels import EMOTIONS


@pytest.fixture(scope="module")
def model(weights_dir):
    return make_model(load_anchors(), load_response())


def show(model, calm, **units):
    weights = np.array([units.get(name, 0.0) for name in model.units])
    return calm + np.einsum("k,kpd->pd", weights, model.moves)


def test_every_landmark_lies_on_its_own_part_of_the_head(model):
    upper_lip, lower_lip, chin, left_brow, right_brow = model.rest[[13, 14, 152, 334, 105]]
    jaw = model.moves[model.units.index("jawOpen")]
    assert chin[1] < lower_lip[1] <= upper_lip[1] < left_brow[1]
    assert left_brow[0] > 0 > right_brow[0]
    assert np.linalg.norm(jaw[13]) < 0.05 < np.linalg.norm(jaw[14])
    assert np.linalg.norm(jaw[152]) > 0.1


@pytest.mark.parametrize("turn", [(0, 0, 0), (20, -10, 5), (-35, 15, -8)])
def test_a_head_is_found_where_it_was_put(model, turn):
    rotation = Rotation.from_euler("yxz", turn, degrees=True).as_matrix()
    put = Placement(np.float64(140.0), rotation, np.array([300.0, -200.0, 40.0]))
    points = put.scale * model.rest @ put.rotation.T + put.shift
    found = place(points, model.rest, model.stable)
    assert found.scale == pytest.approx(put.scale)
    assert found.rotation == pytest.approx(put.rotation, abs=1e-6)
    assert unplace(points, found) == pytest.approx(model.rest, abs=1e-6)


def test_faces_turned_all_at_once_are_those_turned_one_by_one(model, monkeypatch):
    monkeypatch.setattr("deid.fit.BLOCK", 2)
    turns = [(0, 0, 0), (20, -10, 5), (-35, 15, -8)]
    points = np.stack(
        [model.rest @ Rotation.from_euler("yxz", turn, degrees=True).as_matrix().T * 90 for turn in turns]
    )
    faces, degrees = turn_to_front(points, model.rest, model)
    placed = [place(one, model.rest, model.stable) for one in points]
    for face, turned, one, at in zip(faces, degrees, points, placed, strict=True):
        assert face == pytest.approx(to_front(one, at, model), abs=1e-9)
        assert turned == pytest.approx(turn_degrees(at.rotation), abs=1e-9)


def test_a_turn_to_the_left_is_positive_and_in_degrees():
    yaw, pitch, roll = turn_degrees(Rotation.from_euler("y", 30, degrees=True).as_matrix())
    assert (yaw, pitch, roll) == pytest.approx((30, 0, 0), abs=1e-6)


def test_an_eye_that_is_read_as_closed_a_little_sooner_makes_no_wink_but_a_wink_arrives(model):
    """Of a head turned aside, one eye is read as closed sooner; brows and mouth may move on one side."""
    faces = np.stack(
        [
            show(model, model.rest, eyeBlinkLeft=0.5, eyeBlinkRight=0.3),
            show(model, model.rest, eyeBlinkLeft=1.0),
        ]
    )
    left, right = (
        fit_units(faces, model.rest, model)[:, model.units.index(f"eyeBlink{side}")]
        for side in ("Left", "Right")
    )
    assert abs(left[0] - right[0]) < 0.12
    assert left[1] - right[1] > 0.3


def test_units_that_were_shown_are_found_within_their_bounds(model):
    faces = np.stack(
        [
            show(model, model.rest),
            show(model, model.rest, jawOpen=0.6),
            show(model, model.rest, eyeBlinkLeft=0.9, eyeBlinkRight=0.9),
            show(model, model.rest, browInnerUp=0.8),
        ]
    )
    units = fit_units(faces, model.rest, model)
    assert units.min() >= 0
    assert units.max() <= 1
    assert np.abs(units[0]).max() < 0.02
    for row, name in ((1, "jawOpen"), (2, "eyeBlinkLeft"), (2, "eyeBlinkRight"), (3, "browInnerUp")):
        assert units[row].argmax() == model.units.index(name) or row == 2, name
        assert units[row, model.units.index(name)] > 0.25, name


def test_what_is_expected_fills_in_where_landmarks_say_little_and_gives_way_where_they_say_much(model):
    faces = np.stack([show(model, model.rest), show(model, model.rest, jawOpen=0.8)])
    smile = expect_units(np.eye(7)[[EMOTIONS.index("happiness")] * 2], model.units)
    units = fit_units(faces, model.rest, model, smile)
    corner, jaw = model.units.index("mouthSmileLeft"), model.units.index("jawOpen")
    assert 0.3 < units[0, corner] < 1.0
    assert smile[1, jaw] < 0.2
    assert units[1, jaw] > 0.5
    assert fit_units(faces, model.rest, model)[0, corner] < 0.02


def test_a_face_that_is_calm_in_all_pictures_is_their_mean(model):
    own = model.rest + np.tensordot([1.0, -1.0], model.shapes[:2], 1)
    turned = [Rotation.from_euler("y", angle, degrees=True).as_matrix() for angle in (0, 0)]
    found = mean_face(np.stack([80.0 * own @ turn.T + 5.0 for turn in turned]), model)
    assert np.abs(found - own).max() < 0.05 * np.ptp(own)


def test_half_a_smile_is_expected_of_half_a_happiness_and_nothing_of_a_neutral_face(model):
    probs = np.zeros((2, 7))
    probs[0, [EMOTIONS.index("happiness"), EMOTIONS.index("neutral")]] = 0.5
    probs[1, EMOTIONS.index("neutral")] = 1
    units = expect_units(probs, model.units)
    assert units[0, model.units.index("mouthSmileLeft")] == pytest.approx(0.45)
    assert not units[1].any()


def test_unread_moments_are_filled_from_those_around():
    probs = np.full((9, 7), np.nan)
    probs[0], probs[8] = np.eye(7)[0], np.eye(7)[1]
    filled = fill_between(probs)
    assert filled.sum(axis=1) == pytest.approx(np.ones(9))
    assert (np.diff(filled[:, 0]) < 0).all()
    assert fill_between(np.full((3, 7), np.nan)) is None


def test_what_turning_adds_to_landmarks_is_taken_away_again(model):
    rotation = Rotation.from_rotvec([0, np.radians(25), 0]).as_matrix()
    turned = model.rest + np.tensordot(turn_features(25.0, 0.0), model.turned, 1)
    put = Placement(np.float64(100.0), rotation, np.zeros(3))
    seen = put.scale * turned @ put.rotation.T
    assert to_front(seen, put, model) == pytest.approx(model.rest, abs=1e-6)


def test_a_response_of_another_head_is_refused(weights_dir):
    from dataclasses import replace

    other = replace(load_response(), units=("jawOpen",))
    with pytest.raises(ValueError, match="build_response"):
        make_model(load_anchors(), other)


def test_the_calm_face_of_somebody_who_mostly_smiles_does_not_smile(model):
    own = model.rest + np.tensordot([1.0, -1.0, 0.5], model.shapes[:3], 1)
    smiles = [show(model, own, mouthSmileLeft=a, mouthSmileRight=a) for a in (0.9, 0.8, 0.9, 0.7, 0.9, 0.1)]
    calm = find_calm(np.stack(smiles), model)
    corner = 61
    pulled = np.linalg.norm(np.mean(smiles, axis=0)[corner] - own[corner])
    assert np.linalg.norm(calm[corner] - own[corner]) < 0.6 * pulled


def test_what_the_brows_show_all_the_time_is_the_persons_own_and_a_lasting_smile_is_not():
    names = ("browDownLeft", "mouthSmileLeft")
    units = np.array([[0.2, 0.5], [0.2, 0.5], [1.0, 0.5]])
    assert count_from_calm(units, names) == pytest.approx(np.array([[0, 0.5], [0, 0.5], [1, 0.5]]))


def test_smoothing_has_no_lag_and_leaves_holes_open():
    values = np.zeros((21, 1))
    values[10] = 1
    smoothed = smooth(values, 1.0)
    assert smoothed[:, 0].argmax() == 10
    assert smoothed[9, 0] == pytest.approx(smoothed[11, 0])
    values[4] = np.nan
    assert np.flatnonzero(np.isnan(smooth(values, 1.0)[:, 0])).tolist() == [4]
