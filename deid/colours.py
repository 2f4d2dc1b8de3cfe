"""What colours a person's skin and hair have in a picture."""

from __future__ import annotations

from typing import Final

import numpy as np

from emotion.types import Float, Image

SKIN: Final = (50, 280, 151, 205, 425)  # landmarks of both cheeks and the forehead
TOP, CHIN = 10, 152
# Where hair is looked for, in heights of the face: above the highest landmark, and to both sides of it.
ABOVE, ASIDE = (0.17, 0.19, 0.21, 0.23), (-0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12)
UNKNOWN: Final = 128  # grey level of a colour of which nothing is in the picture


def read_skin(image_bgr: Image, points_px: Float) -> Float:
    """Return the mean colour (3,), 0..255, of both cheeks and the forehead.

    points_px: landmarks (468, 2) or more columns.
    """
    patches = _patches(image_bgr, points_px[list(SKIN), :2], 2)
    colours = np.concatenate([*patches, np.full((1, 3), UNKNOWN, np.uint8)])
    return np.asarray(colours.mean(axis=0), np.float32)


def read_hair(image_bgr: Image, points_px: Float) -> Float:
    """Return the median colour (3,), 0..255, of what is above the forehead, NaN when that is cut off.

    Hair, mostly; of who is bald, skin; a cap is taken for hair.
    """
    up = points_px[TOP, :2] - points_px[CHIN, :2]
    side = np.array([-up[1], up[0]])
    places = [points_px[TOP, :2] + up * height + side * aside for height in ABOVE for aside in ASIDE]
    patches = _patches(image_bgr, np.array(places), 1)
    if len(patches) < len(places) / 2:
        return np.full(3, np.nan, np.float32)
    return np.asarray(np.median(np.concatenate(patches), axis=0), np.float32)


def _patches(image_bgr: Image, places_px: Float, reach: int) -> list[Image]:
    """Return the pixels (N, 3) around each of the places (P, 2) that lie in the picture."""
    height, width = image_bgr.shape[:2]
    inside = [(x, y) for x, y in np.round(places_px).astype(int) if 0 <= x < width and 0 <= y < height]
    return [
        image_bgr[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].reshape(-1, 3)
        for x, y in inside
    ]
