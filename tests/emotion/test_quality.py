from __future__ import annotations

import cv2
import numpy as np
import pytest

from emotion.quality import face_qualities, pose_factor, sharpness_factor, size_factor
from emotion.types import Detections

FRONTAL = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


def texture(side: int = 128) -> np.ndarray:
    """Light from the left as on a face, and fine detail."""
    light = np.linspace(40, 160, side)[None, :, None]
    detail = np.random.default_rng(0).normal(0, 40, (side, side, 1))
    return (
        np.clip(light + cv2.GaussianBlur(detail, (0, 0), 1.0)[..., None], 0, 255)
        .astype(np.uint8)
        .repeat(3, axis=2)
    )


def detections(score: float = 1.0, side: float = 100.0, points: np.ndarray = FRONTAL) -> Detections:
    box = np.array([[0, 0, side, side]], np.float32)
    return Detections(box, np.array([score], np.float32), points[None].astype(np.float32))


def test_no_face_has_no_quality():
    assert face_qualities([], Detections.none()).shape == (0,)


def test_large_sharp_frontal_face_has_the_detectors_score():
    assert face_qualities([texture()], detections(score=0.9)) == pytest.approx([0.9])


@pytest.mark.parametrize(("side", "expected"), [(8, 0.0), (16, 0.0), (40, 0.5), (64, 1.0), (400, 1.0)])
def test_size_counts_from_16_to_64_pixels(side: int, expected: float):
    assert size_factor(np.array([5, 5, 5 + side, 5 + side], np.float32)) == pytest.approx(expected)


def test_blur_lowers_sharpness_whatever_the_size_and_contrast():
    sharp = texture()
    assert sharpness_factor(cv2.GaussianBlur(sharp, (0, 0), 8)) < 0.3 < sharpness_factor(sharp)
    assert sharpness_factor(sharp // 2 + 60) == pytest.approx(sharpness_factor(sharp), abs=0.05)


@pytest.mark.parametrize(("nose_x", "expected"), [(50, 1.0), (61, 0.5), (72, 0.0), (28, 0.0), (90, 0.0)])
def test_nose_beside_the_eyes_is_a_profile(nose_x: int, expected: float):
    points = FRONTAL.copy()
    points[2, 0] = nose_x
    assert pose_factor(points) == pytest.approx(expected, abs=1e-6)


def test_tilted_head_is_still_frontal():
    turn = np.array([[0.8, -0.6], [0.6, 0.8]], np.float32)
    assert pose_factor(FRONTAL @ turn.T) == pytest.approx(1.0, abs=1e-5)


def test_eyes_in_one_place_are_worth_nothing():
    assert pose_factor(np.zeros((5, 2), np.float32)) == 0.0


def test_arguments_are_not_modified():
    crop, found = texture(), detections()
    before = crop.copy()
    face_qualities([crop], found)
    assert np.array_equal(crop, before)
