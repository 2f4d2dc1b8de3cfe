from __future__ import annotations

import numpy as np
import pytest

from deid.heads.curves import bump, ramp
from deid.heads.light import CONSULTING_ROOM, measure_openness, spread_directions, vertex_normals
from deid.heads.noise import smooth_noise, smooth_noise_where
from deid.heads.raster import cut_fragments, interpolate, resolve_nearest
from deid.heads.render import develop, sample_texture

SQUARE = np.array([[1, 1], [1, 3], [3, 3], [3, 1]], np.float32)  # seen from the front, counter-clockwise
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_nothing_to_draw_gives_no_fragment():
    none = cut_fragments(SQUARE, np.zeros(4, np.float32), np.zeros((0, 3), np.int32), (4, 4))
    assert len(none) == 0
    assert len(resolve_nearest(none, 16)) == 0
    assert sample_texture(np.ones((2, 2, 3), np.float32), np.zeros((0, 2), np.float32)).shape == (0, 3)


def test_a_square_covers_each_pixel_centre_once():
    drawn = cut_fragments(SQUARE, np.zeros(4, np.float32), HALVES, (4, 4))
    assert sorted(drawn.pixel.tolist()) == [5, 6, 9, 10]
    assert np.allclose(drawn.weights.sum(axis=1), 1)


def test_backs_are_left_out_unless_asked_for():
    flipped = HALVES[:, ::-1]
    assert len(cut_fragments(SQUARE, np.zeros(4, np.float32), flipped, (4, 4))) == 0
    assert len(cut_fragments(SQUARE, np.zeros(4, np.float32), flipped, (4, 4), cull=False)) == 4


def test_the_nearer_triangle_is_seen():
    points = np.concatenate([SQUARE, SQUARE])
    depth = np.array([5, 5, 5, 5, 2, 2, 2, 2], np.float32)
    drawn = cut_fragments(points, depth, np.concatenate([HALVES, HALVES + 4]), (4, 4))
    seen = drawn.take(resolve_nearest(drawn, 16))
    assert seen.pixel.tolist() == [5, 6, 9, 10]
    assert set(seen.triangle.tolist()) <= {2, 3}


def test_triangles_beyond_the_border_are_cut_off():
    drawn = cut_fragments(SQUARE * 10 - 15, np.zeros(4, np.float32), HALVES, (4, 4))
    assert sorted(drawn.pixel.tolist()) == list(range(16))


def test_values_are_carried_linearly():
    drawn = cut_fragments(SQUARE, np.zeros(4, np.float32), HALVES, (4, 4))
    carried = interpolate(SQUARE, HALVES, drawn)
    centres = np.stack([drawn.pixel % 4 + 0.5, drawn.pixel // 4 + 0.5], axis=1)
    assert np.allclose(carried, centres, atol=1e-5)


def test_texture_is_read_between_texels():
    texture = np.array([[[0.0], [1.0]]], np.float32)
    at = np.array([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]], np.float32)
    assert sample_texture(texture[..., 0], at) == pytest.approx([0, 0.5, 1], abs=0.02)


def test_a_lid_shuts_out_the_light_from_above():
    floor = np.array([[0, 0, 0]], np.float32)
    lid = np.array([[-1, 1, -1], [1, 1, -1], [1, 1, 1], [-1, 1, 1]], np.float32)
    directions = np.array([[0, 1, 0], [0, -1, 0]], np.float32)
    openness = measure_openness(np.concatenate([floor, lid]), HALVES + 1, directions)
    assert openness[0].tolist() == [0, 1]


def test_directions_are_unit_vectors_spread_over_the_sphere():
    directions = spread_directions()
    assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    assert np.abs(directions.mean(axis=0)).max() < 0.02
    assert CONSULTING_ROOM.radiance(directions).min() > 0


def test_normals_point_out_of_the_front():
    places = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    normals = vertex_normals(places, np.array([[0, 1, 2]], np.int32))
    assert normals[0].tolist() == [0, 0, 1]
    assert normals[3].tolist() == [0, 0, 0]


def test_noise_is_bounded_and_depends_on_the_seed():
    places = np.random.default_rng(1).uniform(-50, 50, (500, 3)).astype(np.float32)
    noise = smooth_noise(places, 3)
    assert 0 <= noise.min() < noise.max() <= 1
    assert np.array_equal(noise, smooth_noise(places, 3))
    assert not np.array_equal(noise, smooth_noise(places, 4))


def test_noise_where_it_is_wanted_is_the_noise_of_everywhere():
    places = np.random.default_rng(2).uniform(-50, 50, (300, 3)).astype(np.float32)
    wanted = places[:, 0] > 0
    some = smooth_noise_where(wanted, places, 3)
    assert np.array_equal(some[wanted], smooth_noise(places, 3)[wanted])
    assert not some[~wanted].any()


def test_curves_have_their_documented_values():
    x = np.array([0.0, 1.0, 2.0])
    assert bump(x, 0, 1) == pytest.approx([1, 0.3679, 0.0183], abs=1e-3)
    assert ramp(x, 0, 2).tolist() == [0, 0.5, 1]
    assert ramp(x, 2, 0).tolist() == [1, 0.5, 0]


def test_linear_light_is_developed_as_srgb():
    grey = develop(np.array([[[0.0, 0.214, 0.5]]], np.float32))
    assert grey.tolist() == [[[187, 127, 0]]]  # BGR
