"""Covers that a person draws, for what no detector looks for: name badges, screens, tattoos, a missed face.

A file of covers is JSON. Each holds from its first key to its last and moves on a line between two keys; one
that stays where it is may be said in short. The frame that is on screen when it begins is covered too.
Seconds count from the first frame; pixels are those of the picture as it is shown; box is the only style:
one colour, no pixel left.

    {"covers": [
        {"start_s": 2.0, "end_s": 7.5, "box_px": [40, 60, 180, 140]},
        {"style": "box", "keys": [{"time_s": 8, "box_px": [40, 60, 180, 140]},
                                  {"time_s": 9, "box_px": [70, 60, 210, 140]}]}
    ]}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from deid.errors import InvalidCovers
from deid.json_files import read_by_hand
from deid.mask import cover
from emotion.samples import Times
from emotion.types import Float, Image, VideoInfo

STYLE: Final = "box"
MOST: Final = 500  # covers of one recording
MOST_KEYS: Final = 5000  # of one cover
LONGEST_S: Final = 7 * 24 * 3600

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class DrawnCover:
    """A rectangle over some time. keys: (microseconds from the first frame, xyxy pixels), by time."""

    keys: tuple[tuple[int, Box], ...]

    @property
    def start_us(self) -> int:
        return self.keys[0][0]

    @property
    def end_us(self) -> int:
        return self.keys[-1][0]

    def box_at(self, time_us: int) -> Box | None:
        """Return where it is at a time, both ends included, and None before and after.

        >>> DrawnCover(((0, (0, 0, 4, 4)), (100, (10, 0, 14, 4)))).box_at(50)
        (5.0, 0.0, 9.0, 4.0)
        """
        if not self.start_us <= time_us <= self.end_us:
            return None
        times = [time for time, _ in self.keys]
        left, top, right, bottom = (
            float(np.interp(time_us, times, [box[edge] for _, box in self.keys])) for edge in range(4)
        )
        return left, top, right, bottom

    def as_dict(self) -> dict[str, Any]:
        """Return the cover as it stands in a file of covers."""
        keys = [{"time_s": time_us / 1e6, "box_px": list(box)} for time_us, box in self.keys]
        return {"style": STYLE, "keys": keys}


def from_frames(covers: Sequence[DrawnCover], times_us: Times) -> tuple[DrawnCover, ...]:
    """Return covers that begin with the frame that is on screen when they do. times_us: (F,) of all frames.

    Raises InvalidCovers for a cover that no frame shows.
    """
    begun = []
    for number, one in enumerate(covers, 1):
        at = int(np.searchsorted(times_us, one.start_us, "right")) - 1
        if at < 0:
            raise InvalidCovers(f"cover {number}: expected a frame at {one.start_us / 1e6:.2f} s, got none")
        start_us = int(times_us[at])
        earlier = ((start_us, one.keys[0][1]),) if start_us < one.start_us else ()
        begun.append(DrawnCover((*earlier, *one.keys)))
    return tuple(begun)


def boxes_at(covers: Sequence[DrawnCover], time_us: int) -> Float:
    """Return where covers are at a time, (N, 4) xyxy pixels."""
    boxes = [box for one in covers if (box := one.box_at(time_us)) is not None]
    return np.array(boxes, np.float32).reshape(-1, 4)


def draw_covers(image_bgr: Image, boxes_px: Float) -> Image:
    """Return the picture with every box filled, whole pixels outwards; without one the picture itself."""
    return cover(image_bgr, boxes_px, STYLE)


def between(covers: Sequence[DrawnCover], start_us: int, end_us: int) -> tuple[DrawnCover, ...]:
    """Return the covers that hold anywhere from a time to another one, both included."""
    return tuple(one for one in covers if one.start_us <= end_us and one.end_us >= start_us)


def check_fits(covers: Sequence[DrawnCover], video: VideoInfo) -> None:
    """Raise InvalidCovers for a cover that would hide nothing of a recording."""
    for at, one in enumerate(covers, 1):
        if one.start_us > video.duration_us:
            raise InvalidCovers(
                f"cover {at}: expected a time within the {video.duration_us / 1e6:.2f} s of the recording, "
                f"got {one.start_us / 1e6:.2f} s"
            )
        for time_us, (left, top, right, bottom) in one.keys:
            if right <= 0 or bottom <= 0 or left >= video.width or top >= video.height:
                raise InvalidCovers(
                    f"cover {at}: expected a box within {video.width} × {video.height} pixels, got "
                    f"{left:g}, {top:g}, {right:g}, {bottom:g} at {time_us / 1e6:.2f} s"
                )


def read_covers(path: Path) -> tuple[DrawnCover, ...]:
    """Return the covers of a file. Raises InvalidCovers for anything that is none."""
    return parse_covers(read_by_hand(path, "covers", InvalidCovers))


def parse_covers(data: Any) -> tuple[DrawnCover, ...]:
    """Return covers from the plain values of a file of covers. Raises InvalidCovers."""
    listed = data.get("covers") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise InvalidCovers('expected {"covers": [...]}')
    if len(listed) > MOST:
        raise InvalidCovers(f"expected at most {MOST} covers, got {len(listed)}")
    return tuple(_parse_cover(one, f"cover {at}") for at, one in enumerate(listed, 1))


def _parse_cover(said: Any, where: str) -> DrawnCover:
    if not isinstance(said, dict):
        raise InvalidCovers(f"{where}: expected an object with box_px or keys")
    known = {"style", "keys"} if "keys" in said else {"style", "start_s", "end_s", "box_px"}
    if unknown := sorted(set(said) - known):
        raise InvalidCovers(f"{where}: expected {', '.join(sorted(known))}, got {_short(unknown[0])}")
    if said.get("style", STYLE) != STYLE:
        raise InvalidCovers(f"{where}: expected the style {STYLE!r}, got {_short(said['style'])}")
    if "keys" not in said:
        box = _parse_box(said.get("box_px"), where)
        keys = [(_parse_time(said.get(name), name, where), box) for name in ("start_s", "end_s")]
        keys = keys[:1] if keys[0] == keys[1] else keys
    else:
        keys = _parse_keys(said["keys"], where)
    if any(after[0] <= before[0] for before, after in pairwise(keys)):
        raise InvalidCovers(f"{where}: expected times that grow")
    return DrawnCover(tuple(keys))


def _parse_keys(said: Any, where: str) -> list[tuple[int, Box]]:
    if not isinstance(said, list) or not said or len(said) > MOST_KEYS:
        raise InvalidCovers(f"{where}: expected 1 to {MOST_KEYS} keys")
    if not all(isinstance(key, dict) and set(key) == {"time_s", "box_px"} for key in said):
        raise InvalidCovers(f"{where}: expected keys with time_s and box_px")
    return [(_parse_time(key["time_s"], "time_s", where), _parse_box(key["box_px"], where)) for key in said]


def _parse_time(said: Any, name: str, where: str) -> int:
    if not _is_number(said) or not 0 <= said <= LONGEST_S:
        raise InvalidCovers(f"{where}: expected {name} in seconds from the first frame, got {_short(said)}")
    return round(float(said) * 1e6)


def _parse_box(said: Any, where: str) -> Box:
    if not isinstance(said, list) or len(said) != 4 or not all(_is_number(edge) for edge in said):
        raise InvalidCovers(f"{where}: expected box_px as [left, top, right, bottom], got {_short(said)}")
    left, top, right, bottom = (float(edge) for edge in said)
    if right <= left or bottom <= top:
        raise InvalidCovers(f"{where}: expected left < right and top < bottom, got {_short(said)}")
    return left, top, right, bottom


def _is_number(said: Any) -> bool:
    """Return whether something is a number that fits a picture or a recording, and no truth value."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return False
    return bool(abs(said) < 1e7)  # not so what is no number


def _short(said: Any) -> str:
    return repr(said)[:60]
