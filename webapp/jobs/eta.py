"""How much longer work will take, without numbers that jump."""

from __future__ import annotations

import math

WARM_UP_S = 2.0
SMOOTHING_S = 20.0


class RemainingTime:
    """A steady estimate from reports of progress. Pure: the caller brings the clock.

    The first progress is the starting line: what was done before it, by an earlier attempt or while networks
    were loaded, says nothing about speed. From there the speed is an exponential average over about
    SMOOTHING_S seconds, so that a slow stretch shifts the estimate without throwing it about.

    >>> eta = RemainingTime()
    >>> [eta.report(at_s=t, fraction=t / 100) for t in (0.0, 1.0, 10.0, 50.0)]
    [None, None, 90.0, 50.0]
    """

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._known: float | None = None
        self._last_s = self._fraction = 0.0
        self._speed: float | None = None

    def report(self, *, at_s: float, fraction: float) -> float | None:
        """Return the seconds that remain, None while it is too early to say. fraction: done so far, 0..1."""
        if self._known is None:
            self._known = fraction
            return None
        if self._first_s is None:
            if fraction > self._known:
                self._first_s = self._last_s = at_s
                self._fraction = fraction
            return None
        elapsed = at_s - self._last_s
        if elapsed > 0 and fraction > self._fraction:
            speed = (fraction - self._fraction) / elapsed
            weight = 1 - math.exp(-elapsed / SMOOTHING_S)
            self._speed = speed if self._speed is None else self._speed + weight * (speed - self._speed)
            self._last_s, self._fraction = at_s, fraction
        if self._speed is None or at_s - self._first_s < WARM_UP_S:
            return None
        return round((1 - fraction) / self._speed, 1)
