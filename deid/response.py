"""How the landmark network sees the parametric head: what it reports when a facial unit moves, and its noise.

A network that guesses 468 points from one picture does not report where the surface went. On rendered heads,
whose units are known, a full smile moves its points half as far as the surface, and a closed lid along quite
other directions. build_response.py measured that once, on 160 rendered people who are not in the bank of
donors; no recognition and no expression network took part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
RESPONSE_PATH: Final = Path(__file__).with_name("landmark_response.npz")
YAW_STEP, PITCH_STEP = 30.0, 20.0  # degrees


@dataclass(frozen=True)
class Response:
    """Landmarks in distances between the outer eye corners, x to the person's left, y up, z forward.

    units: names of K facial units. rest (468, 3): the mean calm face as reported. moves (K, 468, 3): by a
    full unit. shapes (C, 468, 3): directions in which calm faces differ, one standard deviation each. turned
    (4, 468, 3): what turning the head adds once it is turned back, by turn_features. basis (B, 468, 3):
    directions that are listened to. noise (B, B): covariance of what units do not explain along these.
    """

    units: tuple[str, ...]
    rest: Doubles
    moves: Doubles
    shapes: Doubles
    turned: Doubles
    basis: Doubles
    noise: Doubles


@cache
def load_response() -> Response:
    """Return what was measured, read once per process."""
    with np.load(RESPONSE_PATH, allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float64) for name in stored.files if name != "units"}
        return Response(tuple(str(name) for name in stored["units"]), **arrays)


def turn_features(yaw_deg: Doubles | float, pitch_deg: Doubles | float) -> Doubles:
    """Return the (..., 4) values that scale Response.turned.

    >>> turn_features(30.0, -20.0).tolist()
    [1.0, -1.0, 1.0, 1.0]
    """
    yaw, pitch = yaw_deg / YAW_STEP, pitch_deg / PITCH_STEP
    return np.stack([yaw, pitch, yaw**2, pitch**2], axis=-1)
