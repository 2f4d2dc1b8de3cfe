"""Curves to paint with: bells and ramps over a coordinate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deid.heads.pack import Float

Values = NDArray[np.floating]


def bump(value: Values, middle: float, width: float) -> Float:
    """Return a bell of height 1 around middle; at a distance of width it has fallen to 0.37."""
    bell: Float = np.exp(-(((value - np.float32(middle)) / np.float32(width)) ** 2)).astype(np.float32)
    return bell


def ramp(value: Values, start: float, end: float) -> Float:
    """Return 0 before start, 1 after end, smooth between; start may be larger than end."""
    t = np.clip((value - np.float32(start)) / np.float32(end - start), 0, 1)
    smooth: Float = (t * t * (3 - 2 * t)).astype(np.float32)
    return smooth


def sum_rows(value: Values, middles: tuple[float, ...], width: float) -> Float:
    """Return bells of the same width around several middles, added up."""
    total = np.zeros(value.shape, np.float32)
    for middle in middles:
        total = total + bump(value, middle, width)
    return total
