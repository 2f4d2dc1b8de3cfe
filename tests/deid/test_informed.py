"""Attackers who know the method: worked out on made-up embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from deid.imitation import summarise
from deid.informed import LEAST_PEOPLE, InformedAttack, hide_alike, lead_back
from deid.rehearsal import Rehearsal

SIZE = 32


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def people(count: int, *, leaks: float, seed: int = 0):
    """Return rehearsals of people, and their faces: a method turns all and adds much that is the same."""
    random = np.random.default_rng(seed)
    faces = unit(random.normal(size=(count, SIZE)))
    turned = np.linalg.qr(np.random.default_rng(99).normal(size=(SIZE, SIZE)))[0]
    common = 3 * unit(np.random.default_rng(98).normal(size=SIZE))
    made = []
    for face in faces:
        before = unit(face + 0.05 * random.normal(size=(6, SIZE)))
        after = unit(leaks * before @ turned + common + 0.1 * random.normal(size=(6, SIZE)))
        covered = unit(common + 0.1 * random.normal(size=(6, SIZE)))
        made.append(Rehearsal({"r": before}, {"r": after}, {"r": covered}))
    return made, faces


def test_a_method_that_leaks_is_found_out_by_hiding_everybody_alike():
    (own, *others), _ = people(24, leaks=1.0)
    again = people(24, leaks=1.0)[0][0].after["r"]
    found = hide_alike("r", again, own, others)
    assert (found.rank1, found.tar_at_far_1e2) == (1.0, 1.0)
    assert (found.recogniser, found.attack, found.probes) == ("r", "hidden alike", 6)


@pytest.mark.parametrize("attack", ["alike", "back"])
def test_a_method_that_leaks_nothing_leaves_chance(attack):
    ranks = []
    for seed in range(30):
        (own, *others), faces = people(25, leaks=0.0, seed=seed)
        probes = people(1, leaks=0.0, seed=1000 + seed)[0][0].after["r"]
        found = (
            hide_alike("r", probes, own, others)
            if attack == "alike"
            else lead_back("r", probes, faces[0], others)
        )
        ranks.append(found.rank1)
    assert np.mean(ranks) < 0.25


def test_what_a_method_does_to_all_alike_is_learned_and_undone():
    (own, *others), faces = people(201, leaks=1.0)
    assert float((own.after["r"] @ faces.T).argmax(axis=1).tolist().count(0)) < 6
    assert lead_back("r", own.after["r"], faces[0], others).rank1 == 1.0


def test_nothing_is_learned_from_too_few():
    (own, *others), faces = people(2 * LEAST_PEOPLE, leaks=1.0)
    assert lead_back("r", own.after["r"], faces[0], others) is None


def test_what_one_percent_of_strangers_reach_is_not_said_of_a_few_pairs():
    (own, *others), _ = people(12, leaks=1.0)  # 55 pairs of people, in 660 scores
    found = hide_alike("r", own.after["r"], own, others)
    assert (found.tar_at_far_1e2, found.threshold) == (None, None)
    assert found.rank1 == 1.0


def test_both_halves_try_the_same_faces_which_are_counted_once_and_found_among_half_of_the_people():
    (own, *others), faces = people(22, leaks=1.0)
    led = lead_back("r", own.after["r"], faces[0], others)
    alike = hide_alike("r", own.after["r"], own, others)
    assert (led.probes, led.gallery_size) == (6, 11)
    assert (alike.probes, alike.gallery_size) == (6, 22)
    assert led.rank1_lower95 <= 0.6071  # of 6 faces, if all of them are found


def test_the_worst_attack_is_the_one_furthest_above_its_own_chance_and_its_own_control():
    def attack(name, rank1, people=20):
        return InformedAttack(name, "hidden alike", 10, people, rank1, 0.0, None, None)

    found = summarise([attack("a", 0.6), attack("b", 0.95)], {"a": attack("a", 0.1), "b": attack("b", 0.9)})
    assert (found["rank1"], found["control"]["rank1"]) == (0.6, 0.1)
    assert [one["beside"] for one in found["recognisers"]] == [0.1, 0.9]
    found = summarise([attack("a", 0.3, people=4), attack("b", 0.2)], {})
    assert (found["rank1"], found["rank1_chance"], found["gallery_size"]) == (0.2, 0.05, 20)
    assert found["control"]["rank1"] is None


def test_arguments_are_not_modified():
    (own, *others), faces = people(24, leaks=1.0)
    kept = own.after["r"].copy()
    hide_alike("r", own.after["r"], own, others)
    lead_back("r", own.after["r"], faces[0], others)
    assert np.array_equal(own.after["r"], kept)
