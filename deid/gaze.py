"""Where the eyes look: from where the dark of the iris lies between the corners of the eyes."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from emotion.types import Float, Image

# Outer and inner corner, then the outline of each eye.
EYES: Final = (
    ((33, 133), (33, 160, 159, 158, 133, 153, 145, 144)),
    ((362, 263), (362, 385, 386, 387, 263, 373, 374, 380)),
)
DARKEST: Final = 0.35  # share of an eye's pixels that are taken for the iris
YAW_PER_WIDTH: Final = 100.0  # degrees per eye width off the middle
LARGEST_YAW: Final = 28.0
LEAST_WIDTH_PX: Final = 9.0


def look_of(image_bgr: Image, points_px: Float) -> Float:
    """Return (2,) yaw to the person's left and pitch up in degrees, of both eyes; zeros if too small.

    points_px: mesh (468, 3). Pitch is left at 0: lids hide it, and the lids are followed by the expression.
    """
    offsets = [_offset(image_bgr, points_px[:, :2], corners, outline) for corners, outline in EYES]
    known = [offset for offset in offsets if offset is not None]
    if not known:
        return np.zeros(2, np.float32)
    yaw = float(np.clip(YAW_PER_WIDTH * np.mean(known), -LARGEST_YAW, LARGEST_YAW))
    return np.array([yaw, 0.0], np.float32)


def _offset(
    image_bgr: Image, points: Float, corners: tuple[int, int], outline: tuple[int, ...]
) -> float | None:
    """Return how far right of the eye's middle the iris is, in eye widths."""
    ends = points[list(corners)]
    width = float(np.linalg.norm(ends[1] - ends[0]))
    low, high = np.floor(points[list(outline)].min(axis=0)), np.ceil(points[list(outline)].max(axis=0)) + 1
    left, top = (int(max(0, edge)) for edge in low)
    patch = image_bgr[top : int(max(0, high[1])), left : int(max(0, high[0]))]
    if width < LEAST_WIDTH_PX or patch.size == 0:
        return None
    inside = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(points[list(outline)] - [left, top]).astype(np.int32)], 1)
    rows, columns = np.nonzero(inside)
    if len(rows) < 12:
        return None
    grey = patch[rows, columns].astype(np.float32).mean(axis=1)
    dark = grey <= np.quantile(grey, DARKEST)
    middle = ends.mean(axis=0) - [left, top]
    along = (ends[1] - ends[0]) / width
    away = np.stack([columns[dark] + 0.5, rows[dark] + 0.5], axis=1).mean(axis=0) - middle
    return float(away @ along) / width
