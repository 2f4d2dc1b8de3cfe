"""Whoever is hidden never contributes to their own donor, nobody counts twice, and fewer than k are
refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deid.donors import Looks
from deid.errors import TooFewContributors
from deid.groups import leave_out, list_groups, make_look, outside, worn_group
from tests.deid.contributors import axis, somebody

TONE = np.array([90, 110, 150], np.float32)


def person(number: int | None, *, age: float = 40.0, female: float = 0.0) -> Looks:
    return Looks(TONE, age, female, {} if number is None else {"identity": axis(number)})


def people(count: int, **more) -> list:
    return [somebody(number, **more) for number in range(count)]


@pytest.mark.parametrize(("count", "k"), [(0, 8), (7, 8), (1, 2)])
def test_fewer_people_than_k_make_no_look(count, k):
    with pytest.raises(
        TooFewContributors, match=f"expected {k} different people to make a face of, got {count}"
    ):
        make_look(people(count), k)


def test_a_k_that_would_show_one_person_is_refused():
    with pytest.raises(TooFewContributors, match="k to be 2 at least"):
        make_look(people(3), 1)


def test_two_recordings_of_one_person_count_once():
    again = replace(somebody(1), looks=somebody(1, age=50.0).looks)
    with pytest.raises(TooFewContributors, match="got 2"):
        make_look([somebody(1), again, somebody(2)], 3)
    assert make_look([somebody(1), again, somebody(2)], 2).contributions == (somebody(1), somebody(2))


def test_the_person_who_is_hidden_is_left_out():
    look = make_look(people(4), 3)
    assert leave_out(person(2), look) == (somebody(0), somebody(1), somebody(3))
    assert len(leave_out(person(9), look)) == 4


def test_when_too_few_are_left_without_the_person_nothing_is_made():
    with pytest.raises(TooFewContributors, match="other than the person who is hidden, got 3"):
        leave_out(person(2), make_look(people(4), 4))


def test_of_a_person_of_whom_nothing_is_known_nobody_is_known_to_be_another():
    assert leave_out(person(None), make_look(people(4), 3)) == ()


def test_groups_are_of_k_different_people_and_differ():
    groups = list_groups(person(400), people(20), 8, "key")
    assert all(len(set(group)) == 8 for group in groups)
    assert len({frozenset(group) for group in groups}) == len(groups) > 1
    assert list_groups(person(400), people(20), 8, "key") == groups
    assert list_groups(person(400), people(20), 8, "another") != groups


def test_exactly_k_people_make_one_group():
    assert [set(group) for group in list_groups(person(400), people(8), 8, "key")] == [set(people(8))]


def test_people_of_the_same_age_and_sex_are_taken_first():
    others = [somebody(number, age=40.0 if number < 6 else 80.0) for number in range(20)]
    (first, *_) = list_groups(person(400), others, 2, "key")
    assert {float(one.looks[3]) for one in first} == {40.0}


def test_of_those_the_least_alike_come_first():
    alike = replace(somebody(1), embeddings={"identity": (axis(1) + axis(400)) / np.float32(2**0.5)})
    (first, *_) = list_groups(person(400), [alike, somebody(2), somebody(3)], 2, "key")
    assert set(first) == {somebody(2), somebody(3)}


def test_whom_a_result_could_be_mistaken_for_are_those_outside_the_group():
    everybody = people(6)
    found = outside(everybody[:3], everybody, 3)
    assert found["identity"].shape == (3, 512)
    assert outside(everybody[:4], everybody, 3) == {}
    assert outside(everybody, everybody, 3) == {}


def test_a_person_keeps_the_group_whose_mean_they_wear_as_long_as_all_of_it_is_left():
    others = people(6)
    worn = tuple(sorted(one.digest for one in others[2:5]))
    assert worn_group(others, make_look(others, 3, worn)) == tuple(others[2:5])
    assert worn_group(others[:4], make_look(others, 3, worn)) == ()
    assert worn_group(others, make_look(others, 4, worn)) == ()
    assert worn_group(others, make_look(others, 3)) == ()


def test_those_outside_of_a_group_count_by_every_network_whoever_is_first():
    others = people(5)
    first = replace(others[0], embeddings={"identity": others[0].embeddings["identity"]})
    found = outside(others[4:], [first, *others[1:]], 3)
    assert {name: len(rows) for name, rows in found.items()} == {"identity": 4, "identity-dlib": 3}
