from __future__ import annotations

from copy import deepcopy

import pytest

from deid.verdict import Thresholds, judge


def informed(rank1, control):
    return {
        "rank1": rank1,
        "rank1_chance": 0.06,
        "gallery_size": 17,
        "control": {"rank1": control},
        "recognisers": [{"rank1": rank1, "beside": control}],
    }


GOOD = {
    "privacy": {
        "frames": 100,
        "residual_face_frames": 0,
        "rank1": 0.05,
        "rank1_chance": 0.06,
        "tar_at_far_1e2": 0.0,
        "similarity": {"mean": 0.1, "max": 0.2},
        "gallery_size": 17,
        "restored": None,
        "informed": informed(0.05, 0.1),
        "informed_missing": "it takes four other people",
    },
    "expression": {
        "detection_retained": 1.0,
        "agreement": 0.9,
        "models": [{}, {}],
        "control": {"agreement": 0.95},
        "relative_to_control": {"brow_gap": 0.99, "mouth_open": None},
    },
    "media": {
        "frames_in": 100,
        "frames_out": 100,
        "metadata_removed": True,
        "synthetic_mark": "swap",
        "audio": "aac",
        "heard": {"sound": "masked-in-spans", "voices": "outside-of-spans"},
    },
}


def changed(card, key, value):
    cards = deepcopy(GOOD)
    cards[card][key] = value
    return judge(cards, Thresholds())


def test_good_numbers_pass_without_a_reason():
    assert judge(GOOD, Thresholds()) == {"verdict": "pass", "reasons": []}


@pytest.mark.parametrize(
    ("card", "key", "value"),
    [
        ("privacy", "residual_face_frames", 1),
        ("privacy", "tar_at_far_1e2", 0.02),
        ("privacy", "rank1", 0.29),
        ("privacy", "restored", {"rank1": 0.29, "tar_at_far_1e2": 0.0}),
        ("privacy", "restored", {"rank1": None, "tar_at_far_1e2": 0.02}),
        ("media", "frames_out", 99),
        ("media", "metadata_removed", False),
        ("media", "synthetic_mark", None),
        ("media", "heard", None),
        ("media", "heard", {"sound": "removed", "voices": "none"}),
    ],
)
def test_lost_privacy_and_a_wrong_file_fail(card, key, value):
    found = changed(card, key, value)
    assert found["verdict"] == "fail"
    assert len(found["reasons"]) == 1


@pytest.mark.parametrize(
    ("card", "key", "value", "words"),
    [
        ("privacy", "similarity", {"mean": 0.2, "max": 0.3}, "0.20"),
        ("privacy", "rank1", None, "no gallery"),
        ("privacy", "informed", informed(0.4, 0.1), "40%"),
        ("privacy", "informed", informed(None, 0.1), "not measured: what an attacker"),
        ("privacy", "informed", informed(1.0, 0.95), "cannot be told"),
        ("privacy", "informed", None, "four other people"),
        ("expression", "detection_retained", None, "no expression"),
        ("expression", "detection_retained", 0.9, "90.0%"),
        ("expression", "agreement", 0.6, "60%"),
        ("expression", "relative_to_control", {"brow_gap": 0.4}, "brow gap"),
    ],
)
def test_doubts_go_to_review_with_their_number(card, key, value, words):
    found = changed(card, key, value)
    assert found["verdict"] == "review"
    assert words in found["reasons"][0]


def test_what_is_found_without_a_face_is_no_fault_of_the_method():
    assert changed("privacy", "informed", informed(0.4, 0.35))["verdict"] == "pass"


def test_a_study_sets_its_own_thresholds():
    assert judge(GOOD, Thresholds(similarity=0.05))["verdict"] == "review"
