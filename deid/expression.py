"""How well the expression is kept: pure functions of what was read before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deid.landmarks import CHANNELS
from emotion.agreement import measure_agreement
from emotion.labels import EMOTIONS
from emotion.types import Float

SECOND_US = 1_000_000
LEAST_SAMPLES = 8
STILL = 2e-3  # spread of a channel, in eye distances, below which its movement is the noise of the landmarks


@dataclass(frozen=True)
class ModelAgreement:
    """What one model says before and after, second by second. None where it says nothing."""

    model: str
    seconds: int
    agreement: float | None
    kappa: float | None
    ccc: dict[str, float | None]


def read_seconds(times_us: list[int], probs: list[Float]) -> dict[int, Float]:
    """Return the mean probabilities (7,) of every second in which the face was read."""
    seconds: dict[int, list[Float]] = {}
    for time_us, row in zip(times_us, probs, strict=True):
        seconds.setdefault(time_us // SECOND_US, []).append(row)
    return {second: np.mean(rows, axis=0) for second, rows in seconds.items()}


def compare_model(model: str, before: Mapping[int, Float], after: Mapping[int, Float]) -> ModelAgreement:
    """Return how far a model's seconds after agree with those before. Probabilities (7,) by second."""
    shared = sorted(before.keys() & after.keys())
    labels = [{at: EMOTIONS[int(side[at].argmax())] for at in shared} for side in (before, after)]
    found = measure_agreement(labels[0], labels[1])
    pairs = [np.array([side[at] for at in shared]).reshape(-1, len(EMOTIONS)) for side in (before, after)]
    ccc = {
        emotion: concordance(pairs[0][:, column], pairs[1][:, column])
        for column, emotion in enumerate(EMOTIONS)
    }
    return ModelAgreement(model, found.seconds, found.observed, found.kappa, ccc)


def concordance(one: Float, other: Float) -> float | None:
    """Return Lin's concordance correlation coefficient, None for less than three values or none that differ.

    Lin (1989), doi:10.2307/2532051, equation 2, with moments divided by n.

    >>> round(concordance(np.array([1.0, 2, 3]), np.array([2.0, 3, 4])), 3)
    0.571
    """
    if len(one) < 3:
        return None
    first, second = one.astype(np.float64), other.astype(np.float64)
    spread = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    if spread < 1e-12:
        return None
    return float(2 * ((first - first.mean()) * (second - second.mean())).mean() / spread)


def correlate(one: Float, other: Float) -> float | None:
    """Return Pearson's r, None for few values or when the first does not move more than landmarks tremble."""
    if len(one) < LEAST_SAMPLES or float(one.std()) < STILL or float(other.std()) < 1e-9:
        return None
    return float(np.corrcoef(one.astype(np.float64), other.astype(np.float64))[0, 1])


def correlate_channels(before: Float, after: Float) -> dict[str, float | None]:
    """Return r over time of each of CHANNELS; before, after: (T, 7) of the same moments."""
    return {name: correlate(before[:, at], after[:, at]) for at, name in enumerate(CHANNELS)}


def jitter_of(meshes: Float) -> float | None:
    """Return how much aligned landmarks (T, P, 2) tremble: median size of their second differences.

    None for fewer than three meshes.
    """
    if len(meshes) < 3:
        return None
    steps = np.diff(meshes.astype(np.float64), n=2, axis=0)
    return float(np.median(np.linalg.norm(steps, axis=2)))


def mean_of(values: Mapping[str, float | None]) -> float | None:
    """Return the mean of the values that were measured, None when none was."""
    known = [value for value in values.values() if value is not None]
    return float(np.mean(known)) if known else None
