"""How right a classifier is: pure functions of labels and probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotion.types import Float

Labels = NDArray[np.int64]
Counts = NDArray[np.int64]


def confusion_matrix(labels: Labels, predictions: Labels, classes: int) -> Counts:
    """Return the counts (classes, classes): row is the true class, column the predicted one.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def accuracy(confusion: Counts) -> float | None:
    """Return the share of right answers, None when there are no answers.

    >>> accuracy(np.array([[1, 1], [0, 2]]))
    0.75
    """
    total = int(confusion.sum())
    return float(np.trace(confusion)) / total if total else None


def recalls(confusion: Counts) -> list[float | None]:
    """Return for each class the share of its members that were found, None for a class without members.

    >>> recalls(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 0]]))
    [0.5, 1.0, None]
    """
    members = confusion.sum(axis=1)
    return [
        float(right) / int(count) if count else None
        for right, count in zip(confusion.diagonal(), members, strict=True)
    ]


def macro_f1(confusion: Counts) -> float | None:
    """Return the mean F1 of the classes that have members, None when none has.

    F1 is the harmonic mean of precision and recall: 2 right / (members + predicted).

    >>> round(macro_f1(np.array([[2, 0, 0], [1, 1, 0], [0, 0, 0]])), 4)
    0.7333
    """
    members, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    present = members > 0
    if not present.any():
        return None
    scores = 2 * confusion.diagonal()[present] / (members + predicted)[present]
    return float(scores.mean())


def expected_calibration_error(probs: Float, labels: Labels, *, bins: int = 15) -> float | None:
    """Return the mean gap between confidence and accuracy over bins of confidence, weighted by their size.

    probs: (N, C); labels: (N,). None when N is 0. Naeini et al., "Obtaining Well Calibrated Probabilities
    Using Bayesian Binning", 2015; equal-width bins as in Guo et al., 2017, equation 3.

    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    >>> round(expected_calibration_error(sure, np.array([0, 1])), 4)
    0.4
    """
    if len(labels) == 0:
        return None
    confidence = probs.max(axis=1).astype(np.float64)
    right = (probs.argmax(axis=1) == labels).astype(np.float64)
    places = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
