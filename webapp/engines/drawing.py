"""Rectangles that people draw over recordings: checked, and followed through the frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import Invalid
from webapp.engines.translating import translated
from webapp.engines.values import Cover

if TYPE_CHECKING:
    from deid.drawn import DrawnCover


@dataclass(frozen=True)
class FollowedCover:
    """Where a rectangle went. lost: why it could not be followed further, empty at the end of the span."""

    keys: Cover
    lost: str


def check_cover(keys: Any, *, duration_us: int, size_wh: tuple[int, int]) -> Cover:
    """Return a cover of a recording from plain values. Raises Invalid."""
    from deid.errors import InvalidCovers

    if not isinstance(keys, list) or not all(isinstance(key, list) and len(key) == 2 for key in keys):
        raise Invalid("Expected a cover as a list of times and boxes.")
    try:
        found = drawn(tuple((time_us, box) for time_us, box in keys))
    except InvalidCovers as error:
        raise Invalid(str(error)) from error
    if found.start_us > duration_us:
        raise Invalid("A cover begins after the end of the recording.")
    width, height = size_wh
    for _, (left, top, right, bottom) in found.keys:
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            raise Invalid("A cover lies outside the picture.")
    return found.keys


def drawn(cover: Any) -> DrawnCover:
    """Return a cover as the library knows it. Raises InvalidCovers."""
    from deid.drawn import parse_covers
    from deid.errors import InvalidCovers

    try:
        keys = [{"time_s": time_us / 1e6, "box_px": list(box)} for time_us, box in cover]
    except (TypeError, ValueError, OverflowError):
        raise InvalidCovers("expected a cover as a list of times and boxes") from None
    (found,) = parse_covers({"covers": [{"keys": keys}]})
    return found


def follow_cover(source: StoredFile, box_px: list[float], *, start_us: int, end_us: int) -> FollowedCover:
    """Return where a rectangle goes in a recording. Raises AppError for what cannot be followed."""
    from deid.follow import follow

    with translated():
        left, top, right, bottom = drawn([(0, box_px)]).keys[0][1]
        found = follow(source, (left, top, right, bottom), start_us=start_us, end_us=end_us)
    return FollowedCover(found.cover.keys, found.lost)


def frame_times(source: StoredFile) -> list[int]:
    """Return when each frame is shown, in microseconds from the first. Raises AppError."""
    from emotion.media import picture_times, read_frames

    with translated():
        times = picture_times(source) or [frame.time_us for frame in read_frames(source)]
    return [time_us - times[0] for time_us in times]
