"""Two people's seconds on one clock -> whether one face follows the other, and how late.

The lagged cross-correlation of two signals, and how often chance alone does as well. Neighbouring seconds
are alike, which makes ordinary p-values of correlations worthless; so one signal is shifted in a circle
against the other, which keeps the rhythm of each and breaks what ties them together. Every shift is tried, so
nothing is random and no seed is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emotion.groups import holm
from emotion.labels import EMOTIONS
from emotion.types import Second

VALENCE: Final = "valence"
SIGNALS: Final = (*EMOTIONS, VALENCE)
MIN_SHIFTS: Final = 19  # with fewer no p can reach 0.05
Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Mirroring:
    """How one signal of doctor and patient goes together.

    lag_s: of the strongest correlation; positive when the patient follows the doctor, negative when the
    doctor follows. pairs: seconds in which both were seen at that lag. p: share of the shifts (and the
    original) that correlate as strongly at their own best lag. None where too little was seen.
    """

    signal: str
    lag_s: int | None
    correlation: float | None
    pairs: int
    p: float | None
    p_holm: float | None = None


def measure_all_mirroring(
    doctor: Sequence[Second], patient: Sequence[Second], *, max_lag_s: int = 5, min_pairs: int = 30
) -> tuple[Mirroring, ...]:
    """Return the mirroring of every emotion's probability and of valence, with Holm's p over all of them."""
    found = [
        measure_mirroring(doctor, patient, signal=signal, max_lag_s=max_lag_s, min_pairs=min_pairs)
        for signal in SIGNALS
    ]
    adjusted = holm([one.p for one in found])
    return tuple(replace(one, p_holm=p_holm) for one, p_holm in zip(found, adjusted, strict=True))


def measure_mirroring(
    doctor: Sequence[Second],
    patient: Sequence[Second],
    *,
    signal: str = "happiness",
    max_lag_s: int = 5,
    min_pairs: int = 30,
) -> Mirroring:
    """Return the strongest positive correlation of a signal within max_lag_s, and its p.

    doctor, patient: rows on one clock; seconds that were not seen are left out, not filled. signal: one of
    SIGNALS. A linear drift is taken out of each first. The p is that of a circular-shift (surrogate) test
    with the largest correlation over all lags as its statistic, so looking at many lags is paid for; shifts
    whose lags would overlap the tested ones are left out. See Moulder et al. (2018), doi:10.1037/met0000172.
    Raises ValueError for an unknown signal or a negative max_lag_s.
    """
    if signal not in SIGNALS or max_lag_s < 0:
        raise ValueError(
            f"expected a signal of {SIGNALS} and a lag of 0 or more, got {signal!r}, {max_lag_s}"
        )
    first, second = _on_one_clock(doctor, patient, signal)
    lags = np.arange(-max_lag_s, max_lag_s + 1)
    correlations, pairs = circular_correlation(
        _padded(first, max_lag_s), _padded(second, max_lag_s), min_pairs=min_pairs
    )
    tested = correlations[lags % len(correlations)] if len(correlations) else np.zeros(0)
    if not np.isfinite(tested).any():
        return Mirroring(signal, None, None, int(pairs.max(initial=0)), None)
    best = int(np.nanargmax(tested))
    lag = int(lags[best])
    return Mirroring(
        signal, lag, float(tested[best]), int(pairs[lag]), _shift_p(correlations, lags, float(tested[best]))
    )


def circular_correlation(
    first: Signal, second: Signal, *, min_pairs: int = 2
) -> tuple[Signal, NDArray[np.int64]]:
    """Return Pearson's r and the pairs of first[t] with second[(t + k) mod N] for every shift k, both (N,).

    first, second: (N,), NaN where unknown; not modified. r is NaN under min_pairs pairs or without spread.

    >>> r, pairs = circular_correlation(np.array([0.0, 1, 0, 0]), np.array([0.0, 0, 1, np.nan]))
    >>> r.round(2).tolist(), pairs.tolist()
    ([-0.5, 1.0, nan, -0.5], [3, 3, 3, 3])
    """
    if len(first) == 0:
        return np.zeros(0), np.zeros(0, np.int64)
    known = (np.isfinite(first).astype(float), np.isfinite(second).astype(float))
    values = (_centred(first), _centred(second))
    pairs = np.rint(_sums(known[0], known[1])).astype(np.int64)
    count = np.maximum(pairs, 1)
    sums = (_sums(values[0], known[1]), _sums(known[0], values[1]))
    covariance = _sums(values[0], values[1]) - sums[0] * sums[1] / count
    spread = (
        _sums(values[0] ** 2, known[1]) - sums[0] ** 2 / count,
        _sums(known[0], values[1] ** 2) - sums[1] ** 2 / count,
    )
    usable = (pairs >= min_pairs) & (spread[0] > 1e-9) & (spread[1] > 1e-9)
    correlations = np.full(len(first), np.nan)
    scale = np.sqrt(spread[0][usable] * spread[1][usable])
    correlations[usable] = np.clip(covariance[usable] / scale, -1, 1)
    return correlations, pairs


def _sums(first: Signal, second: Signal) -> Signal:
    """Return the sums over t of first[t] second[(t + k) mod N] for every k, by the correlation theorem."""
    return np.fft.irfft(np.conj(np.fft.rfft(first)) * np.fft.rfft(second), len(first))


def _centred(values: Signal) -> Signal:
    known = np.isfinite(values)
    return np.where(known, values - values[known].mean() if known.any() else 0.0, 0.0)


def _shift_p(correlations: Signal, lags: NDArray[np.int64], found: float) -> float | None:
    reach = len(lags) - 1  # two windows of lags this far apart do not touch
    shifts = np.arange(reach + 1, len(correlations) - reach)
    windows = correlations[(shifts[:, None] + lags) % len(correlations)]
    chance = windows[np.isfinite(windows).any(axis=1)]
    if len(chance) < MIN_SHIFTS:
        return None
    as_strong = int(np.count_nonzero(np.nanmax(chance, axis=1) >= found - 1e-9))
    return (1 + as_strong) / (1 + len(chance))


def _on_one_clock(doctor: Sequence[Second], patient: Sequence[Second], signal: str) -> tuple[Signal, Signal]:
    """Return both signals over the seconds that both cameras cover, NaN where a face was not classified."""
    if not doctor or not patient:
        return np.zeros(0), np.zeros(0)
    start = max(doctor[0].second, patient[0].second)
    past = max(start, min(doctor[-1].second, patient[-1].second) + 1)
    return _signal(doctor, start, past, signal), _signal(patient, start, past, signal)


def _signal(rows: Sequence[Second], start: int, past: int, signal: str) -> Signal:
    values = np.full(past - start, np.nan)
    for row in rows:
        if row.status == "ok" and start <= row.second < past:
            value = row.valence if signal == VALENCE else row.probs[EMOTIONS.index(signal)]
            values[row.second - start] = np.nan if value is None else value
    return _without_drift(values)


def _without_drift(values: Signal) -> Signal:
    times = np.flatnonzero(np.isfinite(values))
    if len(times) < 3:
        return values
    slope, level = np.polyfit(times, values[times], 1)
    return np.asarray(values - (slope * np.arange(len(values)) + level))


def _padded(values: Signal, max_lag_s: int) -> Signal:
    """Return the signal with so much nothing behind it that no tested lag pairs its end with its start."""
    return np.concatenate([values, np.full(max_lag_s if len(values) else 0, np.nan)])
