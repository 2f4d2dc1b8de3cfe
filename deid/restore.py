"""Try to undo a blur or a mosaic, as somebody can who has the hidden file and knows the method.

Frames are aligned by the points of the original's faces, which such a person would have to guess from the
hidden ones: what is measured here is a stronger attacker than any of them.

Two things bring back what one frame has lost. A face moves against the cells and pixels that hide it, so the
mean of many frames, each aligned by the face, samples it between them (Irani and Peleg, "Improving resolution
by image registration", 1991). What smears that mean is known from the method and divided out again
(Richardson 1972, doi:10.1364/JOSA.62.000055; Lucy 1974, doi:10.1086/111605).
"""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np

from deid.cover import CoverOptions
from deid.mask import BLUR_SIDE, BLUR_SIGMA, CELLS, cover
from emotion.geometry import expand_boxes, similarity_transform
from emotion.identify import SIDE, TEMPLATE
from emotion.types import Detections, Float, Image

CANVAS: Final = 2 * SIDE  # the aligned face with as much room around it: recognisers cut more or less of it
WINDOW: Final = 25  # frames that are averaged; two seconds at the rate of an audit
ROUNDS: Final = 20
# How far each method smears a face, as a share of the side of its cover: the blur with the reducing and the
# enlarging around it, and a mosaic whose cells lie anywhere on the face (a triangle two cells wide). Edges of
# cells are no part of the face, so a mosaic is softened first, by the least that hides them.
SMEAR: Final = {"blur": (BLUR_SIGMA**2 + 1 / 12 + 1 / 6) ** 0.5 / BLUR_SIDE, "pixelate": 6**-0.5 / CELLS}
SOFTENED: Final = {"blur": 0.0, "pixelate": 0.3 / CELLS}
RESTORABLE: Final = tuple(SMEAR)


class Restorer:
    """Follows one hidden face through consecutive frames and shows it as far as it can be brought back."""

    def __init__(self, method: str) -> None:
        """method: one of RESTORABLE."""
        self._soft, self._smear = SOFTENED[method], float(np.hypot(SOFTENED[method], SMEAR[method]))
        self._seen: deque[Float] = deque(maxlen=WINDOW)
        self._side_px = 0.0

    def look(self, image_bgr: Image, original: Detections) -> None:
        """Take in a frame (H, W, 3). original: where the face was, one."""
        points = original.points_px[0]
        if float(np.ptp(points, axis=0).max()) < 1.0:
            return
        matrix = similarity_transform(points, _places())
        aligned = cv2.warpAffine(image_bgr, matrix, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR)
        self._seen.append(np.asarray(aligned, np.float32))
        box = original.boxes_px[0]
        grown = 1 + CoverOptions().margin_ratio
        self._side_px = float(min(box[2:] - box[:2]) * grown * np.hypot(matrix[0, 0], matrix[0, 1]))

    def restore(self) -> tuple[Image, Detections] | None:
        """Return a picture (CANVAS, CANVAS, 3) and where its face is; None while nothing was seen."""
        if not self._seen:
            return None
        mean = np.asarray(np.mean(self._seen, axis=0), np.float32)
        soft = _smear(mean, self._soft * self._side_px) if self._soft else mean
        sharp = sharpen(soft, self._smear * self._side_px)
        places = _places()
        box = np.array([[*places.min(axis=0) - SIDE / 4, *places.max(axis=0) + SIDE / 4]], np.float32)
        return sharp, Detections(box, np.ones(1, np.float32), places[None])


def cover_face(image_bgr: Image, face: Detections) -> Image:
    """Return a frame (H, W, 3) with a box where the first of the faces is, as wide as a method covers it."""
    boxes = expand_boxes(face.boxes_px[:1], CoverOptions().margin_ratio, image_bgr.shape[:2])
    return cover(image_bgr, boxes, "box")


def sharpen(picture: Float, sigma_px: float, rounds: int = ROUNDS) -> Image:
    """Return a picture (H, W, 3) of 0..255 with a Gaussian smear divided out, after Richardson and Lucy.

    picture is not modified. sigma_px: of the smear.
    """
    given = np.maximum(picture, np.float32(1))
    guess = given.copy()
    for _ in range(rounds):
        blamed = np.asarray(given / np.maximum(_smear(guess, sigma_px), np.float32(1e-3)), np.float32)
        guess = np.clip(guess * _smear(blamed, sigma_px), np.float32(1), np.float32(255))
    return np.asarray(guess.round(), np.uint8)


def _smear(picture: Float, sigma_px: float) -> Float:
    soft = cv2.GaussianBlur(picture, (0, 0), max(sigma_px, 0.3), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32)


def _places() -> Float:
    """Return where the five points of a face (5, 2) go on the canvas."""
    return np.asarray(TEMPLATE + (CANVAS - SIDE) / 2, np.float32)
