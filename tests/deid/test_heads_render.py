from __future__ import annotations

import hashlib

import numpy as np
import pytest

from deid.heads.clothes import Clothes
from deid.heads.expressions import show_emotion
from deid.heads.person import make_person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose
from emotion.detect import CenterFace

CAMERA = Camera((224, 224), 760.0, (0.0, -0.02, 0.0))
GREY = np.full((224, 224, 3), 0.3, np.float32)


@pytest.fixture(scope="module")
def people():
    return [make_person(sample_identity(seed), Clothes()) for seed in (3, 5)]


def draw(person, emotion="neutral", pose=None):
    picture = render_person(person, show_emotion(emotion), pose or Pose(), CAMERA, oversampling=1.0)
    return develop(composite(picture, GREY))


def test_the_same_call_draws_the_same_bytes(people):
    digests = {
        hashlib.sha256(draw(people[0], "fear", Pose(yaw_deg=9)).tobytes()).hexdigest() for _ in range(3)
    }
    assert len(digests) == 1


def test_a_person_made_twice_is_the_same_bit_for_bit(people):
    again = make_person(sample_identity(3), Clothes())
    assert np.array_equal(draw(again), draw(people[0]))


def test_people_look_different(people):
    assert np.abs(draw(people[0]).astype(int) - draw(people[1])).mean() > 5


def test_coverage_is_a_share_and_the_background_stays(people):
    picture = render_person(people[0], {}, Pose(), CAMERA)
    assert picture.alpha.min() >= 0
    assert picture.alpha.max() == pytest.approx(1)
    assert picture.alpha[:4, :4].max() == 0
    assert np.isfinite(picture.rgb).all()
    assert np.array_equal(composite(picture, GREY)[:4, :4], GREY[:4, :4])


def test_arguments_stay_as_they_are(people):
    expression = show_emotion("sadness")
    before = dict(expression)
    surface = people[0].rest.vertices.copy()
    render_person(people[0], expression, Pose(gaze_pitch_deg=-15), CAMERA, oversampling=1.0)
    assert expression == before
    assert np.array_equal(people[0].rest.vertices, surface)


def test_somebody_out_of_the_picture_leaves_it_empty(people):
    picture = render_person(people[0], {}, Pose(shift_m=(0.0, -3.0, 0.0)), CAMERA)
    assert picture.alpha.max() == 0


@pytest.mark.parametrize("emotion", ["neutral", "happiness", "surprise", "anger"])
def test_centerface_finds_exactly_one_face_in_every_rendering(people, weights_dir, emotion):
    detector = CenterFace(weights_dir, threads=1)
    for person, yaw_deg in zip(people, (-20, 20), strict=True):
        found = detector.detect(draw(person, emotion, Pose(yaw_deg=yaw_deg)))
        assert len(found) == 1
        x1, y1, x2, y2 = found.boxes_px[0]
        assert x1 < 112 < x2
        assert y1 < 112 < y2
