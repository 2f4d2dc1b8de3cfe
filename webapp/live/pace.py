"""How often cameras may send so that nothing waits: the agreement between pool and cameras."""

from __future__ import annotations

from typing import Final

FASTEST_MS: Final = 66
SLOWEST_MS: Final = 1000  # the rules count seconds: none should pass without a frame
BUSY_SHARE: Final = 0.7  # of the pool's time; the rest absorbs what comes unevenly
WEIGHT: Final = 0.1


class Pace:
    """Learns what a frame costs and shares the pool among the cameras that send."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._cost_ms = 20.0

    def learn(self, elapsed_ms: float, frames: int) -> None:
        """Take in how long a batch took in one worker."""
        self._cost_ms += WEIGHT * (elapsed_ms / max(frames, 1) - self._cost_ms)

    def interval_ms(self, cameras: int) -> int:
        """Return the least time between two frames of one camera while so many send."""
        fair = self._cost_ms * cameras / (self._workers * BUSY_SHARE)
        return round(min(max(fair, FASTEST_MS), SLOWEST_MS))
