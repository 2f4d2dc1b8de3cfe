from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emotion.mirroring import circular_correlation, measure_all_mirroring, measure_mirroring
from tests.emotion.faces import probs_of
from tests.emotion.seconds import second_of


def wander(length: int, seed: int, memory: float = 0.9) -> np.ndarray:
    """Return an autocorrelated signal in 0..0.9, as a face has it."""
    noise = np.random.default_rng(seed).normal(size=length)
    values = np.zeros(length)
    for at in range(1, length):
        values[at] = memory * values[at - 1] + noise[at]
    return 0.9 * stats.norm.cdf(values * np.sqrt(1 - memory**2))


def rows_of(values, *, start: int = 0, unseen=()):
    return [
        second_of(second) if second in unseen else second_of(second, probs_of(happiness=float(value)))
        for second, value in enumerate(values, start)
    ]


@pytest.mark.parametrize("rows", [[], rows_of(wander(20, 1))])
def test_nothing_or_little_seen_measures_nothing(rows):
    found = measure_mirroring(rows, rows)
    assert (found.lag_s, found.correlation, found.p) == (None, None, None)


def test_correlation_equals_scipys_on_the_pairs_that_are_known():
    first, second = wander(60, 2), wander(60, 3)
    first[[4, 17]] = np.nan
    second[[5, 40, 41]] = np.nan
    correlations, pairs = circular_correlation(first, second)
    for shift in range(60):
        shifted = np.roll(second, -shift)
        known = np.isfinite(first) & np.isfinite(shifted)
        assert pairs[shift] == known.sum()
        assert correlations[shift] == pytest.approx(stats.pearsonr(first[known], shifted[known])[0], abs=1e-9)


@pytest.mark.parametrize("lag", [-4, -1, 0, 3])
def test_a_face_that_follows_is_found_with_its_lag(lag):
    signal = wander(320, 4)
    found = measure_mirroring(rows_of(signal[10:310]), rows_of(signal[10 - lag : 310 - lag]))
    assert found.lag_s == lag
    assert found.correlation == pytest.approx(1, abs=0.01)
    assert found.pairs == 300 - abs(lag)
    assert found.p == 1 / (1 + 300 + 5 - 21)


def test_seconds_that_were_not_seen_are_left_out():
    signal = wander(200, 5)
    found = measure_mirroring(rows_of(signal, unseen=range(50, 60)), rows_of(signal, unseen=range(90, 95)))
    assert (found.lag_s, found.pairs) == (0, 185)


def test_only_seconds_of_both_clocks_count():
    signal = wander(200, 6)
    found = measure_mirroring(rows_of(signal[:150]), rows_of(signal[100:], start=100))
    assert (found.lag_s, found.pairs) == (0, 50)


def test_unrelated_faces_are_rarely_called_mirroring():
    p_values = [
        measure_mirroring(rows_of(wander(240, 100 + one)), rows_of(wander(240, 1100 + one))).p
        for one in range(120)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.09  # 0.05 and two standard errors


def test_a_common_drift_is_no_mirroring():
    drift = np.linspace(0, 0.5, 240)
    found = measure_mirroring(
        rows_of(drift + wander(240, 7, 0.3) * 0.4), rows_of(drift + wander(240, 8, 0.3) * 0.4)
    )
    assert found.p > 0.05


def test_a_face_that_never_changes_has_no_correlation():
    assert measure_mirroring(rows_of([0.5] * 100), rows_of(wander(100, 9))).correlation is None


def test_a_short_recording_has_a_correlation_but_no_p():
    signal = wander(34, 10)
    found = measure_mirroring(rows_of(signal), rows_of(signal))
    assert found.lag_s == 0
    assert found.p is None


def test_all_signals_share_the_error_of_one():
    signal = wander(200, 11)
    found = {one.signal: one for one in measure_all_mirroring(rows_of(signal), rows_of(signal))}
    tested = [one for one in found.values() if one.p is not None]
    assert found["anger"].correlation is None
    assert {one.signal for one in tested} == {"happiness", "neutral", "valence"}
    assert found["happiness"].p_holm == pytest.approx(3 * found["happiness"].p)


def test_the_result_is_the_same_every_time():
    one, other = rows_of(wander(100, 12)), rows_of(wander(100, 13))
    assert measure_mirroring(one, other) == measure_mirroring(one, other)


@pytest.mark.parametrize("wrong", [{"signal": "joy"}, {"max_lag_s": -1}])
def test_what_cannot_be_measured_is_refused(wrong):
    with pytest.raises(ValueError, match="expected a signal"):
        measure_mirroring([], [], **wrong)
