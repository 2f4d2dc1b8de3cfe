"""Many encounters -> how doctors and patients, or two groups of encounters, differ.

The encounter is the unit, never the second: seconds of one face follow from one another, so a test that
counts them as independent finds differences in noise (see published.py). Where one doctor holds several
encounters even these hang together, and `average_clusters` makes the doctor the unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emotion.effects import Interval, independent_effect, mean_interval, paired_effect
from emotion.labels import EMOTIONS

RESAMPLES: Final = 2**15  # exact for up to 15 pairs, a Monte Carlo error of 0.0012 at p = 0.05 beyond
Values = NDArray[np.float64]
Shares = Mapping[str, float | None]


@dataclass(frozen=True)
class PairedShares:
    """share_by_emotion of the doctor and of the patient in one encounter; cluster names the doctor."""

    encounter: str
    doctor: Shares
    patient: Shares
    cluster: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One emotion in two groups: `difference` is first minus second, in shares of seen seconds.

    n: units in each group, which are the same ones in a paired comparison. p: two-sided permutation test,
    p_holm: after Holm over all emotions compared. effect: Hedges' g (of the differences when paired).
    None where too few units or no spread leave nothing to say.
    """

    emotion: str
    n: tuple[int, int]
    means: tuple[float | None, float | None]
    difference: float | None
    interval: Interval | None
    effect: float | None
    effect_interval: Interval | None
    p: float | None
    p_holm: float | None = None


def compare_roles(encounters: Sequence[PairedShares], *, seed: int = 0) -> tuple[Comparison, ...]:
    """Return doctor against patient for each emotion, paired by encounter, in the order of EMOTIONS.

    An encounter counts where both shares are known. The test flips the signs of the differences (Fisher
    1935, The Design of Experiments, section 21): all ways up to 15 encounters, RESAMPLES random ones beyond.
    """
    found = [_compare_paired(emotion, encounters, seed) for emotion in EMOTIONS]
    return _with_holm(found)


def compare_arms(
    first: Sequence[Shares], second: Sequence[Shares], *, seed: int = 0
) -> tuple[Comparison, ...]:
    """Return two independent groups of encounters (one role in two arms of a study) for each emotion.

    The test permutes the group labels: all ways when there are at most RESAMPLES, else random ones.
    """
    found = [_compare_independent(emotion, first, second, seed) for emotion in EMOTIONS]
    return _with_holm(found)


def average_clusters(encounters: Sequence[PairedShares]) -> tuple[PairedShares, ...]:
    """Return one unit per cluster: the mean share of its encounters, for each role and emotion.

    The summary-measure analysis of Matthews et al. (1990), doi:10.1136/bmj.300.6719.230. It loses some power
    when clusters are of unequal size, and stays valid with few doctors, where a mixed model does not.
    Encounters without a cluster stand for themselves.
    """
    members: dict[tuple[str, str], list[PairedShares]] = {}
    for one in encounters:
        key = ("encounter", one.encounter) if one.cluster is None else ("cluster", one.cluster)
        members.setdefault(key, []).append(one)
    return tuple(
        PairedShares(
            encounter=name,
            doctor=_mean_shares([one.doctor for one in group]),
            patient=_mean_shares([one.patient for one in group]),
            cluster=group[0].cluster,
        )
        for (_, name), group in members.items()
    )


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return Holm's adjusted p for each p; None stays None and does not count as a test.

    Holm (1979), Scandinavian Journal of Statistics 6, 65-70: the k-th smallest of m is multiplied by
    m - k + 1, never falling below the one before it.

    >>> holm([0.01, None, 0.04, 0.03])
    (0.03, None, 0.06, 0.06)
    """
    known = sorted((p, position) for position, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    floor = 0.0
    for rank, (p, position) in enumerate(known):
        floor = max(floor, min(1.0, p * (len(known) - rank)))
        adjusted[position] = floor
    return tuple(adjusted)


def _compare_paired(emotion: str, encounters: Sequence[PairedShares], seed: int) -> Comparison:
    pairs = [(one.doctor.get(emotion), one.patient.get(emotion)) for one in encounters]
    known = [(doctor, patient) for doctor, patient in pairs if doctor is not None and patient is not None]
    doctors, patients = np.array(known, np.float64).reshape(-1, 2).T
    differences = doctors - patients
    effect, effect_interval = paired_effect(differences)
    return Comparison(
        emotion=emotion,
        n=(len(known), len(known)),
        means=(_mean(doctors), _mean(patients)),
        difference=_mean(differences),
        interval=mean_interval(differences, seed=seed),
        effect=effect,
        effect_interval=effect_interval,
        p=_permutation_p((differences,), "samples", seed),
    )


def _compare_independent(
    emotion: str, first: Sequence[Shares], second: Sequence[Shares], seed: int
) -> Comparison:
    ours, theirs = _known(first, emotion), _known(second, emotion)
    effect, effect_interval, interval = independent_effect(ours, theirs)
    return Comparison(
        emotion=emotion,
        n=(len(ours), len(theirs)),
        means=(_mean(ours), _mean(theirs)),
        difference=float(ours.mean() - theirs.mean()) if len(ours) and len(theirs) else None,
        interval=interval,
        effect=effect,
        effect_interval=effect_interval,
        p=_permutation_p((ours, theirs), "independent", seed),
    )


def _permutation_p(samples: tuple[Values, ...], kind: str, seed: int) -> float | None:
    """Return the two-sided p of the difference in means; None when a group has fewer than two units."""
    if min(len(sample) for sample in samples) < 2:
        return None
    done = stats.permutation_test(
        samples,
        _mean_difference,
        permutation_type=kind,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=2048,
        rng=np.random.default_rng(seed),
    )
    return float(done.pvalue)


def _mean_difference(*samples: Values, axis: int = -1) -> Any:
    means = [sample.mean(axis=axis) for sample in samples]
    return means[0] if len(means) == 1 else means[0] - means[1]


def _with_holm(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    adjusted = holm([one.p for one in found])
    return tuple(
        Comparison(**{**vars(one), "p_holm": p_holm}) for one, p_holm in zip(found, adjusted, strict=True)
    )


def _mean_shares(group: Sequence[Shares]) -> dict[str, float | None]:
    return {emotion: _mean(_known(group, emotion)) for emotion in EMOTIONS}


def _known(group: Sequence[Shares], emotion: str) -> Values:
    values = (shares.get(emotion) for shares in group)
    return np.array([value for value in values if value is not None], np.float64)


def _mean(values: Values) -> float | None:
    return float(values.mean()) if len(values) else None
