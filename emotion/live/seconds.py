"""Sightings of one camera -> its rows, second by second, by the rules of timeline.py."""

from __future__ import annotations

from typing import Final

import numpy as np

from emotion.labels import EMOTIONS
from emotion.live.faces import Sighting
from emotion.roles import expected_role
from emotion.timeline import TimelineOptions, mean_probs, valence_arousal
from emotion.types import Second

SECOND_US: Final = 1_000_000


class SecondsKeeper:
    """Gathers the sightings of one camera until their second is closed."""

    def __init__(self, camera: str, *, options: TimelineOptions | None = None) -> None:
        self._camera = camera
        self._options = options or TimelineOptions()
        self._open: dict[int, list[Sighting]] = {}
        self._closed = -1

    def take(self, sighting: Sighting, *, start_us: int) -> None:
        """Add a sighting; start_us is the time at which second 0 begins. What is closed already stays so."""
        second = (sighting.time_us - start_us) // SECOND_US
        if second > self._closed:
            self._open.setdefault(second, []).append(sighting)

    def close(self, second: int) -> Second:
        """Return the row of a second, "not_analysed" when no frame of it came, and forget its sightings."""
        self._closed = max(self._closed, second)
        sightings = self._open.pop(second, [])
        for old in [number for number in self._open if number < second]:
            del self._open[old]
        own = [one for one in sightings if one.status == "ok"]
        probs = self._judge(own)
        top = int(np.argmax(probs)) if probs else None
        valence, arousal = valence_arousal(probs) if probs else (None, None)
        return Second(
            camera=self._camera,
            second=second,
            role=expected_role(self._camera),
            track=1 if own else None,
            status=_status(sightings, own, probs),
            emotion=EMOTIONS[top] if top is not None else None,
            confidence=probs[top] if top is not None else None,
            probs=probs,
            valence=valence,
            arousal=arousal,
            frames_sampled=len(sightings),
            frames_detected=len(own),
        )

    def _judge(self, own: list[Sighting]) -> tuple[float, ...]:
        usable = [one for one in own if one.quality >= self._options.min_quality]
        if not usable:
            return ()
        probs = mean_probs(
            np.array([one.probs for one in usable], np.float32),
            np.array([one.quality for one in usable], np.float32),
        )
        return probs if max(probs) >= self._options.min_confidence else ()


def _status(sightings: list[Sighting], own: list[Sighting], probs: tuple[float, ...]) -> str:
    if not sightings:
        return "not_analysed"
    if not own:
        return "irrelevant_face" if any(one.status == "irrelevant_face" for one in sightings) else "no_face"
    return "ok" if probs else "low_confidence"
