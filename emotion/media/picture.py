"""A decoded frame as an upright BGR picture: turned by its display matrix, one size for a whole file."""

from __future__ import annotations

import struct
from typing import cast

import cv2
import numpy as np
from av.buffer import Buffer
from av.video.frame import VideoFrame

from emotion.types import Image

Matrix = tuple[int, int, int, int]
_UPRIGHT: Matrix = (1, 0, 0, 1)


def display_matrix(frame: VideoFrame) -> Matrix:
    """Return (a, b, c, d) of the display matrix, whose rows are a b u, c d v, x y w (ISO 14496-12, 8.3.2).

    For one frame of a file: asking makes a frame refer to itself, and memory then grows until garbage is
    collected.
    """
    data = cast(Buffer | None, frame.side_data.get("DISPLAYMATRIX"))
    if data is None:
        return _UPRIGHT
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    return (a, b, c, d) if any((a, b, c, d)) else _UPRIGHT


def upright_size(width: int, height: int, matrix: Matrix) -> tuple[int, int, int]:
    """Return (width, height, rotation) of a stored picture as a viewer shows it, clockwise in degrees.

    >>> upright_size(1920, 1080, (0, 65536, -65536, 0))
    (1080, 1920, 90)
    """
    a, _, c, d = matrix
    if _is_transposed(matrix):
        return height, width, 90 if c < 0 else 270
    return width, height, 180 if a < 0 and d < 0 else 0


def to_upright_bgr(frame: VideoFrame, width: int, height: int, matrix: Matrix) -> Image:
    """Return the frame as (height, width, 3) uint8 BGR, turned upright by the display matrix of its file.

    A frame of another size than the file's first (cameras change resolution while they record) is scaled to
    fit and centred on black, so that pixels mean the same place throughout.
    """
    # One conversion thread: swscale would start and stop a pool for every frame, measured 12 times slower.
    image = np.asarray(frame.to_ndarray(format="bgr24", threads=1), np.uint8)
    image = turn_upright(image, matrix)
    return image if image.shape[:2] == (height, width) else fit_inside(image, width, height)


def turn_upright(image: Image, matrix: Matrix) -> Image:
    """Return the picture after the display matrix (a, b, c, d), x' = a x + c y, y' = b x + d y.

    Quarter turns and mirror images; a camera's matrix has no others.

    >>> turn_upright(np.array([[1, 2, 3]], np.uint8), (0, 1, -1, 0)).tolist()  # a quarter turn clockwise
    [[1], [2], [3]]
    >>> turn_upright(np.array([[1, 2, 3]], np.uint8), (-1, 0, 0, 1)).tolist()  # mirrored
    [[3, 2, 1]]
    """
    a, b, c, d = matrix
    if _is_transposed(matrix):
        image, a, d = np.asarray(cv2.transpose(image), np.uint8), c, b
    if a < 0 and d < 0:
        return np.asarray(cv2.flip(image, -1), np.uint8)
    if a < 0:
        return np.asarray(cv2.flip(image, 1), np.uint8)
    return np.asarray(cv2.flip(image, 0), np.uint8) if d < 0 else image


def fit_inside(image: Image, width: int, height: int) -> Image:
    """Return the picture scaled to fit (height, width) without distortion, centred on black."""
    scale = min(width / image.shape[1], height / image.shape[0])
    new_width = max(1, min(width, round(image.shape[1] * scale)))
    new_height = max(1, min(height, round(image.shape[0] * scale)))
    resized = cv2.resize(
        image, (new_width, new_height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - new_height) // 2, (width - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = resized
    return canvas


def _is_transposed(matrix: Matrix) -> bool:
    a, b, c, d = matrix
    return abs(b) + abs(c) > abs(a) + abs(d)
