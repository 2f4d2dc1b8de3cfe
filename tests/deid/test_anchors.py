"""Where landmarks lie on the head: what is kept is what would be found anew."""

from __future__ import annotations

import numpy as np
import pytest

from deid.anchors import load_anchors
from deid.build_anchors import find_anchors
from deid.heads.pack import default_pack
from deid.heads.shape import build_rest

SAME_M = 0.0005


@pytest.fixture(scope="module")
def surface():
    return build_rest(default_pack(), {"gender": 0.5, "age": 0.7}, {}).vertices


def test_weights_are_shares_and_corners_are_vertices(surface):
    kept = load_anchors()
    assert kept.corners.shape == kept.weights.shape == (468, 3)
    assert kept.moves.shape == (len(kept.units), 468, 3)
    assert np.allclose(kept.weights.sum(axis=1), 1, atol=1e-4)
    assert kept.corners.min() >= 0
    assert kept.corners.max() < len(surface)


def test_a_pack_a_renderer_or_a_network_that_changed_needs_other_anchors(weights_dir, surface):
    kept, found = load_anchors(), find_anchors(weights_dir)
    assert kept.units == found.units
    away_m = np.linalg.norm(kept.on(surface) - found.on(surface), axis=1)
    assert np.mean(away_m < SAME_M) > 0.99, "run python -m deid.build_anchors"
    assert np.abs(kept.moves - found.moves).mean() < SAME_M


def test_the_mouth_is_below_the_eyes_and_opens_downwards(surface):
    kept = load_anchors()
    places = kept.on(surface)
    assert places[13, 1] < places[[159, 386], 1].min()  # upper lip, upper lids
    assert kept.moves[kept.units.index("jawOpen"), 14, 1] < -0.005  # lower lip
