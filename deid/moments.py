"""Read single frames of a recording, at times that are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from emotion.media import read_frames
from emotion.types import Frame, MediaPath

SEEK_US: Final = 5_000_000  # between frames from which on it takes longer to read what lies between


def frames_at(source: MediaPath, times_us: Sequence[int]) -> Iterator[Frame]:
    """Yield the frames of a recording at some of its frames' times, which rise. Raises UnreadableVideo."""
    wanted = set(times_us)
    leaps = np.flatnonzero(np.diff(np.array(times_us, np.int64)) > SEEK_US) + 1
    for group in np.split(np.array(times_us, np.int64), leaps):
        if len(group):
            yield from read_frames(source, start_us=int(group[0]), end_us=int(group[-1]) + 1, only_us=wanted)


def spread(count: int, chosen: int) -> list[int]:
    """Return up to so many chosen places among a count of them, evenly spread from the first to the last.

    >>> spread(9, 3)
    [0, 4, 8]
    >>> spread(2, 3)
    [0, 1]
    """
    if count == 0:
        return []
    places: list[int] = np.unique(np.linspace(0, count - 1, chosen).round().astype(int)).tolist()
    return places
