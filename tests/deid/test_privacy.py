from __future__ import annotations

import numpy as np
import pytest

from deid.privacy import lower_bound, measure_attack, upper_bound

NOBODY = np.zeros((0, 2), np.float32)
GALLERY = np.array([[1, 0], [0, 1]], np.float32)


def attack(probes, owners, gallery=GALLERY, threshold=0.5):
    return measure_attack(
        np.array(probes, np.float32).reshape(-1, 2),
        np.array(owners, np.int64),
        gallery,
        recogniser="r",
        crops="found",
        threshold=threshold,
    )


def test_without_a_probe_nothing_is_claimed():
    found = attack([], [])
    assert (found.probes, found.rank1, found.tar_at_far_1e2, found.similarity_mean) == (0, None, None, None)


def test_rank_1_counts_probes_that_are_most_like_their_owner():
    found = attack([[1, 0], [0, 1], [0.6, 0.8]], [0, 0, 1])
    assert found.rank1 == pytest.approx(2 / 3)
    assert found.tar_at_far_1e2 == pytest.approx(2 / 3)
    assert found.similarity_mean == pytest.approx((1 + 0 + 0.8) / 3)
    assert found.similarity_max == 1


def test_rank_1_is_not_measured_with_one_person_in_the_gallery():
    assert attack([[1, 0]], [0], GALLERY[:1]).rank1 is None


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (0, 60), (3, 60), (60, 60)])
def test_bounds_enclose_the_share(hits, count):
    assert lower_bound(hits, count) <= hits / count <= upper_bound(hits, count)


def test_none_of_sixty_still_allows_five_percent():
    assert upper_bound(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60))
