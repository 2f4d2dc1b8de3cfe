from __future__ import annotations

import numpy as np
import pytest

from deid.donors import BANK_SIZE, load_likeness
from deid.recognisers import Identifier
from deid.strangers import add_strangers, list_strangers, place_strangers, spread_of
from tests.emotion.stand_ins import MeanColour


def test_rendered_faces_get_the_mean_and_the_spread_of_real_ones():
    rendered = np.array([[1, 0.1, 0], [1, -0.1, 0]], np.float32)
    mean = np.array([0, 0, 1], np.float32)
    placed = place_strangers(rendered, mean, 0.5)
    assert placed == pytest.approx(np.array([[0, 0.447, 0.894], [0, -0.447, 0.894]]), abs=1e-3)
    assert rendered[0].tolist() == pytest.approx([1, 0.1, 0])


@pytest.mark.parametrize(("name", "before", "after"), [("identity", 0.5, 0.15), ("identity-dlib", 0.9, 0.85)])
def test_strangers_are_less_alike_than_the_renders_that_they_were(name, before, after):
    off = ~np.eye(BANK_SIZE, dtype=bool)
    rendered, placed = load_likeness()[name], list_strangers()[name]
    assert (rendered @ rendered.T)[off].mean() > before
    assert (placed @ placed.T)[off].mean() < after
    assert np.linalg.norm(placed, axis=1) == pytest.approx(np.ones(BANK_SIZE), abs=1e-3)
    assert spread_of(placed) > spread_of(rendered)


def test_strangers_come_after_the_real_people_of_a_gallery_and_only_where_they_are_known():
    one = Identifier("identity", MeanColour(), 0.2)
    real = {"identity": list_strangers()["identity"][:2]}
    assert len(add_strangers(real, (one,))["identity"]) == BANK_SIZE + 2
    assert len(add_strangers({}, (one,))["identity"]) == BANK_SIZE
    fewer = add_strangers(real, (one,), shown=("donor-3", "donor-5"))["identity"]
    left = np.delete(list_strangers()["identity"], [3, 5], axis=0)
    assert np.array_equal(fewer, np.concatenate([real["identity"], left]))
    assert add_strangers({}, (Identifier("colour", MeanColour(), 0.2),)) == {}
