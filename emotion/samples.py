"""What the slow half of an analysis delivers: the faces of the sampled frames, as columns that can be stored
and joined.

One stretch of one camera gives one FaceSamples. Stretches can be computed anywhere and in any order; joined
in the order of time they equal the unbroken run. Everything that needs the whole recording (tracks, roles,
seconds) comes later.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotion.labels import EMOTIONS
from emotion.types import Float, Leftover, MediaPath

Times = NDArray[np.int64]
Flags = NDArray[np.bool_]
SEGMENT_US: Final = 30_000_000


class Segment(NamedTuple):
    """A stretch of a recording, its end excluded; None is the end of the file."""

    start_us: int
    end_us: int | None


def plan_segments(duration_us: int, *, segment_us: int = SEGMENT_US) -> tuple[Segment, ...]:
    """Return consecutive segments that cover a recording; the last one has no end, should the file be longer.

    >>> plan_segments(70_000_000)[1:]
    (Segment(start_us=30000000, end_us=60000000), Segment(start_us=60000000, end_us=None))
    """
    starts = range(0, max(duration_us, 1), segment_us)
    return tuple(Segment(start, start + segment_us if start != starts[-1] else None) for start in starts)


@dataclass(frozen=True)
class FaceSamples:
    """Sampled frames and the N faces in them, both in the order of time.

    frame_times_us: (F,) every sampled frame, with or without a face. face_times_us: (N,) the frame of each
    face. boxes_px (N, 4), scores (N,), points_px (N, 5, 2) as in Detections. qualities: (N,) in 0..1. probs:
    (N, 7) in the order of EMOTIONS, rows sum to 1. is_embedded: (N,) which faces were embedded. embeddings:
    (M, D) unit vectors of appearance, one for each of those in their order, D is 0 without an embedder.
    """

    frame_times_us: Times
    face_times_us: Times
    boxes_px: Float
    scores: Float
    points_px: Float
    qualities: Float
    probs: Float
    is_embedded: Flags
    embeddings: Float

    def __post_init__(self) -> None:
        count = len(self.face_times_us)
        expected = {
            "boxes_px": (count, 4),
            "scores": (count,),
            "points_px": (count, 5, 2),
            "qualities": (count,),
            "probs": (count, len(EMOTIONS)),
            "is_embedded": (count,),
            "embeddings": (int(np.count_nonzero(self.is_embedded)), self.embeddings.shape[-1]),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"expected {name} {shape}, got {getattr(self, name).shape}")
        if np.any(np.diff(self.frame_times_us) <= 0) or np.any(np.diff(self.face_times_us) < 0):
            raise ValueError("expected frames and faces in the order of time")

    def __len__(self) -> int:
        return len(self.face_times_us)

    def embedding_rows(self) -> Times:
        """Return (N,) the row of embeddings that describes each face, -1 for a face that was not embedded."""
        return np.where(self.is_embedded, np.cumsum(self.is_embedded) - 1, -1)

    @staticmethod
    def none(embedding_size: int = 0) -> FaceSamples:
        """Return the samples of a stretch in which no frame was sampled."""
        return FaceSamples(
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, 5, 2), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, len(EMOTIONS)), np.float32),
            np.zeros(0, np.bool_),
            np.zeros((0, embedding_size), np.float32),
        )


COLUMNS: Final = tuple(field.name for field in fields(FaceSamples))


def without_embeddings(samples: FaceSamples) -> FaceSamples:
    """Return the samples without any trace of who the faces belong to but where they are."""
    return replace(
        samples,
        is_embedded=np.zeros(len(samples), np.bool_),
        embeddings=np.zeros((0, samples.embeddings.shape[-1]), np.float32),
    )


def join_samples(parts: Sequence[FaceSamples]) -> FaceSamples:
    """Return the samples of consecutive stretches as those of one. Raises ValueError when they are out of
    order.
    """
    if not parts:
        return FaceSamples.none()
    columns = (np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(FaceSamples))
    return FaceSamples(*columns)


def write_samples(samples: FaceSamples, destination: MediaPath) -> None:
    """Write samples to a compressed .npz file, complete or not at all."""
    write_columns({field.name: getattr(samples, field.name) for field in fields(samples)}, destination)


def write_columns(columns: Mapping[str, NDArray[Any]], destination: MediaPath) -> None:
    """Write arrays to a compressed .npz file, complete or not at all (temporary name, then rename).

    What a process that was killed left of the same file goes; two processes never write into one file.
    """
    for left in partial_files(destination):
        left.unlink(missing_ok=True)
    temporary = destination.with_name(f".{destination.name}.{secrets.token_hex(8)}.part")
    try:
        with temporary.open("wb") as sink:
            np.savez_compressed(sink, **dict(columns))  # type: ignore[arg-type]
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)


def partial_files(destination: MediaPath) -> list[Leftover]:
    """Return the temporary files under which somebody is writing, or was killed while writing, a file."""
    return list(destination.parent.glob(f".{destination.name}.*.part"))


def read_samples(path: MediaPath) -> FaceSamples:
    """Return what write_samples wrote, bit for bit."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return FaceSamples(*(stored[field.name] for field in fields(FaceSamples)))
