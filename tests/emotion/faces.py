"""Samples made by hand: who is where in which frame, without a picture or a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from emotion.labels import EMOTIONS
from emotion.samples import FaceSamples

FRAME_US = 200_000
SIZE_WH = (1280, 720)


def probs_of(**shares: float) -> tuple[float, ...]:
    """Return seven probabilities by name; what is left goes to neutral."""
    shares.setdefault("neutral", 1.0 - sum(shares.values()))
    return tuple(shares.get(emotion, 0.0) for emotion in EMOTIONS)


@dataclass
class Face:
    """One face: centre and side in pixels."""

    time_us: int
    x: float = 640.0
    y: float = 360.0
    side: float = 200.0
    quality: float = 1.0
    probs: Sequence[float] = field(default_factory=probs_of)
    person: Sequence[float] | None = None


def samples_of(faces: Iterable[Face], frames: Iterable[int]) -> FaceSamples:
    """Return samples with these faces among these frame times; person is the direction of the embedding."""
    faces = sorted(faces, key=lambda face: face.time_us)
    boxes = [(f.x - f.side / 2, f.y - f.side / 2, f.x + f.side / 2, f.y + f.side / 2) for f in faces]
    people = [np.array(face.person, np.float32) for face in faces if face.person is not None]
    embeddings = [person / np.linalg.norm(person) for person in people]
    return FaceSamples(
        np.array(sorted(frames), np.int64),
        np.array([face.time_us for face in faces], np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(faces), 0.9, np.float32),
        np.zeros((len(faces), 5, 2), np.float32),
        np.array([face.quality for face in faces], np.float32),
        np.array([face.probs for face in faces], np.float32).reshape(-1, len(EMOTIONS)),
        np.array([face.person is not None for face in faces], np.bool_),
        np.array(embeddings, np.float32).reshape(len(people), -1 if people else 0),
    )


def grid(seconds: float, start_us: int = 0) -> list[int]:
    """Return the times of five frames per second."""
    return [start_us + number * FRAME_US for number in range(round(seconds * 5))]
