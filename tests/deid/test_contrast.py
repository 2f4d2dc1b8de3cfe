"""A donor gets as much contrast in small things as the person's picture has."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from deid.anchors import load_anchors
from deid.blend import face_mask, sharpen, small_contrast
from deid.contrast import RANGE, match_contrast
from deid.donors import make_avatar
from deid.draw import COVERED, Motion, RenderedFace, draw_donor, width_of
from deid.fit import OVAL
from deid.heads.shape import Pose, express, pose_head

SIDE, ACROSS = 240, 1000.0  # of a picture and pixels per metre in it


@pytest.fixture(scope="module")
def face():
    return RenderedFace(make_avatar("donor-3"), load_anchors())


@pytest.fixture(scope="module")
def still(face):
    places = face.anchors.on(pose_head(face.person.rest, express(face.person.rest, {}), Pose(0, 0, 0)))[:, :2]
    points = (places - places.mean(axis=0)) * [ACROSS, -ACROSS] + SIDE / 2
    return Motion(points.astype(np.float32), (0.0, 0.0, 0.0), (0.0, 0.0), {})


def contrast_of(picture, motion):
    mask = face_mask(motion.points_px[list(OVAL)], picture.shape[:2], grow=COVERED)
    return small_contrast(picture, mask, width_of(motion.points_px))


def test_a_donor_drawn_again_has_the_contrast_of_the_picture(face, still):
    grey = np.full((SIDE, SIDE, 3), 140, np.uint8)
    soft = draw_donor(grey, face, still)
    person = sharpen(soft, width_of(still.points_px), 1.5)
    matched = match_contrast(face, [(person, still)] * 3)
    drawn = draw_donor(person, matched, still)
    assert contrast_of(soft, still) < 0.75 * contrast_of(person, still)
    assert contrast_of(drawn, still) == pytest.approx(
        contrast_of(person, still), rel=0.1
    )  # lashes cannot get blacker than black


def test_a_soft_picture_makes_no_donor_softer_and_a_busy_one_has_a_limit(face, still):
    blurred = np.full((SIDE, SIDE, 3), 140, np.uint8)
    noise = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 1), np.uint8).repeat(3, axis=2)
    assert [match_contrast(face, [(one, still)]).contrast for one in (blurred, noise)] == list(RANGE)


def test_frames_with_something_held_before_the_face_or_none_at_all_say_nothing(face, still):
    noise = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    held = Motion(still.points_px, still.turn, still.gaze, still.units, held=np.zeros(128, np.uint8))
    for frames in ([], [(noise, held)]):
        assert match_contrast(face, frames) is face


def test_sharpening_leaves_large_things_as_they_are():
    down = np.linspace(60, 190, SIDE)[:, None, None]
    slope = np.broadcast_to(down, (SIDE, SIDE, 3)).astype(np.uint8)
    dotted = slope.copy()
    dotted[::16] -= 20
    inside = slice(40, -40)
    for picture in (slope, dotted):
        wide = [
            cv2.blur(one, (64, 64))[inside, inside].astype(int)
            for one in (picture, sharpen(picture, 100, 1.8))
        ]
        assert np.abs(wide[0] - wide[1]).max() <= 2
    assert sharpen(dotted, 100, 1.8)[80, 80, 0] < dotted[80, 80, 0] < sharpen(dotted, 100, 1.8)[88, 80, 0]


def test_nothing_is_compared_where_no_face_is():
    assert np.isnan(small_contrast(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.float32), 5.0))
