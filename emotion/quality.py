"""How much a face can be trusted to show an expression: large, sharp, seen from the front, surely a face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from emotion.types import Detections, Float, Image

SMALLEST_PX: Final = 16.0  # under this the networks see colour blobs
LARGE_ENOUGH_PX: Final = 64.0  # the input of the small expression networks
SHARP: Final = 0.08  # Laplacian against grey variance at 64 px: sharp faces 0.1 to 0.7, blurred by 2 px 0.01
PROFILE: Final = 0.55  # nose off the middle of the eyes, in eye distances, at which one eye hides


def face_qualities(crops_bgr: Sequence[Image], detections: Detections) -> Float:
    """Return one quality (N,) in 0..1 per face: detector score times factors for size, sharpness and pose.

    crops_bgr: the N square pictures (S, S, 3) of the faces, not modified. Each factor has a floor, so that
    one weakness lowers a face's weight but only several together make it worthless.
    """
    qualities = [
        float(detections.scores[face])
        * (0.1 + 0.9 * size_factor(detections.boxes_px[face]))
        * (0.4 + 0.6 * sharpness_factor(crop))
        * (0.3 + 0.7 * pose_factor(detections.points_px[face]))
        for face, crop in enumerate(crops_bgr)
    ]
    return np.clip(np.array(qualities, np.float32), 0.0, 1.0)


def size_factor(box_px: Float) -> float:
    """Return 0 for a face of 16 px and less, 1 from 64 px on.

    >>> size_factor(np.array([0, 0, 40, 40], np.float32))
    0.5
    """
    side = float(np.sqrt(max(0.0, float((box_px[2] - box_px[0]) * (box_px[3] - box_px[1])))))
    return float(np.clip((side - SMALLEST_PX) / (LARGE_ENOUGH_PX - SMALLEST_PX), 0.0, 1.0))


def sharpness_factor(crop_bgr: Image) -> float:
    """Return 0 for a uniform face and 1 for a sharp one: variance of the Laplacian against that of the grey
    values.

    The measure of Pech-Pacheco et al. (2000), doi:10.1109/ICPR.2000.903548, made independent of contrast and
    size.

    >>> sharpness_factor(np.full((80, 80, 3), 90, np.uint8))
    0.0
    """
    small = cv2.resize(crop_bgr, (64, 64), interpolation=cv2.INTER_AREA)
    values = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    detail = float(cv2.Laplacian(values, cv2.CV_32F).var()) / (float(values.var()) + 1.0)
    return float(np.clip(detail / SHARP, 0.0, 1.0))


def pose_factor(points_px: Float) -> float:
    """Return 1 for a face seen from the front, 0 for a profile: how far the nose is from between the eyes.

    >>> pose_factor(np.array([[0, 0], [10, 0], [5, 6], [2, 10], [8, 10]], np.float32))
    1.0
    """
    left, right, nose = points_px[0], points_px[1], points_px[2]
    across = right - left
    distance = float(np.linalg.norm(across))
    if distance < 1.0:
        return 0.0
    off = abs(float((nose - (left + right) / 2) @ across)) / distance**2
    return float(np.clip(1.0 - off / PROFILE, 0.0, 1.0))
