"""Stretches and sound put together into the file that is delivered, which is then checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from deid.cover import CoverPlan
from deid.mark import add_mark
from deid.sound import RATE_HZ, read_sound
from deid.task import Task, sound_after
from deid.verify import Verification, check_length, check_times
from emotion.errors import Cancelled
from emotion.media.join import JoinSink, join_pictures, open_template
from emotion.types import Float, MediaPath, VideoInfo


def join_stretches(
    source: MediaPath,
    video: VideoInfo,
    task: Task,
    *,
    plan: CoverPlan,
    parts: Sequence[MediaPath],
    destination: MediaPath,
    look: Mapping[str, Any] | None,
    cancelled: Callable[[], bool] | None,
) -> Verification:
    """Write the file of all parts with the sound that the task asks for; return what it is.

    look: of whom the face is made, for the mark.
    Raises OutputDiffers, OutputUnwritable, Cancelled.
    """
    times_us = [int(one - plan.frame_times_us[0]) for one in plan.frame_times_us]
    sound = _Sound(source, task, video)
    with (
        open_template(parts[0]) as template,
        JoinSink(destination, template, audio_rate_hz=sound.rate_hz) as sink,
    ):
        for packet, pts_us, dts_us in join_pictures(parts, times_us):
            if cancelled is not None and cancelled():
                raise Cancelled("The de-identification was cancelled.")
            for samples in sound.until(pts_us):
                sink.write_audio(samples)
            sink.write_packet(packet, pts_us, dts_us)
        for samples in sound.until(video.duration_us):
            sink.write_audio(samples)
    add_mark(destination, task.method, sound=sound_after(task, video), look=look)
    check_times(destination, plan.frame_times_us)
    return Verification(len(times_us), check_length(destination, video))


class _Sound:
    """The sound of the result in step with its frames, cut to the length of the picture."""

    def __init__(self, source: MediaPath, task: Task, video: VideoInfo) -> None:
        wanted = task.audio != "remove" and video.has_audio
        self.rate_hz = RATE_HZ if wanted else None
        self._blocks = (
            read_sound(source, task.audio, spans=task.spans, seed=task.seed) if wanted else iter(())
        )
        self._left: Float | None = None
        self._written = 0

    def until(self, time_us: int) -> Iterator[Float]:
        """Yield the samples that follow, up to a time."""
        goal = time_us * RATE_HZ // 1_000_000
        while self._written < goal:
            block = self._left if self._left is not None else next(self._blocks, None)
            if block is None:
                return
            cut = min(len(block), goal - self._written)
            self._left = block[cut:] if cut < len(block) else None
            self._written += cut
            yield block[:cut]
