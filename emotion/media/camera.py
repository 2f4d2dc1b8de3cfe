"""Frames of whatever delivers them as they happen: a file at its own pace, a network camera, a USB camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from emotion.errors import UnreadableVideo
from emotion.media.frames import read_frames
from emotion.types import Image

OPEN_WITHIN_S: Final = 10.0
DEVICE_PREFIX: Final = "/dev/video"


def is_live_source(source: str) -> bool:
    """Return whether a source delivers in its own time: an address such as rtsp://… or a USB camera.

    >>> is_live_source("rtsp://camera.example/1"), is_live_source("/dev/video0"), is_live_source("a.mp4")
    (True, True, False)
    """
    return "://" in source or source.startswith(DEVICE_PREFIX)


def read_camera(
    source: str,
    *,
    fps: Fraction = Fraction(10),
    loop: bool = False,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Image]:
    """Yield upright pictures (H, W, 3) as they happen, at most fps a second.

    A file is played at its own speed, and over and over with loop. now, sleep: the clock in seconds. Raises
    UnreadableVideo when the source does not open or breaks off.
    """
    if is_live_source(source):
        yield from _read_live(source, fps)
        return
    while True:
        began_s = now()
        for frame in read_frames(Path(source), sample_fps=fps):
            wait_s = began_s + frame.time_us / 1e6 - now()
            if wait_s > 0:
                sleep(wait_s)
            yield frame.image_bgr
        if not loop:
            return


def _read_live(source: str, fps: Fraction) -> Iterator[Image]:
    form = "v4l2" if source.startswith(DEVICE_PREFIX) else None
    options = {"rtsp_transport": "tcp"} if source.startswith("rtsp") else {}
    least_s, last_s = 1 / float(fps) - 0.002, 0.0
    try:
        with av.open(source, format=form, options=options, timeout=OPEN_WITHIN_S) as container:
            for frame in container.decode(video=0):
                now_s = time.monotonic()
                if now_s - last_s >= least_s:  # the rest is decoded, because others refer to it, and dropped
                    last_s = now_s
                    yield np.asarray(frame.to_ndarray(format="bgr24", threads=1), np.uint8)
    except (av.FFmpegError, OSError) as error:
        raise UnreadableVideo(
            "The camera does not deliver a picture; check its address, its cable and who else uses it."
        ) from error
