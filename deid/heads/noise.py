"""Smooth noise that depends on place and seed alone: skin is mottled alike wherever its texture is cut."""

from __future__ import annotations

import numpy as np

from deid.heads.pack import Float

LATTICE = 32
AT_ONCE = 16_384  # places whose numbers stay in a processor's cache: 32 instead of 46 ms for a head


def smooth_noise(places: Float, seed: int) -> Float:
    """Return value noise 0..1 (N,) at places (N, 3); features are about one unit wide, repeating after 32.

    >>> corners = np.array([[0, 0, 0], [32, 32, 32]], np.float32)
    >>> bool(np.ptp(smooth_noise(corners, 1)) == 0)
    True
    """
    lattice = np.random.default_rng(seed).random((LATTICE, LATTICE, LATTICE), np.float32).ravel()
    total = np.empty(len(places), np.float32)
    for start in range(0, len(places), AT_ONCE):
        total[start : start + AT_ONCE] = _read(lattice, places[start : start + AT_ONCE])
    return total


def _read(lattice: Float, places: Float) -> Float:
    floor = np.floor(places)
    cell = floor.astype(np.int32)
    within = (places - floor).astype(np.float32)
    within = within * within * (3 - 2 * within)
    at = [((cell[:, axis] & (LATTICE - 1)), ((cell[:, axis] + 1) & (LATTICE - 1))) for axis in range(3)]
    share = [(1 - within[:, axis], within[:, axis]) for axis in range(3)]
    total = np.zeros(len(places), np.float32)
    for corner in range(8):
        i, j, k = corner & 1, corner >> 1 & 1, corner >> 2
        weight = share[0][i] * share[1][j] * share[2][k]
        total += weight * lattice[(at[0][i] * LATTICE + at[1][j]) * LATTICE + at[2][k]]
    return total
