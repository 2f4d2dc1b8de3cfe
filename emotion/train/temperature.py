"""Temperature scaling: one number that makes a network as sure as it is right.

Guo et al., "On Calibration of Modern Neural Networks", 2017, https://arxiv.org/abs/1706.04599, section 4.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from emotion.metrics import Labels, expected_calibration_error
from emotion.types import Float


def fit_temperature(logits: Float, labels: Labels) -> float:
    """Return the T of softmax(logits / T) with the least negative log likelihood. logits: (N, C)."""

    def loss(log_temperature: float) -> float:
        chances = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-chances[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def held_out_error(logits: Float, labels: Labels) -> float:
    """Return the expected calibration error when each half is scaled by the other half's temperature."""
    probs = np.empty_like(logits, np.float64)
    half = np.arange(len(labels)) % 2 == 0
    for own, other in ((half, ~half), (~half, half)):
        probs[own] = softmax(
            logits[own].astype(np.float64) / fit_temperature(logits[other], labels[other]), 1
        )
    error = expected_calibration_error(probs.astype(np.float32), labels)
    assert error is not None
    return error
