"""Faces at known places and times, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from emotion.samples import FaceSamples

STEP_US = 40_000


def at(frame: int) -> int:
    return frame * STEP_US


def samples_of(
    seen: Mapping[int, tuple[float, ...]], *, frames: int, looked_at: Iterable[int] | None = None
) -> FaceSamples:
    """Return one face per frame of `seen`, in a recording of which all frames were looked at by default."""
    looked = list(range(frames) if looked_at is None else looked_at)
    count = len(seen)
    return FaceSamples(
        frame_times_us=np.array([at(frame) for frame in looked], np.int64),
        face_times_us=np.array([at(frame) for frame in sorted(seen)], np.int64),
        boxes_px=np.array([seen[frame] for frame in sorted(seen)], np.float32).reshape(count, 4),
        scores=np.full(count, 0.9, np.float32),
        points_px=np.zeros((count, 5, 2), np.float32),
        qualities=np.ones(count, np.float32),
        probs=np.full((count, 7), 1 / 7, np.float32),
        is_embedded=np.zeros(count, np.bool_),
        embeddings=np.zeros((0, 3), np.float32),
    )
