"""Frozen values that check their own shapes. Boxes are xyxy pixels of the upright frame, times in µs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import IO, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from emotion.labels import EMOTIONS, STATUSES

Float = NDArray[np.float32]
Image = NDArray[np.uint8]


class Leftover(Protocol):
    """A file that may be in the way."""

    @property
    def name(self) -> str: ...

    def unlink(self, missing_ok: bool = False) -> None: ...


class Folder(Protocol):
    """Where recordings lie beside each other."""

    def glob(self, pattern: str, /) -> Iterator[Leftover]: ...


class MediaPath(Protocol):
    """Where a recording lies and how its bytes are reached: a pathlib.Path, or whatever acts like one.

    So that a file may lie encrypted, and be opened by whoever holds its key. What open gives can be read,
    written and sought as a plain file; a file opened anew begins at its first byte.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def parent(self) -> Folder: ...

    def open(self, mode: Literal["rb", "wb", "ab", "w+b"], /) -> IO[bytes]: ...

    def is_file(self) -> bool: ...

    def with_name(self, name: str, /) -> Self: ...

    def replace(self, target: Self, /) -> object: ...

    def unlink(self, missing_ok: bool = False) -> None: ...


@dataclass(frozen=True)
class VideoInfo:
    """What a container says of itself and what its first packets confirm.

    width, height: of the upright frame, after rotation_deg (0, 90, 180, 270) from the metadata is applied.
    frame_rate: average, None when the container does not say. duration_us: of the video stream, measured from
    packets where the header lies. created_at: ISO 8601, None when absent.
    """

    path: MediaPath
    size_bytes: int
    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    rotation_deg: int
    duration_us: int
    frame_rate: Fraction | None
    has_audio: bool
    audio_codec: str | None
    audio_rate_hz: int | None
    created_at: str | None


@dataclass(frozen=True)
class Frame:
    """One upright frame. index counts decoded frames from 0; time_us starts at 0 with the first frame."""

    index: int
    time_us: int
    image_bgr: Image  # (H, W, 3)


@dataclass(frozen=True)
class Detections:
    """Faces of one frame, N may be 0: boxes_px (N, 4), scores (N,) in 0..1, points_px (N, 5, 2).

    points_px: the left and right eye as seen in the picture, nose tip, left and right mouth corner.
    """

    boxes_px: Float
    scores: Float
    points_px: Float

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.boxes_px.shape != (count, 4) or self.points_px.shape != (count, 5, 2):
            raise ValueError(
                f"expected boxes ({count}, 4) and points ({count}, 5, 2), "
                f"got {self.boxes_px.shape} and {self.points_px.shape}"
            )

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Return some of the faces: a mask (N,) or numbers in the order wanted."""
        return Detections(self.boxes_px[chosen], self.scores[chosen], self.points_px[chosen])

    def moved_by(self, across_px: float, down_px: float) -> Detections:
        """Return the same faces in a frame of which theirs is a part with its corner there."""
        corner = np.array([across_px, down_px], np.float32)
        return Detections(self.boxes_px + np.tile(corner, 2), self.scores, self.points_px + corner)

    @staticmethod
    def none() -> Detections:
        """Return the detections of a frame without a face."""
        return Detections(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
        )


@dataclass(frozen=True)
class FaceObservation:
    """One face in one sampled frame: where, how surely, on which track and with which expression.

    probs: (7,) in the order of EMOTIONS, sums to 1. quality: 0..1, from size, sharpness and detector score.
    """

    camera: str
    time_us: int
    track: int
    box_px: tuple[float, float, float, float]
    score: float
    quality: float
    probs: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.probs) != len(EMOTIONS):
            raise ValueError(f"expected {len(EMOTIONS)} probabilities, got {len(self.probs)}")


@dataclass(frozen=True)
class Second:
    """One row of timeline.csv: one second of one expected role on one camera.

    probs is empty unless status is "ok"; track is None when no face stands behind the row.
    """

    camera: str
    second: int
    role: str
    track: int | None
    status: str
    emotion: str | None
    confidence: float | None
    probs: tuple[float, ...]
    valence: float | None
    arousal: float | None
    frames_sampled: int
    frames_detected: int

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"expected a status of {STATUSES}, got {self.status!r}")
        if (self.status == "ok") != (len(self.probs) == len(EMOTIONS)):
            raise ValueError(f"probabilities belong to 'ok' rows and to those alone, got {self!r}")
