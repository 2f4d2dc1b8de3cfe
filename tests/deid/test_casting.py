"""A donor is tried on the person first: of safe ones who keeps the expression, nobody when in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deid.casting import (
    AT_ONCE,
    LEAST,
    SAFE,
    TRIAL_FRAMES,
    Cast,
    Fitness,
    choose_fittest,
    hidden_share,
    read_trials,
    try_until_safe,
)
from deid.donors import Looks, list_candidates, list_donors
from deid.draw import Motion
from emotion.media import write_video
from emotion.types import Detections

SOMEBODY = Looks(np.array([120, 150, 190], np.float32), 35.0, 0.2)


def fitness(hidden, kept=0.5, donor="donor-1", likeness=0.0):
    return Fitness(donor, hidden, likeness, kept)


def test_nobody_is_chosen_of_none():
    assert choose_fittest([]) is None


def test_nobody_is_chosen_when_all_find_the_person():
    assert choose_fittest([fitness(LEAST - 0.01, 1.0), fitness(0.0)]) is None


def test_of_those_who_are_not_safe_who_hides_best_is_chosen():
    assert choose_fittest([fitness(0.4, 0.9, "a"), fitness(0.6, 0.1, "b")]) == "b"


def test_of_those_who_are_safe_who_keeps_the_expression_is_chosen():
    assert choose_fittest([fitness(SAFE, 0.8, "a"), fitness(1.0, 0.2, "b"), fitness(0.6, 1.0, "c")]) == "a"


def test_more_are_tried_only_while_none_is_safe():
    donors = list_donors()[: 3 * AT_ONCE]
    asked = []

    def measure(donor):
        asked.append(donor.name)
        return fitness(0.9 if donor is donors[AT_ONCE + 1] else 0.4, donor=donor.name)

    cast = try_until_safe(donors, measure)
    assert len(asked) == len(cast.tried) == 2 * AT_ONCE
    assert cast.donor == donors[AT_ONCE + 1].name


def test_a_record_says_how_well_the_best_hid_when_nobody_was_chosen():
    cast = Cast(None, (fitness(0.1), fitness(0.2)))
    assert cast.as_dict() == {"tried": 2, "hidden": 0.2}
    assert Cast("donor-7", ()).as_dict() == {"tried": 0, "hidden": None}
    alone = replace(fitness(1.0), is_compared=False)
    assert Cast("donor-1", (alone,)).as_dict() == {"tried": 1, "hidden": None}, "nobody to be mistaken for"


def test_a_result_is_hidden_as_far_as_others_are_liker_to_it():
    others = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    person = np.array([0.6, 0.8], np.float32)
    assert hidden_share(np.array([[1, 0]], np.float32), person, others) == pytest.approx(2 / 3)
    assert hidden_share(person[None], person, others) == 0


def test_a_cosine_above_what_an_audit_allows_is_not_safe_but_no_reason_to_refuse_everybody():
    alike = fitness(1.0, likeness=0.4, donor="a")
    assert alike.safety == 0
    assert choose_fittest([alike]) == "a"
    assert choose_fittest([alike, fitness(0.6, likeness=0.1, donor="b")]) == "b"


def test_candidates_are_the_same_for_one_key_in_another_order_for_another_and_never_taken():
    first = list_candidates(SOMEBODY, "key:1")
    assert list_candidates(SOMEBODY, "key:1") == first
    assert list_candidates(SOMEBODY, "key:2") != first
    assert first[0] not in list_candidates(SOMEBODY, "key:1", taken=[first[0].name])
    assert len(first) == len(set(first)) > AT_ONCE


def test_trials_are_spread_over_the_moments(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, ((at * 40_000, np.full((32, 32, 3), 8 * at, np.uint8)) for at in range(20)))
    motion = Motion(np.zeros((468, 2), np.float32), (0, 0, 0), (0, 0), {})
    face = Detections(np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
    trials = list(read_trials(path, [(at * 40_000, motion, face) for at in range(20)]))
    levels = [float(trial.image_bgr.mean()) for trial in trials]
    assert len(trials) == TRIAL_FRAMES
    assert levels == pytest.approx([0, 40, 76, 112, 152], abs=8)
    assert len(list(read_trials(path, [(0, motion, face)]))) == 1
