"""Small pictures keep their light and their places, and what is too small stays as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emotion.resize import shrink


def test_a_picture_of_the_wanted_size_is_unchanged():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(shrink(picture, (2, 4)), picture)


def test_pixels_are_averaged_not_left_out():
    stripes = np.tile(np.array([0, 0, 200, 200], np.uint8), (8, 8))
    assert set(shrink(stripes, (2, 8)).ravel().tolist()) == {100}


@pytest.mark.parametrize("size_hw", [(721, 1281), (720, 1280), (500, 333), (225, 384)])
def test_a_smooth_picture_looks_as_if_averaged_over_exact_areas(size_hw):
    height, width = size_hw
    picture = np.add.outer(np.linspace(0, 120, height), np.linspace(0, 120, width)).astype(np.uint8)
    before = picture.copy()
    exact = cv2.resize(picture, (320, 216), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(shrink(picture, (216, 320)).astype(int), exact.astype(int), atol=2)
    np.testing.assert_array_equal(picture, before)
