"""Faces come out of frames square and upright, whatever their tilt and wherever they lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emotion.crop import crop_face, roll_degrees
from emotion.types import Detections

FRONTAL = np.array([[-20, -15], [20, -15], [0, 5], [-14, 25], [14, 25]], np.float32)
PROFILE = np.array([[-2, -15], [2, -15], [-20, 5], [-6, 25], [2, 25]], np.float32)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ rotation.T).astype(np.float32)


def one_face(box: tuple[float, float, float, float], points: np.ndarray) -> Detections:
    return Detections(np.array([box], np.float32), np.ones(1, np.float32), points[None])


@pytest.mark.parametrize("degrees", [-170, -90, -30, 0, 10, 45, 90])
def test_the_roll_of_a_face_is_the_angle_it_was_turned_by(degrees):
    assert roll_degrees(turned(FRONTAL, degrees)) == pytest.approx(degrees, abs=1e-3)


@pytest.mark.parametrize("degrees", [-20, 0, 20])
def test_a_profile_keeps_its_roll_although_its_eyes_coincide(degrees):
    assert roll_degrees(turned(PROFILE, degrees)) == pytest.approx(degrees, abs=4)


def test_points_that_coincide_have_no_roll():
    assert roll_degrees(np.zeros((5, 2), np.float32)) == 0


def test_an_upright_face_keeps_its_pixels():
    frame = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    crop = crop_face(frame, one_face((60, 30, 100, 70), FRONTAL + np.float32([80, 50])), 0)
    np.testing.assert_array_equal(crop, frame[28:72, 58:102])


def test_a_tilted_face_is_turned_upright():
    upright = np.zeros((200, 200, 3), np.uint8)
    cv2.rectangle(upright, (80, 60), (120, 75), (255, 255, 255), -1)  # a bar across, above the middle
    matrix = cv2.getRotationMatrix2D((100, 100), -30, 1.0)  # 30 degrees clockwise in the picture
    frame = cv2.warpAffine(upright, matrix, (200, 200))
    face = one_face((60, 60, 140, 140), turned(FRONTAL, 30) + 100)
    crop = crop_face(frame, face, 0).astype(int)
    expected = crop_face(upright, one_face((60, 60, 140, 140), FRONTAL + 100), 0).astype(int)
    assert crop.shape == expected.shape
    assert np.abs(crop - expected).mean() < 6


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("box", [(-30, -30, 20, 20), (90, 70, 200, 140), (0, 0, 100, 80)])
def test_a_face_at_the_border_gives_a_full_square(box, degrees):
    frame = np.full((80, 100, 3), 50, np.uint8)
    crop = crop_face(frame, one_face(box, turned(FRONTAL, degrees) + 50), 0)
    assert crop.shape[0] == crop.shape[1]
    assert (crop == 50).all()


def test_a_large_face_is_reduced_to_what_networks_can_use():
    frame = np.full((720, 1280, 3), 80, np.uint8)
    crop = crop_face(frame, one_face((300, 100, 700, 600), FRONTAL + np.float32([500, 300])), 0)
    assert crop.shape == (224, 224, 3)
