"""What passes between reading frames and following people: plain frozen values that pickle small."""

from __future__ import annotations

from dataclasses import dataclass

from emotion.labels import EMOTIONS


@dataclass(frozen=True)
class LiveFace:
    """One face of one frame.

    box_px: xyxy. quality: 0..1. probs: (7,) in the order of EMOTIONS. embedding: unit vector of appearance,
    None when identity was not asked for; it stays in memory and is never stored.
    """

    box_px: tuple[float, float, float, float]
    quality: float
    probs: tuple[float, ...]
    embedding: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if len(self.probs) != len(EMOTIONS):
            raise ValueError(f"expected {len(EMOTIONS)} probabilities, got {len(self.probs)}")

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the box in pixels."""
        left, top, right, bottom = self.box_px
        return (left + right) / 2, (top + bottom) / 2

    @property
    def side(self) -> float:
        """Return the square root of the box area in pixels, at least 1."""
        left, top, right, bottom = self.box_px
        return float(max(1.0, (right - left) * (bottom - top)) ** 0.5)


@dataclass(frozen=True)
class LiveFrame:
    """The faces of one frame, and the width and height of its picture in pixels."""

    size_wh: tuple[int, int]
    faces: tuple[LiveFace, ...] = ()


@dataclass(frozen=True)
class Sighting:
    """What one frame says of the camera's expected person.

    status: "ok" with the face's quality (0..1) and probs (7,); "no_face" or "irrelevant_face" without.
    """

    time_us: int
    status: str
    quality: float = 0.0
    probs: tuple[float, ...] = ()
