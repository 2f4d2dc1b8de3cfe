"""The folds that expressions deepen: where they run, and which facial units draw them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from deid.heads.canvas import head_canvas
from deid.heads.curves import bump, ramp, sum_rows
from deid.heads.noise import smooth_noise
from deid.heads.pack import Float

# Facial units that deepen each fold, and by how much at full weight.
FOLD_UNITS: dict[str, dict[str, float]] = {
    "nasolabial": {
        "mouthSmileLeft": 0.5, "mouthSmileRight": 0.5, "noseSneerLeft": 0.5, "noseSneerRight": 0.5,
        "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3, "cheekSquintLeft": 0.15, "cheekSquintRight": 0.15,
    },
    "glabella": {"browDownLeft": 0.55, "browDownRight": 0.55, "noseSneerLeft": 0.15, "noseSneerRight": 0.15},
    "forehead": {"browInnerUp": 0.6, "browOuterUpLeft": 0.3, "browOuterUpRight": 0.3},
    "crow": {"cheekSquintLeft": 0.4, "cheekSquintRight": 0.4, "eyeSquintLeft": 0.3, "eyeSquintRight": 0.3},
    "nose_root": {"noseSneerLeft": 0.6, "noseSneerRight": 0.6},
    "chin": {"mouthShrugLower": 0.8, "mouthFrownLeft": 0.3, "mouthFrownRight": 0.3},
    "under_eye": {
        "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5, "eyeSquintLeft": 0.4, "eyeSquintRight": 0.4,
    },
}  # fmt: skip


@cache
def fold_maps() -> dict[str, Float]:
    """Return how dark each fold is drawn, (H, W) 0..1 at half the canvas size, by name of FOLD_UNITS."""
    canvas = head_canvas()
    x, y, z = np.abs(canvas.places_cm[:, 0]), canvas.places_cm[:, 1], canvas.places_cm[:, 2]
    wave = smooth_noise(canvas.places_cm * np.float32(0.9), 77) - 0.5
    front = ramp(z, -1.0, 0.8)
    t = np.clip((-3.6 - y) / 3.6, 0, 1)
    crease = 1.95 + 1.75 * t**0.8 - 0.15 * t**3
    folds = {
        "nasolabial": bump(x - crease + 0.2 * wave, 0, 0.32) * ramp(y, -3.3, -4.3) * ramp(y, -7.7, -6.6),
        "glabella": bump(x + 0.25 * wave, 0.62, 0.15) * ramp(y, 0.5, 1.1) * ramp(y, 3.0, 2.0),
        "forehead": 0.7 * sum_rows(y + 0.5 * wave - 0.02 * x**2, (3.2, 4.1, 5.0), 0.15) * ramp(x, 4.6, 2.0),
        "crow": _crow(x, y) * ramp(z, -4.2, -2.0),
        "nose_root": sum_rows(y + 0.35 * x, (0.35, -0.15, -0.6), 0.10) * ramp(x, 1.5, 0.5) * front,
        "chin": bump(y + 0.12 * x**2, -8.55, 0.28) * ramp(x, 1.9, 0.8) * front,
        "under_eye": bump(np.hypot((x - 3.1) / 2.2, (y + 0.1) / 1.15), 0.98, 0.10)
        * ramp(y, -0.3, -0.7)
        * front,
    }
    return {name: canvas.fill(fold.astype(np.float32))[::2, ::2].copy() for name, fold in folds.items()}


def _crow(x: Float, y: Float) -> Float:
    away = x - 4.7
    rays = np.zeros_like(x)
    for slope, start in ((0.55, 0.15), (0.12, 0.0), (-0.35, -0.15)):
        rays = rays + bump(y - start - slope * away, 0, 0.10) * ramp(away, 0.25, 0.6) * ramp(away, 2.1, 1.2)
    return rays


def weigh_folds(expression: Mapping[str, float], lines: float) -> dict[str, float]:
    """Return how deep each fold is, 0..1, from facial units and from the lines of the resting face."""
    resting = {"nasolabial": 0.55, "forehead": 0.5, "crow": 0.45, "glabella": 0.35, "under_eye": 0.5}
    weights = {}
    for fold, units in FOLD_UNITS.items():
        moved = sum(share * expression.get(unit, 0.0) for unit, share in units.items())
        weights[fold] = float(np.clip(resting.get(fold, 0.0) * lines + moved * (0.75 + 0.4 * lines), 0, 1))
    return weights
