"""A mean of at least k people: of fewer nothing is made, and no part of it rests on fewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deid.average import Expressions, _hold_down, average, average_expressions, name_of
from deid.canonical import load_layout
from deid.errors import TooFewContributors
from tests.deid.contributors import somebody

NOTHING = Expressions(None, {})


def test_a_mean_of_fewer_than_k_is_refused():
    group = [somebody(1), somebody(2)]
    with pytest.raises(TooFewContributors, match="expected 3 people to make a face of, got 2"):
        average(group, 3, group, NOTHING)
    with pytest.raises(TooFewContributors):
        average([], 2, group, NOTHING)


def test_one_person_twice_counts_once():
    with pytest.raises(TooFewContributors, match="got 1"):
        average([somebody(1), somebody(1)], 2, [somebody(1)], NOTHING)


def test_a_mean_of_one_is_refused():
    with pytest.raises(ValueError, match="2 at least"):
        average([somebody(1)], 1, [], NOTHING)


def test_the_shape_is_the_mean_of_all_and_their_names_are_kept():
    group = [somebody(1), somebody(2), somebody(3)]
    mean = average(group, 2, group, NOTHING)
    assert mean.calm == pytest.approx(np.mean([one.calm for one in group], axis=0), abs=1e-6)
    assert mean.members == tuple(sorted(one.digest for one in group))
    assert (mean.k, mean.open, dict(mean.wrinkles)) == (2, None, {})


def test_a_mean_has_one_name_in_any_order_and_another_with_another_member_or_k():
    one, two, three = somebody(1), somebody(2), somebody(3)
    assert name_of([one, two], 2) == name_of([two, one], 2)
    assert len({name_of([one, two], 2), name_of([one, three], 2), name_of([one, two], 3)}) == 3


def test_each_member_changes_the_mean_by_little():
    """With k members a part that only one of them has is seen at 1/k at most."""
    people = [somebody(number) for number in range(8)]
    marked = people[0].pictures["calm"].copy()
    layout = load_layout()
    spot = (layout.skin > 0) & (np.indices(layout.skin.shape)[0] > 200)
    marked[spot] = (255, 255, 255)
    changed = [replace(people[0], pictures={"calm": marked}), *people[1:]]
    before, after = (average(group, 8, group, NOTHING).picture for group in (people, changed))
    own = float((marked[spot] / 255.0).mean() ** 2 - before[spot].mean())
    assert float((after - before)[spot].mean()) < own / 8


def test_what_an_expression_adds_is_the_mean_of_at_least_k_or_absent():
    people = [somebody(1, "open", "anger"), somebody(2, "open", "anger"), somebody(3, "open")]
    found = average_expressions(people, 3)
    assert found.open is not None
    assert dict(found.wrinkles) == {}
    assert list(average_expressions(people, 2).wrinkles) == ["anger"]
    assert average_expressions(people, 4).open is None


def test_the_same_people_give_the_same_picture_bit_for_bit():
    group = [somebody(1), somebody(2)]
    first, again = (average(group, 2, group, NOTHING).picture for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (288, 288, 3) and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1


def test_no_pixel_is_the_face_of_one_even_where_one_alone_shows_it_well():
    weights = np.full((8, 2, 1), 1e-3, np.float32)
    weights[3, 0] = 1
    shares = _hold_down(weights)
    assert shares[3, 0] == pytest.approx(1.5 / 8)
    assert np.allclose(shares.sum(axis=0), 1)
    assert np.allclose(shares[:, 1], 1 / 8)
    assert (shares > 0).all()


def test_shares_that_are_near_to_even_stay_as_they_are():
    weights = np.array([1, 1, 1.2, 0.8], np.float32)
    assert np.allclose(_hold_down(weights), weights / 4)


def test_a_mean_names_everybody_of_whom_anything_is_in_it():
    group, beside = [somebody(1), somebody(2)], [somebody(3), somebody(4, "anger"), somebody(5, "anger")]
    others = [*group, *beside]
    found = average(group, 2, others, average_expressions(others, 2))
    assert found.members == tuple(sorted(one.digest for one in group))
    assert found.lent == tuple(sorted(one.digest for one in others))
    alone = average(group, 2, group, average_expressions([*group, beside[0]], 2))
    assert alone.lent == alone.members
