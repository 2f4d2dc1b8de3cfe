"""Follow a rectangle that a person drew through the frames after it.

Corners inside it are followed from frame to frame and back again (Kalal, Mikolajczyk, Matas 2010, "Forward-
Backward Error"); their median movement and spreading move the rectangle, which keeps its sides' ratio. What
then lies in it is compared with what the person drew around. It stops where the points or the likeness are
lost: a person looks there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from deid.drawn import Box, DrawnCover
from deid.errors import InvalidCovers
from emotion.errors import Cancelled
from emotion.media import picture_times, probe_video, read_frames
from emotion.samples import Flags
from emotion.types import Float, Image, MediaPath

WORKING_SIDE: Final = 640  # pixels of the longer side in which points are followed
SEARCHED: Final = 0.5  # of a rectangle's sides, all around it
SURE: Final = 0.8  # correlation with the frame before
GRID: Final = 10  # points a side
CORNERS: Final = 100
LEAST_POINTS: Final = 4
LEAST_SIDE: Final = 4  # pixels of a window in which points can be
BACK_PX: Final = 1.5  # how far a point may land from where it began after going there and back
PATCH: Final = 32  # pixels a side in which likeness is measured
FLAT: Final = 2.0  # grey levels of deviation, below which there is nothing to compare
LEAST_LIKENESS: Final = 0.55  # normalised correlation with what was drawn around
THIN_PX: Final = 1.0  # by how much keys that are left out may be off
OUT: Final = 0.5  # share of the rectangle that has to stay in the picture


@dataclass(frozen=True)
class Followed:
    """The rectangle as far as it could be followed. lost: why it stopped, empty at the end of the span."""

    cover: DrawnCover
    lost: str


def follow(
    source: MediaPath,
    box_px: Box,
    *,
    start_us: int,
    end_us: int,
    cancelled: Callable[[], bool] | None = None,
) -> Followed:
    """Return where a rectangle goes from one time to another. Times count from the first frame.

    It begins with the frame that is on screen at the first. Raises InvalidCovers when no frame is shown in
    the span or the rectangle does not lie on the first of them, UnreadableVideo, Cancelled.
    """
    if end_us < start_us:
        raise InvalidCovers(f"expected an end after {start_us / 1e6:.2f} s, got {end_us / 1e6:.2f} s")
    times_us = picture_times(source) or [frame.time_us for frame in read_frames(source)]
    first_us = times_us[0] if times_us else 0
    if start_us <= probe_video(source).duration_us:
        start_us = max((at - first_us for at in times_us if at - first_us <= start_us), default=start_us)
    follower: _Follower | None = None
    keys: list[tuple[int, Box]] = []
    lost = ""
    for frame in read_frames(source, start_us=start_us + first_us, end_us=end_us + first_us + 1):
        if cancelled is not None and cancelled():
            raise Cancelled("Following was cancelled.")
        if follower is None:
            follower = _Follower(frame.image_bgr, box_px)
        elif lost := follower.step(frame.image_bgr):
            break
        keys.append((frame.time_us - first_us, follower.box))
    if not keys:
        raise InvalidCovers(f"expected a frame from {start_us / 1e6:.2f} to {end_us / 1e6:.2f} s, got none")
    return Followed(DrawnCover(tuple(thin(keys))), lost)


class _Follower:
    """The rectangle in the frame that was seen last."""

    def __init__(self, image_bgr: Image, box_px: Box) -> None:
        height, width = image_bgr.shape[:2]
        self._size_wh = (width, height)
        _check_lies_on(self._size_wh, box_px)
        self._scale = min(1.0, WORKING_SIDE / max(width, height))
        self._before = self._shrink(image_bgr)
        self._box = np.array(box_px, np.float64) * self._scale
        self._drawn = _patch(self._before, self._box)

    @property
    def box(self) -> Box:
        left, top, right, bottom = (round(float(edge) / self._scale, 2) for edge in self._box)
        return left, top, right, bottom

    def step(self, image_bgr: Image) -> str:
        """Move on to the next frame; return why that is not possible, empty when it is."""
        now = self._shrink(image_bgr)
        moved = _move(self._before, now, self._box)
        if moved is None:
            moved = _search(self._before, now, self._box)
        if moved is None:
            return "what is in it cannot be followed"
        if _share_inside(moved, now) < OUT:
            return "it leaves the picture"
        if _likeness(self._drawn, _patch(now, moved)) < LEAST_LIKENESS:
            return "it looks different from what was drawn around"
        self._before, self._box = now, moved
        return ""

    def _shrink(self, image_bgr: Image) -> Image:
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        if self._scale == 1.0:
            return np.asarray(grey, np.uint8)
        size = tuple(max(1, round(side * self._scale)) for side in self._size_wh)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _check_lies_on(size_wh: tuple[int, int], box_px: Box) -> None:
    """Raise InvalidCovers for a rectangle beside a picture or larger than it."""
    (width, height), (left, top, right, bottom) = size_wh, box_px
    is_on = left < width and top < height and right > 0 and bottom > 0
    if not is_on or not 0 < right - left <= width or not 0 < bottom - top <= height:
        raise InvalidCovers(
            f"expected a box on {width} × {height} pixels and no larger, got {left:g}, {top:g}, {right:g}, "
            f"{bottom:g}"
        )


def _move(before: Image, now: Image, box: Float) -> Float | None:
    """Return the box (4,) where its points have gone, None when too few are found again."""
    points = _points(before, box)
    if len(points) < LEAST_POINTS:
        return None
    there, found = _go(before, now, points)
    back, again = _go(now, before, there)
    away = np.linalg.norm((points - back)[:, 0], axis=1)
    kept = found & again & (away <= BACK_PX)
    if int(kept.sum()) >= 2 * LEAST_POINTS:
        kept &= away <= max(0.2, float(np.median(away[kept])))  # the surer half
    if int(kept.sum()) < LEAST_POINTS:
        return None
    old, new = points[kept, 0].astype(np.float64), there[kept, 0].astype(np.float64)
    shift = np.median(new - old, axis=0)
    centre, half = (box[:2] + box[2:]) / 2 + shift, (box[2:] - box[:2]) / 2 * _spread(old, new)
    return np.concatenate([centre - half, centre + half])


def _search(before: Image, now: Image, box: Float) -> Float | None:
    """Return where what is in the box (4,) lies as a whole, for what has few corners; None when unsure."""
    size = np.array([before.shape[1], before.shape[0]])
    low = np.clip(np.round(box[:2]), 0, size).astype(int)
    high = np.clip(np.round(box[2:]), 0, size).astype(int)
    reach = np.ceil(SEARCHED * (high - low)).astype(int)
    first, last = np.maximum(low - reach, 0), np.minimum(high + reach, size)
    wanted = before[low[1] : high[1], low[0] : high[0]]
    if min(wanted.shape) < LEAST_SIDE or float(wanted.std()) < FLAT:
        return None
    scores = cv2.matchTemplate(now[first[1] : last[1], first[0] : last[0]], wanted, cv2.TM_CCOEFF_NORMED)
    _, best, _, place = cv2.minMaxLoc(scores)
    if best < SURE:
        return None
    shift = np.array(place) + first - low
    return np.asarray(box + np.tile(shift, 2), np.float64)


def _points(grey: Image, box: Float) -> Float:
    """Return corners (N, 1, 2) of what is in a box; a grid where there are too few of them."""
    left, top = (max(0, int(np.ceil(edge))) for edge in box[:2])
    window = grey[top : int(box[3]), left : int(box[2])]
    if min(window.shape) < LEAST_SIDE:
        return np.zeros((0, 1, 2), np.float32)
    corners = cv2.goodFeaturesToTrack(window, CORNERS, 0.03, 2)
    if corners is not None and len(corners) >= LEAST_POINTS:
        return np.asarray(corners + np.array([left, top], np.float32), np.float32)
    columns = np.linspace(left + 1, left + window.shape[1] - 2, GRID)
    rows = np.linspace(top + 1, top + window.shape[0] - 2, GRID)
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 1, 2).astype(np.float32)


def _go(before: Image, now: Image, points: Float) -> tuple[Float, Flags]:
    """Return where points (N, 1, 2) are in the next picture, and which (N,) were found there."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, now, points, np.empty_like(points), winSize=(15, 15), maxLevel=3
    )
    return np.asarray(there, np.float32), np.asarray(found)[:, 0] == 1


def _spread(old: Float, new: Float) -> float:
    """Return by how much points (N, 2) have moved apart: the median over pairs, within a tenth of 1."""
    at = np.triu_indices(len(old), 1)
    before = np.linalg.norm(old[at[0]] - old[at[1]], axis=1)
    after = np.linalg.norm(new[at[0]] - new[at[1]], axis=1)
    apart = before > 1.0
    return float(np.clip(np.median(after[apart] / before[apart]), 0.9, 1.1)) if apart.any() else 1.0


def _patch(grey: Image, box: Float) -> Float:
    """Return what is in a box as (PATCH, PATCH), NaN beyond the picture."""
    scale = (box[2:] - box[:2]) / PATCH
    matrix = np.array(
        [[scale[0], 0, box[0] + (scale[0] - 1) / 2], [0, scale[1], box[1] + (scale[1] - 1) / 2]]
    )
    soft = cv2.GaussianBlur(grey, (0, 0), max(0.4, 0.4 * float(scale.max()))).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            soft,
            matrix,
            (PATCH, PATCH),
            flags=flags,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=float("nan"),
        ),
        np.float64,
    )


def _likeness(one: Float, other: Float) -> float:
    """Return the correlation of two patches where both lie in the picture; 1 when the first is flat."""
    both = ~(np.isnan(one) | np.isnan(other))
    if not both.any():
        return 0.0
    first, second = one[both] - one[both].mean(), other[both] - other[both].mean()
    if float(first.std()) < FLAT:
        return 1.0
    return float((first * second).sum() / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-9))


def _share_inside(box: Float, grey: Image) -> float:
    low, high = np.maximum(box[:2], 0), np.minimum(box[2:], [grey.shape[1], grey.shape[0]])
    return float(np.maximum(high - low, 0).prod() / max(float((box[2:] - box[:2]).prod()), 1e-9))


def thin(keys: list[tuple[int, Box]]) -> list[tuple[int, Box]]:
    """Return keys with those left out that lie on the line between the others, up to THIN_PX.

    >>> thin([(0, (0, 0, 4, 4)), (1, (1, 0, 5, 4)), (2, (2, 0, 6, 4))])
    [(0, (0, 0, 4, 4)), (2, (2, 0, 6, 4))]
    """
    times = np.array([time for time, _ in keys], np.float64)
    boxes = np.array([box for _, box in keys], np.float64)
    kept, spans = {0, len(keys) - 1}, [(0, len(keys) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        share = ((times[first + 1 : last] - times[first]) / (times[last] - times[first]))[:, None]
        line = boxes[first] * (1 - share) + boxes[last] * share
        off = np.abs(boxes[first + 1 : last] - line).max(axis=1)
        if off.max() > THIN_PX:
            worst = first + 1 + int(off.argmax())
            kept.add(worst)
            spans += [(first, worst), (worst, last)]
    return [keys[at] for at in sorted(kept)]
