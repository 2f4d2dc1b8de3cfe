"""What an expression network lets expect of the facial units, of which landmarks show little: folds, teeth.

A leaning: deid.fit weighs it against the landmarks, which have more say over jaw, lids and brows. The network
is our own `mobileface`, which takes no part in an audit (deid.audit uses others, trained on like pictures).
The units of an emotion are the table that the demonstration is acted from. A wrong opinion of the network
therefore colours the result; what the original shows is better asked of the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deid.fit import smooth
from deid.heads.expressions import show_emotion
from deid.response import Doubles
from emotion.labels import EMOTIONS

NETWORK: Final = "mobileface"
READ_EVERY: Final = 3  # frames
PROBS_SIGMA: Final = 2.5  # frames
SHARPNESS: Final = 2.0  # power of the probabilities: half an emotion would be read as none


def expect_units(probs: Doubles, names: Sequence[str]) -> Doubles:
    """Return the units (T, K) of names that probabilities (T, 7) let expect: a mean over the emotions."""
    powers = probs**SHARPNESS
    table = np.array([[show_emotion(emotion).get(name, 0.0) for name in names] for emotion in EMOTIONS])
    return np.asarray((powers / powers.sum(axis=1, keepdims=True)) @ table, np.float64)


def fill_between(probs: Doubles) -> Doubles | None:
    """Return probabilities (T, 7) with rows that are NaN filled from those around, smoothed over time.

    None when nothing is known.
    """
    known: NDArray[np.int64] = np.flatnonzero(~np.isnan(probs[:, 0]))
    if len(known) == 0:
        return None
    rows = np.arange(len(probs))
    filled = np.stack([np.interp(rows, known, column[known]) for column in probs.T], axis=1)
    return smooth(filled, PROBS_SIGMA)
