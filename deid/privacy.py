"""How well the person is hidden: pure functions of similarities and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emotion.types import Float

LEVEL = 0.95


@dataclass(frozen=True)
class Attack:
    """One recogniser on one kind of crop.

    crops: "found" by the detector in the result, or cut "where the face was" in the original. probes: faces
    tried. rank1: share that is most like its own person of all in the gallery, None without a gallery.
    tar_at_far_1e2: share as like as only 1 % of pairs of different people are. similarity_*: cosines to the
    person's own embedding, None without a probe.
    """

    recogniser: str
    crops: str
    probes: int
    rank1: float | None
    rank1_lower95: float | None
    tar_at_far_1e2: float | None
    similarity_mean: float | None
    similarity_max: float | None
    threshold: float


def upper_bound(hits: int, count: int) -> float:
    """Return the one-sided 95 % upper bound of a share (Clopper and Pearson 1934); 1 without observations.

    None of 100 still allows 3 %:

    >>> round(upper_bound(0, 100), 3), upper_bound(0, 0), upper_bound(5, 5)
    (0.03, 1.0, 1.0)
    """
    return 1.0 if hits >= count else float(stats.beta.ppf(LEVEL, hits + 1, count - hits))


def lower_bound(hits: float, count: int) -> float:
    """Return the one-sided 95 % lower bound of a share; 0 without a hit.

    >>> round(lower_bound(100, 100), 3), lower_bound(0, 100)
    (0.97, 0.0)
    """
    return 0.0 if hits <= 0 else float(stats.beta.ppf(1 - LEVEL, hits, count - hits + 1))


def measure_attack(
    probes: Float,
    owners: NDArray[np.int64],
    gallery: Float,
    *,
    recogniser: str,
    crops: str,
    threshold: float,
) -> Attack:
    """Return how often probes find their owner.

    probes: (N, D) unit vectors; owners: (N,) row of the gallery of each one's person; gallery: (G, D) unit
    vectors, rank 1 needs at least two of them.
    """
    if len(probes) == 0:
        return Attack(recogniser, crops, 0, None, None, None, None, None, threshold)
    scores = probes @ gallery.T  # (N, G)
    own = scores[np.arange(len(probes)), owners]
    hits = int((scores.argmax(axis=1) == owners).sum())
    ranked = len(gallery) > 1
    return Attack(
        recogniser,
        crops,
        len(probes),
        hits / len(probes) if ranked else None,
        lower_bound(hits, len(probes)) if ranked else None,
        float((own >= threshold).mean()),
        float(own.mean()),
        float(own.max()),
        threshold,
    )
