"""Smooth noise that depends on place and seed alone: skin is mottled alike wherever its texture is cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def smooth_noise_where(wanted: NDArray[np.bool_], places: Float, seed: int) -> Float:
    """Return noise as smooth_noise where it is wanted (N,), 0 elsewhere."""
    total = np.zeros(len(places), np.float32)
    some = np.flatnonzero(wanted)
    total[some] = smooth_noise(np.take(places, some, axis=0), seed)
    return total


def _read(lattice: Float, places: Float) -> Float:
    floor = np.floor(places)
    cell = floor.astype(np.intp).T  # the type with which numpy looks up
    within = np.ascontiguousarray((places - floor).T, np.float32)
    within = within * within * (3 - 2 * within)
    share = 1 - within, within
    at = [((cell + step) & (LATTICE - 1)) for step in (0, 1)]
    total = np.zeros(len(places), np.float32)
    flat = [[share[i][0] * share[j][1] for i in (0, 1)] for j in (0, 1)]
    row = [[(at[i][0] * LATTICE + at[j][1]) * LATTICE for i in (0, 1)] for j in (0, 1)]
    for corner in range(8):
        i, j, k = corner & 1, corner >> 1 & 1, corner >> 2
        total += flat[j][i] * share[k][2] * np.take(lattice, row[j][i] + at[k][2])
    return total
