"""A camera's own clock -> the server's, without trusting it."""

from __future__ import annotations

from typing import Final

NEAR_US: Final = 5_000_000


class CameraClock:
    """Maps the capture times of one connection to the server's clock.

    A time within NEAR_US of the arrival is taken as it is: our own pages measure the difference of the clocks
    and stamp frames in the server's time. Any other clock is moved so that its quickest frame arrived at
    once.
    """

    def __init__(self) -> None:
        self._last_us: int | None = None
        self._offset_us: int | None = None

    def is_new(self, capture_us: int) -> bool:
        """Return whether a frame is later than every one before; a frame sent again is not."""
        return self._last_us is None or capture_us > self._last_us

    def to_server(self, capture_us: int, arrival_us: int) -> int:
        """Return a new frame's capture time on the server's clock, never later than its arrival."""
        self._last_us = capture_us
        difference_us = arrival_us - capture_us
        if self._offset_us is None and abs(difference_us) <= NEAR_US:
            return min(capture_us, arrival_us)
        self._offset_us = difference_us if self._offset_us is None else min(self._offset_us, difference_us)
        return min(capture_us + self._offset_us, arrival_us)
