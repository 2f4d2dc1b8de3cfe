"""Undoing a mask: what is brought back must be nearer to the face than what the file shows."""

from __future__ import annotations

import cv2
import numpy as np

from deid.mask import cover
from deid.restore import CANVAS, Restorer, sharpen
from emotion.identify import TEMPLATE
from emotion.types import Detections

SIDE = 400


def draw_face(left: float, top: float):
    """Return a picture with something like a face, and where it is."""
    image = np.full((SIDE, SIDE, 3), 90, np.uint8)
    points = np.asarray(TEMPLATE * 1.5 + (left, top), np.float32)
    centre = points.mean(axis=0).round().astype(int).tolist()
    cv2.ellipse(image, centre, (75, 95), 0, 0, 360, (150, 170, 210), -1)
    for point, radius in zip(points, (14, 14, 8, 10, 10), strict=True):
        cv2.circle(image, point.round().astype(int).tolist(), radius, (30, 40, 60), -1)
    box = np.array([[centre[0] - 75, centre[1] - 95, centre[0] + 75, centre[1] + 95]], np.float32)
    return image, Detections(box, np.ones(1, np.float32), points[None])


def show(method: str, count: int):
    """Return what a restorer brings back of a face that moves, and whose cover does not follow exactly."""
    restorer, jitter = Restorer(method), np.random.default_rng(0)
    for at in range(count):
        image, face = draw_face(100 + 3.7 * at, 90 + 2.3 * at)
        grow = 0.2 * (face.boxes_px[0, 2:] - face.boxes_px[0, :2])
        off = np.tile(jitter.normal(size=2) * 10, 2)
        wide = face.boxes_px + np.array([*-grow, *grow], np.float32) + off
        restorer.look(cover(image, wide, method), face)
    return restorer.restore()


def error_of(picture, truth) -> float:
    inner = slice(CANVAS // 4, -CANVAS // 4)
    return float(np.abs(picture[inner, inner].astype(float) - truth[inner, inner]).mean())


def test_nothing_is_restored_before_a_face_was_seen():
    assert Restorer("blur").restore() is None


def test_a_face_that_is_a_point_is_left_out():
    restorer = Restorer("pixelate")
    image, face = draw_face(0, 0)
    restorer.look(image, Detections(face.boxes_px, face.scores, np.zeros((1, 5, 2), np.float32)))
    assert restorer.restore() is None


def test_the_points_of_the_result_are_those_that_recognisers_align_by():
    picture, face = show("blur", 1)
    assert picture.shape == (CANVAS, CANVAS, 3)
    assert np.allclose(face.points_px[0] - face.points_px[0, 0], TEMPLATE - TEMPLATE[0], atol=1e-4)


def test_many_frames_bring_back_more_behind_a_mosaic_than_one_shows():
    image, face = draw_face(100, 90)
    placed = show("pixelate", 1)[1].points_px[0]
    aligned = cv2.getAffineTransform(face.points_px[0, :3], placed[:3])
    truth = cv2.warpAffine(image, aligned, (CANVAS, CANVAS)).astype(float)
    assert error_of(show("pixelate", 25)[0], truth) < 0.95 * error_of(show("pixelate", 1)[0], truth)


def test_a_known_smear_is_divided_out_and_the_picture_not_modified():
    image, _ = draw_face(100, 90)
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 4.0)
    before = soft.copy()
    sharp = sharpen(soft, 4.0)
    assert np.array_equal(soft, before)
    assert np.abs(sharp - image.astype(float)).mean() < 0.85 * np.abs(soft - image).mean()
