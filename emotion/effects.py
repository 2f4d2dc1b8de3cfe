"""Effect sizes and intervals for means of few units, where a p-value alone says too little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

LEVEL: Final = 0.95
MIN_BOOTSTRAP: Final = 10  # with fewer units the bootstrap resamples too few values to show the tails
BOOTSTRAPS: Final = 9_999
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval and how it was made."""

    low: float
    high: float
    method: str


def mean_interval(values: Values, *, seed: int = 0) -> Interval | None:
    """Return the interval of a mean of (N,) values, None for fewer than two.

    Bias-corrected and accelerated bootstrap over units (Efron 1987, doi:10.1080/01621459.1987.10478410) from
    MIN_BOOTSTRAP values on, Student's t below and where no value differs from another.
    """
    if len(values) < 2:
        return None
    if len(values) < MIN_BOOTSTRAP or np.ptp(values) == 0:
        half = float(
            stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
        )
        return Interval(float(values.mean()) - half, float(values.mean()) + half, "student t")
    done = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=LEVEL,
        n_resamples=BOOTSTRAPS,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    bounds = done.confidence_interval
    return Interval(float(bounds.low), float(bounds.high), "bootstrap over units, BCa")


def paired_effect(differences: Values) -> tuple[float | None, Interval | None]:
    """Return Hedges' g of (N,) paired differences, their mean in standard deviations, with its interval.

    d = mean / sd, g = d (1 - 3 / (4 (N - 1) - 1)): Hedges (1981), doi:10.3102/10769986006002107, equation 4.
    The interval turns the noncentral t distribution round: Steiger (2004), doi:10.1037/1082-989X.9.2.164.
    None without two different values.
    """
    count = len(differences)
    if count < 2 or np.ptp(differences) == 0:
        return None, None
    scale = float(np.sqrt(count))
    t = float(differences.mean() / differences.std(ddof=1)) * scale
    return _corrected(t, scale, count - 1)


def independent_effect(
    first: Values, second: Values
) -> tuple[float | None, Interval | None, Interval | None]:
    """Return Hedges' g of two groups with its interval, and Welch's interval of the difference in means.

    d = difference / pooled standard deviation, corrected and turned round as in paired_effect. None without
    two values in each group and some spread.
    """
    if min(len(first), len(second)) < 2 or max(np.ptp(first), np.ptp(second)) == 0:
        return None, None, None
    freedom = len(first) + len(second) - 2
    scale = float(np.sqrt(len(first) * len(second) / (len(first) + len(second))))
    pooled = np.sqrt(
        ((len(first) - 1) * first.var(ddof=1) + (len(second) - 1) * second.var(ddof=1)) / freedom
    )
    effect, effect_interval = _corrected(
        float((first.mean() - second.mean()) / pooled) * scale, scale, freedom
    )
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval(LEVEL)
    return effect, effect_interval, Interval(float(welch.low), float(welch.high), "welch t")


def _corrected(t: float, scale: float, freedom: int) -> tuple[float, Interval]:
    """Return g = J t / scale and the interval of t's noncentrality in the same unit."""
    correction = 1 - 3 / (4 * freedom - 1)
    low, high = noncentrality_interval(t, freedom)
    return (
        correction * t / scale,
        Interval(correction * low / scale, correction * high / scale, "noncentral t"),
    )


def noncentrality_interval(t: float, freedom: int) -> tuple[float, float]:
    """Return the noncentralities for which an observed t lies at the 97.5th and at the 2.5th percentile."""
    tail = (1 - LEVEL) / 2
    return _noncentrality(t, freedom, 1 - tail), _noncentrality(t, freedom, tail)


def _noncentrality(t: float, freedom: int, percentile: float) -> float:
    def excess(noncentrality: float) -> float:
        return _noncentral_cdf(t, freedom, noncentrality) - percentile

    reach = 4.0 + abs(t) * 2.0 / np.sqrt(freedom)
    return _root(excess, t, reach)


def _noncentral_cdf(t: float, freedom: int, noncentrality: float) -> float:
    """Return P(T <= t), also for negative t and in the far tails, for which scipy has NaN."""
    if t < 0:
        return 1 - _noncentral_cdf(-t, freedom, -noncentrality)
    probability = float(stats.nct.cdf(t, freedom, noncentrality))
    if np.isnan(probability):
        return 0.0 if noncentrality > t else 1.0
    return probability


def _root(function: Callable[[float], float], centre: float, reach: float) -> float:
    """Return the zero of a falling function, looking ever further from the centre."""
    while function(centre - reach) < 0 or function(centre + reach) > 0:
        reach *= 2
    return float(optimize.brentq(function, centre - reach, centre + reach, xtol=1e-9))
