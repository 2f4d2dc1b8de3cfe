"""Which face is somebody's, where it was settled elsewhere when and where in the picture they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from deid.cover import CoverPlan
from emotion.geometry import iou_matrix
from emotion.track import Indices

NEAR_US: Final = 120_000  # of a time at which somebody was seen: it is about the same frame
OVERLAP: Final = 0.3  # intersection over union from which on two boxes are of the same face
SURE: Final = 0.9  # share of the compared frames of a track in which it is the person

#: When a face was seen, in microseconds, and its box: left, top, right, bottom, in pixels.
Place = tuple[int, tuple[float, float, float, float]]


def rows_at(places: Sequence[Place], plan: CoverPlan, seen: Sequence[int]) -> tuple[int | None, Indices]:
    """Return the track that is seen at most of the places, and those rows of the plan in which it is.

    seen: the tracks that may be meant. None and no rows when there is none, or when it is elsewhere too
    often to be one person's.
    """
    near, theirs = _compare(places, plan)
    counts = {track: int((theirs & (plan.tracks == track)).sum()) for track in seen}
    track = max(counts, key=lambda one: (counts[one], -one)) if counts else None
    mine = plan.tracks == track
    if track is None or theirs[mine].sum() < max(1.0, SURE * near[mine].sum()):
        return None, np.zeros(0, np.int64)
    return track, np.flatnonzero(mine & theirs)


def _compare(places: Sequence[Place], plan: CoverPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row (R,) whether there is a place at its time, and whether the face is there."""
    near, theirs = np.zeros((2, len(plan.frames)), np.bool_)
    if not places:
        return near, theirs
    in_order = sorted(places)
    times_us = np.array([time_us for time_us, _ in in_order], np.int64)
    boxes = np.array([box for _, box in in_order], np.float32)
    rows_us = plan.frame_times_us[plan.frames]
    for row, time_us in enumerate(rows_us.tolist()):
        within = slice(*np.searchsorted(times_us, [time_us - NEAR_US, time_us + NEAR_US + 1]))
        if len(boxes[within]):
            near[row] = True
            theirs[row] = iou_matrix(plan.faces_px[row][None], boxes[within]).max() >= OVERLAP
    return near, theirs
