"""Cut faces out of frames the way the expression networks saw them in training: square, tight, upright."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from emotion.geometry import crop_square, square_box
from emotion.resize import shrink
from emotion.types import Detections, Float, Image

# FER2013 pictures are 1.08 times as high as the box that CenterFace finds in them (median of 400); between 0
# and 0.1 no network that we ship loses more than it gains, from 0.2 and below -0.1 all of them lose 1 to 3
# points.
MARGIN_RATIO: Final = 0.1
# Levelling gains 10 points of accuracy at 30 degrees and 1 to 3 at 15, and costs half a point on upright
# faces.
LEVEL_FROM_DEGREES: Final = 10.0
LARGEST_SIDE: Final = 224  # the largest input of any network; one reduction serves all of them


def crop_face(image_bgr: Image, detections: Detections, index: int) -> Image:
    """Return the square picture of one face, upright, in the frame's resolution or reduced to LARGEST_SIDE.

    image_bgr: (H, W, 3), not modified. What lies beyond the frame repeats its border. Returns (S, S, 3).
    """
    square = square_box(detections.boxes_px[index], MARGIN_RATIO)
    roll = roll_degrees(detections.points_px[index])
    if abs(roll) < LEVEL_FROM_DEGREES:
        return _reduce(crop_square(image_bgr, square))
    return _reduce(_crop_levelled(image_bgr, square, roll))


def roll_degrees(points_px: Float) -> float:
    """Return how far a head is tilted in the picture, clockwise positive, -180..180.

    points_px: (5, 2) as in Detections. The eye line and the line from eyes to mouth vote by their length, so
    that a profile, where the eyes coincide, still has an angle.

    >>> level = np.array([[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]], np.float32)
    >>> roll_degrees(level), roll_degrees(level[:, ::-1] * [-1, 1])
    (0.0, 90.0)
    """
    eyes, mouth = points_px[:2].mean(axis=0), points_px[3:].mean(axis=0)
    across, down = points_px[1] - points_px[0], mouth - eyes
    return math.degrees(math.atan2(float(across[1] - down[0]), float(across[0] + down[1])))


def _reduce(face: Image) -> Image:
    if len(face) <= LARGEST_SIDE:
        return face
    return shrink(face, (LARGEST_SIDE, LARGEST_SIDE))


def _crop_levelled(image_bgr: Image, square: tuple[int, int, int, int], roll: float) -> Image:
    side = square[2] - square[0]
    centre = ((square[0] + square[2]) / 2, (square[1] + square[3]) / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, roll, 1.0), np.float64)
    matrix[:, 2] += side / 2 - np.array(centre, np.float64)
    levelled = cv2.warpAffine(
        image_bgr, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(levelled, np.uint8)
