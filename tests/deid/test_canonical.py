from __future__ import annotations

import cv2
import numpy as np
import pytest

from deid.canonical import SIDE, add_rim, load_layout, shift_eyes, unwrap
from deid.response import load_response


def seen_face(scale: float, shift: tuple[float, float]) -> np.ndarray:
    """Return landmarks (468, 2) of the mean calm face in a picture."""
    flat = load_response().rest[:, :2] * [1, -1]
    return (flat * scale + shift).astype(np.float32)


def picture_of(points: np.ndarray) -> np.ndarray:
    """Return a picture with a light mouth on a grey face."""
    image = np.full((400, 400, 3), 0.4, np.float32)
    cv2.fillPoly(image, [np.round(points[[61, 0, 291, 17]] * 16).astype(np.int32)], (0.9, 0.9, 0.9), shift=4)
    return image


def test_all_triangles_of_the_layout_face_the_viewer_and_cover_the_face():
    layout = load_layout()
    covered = np.zeros(SIDE * SIDE, bool)
    covered[layout.pixel] = True
    assert (layout.areas > 0).all()
    assert covered.reshape(SIDE, SIDE)[layout.inner > 0].mean() > 0.999
    assert layout.places.min() > 0 and layout.places.max() < SIDE


def test_the_rim_reaches_further_above_the_face_than_beside_it():
    rest = load_response().rest
    rim = add_rim(rest)[468:]
    assert rim.shape == (36, 3)
    assert rim[:, 1].max() - rest[:, 1].max() > 2 * (rim[:, 0].max() - rest[:, 0].max())


def test_a_face_is_unrolled_to_the_same_picture_wherever_and_however_large_it_stands():
    inside = load_layout().skin > 0
    faces = []
    for scale, shift in ((90.0, (200.0, 190.0)), (70.0, (160.0, 220.0))):
        points = seen_face(scale, shift)
        faces.append(unwrap(picture_of(points), points)[0])
    assert np.abs(faces[0] - faces[1])[inside].mean() < 0.01
    assert faces[0][inside].max() > 0.85  # the lips are there


def test_a_face_that_turns_its_cheek_away_is_seen_less_there():
    points = seen_face(90.0, (200.0, 190.0))
    turned = points.copy()
    turned[:, 0] = 200 + (points[:, 0] - 200) * np.where(points[:, 0] < 200, 0.2, 1.0)
    _, seen = unwrap(picture_of(points), turned)
    inside = load_layout().skin > 0
    left, right = seen[:, : SIDE // 2][inside[:, : SIDE // 2]], seen[:, SIDE // 2 :][inside[:, SIDE // 2 :]]
    assert left.mean() < 0.6 * right.mean()


def test_an_unrolled_picture_is_not_modified():
    points = seen_face(90.0, (200.0, 190.0))
    picture = picture_of(points)
    before = picture.copy()
    unwrap(picture, points, 20.0)
    assert np.array_equal(picture, before)


def test_eyes_that_are_moved_aside_and_back_are_where_they_were():
    columns = np.tile(np.arange(SIDE, dtype=np.float32), (SIDE, 1))
    aside = shift_eyes(columns, 20.0)
    middle = load_layout().moving > 0.99
    assert (aside - columns)[middle].mean() > 3
    assert shift_eyes(aside, -20.0)[middle].mean() == pytest.approx(columns[middle].mean(), abs=1.5)
    assert np.array_equal(aside[load_layout().moving == 0], columns[load_layout().moving == 0])
