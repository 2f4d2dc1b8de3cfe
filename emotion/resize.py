"""Make pictures smaller, quickly and without the false patterns that leaving out pixels gives."""

from __future__ import annotations

import cv2
import numpy as np

from emotion.types import Image


def shrink(image: Image, size_hw: tuple[int, int]) -> Image:
    """Return the picture (H, W[, C]) reduced to (h, w), neither larger than H and W; image is not modified.

    Halved by averaging for as long as it stays large enough, without an odd last row or column, the rest
    bilinear: averaging over areas that are no whole pixels takes five times as long.

    >>> shrink(np.array([[10, 20, 30, 40]] * 2, np.uint8), (1, 2)).tolist()
    [[15, 35]]
    """
    height, width = size_hw
    smaller = image
    while smaller.shape[0] >= 2 * height and smaller.shape[1] >= 2 * width:
        rows, columns = smaller.shape[0] // 2, smaller.shape[1] // 2
        even = smaller[: 2 * rows, : 2 * columns]
        smaller = np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(smaller, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
