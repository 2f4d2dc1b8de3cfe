"""One stretch of the result: drawn, encoded, and looked at by the second detector.

It rests on the plan of the whole recording, so that covers, tracks and gaps know nothing of the cuts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from deid.cover import CoverPlan
from deid.drawn import DrawnCover, boxes_at, draw_covers
from deid.errors import DamagedVideo
from deid.hiders import Hider
from deid.stretches import Stretch
from deid.verify import Residual, SecondDetector, find_residuals
from emotion.errors import Cancelled
from emotion.inference import available_cores
from emotion.media import VideoSink, read_frames
from emotion.prefetch import map_ahead, prefetch
from emotion.types import Frame, Image, MediaPath, VideoInfo

ENCODER_THREADS: Final = 4  # always as many, so that every machine writes the same bytes

Progress = Callable[[float], None]
Cancel = Callable[[], bool]


def write_stretch(
    source: MediaPath,
    destination: MediaPath,
    stretch: Stretch,
    *,
    video: VideoInfo,
    hider: Hider,
    plans: tuple[CoverPlan, CoverPlan],
    drawn: Sequence[DrawnCover],
    second: SecondDetector,
    progress: Progress,
    cancelled: Cancel | None,
) -> tuple[Residual, ...]:
    """Write one stretch without sound and return what the second detector still sees in it.

    plans: of what is covered, and of what stays. drawn: by a person, over all that. Raises DamagedVideo,
    OutputDiffers, OutputUnwritable, Cancelled.
    """
    plan, numbers = plans[0], stretch.numbers
    segment, origin_us = stretch.segment, int(plan.frame_times_us[stretch.numbers.start])
    first_us = int(plan.frame_times_us[0])

    def hide(numbered: tuple[int, Frame]) -> Image:
        return hider.hide(numbered[1], numbered[0], plan)

    reading = prefetch(lambda: read_frames(source, start_us=segment.start_us, end_us=segment.end_us), ahead=4)
    with (
        reading as frames,
        VideoSink(
            destination, width=video.width, height=video.height,
            frame_rate=video.frame_rate or Fraction(25), threads=ENCODER_THREADS,
        ) as sink,
    ):  # fmt: skip
        numbered = zip(numbers, _in_step(frames, plan, numbers), strict=True)
        for (number, frame), hidden in map_ahead(hide, numbered, workers=available_cores()):
            if cancelled is not None and cancelled():
                raise Cancelled("The de-identification was cancelled.")
            image = draw_covers(hidden, boxes_at(drawn, frame.time_us - first_us))
            sink.write_frame(image, frame.time_us - origin_us)
            progress(0.7 * (number - numbers.start) / len(numbers))
    return find_residuals(
        destination, numbers, plans, drawn=drawn, detector=second, cancelled=cancelled,
        progress=lambda fraction: progress(0.7 + 0.3 * fraction),
    )  # fmt: skip


def _in_step(frames: Iterator[Frame], plan: CoverPlan, numbers: range) -> Iterator[Frame]:
    """Yield the frames as long as each is the one that the first pass expects, and raise when one is not."""
    expected = plan.frame_times_us[numbers.start : numbers.stop]
    count = 0
    for frame in frames:
        if count >= len(expected) or frame.time_us != expected[count]:
            break
        yield frame
        count += 1
    if count != len(expected):
        raise DamagedVideo(
            f"expected {len(plan.frame_times_us)} frames, but only the first {numbers.start + count} decode "
            "as they should, so the result could not be compared with the original; copy the file from the "
            "camera again"
        )
