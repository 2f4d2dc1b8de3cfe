"""Cover faces with a box, a blur or a mosaic: pure, frame in, frame out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from deid.errors import UnknownMethod
from emotion.types import Float, Image

BOX_BGR: Final = (150, 110, 60)
CELLS: Final = 6  # of the mosaic along the face's shorter side; 20 px cells on large faces were re-identified
BLUR_SIDE: Final = 16  # pixels that are left of a face before it is blurred further
BLUR_SIGMA: Final = 1.6  # of those pixels: a tenth of the face

MASKS: Final = ("box", "blur", "pixelate")


def cover(image_bgr: Image, boxes_px: Float, method: str, *, ellipse: bool = False) -> Image:
    """Return a copy of the frame with every box hidden; without a box the frame itself.

    image_bgr: (H, W, 3), not modified. boxes_px: (N, 4) xyxy, cut off at the frame; each hides whole pixels,
    rounded outwards. ellipse: hides only the ellipse inside each box. Raises UnknownMethod.
    """
    hide = find_mask(method)
    if len(boxes_px) == 0:
        return image_bgr
    covered = image_bgr.copy()
    height, width = image_bgr.shape[:2]
    for box in boxes_px:
        left, top = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
        right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
        if right <= left or bottom <= top:
            continue
        window = covered[top:bottom, left:right]
        hidden = hide(window)
        if ellipse:
            inside = _ellipse(window.shape[0], window.shape[1])
            hidden = np.where(inside[..., None], hidden, window)
        window[:] = hidden
    return covered


def find_mask(method: str) -> Callable[[Image], Image]:
    """Return what hides a picture (h, w, 3). Raises UnknownMethod."""
    masks: dict[str, Callable[[Image], Image]] = {"box": fill, "blur": blur, "pixelate": pixelate}
    if method not in masks:
        raise UnknownMethod(f"expected a method of {', '.join(masks)}, got {method!r}")
    return masks[method]


def fill(picture: Image) -> Image:
    """Return a picture of one colour, the same for everybody."""
    return np.full_like(picture, BOX_BGR)


def blur(picture: Image) -> Image:
    """Return the picture reduced to BLUR_SIDE pixels along its shorter side, blurred and enlarged again.

    Reducing first throws the detail away for good: a blur alone can be undone in part.
    """
    height, width = picture.shape[:2]
    small = _reduce(picture, BLUR_SIDE)
    soft = cv2.GaussianBlur(small, (0, 0), BLUR_SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def pixelate(picture: Image) -> Image:
    """Return the picture as CELLS cells along its shorter side, each the mean of its pixels."""
    height, width = picture.shape[:2]
    small = _reduce(picture, CELLS)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _reduce(picture: Image, side: int) -> Image:
    height, width = picture.shape[:2]
    scale = min(1.0, side / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ellipse(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return which pixels (h, w) the largest ellipse inside a box touches."""
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / width * 2 - 1
    inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = x[None] ** 2 + y[:, None] ** 2 <= 1
    return inside
