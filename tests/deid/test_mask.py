from __future__ import annotations

import numpy as np
import pytest

from deid.errors import UnknownMethod
from deid.mask import BOX_BGR, CELLS, MASKS, cover

NONE = np.zeros((0, 4), np.float32)
BOX = np.array([[20.4, 10.2, 59.6, 69.9]], np.float32)


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)


@pytest.mark.parametrize("method", MASKS)
def test_a_frame_without_a_face_stays_as_it_is(noise, method):
    assert np.array_equal(cover(noise, NONE, method), noise)


@pytest.mark.parametrize("method", MASKS)
def test_nothing_outside_the_box_changes_and_the_frame_is_not_modified(noise, method):
    before = noise.copy()
    covered = cover(noise, BOX, method)
    changed = (covered != before).any(axis=2)
    assert np.array_equal(noise, before)
    assert changed[10:70, 20:60].mean() > 0.9
    changed[10:70, 20:60] = False
    assert not changed.any()


def test_a_box_hides_whole_pixels_rounded_outwards(noise):
    assert (cover(noise, BOX, "box")[10:70, 20:60] == BOX_BGR).all()


def test_a_mosaic_has_as_many_colours_as_cells(noise):
    square = np.array([[30, 30, 78, 78]], np.float32)
    cells = cover(noise, square, "pixelate")[30:78, 30:78].reshape(-1, 3)
    assert len(np.unique(cells, axis=0)) <= CELLS**2


@pytest.mark.parametrize("side", [24, 80])
def test_a_blur_leaves_a_thirtieth_of_the_detail_whatever_the_size(side):
    noise = np.random.default_rng(2).integers(0, 256, (100, 100, 3), np.uint8)
    box = np.array([[5, 5, 5 + side, 5 + side]], np.float32)
    inside = cover(noise, box, "blur")[5 : 5 + side, 5 : 5 + side]
    assert 30 * inside.var() < noise.var()


@pytest.mark.parametrize("method", MASKS)
@pytest.mark.parametrize(
    "box", [[-50, -50, 10, 10], [100, 80, 500, 500], [-9, -9, 500, 500], [200, 200, 300, 300], [5, 5, 6, 90]]
)
def test_boxes_over_the_border_and_of_one_pixel_are_cut_off(noise, method, box):
    assert cover(noise, np.array([box], np.float32), method).shape == noise.shape


def test_an_ellipse_keeps_the_corners_of_its_box(noise):
    covered = cover(noise, BOX, "box", ellipse=True)
    assert np.array_equal(covered[10, 20], noise[10, 20])
    assert (covered[40, 40] == BOX_BGR).all()


def test_a_method_that_does_not_exist_is_refused_by_name(noise):
    with pytest.raises(UnknownMethod, match="box, blur, pixelate"):
        cover(noise, NONE, "anonymous")
