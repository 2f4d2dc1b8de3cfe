"""How often cameras may send so that nothing waits: the agreement between this process and its cameras."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

FASTEST_MS: Final = 66
FULL_MS: Final = 2000  # the rules count seconds: with a frame in fewer than half of them nothing is shown
SLOWEST_MS: Final = 4000  # for cameras that are there already when less can be read than before
BUSY_SHARE: Final = 0.85  # of the pool's time; the rest absorbs what comes unevenly
WEIGHT: Final = 0.1
SHORT_WAIT_MS, LONG_WAIT_MS = 150.0, 300.0
AGREE_EVERY_S: Final = 1.0
SLOWER, FASTER = 1.2, 0.9


class Pace:
    """Learns what a frame costs and how long frames wait, and shares what there is among all cameras.

    The cost tells what the pool alone can do. Where something else is short, such as the event loop or the
    processor, frames wait longer: the interval grows for everyone until they do not, and then shrinks again.
    clock: seconds that only go forward.
    """

    def __init__(self, workers: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._clock = clock
        self._cost_ms = 20.0
        self._wait_ms = 0.0
        self._slowed_ms = float(FASTEST_MS)
        self._agreed_s = clock()
        self._turn_s = 0.0

    def learn(self, elapsed_ms: float, frames: int) -> None:
        """Take in how long a batch took in one worker."""
        self._cost_ms += WEIGHT * (elapsed_ms / max(frames, 1) - self._cost_ms)

    def waited(self, wait_ms: float) -> None:
        """Take in how long a frame was here before its answer."""
        self._wait_ms += WEIGHT * (wait_ms - self._wait_ms)

    def is_full(self, cameras: int) -> bool:
        """Return whether so many cameras are more than the pool can read at a pace that is of use.

        One camera never is: the cost is learnt from frames, so that without any it would stay too high.
        """
        return cameras > 1 and self._fair_ms(cameras) > FULL_MS

    def interval_ms(self, cameras: int) -> int:
        """Return the time between two frames of one camera while so many send."""
        now_s = self._clock()
        if now_s - self._agreed_s >= AGREE_EVERY_S:
            self._agreed_s = now_s
            if self._wait_ms > LONG_WAIT_MS:
                self._slowed_ms *= SLOWER
            elif self._wait_ms < SHORT_WAIT_MS:
                self._slowed_ms *= FASTER
        fastest_ms = min(max(self._fair_ms(cameras), FASTEST_MS), SLOWEST_MS)
        self._slowed_ms = min(max(self._slowed_ms, fastest_ms), SLOWEST_MS)
        return round(self._slowed_ms)

    def next_ms(self, cameras: int) -> int:
        """Return in how long the camera that is answered now should send again: the interval, or somewhat
        longer where that is another one's turn. Cameras that came at once would otherwise do so for ever.
        """
        now_s, interval_s = self._clock(), self.interval_ms(cameras) / 1000
        turn_s = max(now_s + interval_s, self._turn_s + interval_s / max(cameras, 1))
        self._turn_s = turn_s if turn_s <= now_s + 2 * interval_s else now_s + interval_s
        return round((self._turn_s - now_s) * 1000)

    def _fair_ms(self, cameras: int) -> float:
        return self._cost_ms * cameras / (self._workers * BUSY_SHARE)
