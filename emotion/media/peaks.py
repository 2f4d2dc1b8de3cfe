"""How loud a recording is over time, to be drawn; and where its picture begins for a player."""

from __future__ import annotations

from typing import Final

import numpy as np

from emotion.media.audio import origin_s, read_audio_blocks
from emotion.media.source import open_container
from emotion.types import Float, MediaPath

RATE_HZ: Final = 16_000


def read_peaks(path: MediaPath, *, step_us: int, end_us: int | None = None) -> Float:
    """Return the loudest sample of every step from the first frame on or up to end_us, (N,) float32 in
    0..1, in constant memory. Raises NoAudioStream, UnreadableVideo, ValueError.
    """
    step = step_us * RATE_HZ // 1_000_000
    if step <= 0:
        raise ValueError(f"expected a step of at least a sample, got {step_us} us")
    peaks, left = [np.zeros(0, np.float32)], np.zeros(0, np.float32)
    for block in read_audio_blocks(path, rate_hz=RATE_HZ, end_us=end_us):
        left = np.concatenate([left, np.abs(block)])
        whole = len(left) // step * step
        peaks.append(left[:whole].reshape(-1, step).max(1))
        left = left[whole:]
    if left.size:
        peaks.append(left.max(keepdims=True))
    return np.minimum(np.concatenate(peaks), 1)


def picture_delay_us(path: MediaPath) -> int:
    """Return how long after what comes first in a file its picture begins: players count from the former.

    Raises UnreadableVideo.
    """
    with open_container(path) as container:
        starts = [
            stream.start_time * stream.time_base
            for stream in (*container.streams.video, *container.streams.audio)
            if stream.start_time is not None and stream.time_base is not None
        ]
    origin = origin_s(path)
    return round((origin - min([origin, *starts])) * 1_000_000)
