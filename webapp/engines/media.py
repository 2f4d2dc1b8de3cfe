"""Files and cameras: what they are, and the pictures in them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import AppError
from webapp.engines.translating import translated
from webapp.engines.values import SECOND_US, CheckedVideo

LONGEST_US = 12 * 3600 * SECOND_US
#: A camera takes many pictures a second; a file with fewer than one in this time lies about its length.
SPARSEST_US = 5 * SECOND_US
BEGINNING_S = 30


def check_video(path: StoredFile, poster: StoredFile) -> CheckedVideo:
    """Return what a file is and write its poster. Raises AppError when no picture of it can be decoded, or
    when its length would keep a worker busy for days.
    """
    from emotion.media import needs_browser_copy, probe_video, write_poster

    with translated():
        info = probe_video(path)
        _check_length(path, info.duration_us)
        write_poster(path, poster)
    return CheckedVideo(
        container=info.container,
        codec=info.codec,
        width=info.width,
        height=info.height,
        duration_us=info.duration_us,
        frame_rate=str(info.frame_rate or ""),
        has_audio=info.has_audio,
        playable=not needs_browser_copy(info),
    )


def is_readable(path: StoredFile) -> bool:
    """Return whether the beginning of a recording can be read now. Raises OSError when the storage fails."""
    from emotion.media import read_frames

    try:
        with translated():
            return sum(1 for _ in islice(read_frames(path, sample_fps=Fraction(1)), BEGINNING_S)) > 0
    except (AppError, FileNotFoundError):
        return False


def _check_length(path: StoredFile, duration_us: int) -> None:
    from emotion.media import count_pictures

    hours = duration_us / 3600 / SECOND_US
    if duration_us > LONGEST_US:
        raise AppError(
            f"Expected a recording of at most {LONGEST_US // 3600 // SECOND_US} hours, got {hours:,.1f}. "
            "Split it.",
            code="too_long",
        )
    needed = duration_us // SPARSEST_US
    found = count_pictures(path, at_most=needed)
    if found < needed:
        raise AppError(
            f"This file says that it lasts {duration_us // SECOND_US:,} seconds but holds only {found} "
            "pictures. Copy it from the camera again.",
            code="too_sparse",
        )


def demo_videos() -> dict[str, Path]:
    """Return the camera files of the demonstration that ships with the project, by camera."""
    from deid import demo

    return demo.demo_videos()


def read_camera_jpegs(source: str, fps: float, *, loop: bool = False) -> Iterator[bytes]:
    """Yield the pictures of a camera or file as they happen, as JPEG. Raises AppError when it fails."""
    from fractions import Fraction

    from emotion.media.camera import read_camera
    from emotion.media.jpeg import encode_jpeg

    with translated():
        for image in read_camera(source, fps=Fraction(fps).limit_denominator(100), loop=loop):
            yield encode_jpeg(image)
