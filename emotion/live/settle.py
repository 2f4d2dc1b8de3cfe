"""Flickering frames -> one calm state: smoothed over about a second, and changed only when that lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from emotion.labels import EMOTIONS
from emotion.live.faces import Sighting


@dataclass(frozen=True)
class SettleOptions:
    """smooth_us: time constant of the smoothing. margin: by how much another emotion must lead the shown
    one, and lasts_us for how long. forget_us: after so long without the face nothing is shown."""

    smooth_us: int = 1_000_000
    margin: float = 0.1
    lasts_us: int = 700_000
    forget_us: int = 2_000_000


@dataclass(frozen=True)
class Settled:
    """The state to show: an emotion with its smoothed probability, or neither."""

    emotion: str | None = None
    confidence: float | None = None


class Settling:
    """Holds one person's state. Depends on the sightings and their times alone."""

    def __init__(self, options: SettleOptions | None = None) -> None:
        self._options = options or SettleOptions()
        self._probs: tuple[float, ...] = ()
        self._seen_us = 0
        self._held: int | None = None
        self._rival: tuple[int, int] | None = None

    def take(self, sighting: Sighting) -> Settled:
        """Return the state after one more sighting; times must not go back."""
        if sighting.status != "ok":
            return self.at(sighting.time_us)
        elapsed_us = sighting.time_us - self._seen_us
        if not self._probs or elapsed_us > self._options.forget_us:
            self._probs, self._held, self._rival = sighting.probs, None, None
        else:
            keep = math.exp(-max(elapsed_us, 0) / self._options.smooth_us)
            self._probs = tuple(
                keep * old + (1 - keep) * new for old, new in zip(self._probs, sighting.probs, strict=True)
            )
        self._seen_us = sighting.time_us
        self._decide(sighting.time_us)
        return self._state()

    def at(self, time_us: int) -> Settled:
        """Return the state at a time without a new sighting."""
        if time_us - self._seen_us > self._options.forget_us:
            self._probs, self._held, self._rival = (), None, None
        return self._state()

    def _decide(self, time_us: int) -> None:
        best = max(range(len(EMOTIONS)), key=self._probs.__getitem__)
        if self._held is None:
            self._held = best
        if best == self._held or self._probs[best] - self._probs[self._held] < self._options.margin:
            self._rival = None
            return
        if self._rival is None or self._rival[0] != best:
            self._rival = (best, time_us)
        if time_us - self._rival[1] >= self._options.lasts_us:
            self._held, self._rival = best, None

    def _state(self) -> Settled:
        if self._held is None or not self._probs:
            return Settled()
        return Settled(EMOTIONS[self._held], round(self._probs[self._held], 4))
