from __future__ import annotations

import numpy as np
import pytest

from deid.heads.expressions import EMOTION_UNITS, both_sides, show_emotion
from deid.heads.pack import default_pack
from deid.heads.sample import feature_axes, sample_identity
from deid.heads.shape import (
    AXES,
    Pose,
    add_units,
    build_rest,
    express,
    follow_gaze,
    light_mouth,
    pose_head,
    rotation_matrix,
    weigh_phenotype,
)
from emotion.labels import EMOTIONS


@pytest.fixture(scope="module")
def adult():
    return build_rest(default_pack(), {"gender": 0.5, "age": 0.75}, {})


def test_no_expression_is_the_resting_face(adult):
    assert np.array_equal(express(adult, {}), adult.vertices)


def test_phenotype_weights_form_two_wholes():
    weights = weigh_phenotype({"gender": 0.3, "age": 0.8, "weight": 0.9, "african": 2.0, "asian": 1.0})
    ancestral = {name for name in weights if name.startswith(("african", "asian", "caucasian"))}
    assert sum(weights[name] for name in ancestral) == pytest.approx(1)
    assert sum(weight for name, weight in weights.items() if name not in ancestral) == pytest.approx(1)


def test_unknown_phenotype_unit_and_feature_are_refused(adult):
    with pytest.raises(ValueError, match="height"):
        weigh_phenotype({"height": 0.4})
    with pytest.raises(ValueError, match="smirk"):
        express(adult, {"smirk": 1.0})
    with pytest.raises(KeyError, match="third-eye"):
        build_rest(default_pack(), {}, {"third-eye": 1.0})


@pytest.mark.parametrize("corner", range(2 ** len(AXES)))
def test_extremes_of_every_axis_and_all_units_at_once_stay_finite_and_small(corner):
    phenotype = {axis: float(corner >> bit & 1) for bit, axis in enumerate(AXES)}
    pack = default_pack()
    rest = build_rest(pack, phenotype, {})
    surface = express(rest, dict.fromkeys(pack.unit_names(), 1.0))
    posed = pose_head(rest, surface, Pose(yaw_deg=80, pitch_deg=-60, roll_deg=40, gaze_yaw_deg=30))
    assert np.isfinite(posed).all()
    assert np.abs(posed[pack.vertices_of("skin", "eye")]).max() < 0.5


def test_jaw_opens_downwards_and_smile_widens_the_mouth(adult):
    pack = default_pack()
    lower_teeth = [v for v in pack.vertices_of("teeth") if pack.vertices[v, 1] < -0.062]
    opened = express(adult, {"jawOpen": 1.0}) - adult.vertices
    assert opened[lower_teeth, 1].mean() < -0.01
    smiling = express(adult, both_sides({"mouthSmile": 1.0})) - adult.vertices
    corner = pack.shapes["unit:mouthSmileLeft"].vertices
    assert smiling[corner, 0].max() > 0.003  # the left corner moves to the person's left


@pytest.mark.parametrize("seed", [3, 40, 200])
def test_a_full_blink_closes_every_eye_and_half_a_blink_half(seed):
    identity = sample_identity(seed)
    pack = default_pack()
    rest = build_rest(pack, identity.phenotype, identity.features)

    def open_m(blink):
        surface = express(rest, {"eyeBlinkLeft": blink, "eyeBlinkRight": blink})
        return [float(surface[upper, 1] - surface[lower, 1]) for upper, lower in pack.lid_margins]

    assert min(open_m(0.0)) > 0.004
    assert open_m(0.5) == pytest.approx([0.5 * gap for gap in open_m(0.0)], abs=1e-4)
    assert open_m(1.0) == pytest.approx([0.0, 0.0], abs=1e-4)


def test_yaw_turns_to_the_persons_left_and_pitch_up(adult):
    skin = default_pack().vertices_of("skin")
    nose = int(skin[adult.vertices[skin, 2].argmax()])
    turned = pose_head(adult, adult.vertices, Pose(yaw_deg=20))
    raised = pose_head(adult, adult.vertices, Pose(pitch_deg=20))
    assert turned[nose, 0] > adult.vertices[nose, 0] + 0.02
    assert raised[nose, 1] > adult.vertices[nose, 1] + 0.02


def test_gaze_turns_the_eyes_alone_and_the_lids_follow_downwards(adult):
    looked = pose_head(adult, adult.vertices, Pose(gaze_pitch_deg=-20))
    eyes = default_pack().vertices_of("eye")
    others = np.setdiff1d(np.arange(len(looked)), eyes)
    assert np.array_equal(looked[others], adult.vertices[others])
    front = eyes[adult.vertices[eyes, 2].argmax()]
    assert looked[front, 1] < adult.vertices[front, 1]
    assert follow_gaze({}, Pose(gaze_pitch_deg=-20))["eyeLookDownLeft"] == pytest.approx(0.5)


def test_rotation_matrix_is_a_rotation():
    matrix = rotation_matrix(np.array([10.0, -25.0, 5.0]))
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_every_emotion_has_units_that_exist():
    names = set(default_pack().unit_names())
    assert set(EMOTION_UNITS) == set(EMOTIONS)
    for emotion in EMOTIONS:
        shown = show_emotion(emotion)
        assert set(shown) <= names
        assert all(0 <= weight <= 1 for weight in shown.values())


def test_sums_of_expressions_stay_within_bounds_and_closed_lips_hide_teeth():
    assert add_units({"jawOpen": 0.9}, {"jawOpen": 0.9})["jawOpen"] == 1.0
    assert light_mouth({}) < 0.2
    assert light_mouth({"jawOpen": 0.5}) == 1.0


def test_seeds_give_distinct_people_and_the_same_one_again():
    people = [sample_identity(seed) for seed in range(8)]
    assert people == [sample_identity(seed) for seed in range(8)]
    heads = [build_rest(default_pack(), p.phenotype, p.features).vertices for p in people]
    skin = default_pack().vertices_of("skin")
    for one in range(8):
        for other in range(one):
            assert np.abs(heads[one][skin] - heads[other][skin]).max() > 0.003
            assert people[one].look != people[other].look


def test_features_are_the_same_on_both_sides():
    features = sample_identity(3).features
    for name, weight in features.items():
        if name.startswith("l-"):
            assert features["r-" + name.removeprefix("l-")] == weight
    assert set(features) <= set(default_pack().local_names())
    assert len(feature_axes()) > 60
