from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emotion.effects import independent_effect, mean_interval, noncentrality_interval, paired_effect
from emotion.groups import PairedShares, average_clusters, compare_arms, compare_roles, holm
from emotion.labels import EMOTIONS

#: Darwin's crossed minus self-fertilised maize, in eighths of an inch (Fisher 1935, section 17).
DARWIN = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)


def pairs_of(differences, emotion: str = "happiness") -> list[PairedShares]:
    return [
        PairedShares(str(number), {emotion: 0.5 + difference / 1000}, {emotion: 0.5})
        for number, difference in enumerate(differences)
    ]


def test_no_encounters_leave_nothing_to_say():
    found = compare_roles([])
    assert [one.emotion for one in found] == list(EMOTIONS)
    assert all((one.n, one.p, one.difference, one.interval) == ((0, 0), None, None, None) for one in found)


def test_fishers_exact_test_of_darwins_maize_is_reproduced():
    found = {one.emotion: one for one in compare_roles(pairs_of(DARWIN))}["happiness"]
    assert found.p == pytest.approx(2 * 863 / 2**15)  # Fisher 1935, section 21
    assert found.n == (15, 15)
    assert found.difference == pytest.approx(314 / 15 / 1000)
    t = stats.ttest_1samp(DARWIN, 0).statistic
    assert t == pytest.approx(2.148, abs=5e-4)  # Fisher 1935, section 17
    assert found.effect == pytest.approx((1 - 3 / (4 * 14 - 1)) * t / np.sqrt(15))


def test_more_encounters_than_can_be_enumerated_give_nearly_the_t_test():
    differences = np.random.default_rng(1).normal(20, 60, 40)
    found = {one.emotion: one for one in compare_roles(pairs_of(differences))}["happiness"]
    assert found.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert found == {one.emotion: one for one in compare_roles(pairs_of(differences))}["happiness"]


def test_an_encounter_without_a_share_is_left_out_of_that_emotion_alone():
    encounters = [*pairs_of(DARWIN), PairedShares("x", {"happiness": None}, {"happiness": 0.2})]
    assert {one.emotion: one.n for one in compare_roles(encounters)}["happiness"] == (15, 15)


def test_one_encounter_has_a_difference_and_no_test():
    found = {one.emotion: one for one in compare_roles(pairs_of([100]))}["happiness"]
    assert found.difference == pytest.approx(0.1)
    assert (found.p, found.interval, found.effect) == (None, None, None)


def test_equal_differences_have_an_interval_of_no_width_and_no_effect_size():
    found = {one.emotion: one for one in compare_roles(pairs_of([0] * 12))}["happiness"]
    assert (found.p, found.effect, found.interval.low, found.interval.high) == (1.0, None, 0.0, 0.0)


def test_holm_is_over_the_emotions_that_were_compared():
    shares = [
        PairedShares(
            str(number), {"anger": 0.1 + number / 100, "fear": number % 2 / 10}, {"anger": 0.0, "fear": 0.05}
        )
        for number in range(8)
    ]
    found = {one.emotion: one for one in compare_roles(shares)}
    assert found["anger"].p == pytest.approx(2 / 2**8)
    assert found["anger"].p_holm == pytest.approx(4 / 2**8)
    assert found["fear"].p_holm == found["fear"].p == 1.0
    assert found["sadness"].p_holm is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ()),
        ((None,), (None,)),
        ((0.04,), (0.04,)),
        # Worked by hand: 0.01 x 4, then 0.015 x 3, 0.02 x 2 raised to 0.045, 0.6 x 1.
        ((0.02, 0.01, 0.6, 0.015), (0.045, 0.04, 0.6, 0.045)),
        ((0.9, 0.8), (1.0, 1.0)),
    ],
)
def test_holm_steps_down(given, expected):
    assert holm(given) == pytest.approx(expected)


def test_two_arms_are_compared_by_all_ways_to_divide_them():
    first = [{"sadness": share} for share in (0.1, 0.2, 0.3)]
    second = [{"sadness": share} for share in (0.4, 0.5, 0.6, None)]
    found = {one.emotion: one for one in compare_arms(first, second)}["sadness"]
    assert found.n == (3, 3)
    assert found.p == pytest.approx(2 / 20)  # the most extreme of 6 over 3 divisions, and its mirror image
    assert found.difference == pytest.approx(-0.3)
    assert found.effect == pytest.approx(-3 * (1 - 3 / 15))  # pooled standard deviation 0.1, 4 degrees


def test_doctors_with_many_encounters_become_one_unit_each():
    encounters = [
        PairedShares("1", {"anger": 0.2}, {"anger": None}, "dora"),
        PairedShares("2", {"anger": 0.4}, {"anger": 0.1}, "dora"),
        PairedShares("3", {"anger": 0.9}, {"anger": 0.3}, "emil"),
        PairedShares("dora", {"anger": 0.0}, {"anger": 0.0}),
    ]
    units = average_clusters(encounters)
    assert [unit.encounter for unit in units] == ["dora", "emil", "dora"]
    assert [unit.doctor["anger"] for unit in units] == pytest.approx([0.3, 0.9, 0.0])
    assert units[0].patient["anger"] == 0.1
    assert units[0].patient["fear"] is None
    assert average_clusters([]) == ()


def test_few_values_have_students_interval_and_many_a_bootstrap():
    few = np.array([1.0, 2.0, 3.0])
    interval = mean_interval(few)
    assert (interval.low, interval.high) == pytest.approx(stats.t.interval(0.95, 2, 2, stats.sem(few)))
    many = np.random.default_rng(2).normal(5, 1, 50)
    boot = mean_interval(many)
    assert boot.method == "bootstrap over units, BCa"
    assert (boot.low, boot.high) == pytest.approx(
        stats.t.interval(0.95, 49, many.mean(), stats.sem(many)), abs=0.05
    )
    assert mean_interval(many[:1]) is None


@pytest.mark.parametrize("t", [-30.0, -2.5, 0.0, 2.148, 12.0])
@pytest.mark.parametrize("freedom", [1, 14, 200])
def test_the_noncentrality_interval_puts_t_at_its_percentiles(t, freedom):
    low, high = noncentrality_interval(t, freedom)
    halves = (np.arange(20_000) + 0.5) / 20_000
    scale = np.sqrt(stats.chi2.ppf(halves, freedom) / freedom)  # T is (Z + noncentrality) / scale
    assert stats.norm.cdf(t * scale - low).mean() == pytest.approx(0.975, abs=1e-4)
    assert stats.norm.cdf(t * scale - high).mean() == pytest.approx(0.025, abs=1e-4)


def test_effect_intervals_cover_the_true_effect_as_often_as_they_promise():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(150):
        _, interval = paired_effect(rng.normal(0.5, 1, 12))
        covered += interval.low <= 0.5 <= interval.high
    assert covered / 150 == pytest.approx(0.95, abs=0.05)


def test_swapped_groups_have_the_opposite_effect():
    first, second = np.array([1.0, 2.0, 4.0]), np.array([2.0, 5.0, 6.0, 7.0])
    effect, interval, welch = independent_effect(first, second)
    opposite, other, swapped = independent_effect(second, first)
    assert effect == pytest.approx(-opposite)
    assert (interval.low, interval.high) == pytest.approx((-other.high, -other.low), abs=1e-6)
    assert (welch.low, welch.high) == pytest.approx((-swapped.high, -swapped.low))
    assert independent_effect(first[:1], second) == (None, None, None)
