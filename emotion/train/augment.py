"""What cameras, detectors and people do to a face, done to training pictures: functions of a generator."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from emotion.types import Float

Grey = NDArray[np.uint8]

MOST_DEGREES: Final = 25.0
DEGRADED: Final = 0.4
COVERED: Final = 0.3


def augment(face: Grey, side: int, random: Generator, *, strength: float = 1.0) -> Grey:
    """Return another view (side, side) of a grey face (H, H): moved, turned, degraded, relit, partly covered.

    face: not modified. strength: how far and how often, 0 for mirroring alone.
    """
    degraded = _degrade(face, random) if random.random() < strength * DEGRADED else face
    moved = cv2.warpAffine(
        degraded,
        _placement(len(face), side, random, strength),
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    relit = _relight(np.asarray(moved, np.uint8), random, strength)
    return _cover(relit, random) if random.random() < strength * COVERED else relit


def enlarge(face: Grey, side: int) -> Grey:
    """Return a face (H, H) as (side, side), unchanged otherwise: how pictures are tested."""
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _placement(size: int, side: int, random: Generator, strength: float) -> Float:
    """Return the matrix (2, 3) from a square of size to one of side: turn, scale, stretch, shift, flip."""
    angle = np.deg2rad(strength * np.clip(random.normal(0, 9), -MOST_DEGREES, MOST_DEGREES))
    zoom = np.exp(strength * random.uniform(-0.16, 0.22)) * side / size
    across, down = zoom * np.exp(strength * random.uniform(-0.07, 0.07, 2))
    if random.random() < 0.5:
        across = -across
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag([across, down])
    target = (side - 1) / 2 + strength * random.uniform(-0.07, 0.07, 2) * side
    shift = target - matrix @ np.full(2, (size - 1) / 2)
    return np.column_stack([matrix, shift]).astype(np.float32)


def _degrade(face: Grey, random: Generator) -> Grey:
    kind = random.integers(4)
    if kind == 0:
        small = cv2.resize(face, (size := int(random.integers(18, 40)), size), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, face.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    if kind == 1:
        return np.asarray(cv2.GaussianBlur(face, (0, 0), random.uniform(0.4, 1.3)), np.uint8)
    if kind == 2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 70))]
        packed = cv2.imencode(".jpg", face, quality)[1]
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    noise = random.normal(0, random.uniform(2, 14), face.shape)
    return np.clip(face + noise, 0, 255).astype(np.uint8)


def _relight(face: Grey, random: Generator, strength: float) -> Grey:
    """Return the face after a random gamma, contrast and brightness, by one table of 256 values."""
    levels = (np.arange(256) / 255) ** np.exp(strength * random.uniform(-0.5, 0.5))
    contrast = 1 + strength * random.uniform(-0.3, 0.3)
    shift = strength * random.uniform(-0.12, 0.12)
    table = np.clip(255 * ((levels - 0.5) * contrast + 0.5 + shift), 0, 255).astype(np.uint8)
    return np.asarray(table[face], np.uint8)


def _cover(face: Grey, random: Generator) -> Grey:
    """Return the face behind a patch of one grey or of noise."""
    side = len(face)
    height, width = (random.uniform(0.12, 0.45, 2) * side).astype(int)
    top, left = random.integers(0, side - height), random.integers(0, side - width)
    covered = face.copy()
    patch = random.integers(0, 256, (height, width)) if random.random() < 0.5 else random.integers(0, 256)
    covered[top : top + height, left : left + width] = patch
    return covered
