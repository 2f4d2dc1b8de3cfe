"""How long it takes from a camera's frame to the doctor's screen, as the screen itself reports it."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

REMEMBERED: Final = 300
REPORT_EVERY_S: Final = 5.0
LONGEST_MS: Final = 60_000.0


class Latencies:
    """The newest latencies of one dashboard, in milliseconds."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=REMEMBERED)
        self._reported_s: float | None = None

    def add(self, value: Any, now_s: float) -> dict[str, float] | None:
        """Take in a latency; return figures when it is time to show them again."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_MS:
            return None
        self._values.append(float(value))
        if self._reported_s is not None and now_s - self._reported_s < REPORT_EVERY_S:
            return None
        self._reported_s = now_s
        return self.figures()

    def figures(self) -> dict[str, float] | None:
        """Return the median and the 95th percentile (nearest rank), None without a value."""
        if not self._values:
            return None
        ordered = sorted(self._values)
        rank = -(-95 * len(ordered) // 100) - 1
        middle = ordered[(len(ordered) - 1) // 2]
        return {"p50_ms": round(middle, 1), "p95_ms": round(ordered[rank], 1), "n": float(len(ordered))}
