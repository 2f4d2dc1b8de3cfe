"""Look at the written file before it gets its name: same frames, same length, and no face that a second
detector sees outside the covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

import numpy as np

from deid.cover import CoverPlan
from deid.drawn import DrawnCover, boxes_at
from deid.errors import OutputDiffers
from deid.mask import BOX_BGR
from emotion.errors import Cancelled
from emotion.inference import available_cores
from emotion.media import picture_times, probe_video, read_frames
from emotion.prefetch import prefetch
from emotion.samples import Times
from emotion.types import Float, Frame, Image, MediaPath, VideoInfo

COVERED: Final = 0.6  # share of a face box that has to lie under covers
COVERED_BY_HAND: Final = 0.95  # the same under one that was not made for a face
ITSELF: Final = 0.5  # share of a face box that has to lie on a face that is exempt
TOLERANCE_US: Final = 100_000
AHEAD: Final = 8
RIM_PX: Final = 4  # of a cover that a person drew, into which encoding may carry what lies around
LARGEST_CHANGE: Final = 12.0  # mean grey levels by which encoding may change its colour


class SecondDetector(Protocol):
    """Finds faces in a frame; only boxes and scores are asked for."""

    def find(self, image_bgr: Image) -> tuple[Float, Float]:
        """Return boxes (N, 4) in pixels and scores (N,)."""
        ...


@dataclass(frozen=True)
class Residual:
    """A face that is not covered: number and time of its frame, its box (4,) and the detector's score."""

    frame: int
    time_us: int
    box_px: Float
    score: float


@dataclass(frozen=True)
class Verification:
    """What of the written file is as in the original: number of frames, and length in microseconds."""

    frames: int
    duration_us: int


def find_residuals(
    written: MediaPath,
    numbers: range,
    plans: tuple[CoverPlan, CoverPlan],
    *,
    drawn: Sequence[DrawnCover] = (),
    detector: SecondDetector,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Residual, ...]:
    """Return what the second detector sees in a written stretch. numbers: of its frames in the recording.

    drawn: by a person. Raises OutputDiffers when frames or their times, counted from the first of them, are
    not the original's, or a cover that was drawn does not lie where it should.
    """
    residuals: list[Residual] = []
    expected = plans[0].frame_times_us[numbers.start : numbers.stop]
    first_us = int(plans[0].frame_times_us[0])
    count = 0
    for frame, boxes, scores in _look(written, detector):
        if cancelled is not None and cancelled():
            raise Cancelled("The de-identification was cancelled.")
        number = numbers.start + count
        if count >= len(expected) or abs(frame.time_us - int(expected[count] - expected[0])) > 1000:
            raise OutputDiffers(f"the written file's frame {number} is not at the time of the original's")
        by_hand = boxes_at(drawn, int(expected[count]) - first_us)
        check_covered(frame.image_bgr, by_hand, number)
        open_faces = ~np.array([_is_accounted_for(box, number, plans, by_hand) for box in boxes], bool)
        residuals += [
            Residual(number, int(expected[count]), box, float(score))
            for box, score in zip(boxes[open_faces], scores[open_faces], strict=True)
        ]
        count += 1
        if progress is not None:
            progress(count / len(expected))
    if count != len(expected):
        raise OutputDiffers(f"expected {len(expected)} frames in the written file, got {count}")
    return tuple(residuals)


def check_times(written: MediaPath, times_us: Times) -> None:
    """Raise OutputDiffers unless the written file shows as many frames as the original, at the same times."""
    found = picture_times(written)
    if found is None or len(found) != len(times_us):
        count = "frames at uncertain times" if found is None else f"{len(found)} frames"
        raise OutputDiffers(f"expected {len(times_us)} frames in the written file, got {count}")
    late = np.flatnonzero(np.abs(np.array(found, np.int64) - (times_us - times_us[0])) > 1000)
    if late.size:
        raise OutputDiffers(f"the written file's frame {late[0]} is not at the time of the original's")


def check_length(written: MediaPath, original: VideoInfo) -> int:
    """Return the length of the written file in microseconds. Raises OutputDiffers for another length."""
    duration_us = probe_video(written).duration_us
    if abs(duration_us - original.duration_us) > TOLERANCE_US + _frame_us(original):
        raise OutputDiffers(
            f"expected a length of {original.duration_us / 1e6:.2f} s, got {duration_us / 1e6:.2f} s"
        )
    return duration_us


def _look(written: MediaPath, detector: SecondDetector) -> Iterator[tuple[Frame, Float, Float]]:
    """Yield every frame with what the detector finds, a few frames at a time side by side."""
    workers = available_cores()
    with (
        prefetch(lambda: read_frames(written), ahead=AHEAD) as frames,
        ThreadPoolExecutor(workers, thread_name_prefix="verify") as pool,
    ):
        while batch := list(islice(frames, 2 * workers)):
            found = pool.map(lambda frame: detector.find(frame.image_bgr), batch)
            for frame, (boxes, scores) in zip(batch, found, strict=True):
                yield frame, boxes, scores


def check_covered(image_bgr: Image, boxes_px: Float, number: int) -> None:
    """Raise OutputDiffers unless the boxes (N, 4) drawn by a person are one colour in a written frame."""
    for box in boxes_px:
        left, top = (max(0, int(np.ceil(edge))) for edge in box[:2])
        right, bottom = (max(0, int(np.floor(edge)) - RIM_PX) for edge in box[2:])
        inside = image_bgr[top + RIM_PX : bottom, left + RIM_PX : right]
        if inside.size and np.abs(inside - np.array(BOX_BGR, np.int16)).mean() > LARGEST_CHANGE:
            raise OutputDiffers(f"the cover drawn over frame {number} is not in the written file")


def _is_accounted_for(box: Float, frame: int, plans: tuple[CoverPlan, CoverPlan], drawn_px: Float) -> bool:
    planned = (plan.boxes_px[plan.rows_of(frame)] for plan in plans)
    covered, stays = (share_under(box, boxes) for boxes in planned)
    by_hand = share_under(box, drawn_px)
    return covered >= COVERED or by_hand >= COVERED_BY_HAND or stays >= ITSELF


def share_under(box: Float, covers: Float) -> float:
    """Return the largest share of a box (4,) that lies under one of the covers (N, 4); 0 without any.

    >>> share_under(np.array([0, 0, 10, 10]), np.array([[5, 0, 20, 20], [0, 0, 1, 1]]))
    0.5
    """
    if len(covers) == 0:
        return 0.0
    low = np.maximum(covers[:, :2], box[:2])
    high = np.minimum(covers[:, 2:], box[2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    area = max(float((box[2] - box[0]) * (box[3] - box[1])), 1e-9)
    return float(shared.max() / area)


def _frame_us(video: VideoInfo) -> int:
    return int(1_000_000 / video.frame_rate) if video.frame_rate else 0
