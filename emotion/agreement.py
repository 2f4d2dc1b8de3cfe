"""Two labellings of the same seconds (two models, or a model and a person) -> how far they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotion.labels import EMOTIONS
from emotion.types import Second


@dataclass(frozen=True)
class Agreement:
    """Agreement in the seconds that both labelled.

    seconds: how many these are. only_first, only_second: labelled by one alone. confusion: (7, 7) seconds,
    rows by the first and columns by the second labelling, in the order of EMOTIONS. observed: share of equal
    labels. kappa: Cohen's, and kappa_by_emotion each emotion against the rest; None without seconds, or
    where both use one and the same label throughout. No interval is given, as seconds are not independent.
    """

    seconds: int
    only_first: int
    only_second: int
    confusion: tuple[tuple[int, ...], ...]
    observed: float | None
    kappa: float | None
    kappa_by_emotion: dict[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, with the names of rows and columns."""
        return {"emotions": list(EMOTIONS), **vars(self), "confusion": [list(row) for row in self.confusion]}


def labels_of(rows: Sequence[Second]) -> dict[int, str]:
    """Return the emotion of every second that has one."""
    return {row.second: row.emotion for row in rows if row.status == "ok" and row.emotion is not None}


def measure_agreement(first: Mapping[int, str], second: Mapping[int, str]) -> Agreement:
    """Return the agreement of two labellings, each a label of EMOTIONS by second.

    Raises ValueError for another label.
    """
    unknown = {*first.values(), *second.values()} - set(EMOTIONS)
    if unknown:
        raise ValueError(f"expected labels of {EMOTIONS}, got {sorted(unknown)}")
    both = sorted(first.keys() & second.keys())
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
    for at in both:
        confusion[EMOTIONS.index(first[at]), EMOTIONS.index(second[at])] += 1
    return Agreement(
        seconds=len(both),
        only_first=len(first) - len(both),
        only_second=len(second) - len(both),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        observed=float(np.trace(confusion) / len(both)) if both else None,
        kappa=cohen_kappa(confusion),
        kappa_by_emotion={emotion: cohen_kappa(_against_rest(confusion, emotion)) for emotion in EMOTIONS},
    )


def cohen_kappa(confusion: NDArray[np.int64]) -> float | None:
    """Return (observed - expected) / (1 - expected) agreement of a (K, K) confusion, None when undefined.

    Cohen (1960), doi:10.1177/001316446002000104, equation 1. Here 35 of 50 agree, of 25 expected:

    >>> round(cohen_kappa(np.array([[20, 5], [10, 15]])), 3)
    0.4
    """
    total = int(confusion.sum())
    if total == 0:
        return None
    expected = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / total**2
    if expected == 1:
        return None
    return (float(np.trace(confusion)) / total - expected) / (1 - expected)


def _against_rest(confusion: NDArray[np.int64], emotion: str) -> NDArray[np.int64]:
    """Return the (2, 2) confusion of one emotion and all others."""
    at = EMOTIONS.index(emotion)
    hit = confusion[at, at]
    first_alone, second_alone = confusion[at].sum() - hit, confusion[:, at].sum() - hit
    return np.array([[hit, first_alone], [second_alone, confusion.sum() - hit - first_alone - second_alone]])
