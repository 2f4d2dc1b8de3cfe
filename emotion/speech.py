"""Who spoke when: voices told apart by whose microphone heard them louder.

It is told only when the loudness at the two microphones falls into two groups (Ashman, Bird & Zepf 1994,
doi:10.1086/117248): one sound copied into both files, or one microphone between two people, does not say who
spoke.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.timeline import SECOND_US, EncounterClock
from emotion.types import Float
from emotion.voice import QUIETEST, WINDOW_US, Heard

Mask = NDArray[np.bool_]

SPOKEN: Final = 0.5
SILENCE_S: Final = 3.0
_WINDOW_S: Final = WINDOW_US / 1e6
_BRIDGED_S: Final = 0.3  # a breath is no silence
_SHORTEST_S: Final = 0.25  # a click is no word
_SMOOTHED_S: Final = 0.3
_APART_DB: Final = 5.0
_ASHMAN: Final = 3.3  # 2 says "two groups", but one normal group cut in its middle reaches 2.65
_SMALLEST_SHARE: Final = 0.03


@dataclass(frozen=True)
class Speech:
    """Voices on the encounter's clock. spoken_s: (S,) seconds spoken by anybody within each second of it.

    first_second: that of the arrays. spoken_by: (S,) by camera, of its own person; empty when it cannot be
    told. silences: (start, end) in seconds, without a voice for SILENCE_S or longer. apart_db: between the
    two groups of loudness, None when there are not two.
    """

    first_second: int
    spoken_s: Float
    silences: tuple[tuple[float, float], ...] = ()
    spoken_by: Mapping[str, Float] = field(default_factory=dict)
    apart_db: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: seconds and each person's share of what was spoken, empty when not told."""
        whose = {camera: float(seconds.sum()) for camera, seconds in self.spoken_by.items()}
        total = sum(whose.values())
        return {
            "spoken_s": round(float(self.spoken_s.sum()), 1),
            "apart_db": None if self.apart_db is None else round(self.apart_db, 1),
            "share": {camera: round(one / total, 4) for camera, one in whose.items()} if total else {},
            "silences": [
                {"start_s": round(start, 1), "end_s": round(end, 1)} for start, end in self.silences
            ],
            "first_second": self.first_second,
            "spoken_by": {
                camera: [round(float(one), 2) for one in seconds]
                for camera, seconds in self.spoken_by.items()
            },
        }


def find_speech(heard: Mapping[str, Heard], clocks: Mapping[str, EncounterClock]) -> Speech | None:
    """Return who spoke when, None without any sound. heard, clocks: by camera, of one or two cameras."""
    spans = [_span(one, clocks[camera]) for camera, one in heard.items() if one.probs.size]
    if not spans:
        return None
    first, end = min(span[0] for span in spans), max(span[1] for span in spans)
    places = {camera: _places(one, clocks[camera], first, end) for camera, one in heard.items()}
    voiced = np.zeros(end - first, np.bool_)
    for camera, one in heard.items():
        inside = places[camera] >= 0
        voiced[inside] |= one.probs[places[camera][inside]] > SPOKEN
    voiced = _without_short(voiced)
    start_s = first * _WINDOW_S
    whose, apart_db = _tell_apart(heard, places, voiced)
    return Speech(
        first_second=first * WINDOW_US // SECOND_US,
        spoken_s=_by_second(voiced, first),
        silences=tuple(
            (start_s + begin * _WINDOW_S, start_s + end * _WINDOW_S)
            for begin, end in _runs(~voiced)
            if (end - begin) * _WINDOW_S >= SILENCE_S
        ),
        spoken_by={camera: _by_second(mask, first) for camera, mask in whose.items()},
        apart_db=apart_db,
    )


def _span(one: Heard, clock: EncounterClock) -> tuple[int, int]:
    """Return (first, end) of a camera's windows among those of the encounter's clock."""
    end_us = clock.encounter_us(one.probs.size * WINDOW_US)
    return round(clock.encounter_us(0) / WINDOW_US), round(end_us / WINDOW_US)


def spoken_spans(heard: Heard) -> list[tuple[float, float]]:
    """Return when anybody speaks in one camera's sound: (start, end) in seconds from its first frame."""
    voiced = _without_short(heard.probs > SPOKEN)
    return [(begin * _WINDOW_S, end * _WINDOW_S) for begin, end in _runs(voiced)]


def _places(one: Heard, clock: EncounterClock, first: int, end: int) -> NDArray[np.int64]:
    """Return for each window of the encounter's clock which of the camera's it is, -1 for none."""
    times_us = np.arange(first, end) * float(WINDOW_US)
    own = np.rint((times_us - clock.offset_us) / (1 + clock.drift_ppm / 1e6) / WINDOW_US).astype(np.int64)
    return np.where((own >= 0) & (own < one.probs.size), own, -1)


def _without_short(voiced: Mask) -> Mask:
    """Return the mask (W,) with breaths bridged and clicks dropped."""
    result = voiced.copy()
    for begin, end in _runs(~result):
        if begin > 0 and end < result.size and (end - begin) * _WINDOW_S < _BRIDGED_S:
            result[begin:end] = True
    for begin, end in _runs(result):
        if (end - begin) * _WINDOW_S < _SHORTEST_S:
            result[begin:end] = False
    return result


def _tell_apart(
    heard: Mapping[str, Heard], places: Mapping[str, NDArray[np.int64]], voiced: Mask
) -> tuple[dict[str, Mask], float | None]:
    """Return by camera where its own person spoke, and how far apart the groups lie in decibels."""
    if len(heard) != 2:
        return {}, None
    one, other = heard
    both = (places[one] >= 0) & (places[other] >= 0)
    louder = np.full(voiced.size, np.nan, np.float32)
    levels = [_smoothed(heard[camera].level_db)[places[camera][both]] for camera in heard]
    louder[both] = levels[0] - levels[1]
    told = both & voiced
    groups = _two_groups(louder[told])
    if groups is None:
        return {}, None
    threshold, apart_db = groups
    return {one: told & (louder > threshold), other: told & (louder <= threshold)}, apart_db


def _smoothed(level_db: Float) -> Float:
    """Return the level (W,) of the mean power around each window: clocks agree to a window only."""
    width = max(1, round(_SMOOTHED_S / _WINDOW_S)) | 1
    power = np.pad(10 ** (level_db / 10), width // 2, mode="edge")
    mean = np.convolve(power, np.ones(width) / width, mode="valid")
    return np.asarray(10 * np.log10(mean + QUIETEST**2), np.float32)


def _two_groups(values: Float) -> tuple[float, float] | None:
    """Return (threshold, distance of the means) of two groups of values, None when they are one."""
    if values.size * _WINDOW_S < 1.0:
        return None
    ordered = np.sort(values.astype(np.float64))
    counts = np.arange(1, ordered.size)
    sums = np.cumsum(ordered)[:-1]
    low, high = sums / counts, (ordered.sum() - sums) / (ordered.size - counts)
    cut = int(np.argmax(counts * (ordered.size - counts) * (high - low) ** 2)) + 1  # Otsu 1979
    below, above = ordered[:cut], ordered[cut:]
    distance = float(above.mean() - below.mean())
    scatter = float(np.hypot(below.std(), above.std()))
    large = min(below.size, above.size) >= _SMALLEST_SHARE * ordered.size
    if distance < _APART_DB or distance * 2**0.5 < _ASHMAN * scatter or not large:
        return None
    return float(below[-1] + above[0]) / 2, distance


def _by_second(mask: Mask, first: int) -> Float:
    """Return how many seconds of each second of the clock a mask (W,) of windows from first on covers."""
    seconds = (first + np.arange(mask.size)) * WINDOW_US // SECOND_US
    covered = np.bincount(seconds - seconds[0], weights=mask * _WINDOW_S)
    return np.asarray(np.minimum(covered, 1.0), np.float32)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Return (begin, end) of every stretch of true values.

    >>> _runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
