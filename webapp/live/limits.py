"""What one camera may send: size, speed, and the shape of a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 8
MAX_FRAME_BYTES: Final = 512 * 1024
JPEG_START: Final = b"\xff\xd8\xff"
MOST_PER_S: Final = 30.0
BURST: Final = 60.0


@dataclass(frozen=True)
class CameraFrame:
    """One message of a camera: when it was taken, by its own clock in microseconds, and the picture."""

    capture_us: int
    jpeg: bytes


def parse_frame(message: bytes) -> CameraFrame | None:
    """Return the frame of a message, None when it is not 8 bytes of time and a JPEG."""
    jpeg = message[HEADER_BYTES:]
    if not jpeg.startswith(JPEG_START):
        return None
    return CameraFrame(int.from_bytes(message[:HEADER_BYTES], "big"), jpeg)


class SpeedLimit:
    """A bucket of BURST frames that fills at MOST_PER_S; honest cameras never empty it."""

    def __init__(self, *, per_s: float = MOST_PER_S, burst: float = BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._left = burst
        self._at_us: int | None = None

    def allows(self, now_us: int) -> bool:
        """Return whether one more frame at this time is within the limit, and count it when it is."""
        if self._at_us is not None:
            refill = self._per_s * max(0, now_us - self._at_us) / 1e6
            self._left = min(self._burst, self._left + refill)
        self._at_us = now_us
        if self._left < 1:
            return False
        self._left -= 1
        return True
