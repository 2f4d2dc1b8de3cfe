"""Single pictures: reading one upright, and choosing one that stands for a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from emotion.errors import OutputUnwritable, UnreadableImage
from emotion.media.frames import read_frames
from emotion.media.picture import fit_inside
from emotion.media.source import partial_path, shown_name
from emotion.types import Image, MediaPath

_POSTER_CANDIDATES: Final = 12  # at two a second: fades from black are over by then
_NOT_BLACK: Final = 24.0  # mean grey level
_JPEG_QUALITY: Final = 85


def read_image(path: Path) -> Image:
    """Return a picture as (H, W, 3) uint8 BGR, upright by its EXIF orientation. Raises UnreadableImage."""
    path = Path(path)
    try:
        data = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (cv2.error, OSError, ValueError) as error:
        raise _unreadable(path) from error
    if image is None:
        raise _unreadable(path)
    return np.asarray(image, np.uint8)


def write_poster(path: MediaPath, destination: MediaPath, *, max_side: int = 640) -> None:
    """Write a JPEG of the first frame that is not black, at most max_side pixels long.

    When all early frames are dark, the brightest is taken. Raises UnreadableVideo, or OutputUnwritable with
    nothing left behind.
    """
    best: Image | None = None
    for frame in read_frames(path, sample_fps=Fraction(2), end_us=_POSTER_CANDIDATES * 500_000):
        if best is None or frame.image_bgr.mean() > best.mean():
            best = frame.image_bgr
        if best.mean() > _NOT_BLACK:
            break
    assert best is not None  # read_frames delivers or raises
    scale = min(1.0, max_side / max(best.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in best.shape[:2])
    _, jpeg = cv2.imencode(".jpg", fit_inside(best, width, height), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    _write_whole(destination, jpeg.tobytes())


def _write_whole(destination: MediaPath, data: bytes) -> None:
    partial = partial_path(destination)
    try:
        with partial.open("wb") as file:
            file.write(data)
        partial.replace(destination)
    except OSError as error:
        raise OutputUnwritable(
            f"{shown_name(destination)} could not be written ({error.strerror}); "
            "free some space or choose another folder."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _unreadable(path: Path) -> UnreadableImage:
    return UnreadableImage(
        f"Expected a picture (JPEG, PNG, WebP, TIFF), could not read {shown_name(path)} as one; "
        "choose another file."
    )
