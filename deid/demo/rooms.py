"""Two corners of a consulting room, painted and out of focus."""

from __future__ import annotations

import cv2
import numpy as np

from deid.heads.look import Colour, to_linear
from deid.heads.pack import Float

BLUR_SHARE = 0.009  # of the width


def paint_room(camera: str, size_hw: tuple[int, int]) -> Float:
    """Return what stands behind the camera's person, (H, W, 3) linear RGB."""
    height, width = size_hw
    wall: Colour = (0.70, 0.72, 0.70) if camera == "patient" else (0.74, 0.71, 0.66)
    room = np.tile(to_linear(wall), (height, width, 1)).astype(np.float32)
    for left, top, right, bottom, colour in _FURNITURE[camera]:
        corner = (round(left * width), round(top * height))
        opposite = (round(right * width), round(bottom * height))
        cv2.rectangle(room, corner, opposite, [float(part) for part in to_linear(colour)], -1)
    room = np.asarray(cv2.GaussianBlur(room, (0, 0), BLUR_SHARE * width), np.float32)
    across = np.linspace(0, 1, width, dtype=np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    light = 1.06 - 0.30 * across - 0.16 * down
    edge = 1 - 0.16 * ((across - 0.5) ** 2 + (down - 0.5) ** 2) * 2
    lit: Float = (room * (light * edge)[..., None]).astype(np.float32)
    return lit


Piece = tuple[float, float, float, float, Colour]


def _shelf(left: float, top: float, seed: int) -> list[Piece]:
    """Return a board of books from left to the right edge of a shelf."""
    source = np.random.default_rng(seed)
    pieces: list[Piece] = [(left, top + 0.20, left + 0.27, top + 0.22, (0.42, 0.31, 0.22))]
    x = left + 0.005
    while x < left + 0.25:
        thick, tall = float(source.uniform(0.009, 0.02)), float(source.uniform(0.12, 0.18))
        tint = source.uniform(0.30, 0.60) + source.uniform(-0.09, 0.09, 3)
        colour = (float(tint[0]), float(tint[1]), float(tint[2]))
        pieces.append((x, top + 0.20 - tall, x + thick, top + 0.20, colour))
        x += thick + 0.002
    return pieces


_FURNITURE: dict[str, list[Piece]] = {
    "patient": [
        (0.00, 0.00, 0.20, 1.00, (0.60, 0.56, 0.50)),  # door frame
        (0.02, 0.03, 0.18, 1.00, (0.68, 0.61, 0.52)),
        (0.155, 0.55, 0.170, 0.60, (0.45, 0.44, 0.42)),
        (0.70, 0.12, 0.92, 0.46, (0.40, 0.34, 0.28)),  # a landscape
        (0.712, 0.142, 0.908, 0.30, (0.66, 0.76, 0.84)),
        (0.712, 0.30, 0.908, 0.438, (0.46, 0.58, 0.40)),
        (0.00, 0.93, 1.00, 1.00, (0.52, 0.50, 0.47)),
    ],
    "doctor": [
        (0.03, 0.02, 0.30, 0.60, (0.88, 0.92, 0.96)),  # window
        (0.16, 0.02, 0.168, 0.60, (0.80, 0.80, 0.79)),
        (0.02, 0.60, 0.31, 0.625, (0.82, 0.81, 0.79)),
        *_shelf(0.70, 0.05, 1),
        *_shelf(0.70, 0.33, 2),
        *_shelf(0.70, 0.61, 3),
    ],
}
