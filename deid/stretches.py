"""A recording in stretches of at most 30 s, each of which is written by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deid.cover import CoverPlan
from emotion.samples import Segment, Times, plan_segments
from emotion.types import VideoInfo


@dataclass(frozen=True)
class Stretch:
    """Some consecutive frames of a recording, by their numbers, and where in time they lie."""

    segment: Segment
    numbers: range

    def rows(self, plan: CoverPlan) -> slice:
        """Return the rows of a plan that are about this stretch."""
        start, stop = np.searchsorted(plan.frames, [self.numbers.start, self.numbers.stop])
        return slice(int(start), int(stop))

    def rests_on(self, plan: CoverPlan) -> bytes:
        """Return what of a plan decides how a mask looks here, and what is watched here."""
        rows = self.rows(plan)
        parts = (plan.frames, plan.boxes_px, plan.tracks, plan.kinds, plan.samples)
        return b"".join(part[rows].tobytes() for part in parts)


def cut(video: VideoInfo, times_us: Times) -> list[Stretch]:
    """Return the stretches of at most 30 s in which a recording is written. times_us: (F,) of all frames."""
    found = []
    for segment in plan_segments(video.duration_us):
        start = int(np.searchsorted(times_us, segment.start_us))
        end = len(times_us) if segment.end_us is None else int(np.searchsorted(times_us, segment.end_us))
        if end > start:
            found.append(Stretch(segment, range(start, end)))
    return found
