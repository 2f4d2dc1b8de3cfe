"""Single JPEG pictures in memory, as live cameras send them: read with a limit on their size, and written."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from emotion.errors import UnreadableImage
from emotion.types import Image

MAX_PIXELS: Final = 1920 * 1920
_START: Final = b"\xff\xd8"
_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) as the header of a JPEG announces them, None when there is no such header.

    Nothing is decoded, so that a small file cannot make the decoder ask for much memory.
    """
    if not data.startswith(_START):
        return None
    place = len(_START)
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _WITHOUT_LENGTH or marker == 0xFF:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAME_MARKERS:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return (int.from_bytes(width, "big"), int.from_bytes(height, "big")) if len(width) == 2 else None
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def decode_jpeg(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Return the picture (H, W, 3) uint8 BGR, upright. Raises UnreadableImage for no or too large a one."""
    size = jpeg_size(data)
    if size is None or 0 in size:
        raise UnreadableImage(f"Expected a JPEG picture, got {len(data)} bytes of something else.")
    if size[0] * size[1] > max_pixels:
        raise UnreadableImage(f"Expected at most {max_pixels} pixels, got {size[0]}×{size[1]}.")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise UnreadableImage("Expected a JPEG picture, got a damaged one.") from error
    if image is None:
        raise UnreadableImage("Expected a JPEG picture, got a damaged one.")
    return np.asarray(image, np.uint8)


def encode_jpeg(image_bgr: Image, *, max_width: int = 640, quality: int = 70) -> bytes:
    """Return a picture (H, W, 3) as JPEG, shrunk to at most max_width pixels; image_bgr is not modified."""
    scale = min(1.0, max_width / image_bgr.shape[1])
    if scale < 1.0:
        height, width = (max(1, round(side * scale)) for side in image_bgr.shape[:2])
        image_bgr = np.asarray(cv2.resize(image_bgr, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    _, encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded.tobytes())
