"""Boxes and transforms against answers worked out by hand, and what must hold for every input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.geometry import (
    box_areas,
    clip_boxes,
    crop_square,
    expand_boxes,
    iou_matrix,
    non_maximum_suppression,
    similarity_transform,
    square_box,
)

NO_BOXES = np.zeros((0, 4), np.float32)
corner = st.integers(-50, 150)
box = st.tuples(corner, corner, st.integers(1, 80), st.integers(1, 80)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@pytest.mark.parametrize(
    ("boxes", "margin", "expected"),
    [
        (NO_BOXES, 0.3, []),
        ([[100, 100, 200, 200]], 0.0, [[100, 100, 200, 200]]),
        ([[100, 100, 200, 200]], 0.3, [[85, 85, 215, 215]]),
        ([[0, 0, 100, 50]], 0.2, [[0, 0, 110, 55]]),
        ([[600, 400, 640, 480]], 0.5, [[590, 380, 640, 480]]),
    ],
)
def test_boxes_grow_about_their_centre_and_stay_in_the_frame(boxes, margin, expected):
    before = np.array(boxes, np.float32).reshape(-1, 4)
    given_boxes = before.copy()
    grown = expand_boxes(given_boxes, margin, (480, 640))
    np.testing.assert_allclose(grown, np.array(expected).reshape(-1, 4))
    np.testing.assert_array_equal(given_boxes, before)


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        expand_boxes(NO_BOXES, -0.1, (10, 10))


@pytest.mark.parametrize("shape", [(4,), (2, 5), (1, 2, 4)])
def test_what_is_no_list_of_boxes_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected boxes \(N, 4\)"):
        clip_boxes(np.zeros(shape), (10, 10))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (NO_BOXES, NO_BOXES, np.zeros((0, 0))),
        ([[0, 0, 2, 2]], NO_BOXES, np.zeros((1, 0))),
        ([[0, 0, 2, 2]], [[0, 0, 2, 2]], [[1.0]]),
        ([[0, 0, 2, 2]], [[1, 1, 3, 3]], [[1 / 7]]),
        ([[0, 0, 2, 2]], [[2, 0, 4, 2]], [[0.0]]),
        ([[5, 5, 5, 5]], [[5, 5, 5, 5]], [[0.0]]),
    ],
)
def test_overlap_is_shared_area_over_joint_area(first, second, expected):
    np.testing.assert_allclose(iou_matrix(np.array(first), np.array(second)), expected, rtol=1e-6)


@given(st.lists(box, max_size=8), st.lists(box, max_size=8))
def test_overlap_is_symmetric_and_between_0_and_1(first, second):
    a, b = np.array(first).reshape(-1, 4), np.array(second).reshape(-1, 4)
    overlaps = iou_matrix(a, b)
    assert ((overlaps >= 0) & (overlaps <= 1)).all()
    np.testing.assert_allclose(overlaps, iou_matrix(b, a).T, rtol=1e-6)


def test_a_box_turned_inside_out_has_no_area():
    assert box_areas(np.array([[5, 5, 1, 9], [0, 0, 2, 3]])).tolist() == [0.0, 6.0]


@pytest.mark.parametrize(
    ("boxes", "scores", "kept"),
    [
        (NO_BOXES, [], []),
        ([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.8, 0.9, 0.7], [1, 2]),
        ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.5, 0.5], [0]),
        ([[0, 0, 10, 10], [9, 9, 19, 19]], [0.5, 0.6], [1, 0]),
    ],
)
def test_only_the_best_of_overlapping_boxes_survives(boxes, scores, kept):
    assert non_maximum_suppression(np.array(boxes), np.array(scores), 0.3).tolist() == kept


@given(st.lists(box, min_size=1, max_size=10), st.randoms())
def test_survivors_do_not_overlap_and_do_not_depend_on_the_order(boxes, random):
    array = np.array(boxes, np.float32)
    scores = np.linspace(0.2, 0.9, len(boxes))
    kept = array[non_maximum_suppression(array, scores, 0.3)]
    overlaps = iou_matrix(kept, kept) - np.eye(len(kept))
    assert (overlaps <= 0.3 + 1e-6).all()
    order = list(range(len(boxes)))
    random.shuffle(order)
    again = array[order][non_maximum_suppression(array[order], scores[order], 0.3)]
    np.testing.assert_array_equal(kept, again)


@given(
    st.floats(-3.1, 3.1), st.floats(0.1, 10), st.floats(-100, 100), st.floats(-100, 100), st.integers(2, 6)
)
def test_a_similarity_is_recovered_from_points_that_it_moved(angle, scale, dx, dy, count):
    points = np.random.default_rng(count).uniform(-10, 10, (count, 2))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = np.column_stack([scale * rotation, [dx, dy]])
    found = similarity_transform(points, points @ (scale * rotation).T + [dx, dy])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_mirror_image_is_never_answered_with_a_reflection():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    matrix = similarity_transform(points, points * [-1, 1])
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ([[0, 0]], [[1, 1]], "at least 2 points"),
        ([[0, 0], [1, 1]], [[0, 0]], "at least 2 points"),
        ([[3, 3], [3, 3]], [[0, 0], [1, 1]], "points that differ"),
    ],
)
def test_points_that_define_no_similarity_are_refused(source, target, message):
    with pytest.raises(ValueError, match=message):
        similarity_transform(source, target)


@pytest.mark.parametrize(
    ("box_px", "margin", "expected"),
    [
        ((10, 20, 30, 60), 0.0, (0, 20, 40, 60)),
        ((10, 20, 30, 60), 0.1, (-2, 18, 42, 62)),
        ((5, 5, 5, 5), 0.0, (4, 4, 5, 5)),
    ],
)
def test_a_square_has_the_longer_side_of_its_box(box_px, margin, expected):
    assert square_box(np.array(box_px, np.float32), margin) == expected


@given(box, st.floats(0, 1))
def test_a_square_box_is_square(box_px, margin):
    left, top, right, bottom = square_box(np.array(box_px, np.float32), margin)
    assert right - left == bottom - top >= 1


@pytest.mark.parametrize(
    ("square", "expected"),
    [
        ((0, 0, 2, 2), [[1, 2], [3, 4]]),
        ((1, 1, 2, 2), [[4]]),
        ((-1, -1, 2, 2), [[1, 1, 2], [1, 1, 2], [3, 3, 4]]),
        ((10, 10, 12, 12), [[4, 4], [4, 4]]),
    ],
)
def test_a_crop_beyond_the_border_repeats_the_border(square, expected):
    image = np.array([[1, 2], [3, 4]], np.uint8)
    assert crop_square(image, square).tolist() == expected


def test_a_crop_is_a_copy():
    image = np.zeros((4, 4, 3), np.uint8)
    crop_square(image, (0, 0, 4, 4))[:] = 9
    assert not image.any()


def test_an_empty_crop_is_refused():
    with pytest.raises(ValueError, match="square with an area"):
        crop_square(np.zeros((4, 4), np.uint8), (2, 2, 2, 4))
